import { api, fn, infallible, INT, ULONG, ULONGLONG, USHORT } from "@decant/hook";
import { implement } from "@decant/process";
import { BOTH, CDECL, UCRT } from "../dlls.ts";

const word = fn(infallible(ULONG), ["value", ULONG], ["shift", INT]);
const long = fn(infallible(ULONGLONG), ["value", ULONGLONG], ["shift", INT]);

/** Bits that are rotated ("_rotl"): the shift is taken modulo the width. */
export const rotationApi = api(BOTH, { _rotl: word, _rotr: word, _lrotl: word, _lrotr: word, _rotl64: long, _rotr64: long }, CDECL);

/** Bytes in the other order ("_byteswap_uint64"), which the ucrt exports. */
export const byteSwapApi = api(
  UCRT,
  {
    _byteswap_ushort: fn(infallible(USHORT), ["val", USHORT]),
    _byteswap_ulong: fn(infallible(ULONG), ["val", ULONG]),
    _byteswap_uint64: fn(infallible(ULONGLONG), ["val", ULONGLONG]),
  },
  CDECL,
);

export const byteSwap = implement(byteSwapApi, {
  _byteswap_ushort: (_thread, value) => ((value & 0xff) << 8) | (value >>> 8),
  _byteswap_ulong: (_thread, value) => Number(swapped(BigInt(value), 4)),
  _byteswap_uint64: (_thread, value) => swapped(value, 8),
});

function swapped(value: bigint, bytes: 4 | 8): bigint {
  let result = 0n;
  for (let at = 0; at < bytes; at++) result = (result << 8n) | ((value >> BigInt(8 * at)) & 0xffn);
  return result;
}

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
