import type { Instruction } from "../../parse/ast.ts";
import type { Emitter } from "../emitter.ts";
import { FAULT } from "../layout.ts";
import { notTranslated } from "../suffixes.ts";
import { atomic } from "./atomic.ts";
import {
  bitMask,
  countBits,
  extendBits,
  extractField,
  findBit,
  findNth,
  funnelShift,
  insertField,
  logic,
  lop3,
  permute,
  reverseBits,
  shift,
} from "./bits.ts";
import { selp, set, setp, slct } from "./compare.ts";
import { convert } from "./convert.ts";
import { copyAsync } from "./copy-async.ts";
import { copySign, floatAbsNeg, floatBasic, floatDivide, floatMinMax, floatRoot, fma, testProperty, transcendental } from "./float.ts";
import { halfAbsNeg, halfArithmetic, halfMinMax, halfTranscendental } from "./half.ts";
import { absNeg, addSub, divRem, dotProduct, minMax, mul24, mulMad, sad } from "./integer.ts";
import { convertAddress, fence, isSpace, load, mov, noPolicy, nothing, ownRank, ownShared, store } from "./memory.ts";
import { matrixFragment } from "./matrix-fragments.ts";
import { systemCall } from "./system-call.ts";
import { query, surface, texture } from "./texture.ts";
import { arrive } from "./warp.ts";
import { videoMultiplyAdd, videoScalar, videoSet, videoSimd } from "./video.ts";

/** Writes one instruction, without its guard. */
export type Lowering = (e: Emitter, i: Instruction) => void;

/** One name, several families of types. */
const byType =
  (integer: Lowering, float: Lowering, half: Lowering): Lowering =>
  (e, i) => {
    const type = i.modifiers.findLast((name) => /^([usfb]|bf|tf)[0-9]/.test(name)) ?? "";
    (/^(f16|bf16)/.test(type) ? half : /^(f|tf)[0-9]/.test(type) ? float : integer)(e, i);
  };

/** What every opcode becomes. Branches, returns, barriers and warp operations end blocks: see kernel.ts and warp.ts. */
const lowerings: Readonly<Record<string, Lowering>> = {
  add: byType(addSub, floatBasic, halfArithmetic),
  sub: byType(addSub, floatBasic, halfArithmetic),
  addc: addSub,
  subc: addSub,
  mul: byType(mulMad, floatBasic, halfArithmetic),
  mad: byType(mulMad, fma, halfArithmetic),
  madc: mulMad,
  mul24,
  mad24: mul24,
  fma: byType(fma, fma, halfArithmetic),
  div: byType(divRem, floatDivide, floatDivide),
  rem: divRem,
  abs: byType(absNeg, floatAbsNeg, halfAbsNeg),
  neg: byType(absNeg, floatAbsNeg, halfAbsNeg),
  min: byType(minMax, floatMinMax, halfMinMax),
  max: byType(minMax, floatMinMax, halfMinMax),
  sad,
  dp4a: dotProduct,
  dp2a: dotProduct,
  rcp: floatRoot,
  sqrt: floatRoot,
  rsqrt: floatRoot,
  sin: transcendental,
  cos: transcendental,
  lg2: transcendental,
  ex2: byType(transcendental, transcendental, halfTranscendental),
  tanh: byType(transcendental, transcendental, halfTranscendental),
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
  szext: extendBits,
  fns: findNth,
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
  discard: nothing,
  applypriority: nothing,
  griddepcontrol: nothing,
  setmaxnreg: nothing,
  createpolicy: noPolicy,
  mapa: ownShared,
  getctarank: ownRank,
  ...Object.fromEntries(["vadd", "vsub", "vabsdiff", "vmin", "vmax", "vshl", "vshr"].map((name) => [name, videoScalar])),
  vmad: videoMultiplyAdd,
  vset: videoSet,
  ...Object.fromEntries(
    ["vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax", "vset"].flatMap((name) => [2, 4].map((lanes) => [`${name}${lanes}`, videoSimd])),
  ),
  bar: arrive,
  barrier: arrive,
  tex: texture,
  tld4: texture,
  suld: surface,
  sust: surface,
  txq: query,
  suq: query,
  wmma: matrixFragment,
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
