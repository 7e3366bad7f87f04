import { api, ERRNO_T, fn, infallible, INT, PVOID, SIZE_T, bytesAt } from "@decant/hook";
import { CHARACTER } from "../../values/runtime.ts";
import { BOTH, CDECL, WITH_VCRUNTIME } from "../dlls.ts";

const POINTER = infallible(PVOID);
const COUNT = infallible(SIZE_T);
const NUMBER = infallible(INT);

/** Blocks of bytes ("Buffer manipulation"). A bad pointer is the program's access violation. */
export const memoryApi = api(
  WITH_VCRUNTIME,
  {
    memcpy: fn(POINTER, ["dest", PVOID], ["src", bytesAt("count")], ["count", SIZE_T]),
    memmove: fn(POINTER, ["dest", PVOID], ["src", bytesAt("count")], ["count", SIZE_T]),
    memset: fn(POINTER, ["dest", PVOID], ["c", CHARACTER], ["count", SIZE_T]),
    memcmp: fn(NUMBER, ["buffer1", bytesAt("count")], ["buffer2", bytesAt("count")], ["count", SIZE_T]),
    memchr: fn(POINTER, ["buffer", PVOID], ["c", CHARACTER], ["count", SIZE_T]),
  },
  CDECL,
);

export const memoryExtraApi = api(
  BOTH,
  {
    _memccpy: fn(POINTER, ["dest", PVOID], ["src", PVOID], ["c", CHARACTER], ["count", SIZE_T]),
    _memicmp: fn(NUMBER, ["buffer1", PVOID], ["buffer2", PVOID], ["count", SIZE_T]),
    memcpy_s: fn(ERRNO_T, ["dest", PVOID], ["destSize", SIZE_T], ["src", bytesAt("count")], ["count", SIZE_T]),
    memmove_s: fn(ERRNO_T, ["dest", PVOID], ["destSize", SIZE_T], ["src", bytesAt("count")], ["count", SIZE_T]),
    _swab: fn(infallible(INT), ["src", PVOID], ["dest", PVOID], ["n", INT]),
    mblen: fn(NUMBER, ["mbstr", PVOID], ["count", SIZE_T]),
    __strncnt: fn(COUNT, ["string", PVOID], ["count", SIZE_T]),
  },
  CDECL,
);
