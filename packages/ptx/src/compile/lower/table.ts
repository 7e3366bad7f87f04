import type { Instruction } from "../../parse/ast.ts";
import type { Emitter } from "../emitter.ts";
import { FAULT } from "../layout.ts";
import { notTranslated } from "../suffixes.ts";
import { atomic } from "./atomic.ts";
import { bitMask, countBits, extractField, findBit, funnelShift, insertField, logic, lop3, permute, reverseBits, shift } from "./bits.ts";
import { selp, set, setp, slct } from "./compare.ts";
import { convert } from "./convert.ts";
import { copyAsync } from "./copy-async.ts";
import { copySign, floatAbsNeg, floatBasic, floatDivide, floatMinMax, floatRoot, fma, testProperty, transcendental } from "./float.ts";
import { absNeg, addSub, divRem, dotProduct, minMax, mul24, mulMad, sad } from "./integer.ts";
import { convertAddress, fence, isSpace, load, mov, nothing, store } from "./memory.ts";
import { systemCall } from "./system-call.ts";

/** Writes one instruction, without its guard. */
export type Lowering = (e: Emitter, i: Instruction) => void;

/** One name, two families of types. */
const byType =
  (integer: Lowering, float: Lowering): Lowering =>
  (e, i) =>
    (/^(f|bf|tf)[0-9]/.test(i.modifiers.findLast((name) => /^([usfb]|bf|tf)[0-9]/.test(name)) ?? "") ? float : integer)(e, i);

/** What every opcode becomes. Branches, returns, barriers and warp operations end blocks: see kernel.ts and warp.ts. */
const lowerings: Readonly<Record<string, Lowering>> = {
  add: byType(addSub, floatBasic),
  sub: byType(addSub, floatBasic),
  addc: addSub,
  subc: addSub,
  mul: byType(mulMad, floatBasic),
  mad: byType(mulMad, fma),
  madc: mulMad,
  mul24,
  mad24: mul24,
  fma,
  div: byType(divRem, floatDivide),
  rem: divRem,
  abs: byType(absNeg, floatAbsNeg),
  neg: byType(absNeg, floatAbsNeg),
  min: byType(minMax, floatMinMax),
  max: byType(minMax, floatMinMax),
  sad,
  dp4a: dotProduct,
  dp2a: dotProduct,
  rcp: floatRoot,
  sqrt: floatRoot,
  rsqrt: floatRoot,
  sin: transcendental,
  cos: transcendental,
  lg2: transcendental,
  ex2: transcendental,
  tanh: transcendental,
  copysign: copySign,
  testp: testProperty,
  and: logic,
  or: logic,
  xor: logic,
  not: logic,
  cnot: logic,
  lop3,
  shl: shift,
  shr: shift,
  shf: funnelShift,
  bfe: extractField,
  bfi: insertField,
  bfind: findBit,
  bmsk: bitMask,
  brev: reverseBits,
  popc: countBits,
  clz: countBits,
  prmt: permute,
  setp,
  set,
  selp,
  slct,
  cvt: convert,
  cvta: convertAddress,
  isspacep: isSpace,
  mov,
  ld: load,
  ldu: load,
  st: store,
  atom: atomic,
  red: atomic,
  cp: copyAsync,
  membar: fence,
  fence,
  prefetch: nothing,
  prefetchu: nothing,
  nanosleep: nothing,
  pmevent: nothing,
  syscall: systemCall,
  fault: (e, i) => e.stop(i, FAULT[i.modifiers[0] as keyof typeof FAULT]), // Only linking makes these.
  trap: (e, i) => e.stop(i, FAULT.trap),
  brkpt: (e, i) => e.stop(i, FAULT.trap),
};

/** Writes one instruction with its guard. Fails with PtxError when there is no translation. */
export function lower(e: Emitter, i: Instruction): void {
  const lowering = Object.hasOwn(lowerings, i.opcode) ? lowerings[i.opcode] : undefined;
  if (lowering === undefined) throw notTranslated(i);
  e.guarded(i, () => lowering(e, i));
}
