import { api, CALLBACK, errno, fn, PVOID, SIZE_T, VOID } from "@decant/hook";
import { BOTH, CDECL } from "./dlls.ts";

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
    _lfind: fn(errno(PVOID, 0), ["key", PVOID], ["base", PVOID], ["number", PVOID], ["width", CALLBACK], ["compare", CALLBACK]),
  },
  CDECL,
);
