import { api, CALLBACK, errno, fn, PVOID, SIZE_T, UINT, VOID } from "@decant/hook";
import { BOTH, CDECL } from "./dlls.ts";

const LINEAR = [
  ["key", PVOID],
  ["base", PVOID],
  ["number", PVOID],
] as const;
const linear = fn(errno(PVOID, 0), ...LINEAR, ["width", UINT], ["compare", CALLBACK]);
const linearWith = fn(errno(PVOID, 0), ...LINEAR, ["width", SIZE_T], ["compare", CALLBACK], ["context", PVOID]);

/** Searching and sorting, which call the program back. */
export const sortingApi = api(
  BOTH,
  {
    qsort: fn(VOID, ["base", PVOID], ["number", SIZE_T], ["width", SIZE_T], ["compare", CALLBACK]),
    qsort_s: fn(VOID, ["base", PVOID], ["number", SIZE_T], ["width", SIZE_T], ["compare", CALLBACK], ["context", PVOID]),
    bsearch: fn(errno(PVOID, 0), ["key", PVOID], ["base", PVOID], ["number", SIZE_T], ["width", SIZE_T], ["compare", CALLBACK]),
    bsearch_s: fn(
      errno(PVOID, 0),
      ["key", PVOID],
      ["base", PVOID],
      ["number", SIZE_T],
      ["width", SIZE_T],
      ["compare", CALLBACK],
      ["context", PVOID],
    ),
    _lfind: linear,
    _lfind_s: linearWith,
    _lsearch: linear,
    _lsearch_s: linearWith,
  },
  CDECL,
);
