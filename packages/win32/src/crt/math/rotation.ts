import { api, fn, infallible, INT, ULONG, ULONGLONG } from "@decant/hook";
import { implement } from "@decant/process";
import { BOTH, CDECL } from "../dlls.ts";

const word = fn(infallible(ULONG), ["value", ULONG], ["shift", INT]);
const long = fn(infallible(ULONGLONG), ["value", ULONGLONG], ["shift", INT]);

/** Bits that are rotated ("_rotl"): the shift is taken modulo the width. */
export const rotationApi = api(BOTH, { _rotl: word, _rotr: word, _lrotl: word, _lrotr: word, _rotl64: long, _rotr64: long }, CDECL);

export const rotation = implement(rotationApi, {
  _rotl: (_thread, value, shift) => rotate(value, shift),
  _rotr: (_thread, value, shift) => rotate(value, -shift),
  _lrotl: (_thread, value, shift) => rotate(value, shift),
  _lrotr: (_thread, value, shift) => rotate(value, -shift),
  _rotl64: (_thread, value, shift) => rotate64(value, shift),
  _rotr64: (_thread, value, shift) => rotate64(value, -shift),
});

function rotate(value: number, shift: number): number {
  const by = shift & 31;
  return by === 0 ? value : ((value << by) | (value >>> (32 - by))) >>> 0;
}

function rotate64(value: bigint, shift: number): bigint {
  const by = BigInt(shift & 63);
  return BigInt.asUintN(64, (value << by) | (value >> (64n - by)));
}
