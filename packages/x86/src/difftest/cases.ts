import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC, MNEMONIC_NAMES } from "../decode/mnemonics.ts";
import { looksAtMxcsr } from "../lower/exact-floats.ts";
import { X87_MASKS } from "../lower/mxcsr.ts";
import { waitsForX87 } from "../lower/x87-exceptions.ts";
import { putX87, x87Image, x87Number } from "../x87-image.ts";
import { DF_POSITION, FLAG_POSITIONS, GS_BASE, Random, STATE, STATE_BYTES, WINDOW, WINDOW_BYTES } from "./state.ts";

/**
 * The start states of a form: registers and memory random or at corners, with what addresses memory set so that it lies in the window.
 * The same form and seed give the same states everywhere, so recorded vectors hold only what came out.
 */
export function makeCases(sequence: readonly Instruction[], seed: number, count: number, mode: 64 | 32 = 64): Uint8Array {
  const states = new Uint8Array(count * STATE_BYTES);
  const random = new Random(seed);
  const contents = contentsOf(sequence);
  for (let n = 0; n < count; n++) {
    const state = new DataView(states.buffer, n * STATE_BYTES, STATE_BYTES);
    fillState(state, sequence, contents, random);
    if (mode === 32) narrow(state);
  }
  return states;
}

/** Leaves what 32-bit mode has: the lower halves of eight registers, and eight xmm registers. */
function narrow(state: DataView): void {
  for (let n = 0; n < 16; n++) if (n >= 8) state.setBigUint64(STATE.gpr + n * 8, 0n, true); else state.setUint32(STATE.gpr + n * 8 + 4, 0, true);
  for (let at = STATE.xmm + 128; at < STATE.xmm + 256; at += 8) state.setBigUint64(at, 0n, true);
} // prettier-ignore

/** What xmm registers and memory hold at random: the lanes that the form works on. */
type Contents = "integers" | "floats" | "doubles";

function contentsOf(sequence: readonly Instruction[]): Contents {
  const name = MNEMONIC_NAMES[sequence[0]?.mnemonic ?? -1] ?? "";
  if (/^F[^x]|^(?!P).*[ps]d(2|$)|^Cvt(t?)[ps]d/.test(name)) return "doubles";
  return /^(?!P).*[ps]s(2|$)|^Cvt(t?)[ps]s/.test(name) ? "floats" : "integers";
}

function fillState(state: DataView, sequence: readonly Instruction[], contents: Contents, random: Random): void {
  for (let n = 0; n < 16; n++) state.setBigUint64(STATE.gpr + n * 8, integer(random), true);
  fill(state, STATE.xmm, 256, contents, random);
  fill(state, STATE.window, WINDOW_BYTES, contents, random);
  let flags = 0x202;
  for (const position of FLAG_POSITIONS) flags |= random.below(2) << position;
  const name = MNEMONIC_NAMES[sequence[0]?.mnemonic ?? -1] ?? "";
  if (USES_DIRECTION.test(name)) flags |= random.below(2) << DF_POSITION;
  state.setUint32(STATE.rflags, flags, true);
  state.setUint32(STATE.mxcsr, sequence.length === 1 && looksAtMxcsr(sequence[0]!) ? anyMxcsr(random) : 0x1f80, true);
  fillX87(state, name, sequence.length === 1 && isExactX87(sequence[0]!), random);
  setGpr(state, 4, WINDOW + 128);
  if (sequence.length === 1) constrain(state, sequence[0]!, random);
  else setGpr(state, SEQUENCE_BASE, WINDOW + 96);
}

/** All masked, or not; to nearest mostly; flags as they may have been left. */
function anyMxcsr(random: Random): number {
  const kind = random.below(8);
  if (kind < 2) return kind === 0 ? 0x1f80 : 0x1fa0;
  const flags = random.u32() & 0x3f & (random.below(2) === 0 ? 0x20 : -1);
  const masks = random.below(3) === 0 ? random.u32() & 0x1f80 : 0x1f80;
  const rounding = random.below(2) === 0 ? random.below(4) << 13 : 0;
  const denormals = random.below(2) === 0 ? random.u32() & 0x8040 : 0;
  return flags | masks | rounding | denormals;
}

/** Sequences address memory through rbx only, which none of their instructions writes. */
export const SEQUENCE_BASE = 3;

const USES_DIRECTION = /^(Pushf|Popf|Movs[bwq]$|Movsd$|Stos|Scas|Lods|Cmps[bwq]$|Cmpsd$|Cld$|Std$)/;

/** Sets what one instruction needs to stay inside the window, and away from what the harness cannot survive. */
function constrain(state: DataView, insn: Instruction, random: Random): void {
  const name = MNEMONIC_NAMES[insn.mnemonic] ?? "";
  if (/^Pcmp[ei]str/.test(name)) constrainStrings(state, random);
  if (insn.operands.some(({ kind }) => kind === "string")) {
    const step = insn.operands.find(({ kind }) => kind === "string")!.bits / 8;
    setGpr(state, 6, WINDOW + 64 + random.below(16) * (random.below(4) === 0 ? 1 : step));
    setGpr(state, 7, WINDOW + 128 + random.below(16) - random.below(2) * 64);
    if (random.below(3) === 0) setGpr(state, 7, getGpr(state, 6) + random.below(9) - 4);
    setGpr(state, 1, random.below(8));
    if (/^(Scas|Cmps)/.test(name)) equalise(state, random);
  }
  if (insn.mnemonic === MNEMONIC.Fldcw) fillWithX87Controls(state, random);
  if (insn.mnemonic === MNEMONIC.Fld && insn.operands[0]!.bits === 80) fillWithExtended(state, random);
  if (insn.mnemonic === MNEMONIC.Fbld) fillWithDecimals(state, random);
  if (insn.mnemonic === MNEMONIC.Ldmxcsr) fillWithControls(state, random);
  if (/^Ps[lr][la][wdq]$/.test(name) && insn.operands[1]!.kind === "xmm") constrainVectorCount(state, insn.operands[1]!.register, random);
  if (insn.mnemonic === MNEMONIC.Bound) constrainBounds(state, random);
  if (insn.mnemonic === MNEMONIC.Xlatb) return setGpr(state, 3, WINDOW);
  if (insn.mnemonic === MNEMONIC.Enter) setGpr(state, 5, WINDOW + 160);
  if (insn.mnemonic === MNEMONIC.Leave) setGpr(state, 5, WINDOW + 64 + random.below(64));
  if (name.startsWith("Popf")) {
    const at = STATE.window + 128;
    state.setUint32(at, state.getUint32(at, true) & 0xcd5, true);
  }
  if (name === "Shld" || name === "Shrd") constrainDoubleShift(state, insn);
  if (name === "Div" || name === "Idiv") constrainDivision(state, insn, random);
  const { memory } = insn;
  if (memory === undefined || insn.mnemonic === MNEMONIC.Lea || memory.displacement >= 0x2000_0000) return;
  const segment = memory.segment === "gs" ? GS_BASE : 0;
  if ((memory.base < 0 && memory.index < 0) || memory.addressBits === 16) return;
  // A bit offset reaches beyond the operand; 64 bytes either way stay inside.
  const bitOffset = /^Bt[scr]?$/.test(name) ? insn.operands[1]! : undefined;
  if (bitOffset?.kind === "gpr") {
    const sign = random.below(2) === 0 ? 0 : 1;
    setGpr(state, bitOffset.register, random.below(256) - sign * 256);
    if (bitOffset.register === memory.base || bitOffset.register === memory.index)
      throw new Error("forms: a bit offset that is also an address");
  }
  const { bits } = insn.operands.find(({ kind }) => kind === "memory")!;
  const align =
    bits >= 128
      ? 16
      : bits > 32 && /^[A-Z]/.test(name) && random.below(2) === 0
        ? 8
        : memory.base < 0 || /^(Ldmxcsr|Fldcw|Fld)$/.test(name)
          ? 8
          : random.pick([1, 4, 8]);
  let address = WINDOW + 64 + Math.floor(random.below(96) / align) * align;
  if (memory.base === 4) return;
  address -= memory.displacement + segment;
  if (memory.index >= 0 && memory.base < 0) {
    setGpr(state, memory.index, Math.floor(address / 2 ** memory.scale));
    if (address % 2 ** memory.scale !== 0) throw new Error("forms: an index alone needs an aligned address");
  } else {
    const index = memory.index < 0 ? 0 : (random.below(64) - 32) * (bits >= 128 ? 16 : 1);
    if (memory.index >= 0) setGpr(state, memory.index, index);
    setGpr(state, memory.base, address - index * 2 ** memory.scale);
    // The upper half is ignored by a 32-bit address.
    if (memory.addressBits === 32) state.setUint32(STATE.gpr + memory.base * 8 + 4, random.u32(), true);
  }
}

/** Control words with all exceptions masked. */
function fillWithX87Controls(state: DataView, random: Random): void {
  for (let n = 0; n < WINDOW_BYTES; n += 2) state.setUint16(STATE.window + n, x87Control(random), true);
}

/** Whether what is raised is exact, so that it may be unmasked. Comparisons to flags set them even so. */
function isExactX87(insn: Instruction): boolean {
  return waitsForX87(insn) && !/^F(2xm1|yl2x|yl2xp1|patan|ptan|sin|cos|sincos|u?comip?|ldcw|ldenv|rstor)$/.test(MNEMONIC_NAMES[insn.mnemonic] ?? "");
} // prettier-ignore

/** Precision of 53 or 64 bits, seldom 24; rounding mostly to nearest. */
function x87Control(random: Random): number {
  return 0x7f | random.pick([0x200, 0x200, 0x200, 0x300, 0x300, 0x300, 0x000]) | (random.below(2) === 0 ? 0 : random.below(4) << 10);
}

/** The x87's control word, how many registers are in use, and what they hold. */
function fillX87(state: DataView, name: string, mayBeUnmasked: boolean, random: Random): void {
  state.setUint16(STATE.fcw, x87Control(random) & (mayBeUnmasked && random.below(3) === 0 ? random.u32() | ~X87_MASKS : -1), true);
  // Where all registers are stored, all are in use: what is in free ones depends on what ran before.
  const depth = /^F(nstenv|nsave|xsave)/.test(name) ? 8 : name.startsWith("F") ? random.pick([6, 6, 6, 6, 6, 6, 8, 1]) : 0;
  state.setUint16(STATE.depth, depth, true);
  for (let n = 0; n < 8; n++) setSt(state, n, x87Value(random));
  if (/^F(add|sub)/.test(name) && random.below(2) === 0) fillWithHalves(state, random);
  constrainX87(state, name, random);
}

/** Numbers that are half a unit of st(0), or a little more or less, with 64 bits of precision or with 53: what rounding to even is about. */
function fillWithHalves(state: DataView, random: Random): void {
  const significand = random.below(2) === 0 ? 1n << 63n : (1n << 63n) | random.u64();
  const exponent = 16383 + random.below(200) - 100;
  if (random.below(4) === 0) return fillWithLostBits(state, exponent, random);
  setSt(state, 0, { significand, exponent: exponent | (random.below(2) << 15) });
  for (let n = 1; n < 8; n++) {
    const half = random.pick([1n << 63n, 1n << 63n, (1n << 63n) | 1n, 0xffff_ffff_ffff_ffffn, 0xc000_0000_0000_0000n]);
    setSt(state, n, { significand: half, exponent: (exponent - random.pick([64, 64, 65, 66, 53, 54])) | (random.below(2) << 15) });
  }
}

/**
 * A power of two in st(0), and in the others half of half its unit and a bit, or the other way round: where one is taken from the other, the last of 64 bits is
 * decided by what lies more than 64 bits below.
 */
function fillWithLostBits(state: DataView, exponent: number, random: Random): void {
  const firstIsSmall = random.below(2) === 0;
  for (let n = 0; n < 8; n++) {
    const isSmall = (n === 0) === firstIsSmall;
    const significand = (1n << 63n) | BigInt(isSmall ? 1 : 0);
    setSt(state, n, { significand, exponent: (isSmall ? exponent - 65 : exponent) | (random.below(2) << 15) });
  }
}

/** 80-bit numbers, from eight bytes on at any place of the window. */
function fillWithExtended(state: DataView, random: Random): void {
  for (let n = 0; n < WINDOW_BYTES; n += 8) {
    // Whatever the alignment by 8, the second word is the exponent of one number and part of the mantissa of another.
    const exponent = random.pick([0x3fff, 0xbfff, 16383 + random.below(1000) - 500, 0x7fff, 0, random.below(0x10000)]);
    const significand = random.below(8) === 0 ? random.u64() : 0x8000_0000_0000_0000n | random.u64();
    state.setBigUint64(STATE.window + n, (significand & ~0xffffn) | BigInt(exponent), true);
  }
}

/** Packed decimals, digits beyond 9 seldom. */
function fillWithDecimals(state: DataView, random: Random): void {
  const limit = random.below(8) === 0 ? 16 : 10;
  for (let n = 0; n < WINDOW_BYTES; n++) state.setUint8(STATE.window + n, random.below(limit) * 16 + random.below(limit));
}

interface X87Value {
  readonly significand: bigint;
  readonly exponent: number;
}

function setSt(state: DataView, n: number, { significand, exponent }: X87Value): void {
  state.setBigUint64(STATE.x87 + n * 16, significand, true);
  state.setBigUint64(STATE.x87 + n * 16 + 8, BigInt(exponent), true);
}

const scratch = new DataView(new ArrayBuffer(16));

/** A number that a double holds. */
function fromNumber(value: number): X87Value {
  scratch.setFloat64(0, value, true);
  scratch.setUint32(8, 0, true);
  return x87Image(scratch, 0);
}

const X87_CORNERS: readonly X87Value[] = [
  ...[0, -0, 1, -1, 2, 0.5, Infinity, -Infinity, 1e300, 1e-300, 3, 2 ** 31, -(2 ** 31), 2 ** 63, -(2 ** 63), 2.5, 1.5, 32767.5, -32768.5, 10 ** 18, 5e-324].map(fromNumber),
  { significand: 0xffff_ffff_ffff_ffffn, exponent: 0x7ffe }, { significand: 0xffff_ffff_ffff_ffffn, exponent: 0xfffe },
  { significand: 1n << 63n, exponent: 1 }, { significand: 1n, exponent: 0 }, { significand: 0x7fff_ffff_ffff_ffffn, exponent: 0x8000 },
  { significand: 1n << 63n, exponent: 0 }, { significand: 0xc000_0000_0000_0000n, exponent: 0xffff }, { significand: 0xc123_4567_89ab_cdefn, exponent: 0x7fff },
  { significand: 0x8000_0000_0000_0001n, exponent: 0x7fff }, { significand: 0xa000_0000_0000_0000n, exponent: 0xffff },
  { significand: 0x4000_0000_0000_0000n, exponent: 0x3fff }, { significand: 0n, exponent: 0x7fff }, { significand: 0xffff_ffff_ffff_ffffn, exponent: 0x3ffe },
  { significand: 0xffff_ffff_ffff_f800n, exponent: 0x43fe }, { significand: 0xffff_ffff_ffff_fc00n, exponent: 0x43fe }, { significand: 0x8000_0000_0000_0000n, exponent: 0x3c00 },
]; // prettier-ignore

/** A corner, an integer, a double, or 64 bits of significand with a moderate or any exponent. */
function x87Value(random: Random): X87Value {
  const kind = random.below(16);
  if (kind < 2) return random.pick(X87_CORNERS);
  if (kind < 6) return fromNumber(Math.round((random.u32() - 2 ** 31) / 2 ** random.below(32)));
  if (kind < 9) return fromNumber(((random.u32() - 2 ** 31) / 2 ** 31) * 2 ** (random.below(80) - 40));
  const sign = random.below(2) << 15;
  const significand = (1n << 63n) | random.u64() | (random.below(4) === 0 ? 0xffff_ffff_0000_0000n : 0n);
  if (kind === 9) return { significand: random.u64(), exponent: random.pick([0, 1, 0x7ffe, random.below(0x8000)]) | sign };
  if (kind === 10) return { significand, exponent: random.below(0x8000) | sign };
  return { significand, exponent: (16383 + random.below(140) - 70) | sign };
}

/** Keeps the functions of the x87 mostly inside the ranges for which the manual defines them. */
function constrainX87(state: DataView, name: string, random: Random): void {
  const small = () => (random.u32() / 2 ** 32) * 2 - 1;
  const within = (limit: number): X87Value => {
    const { significand, exponent } = fromNumber(small() * limit);
    return { significand: significand | (significand === 0n ? 0n : BigInt(random.below(2048))), exponent };
  };
  const isUndefined = (n: number, limit: number): boolean => Math.abs(toNumber(state, n)) > limit;
  if (name === "F2xm1" && (random.below(4) !== 0 || isUndefined(0, 1))) setSt(state, 0, within(1));
  if (name === "Fyl2xp1" && (random.below(4) !== 0 || isUndefined(0, 0.29))) setSt(state, 0, within(0.29));
  if (name === "Fyl2x" && random.below(2) === 0) setSt(state, 0, fromNumber(Math.abs(small()) * 2 ** (random.below(60) - 30)));
  if (/^F(sin|cos|sincos|ptan)$/.test(name) && random.below(4) !== 0) setSt(state, 0, within(random.pick([1, 3, 10, 1000])));
  if (name === "Fscale" && random.below(2) === 0) setSt(state, 1, fromNumber(random.below(200) / 2 - 50));
  if (/^Fprem1?$/.test(name) && random.below(2) === 0) {
    setSt(state, 0, fromNumber(Math.round(small() * 2 ** random.below(40))));
    setSt(state, 1, fromNumber(1 + random.below(1000) / 4));
  }
}

function toNumber(state: DataView, n: number): number {
  const at = STATE.x87 + n * 16;
  putX87(scratch, 0, state.getBigUint64(at, true), state.getUint16(at + 8, true));
  return x87Number(scratch, 0);
}

/** Values for MXCSR that mask all exceptions and set no reserved bit. */
function fillWithControls(state: DataView, random: Random): void {
  for (let n = 0; n < WINDOW_BYTES; n += 4) state.setUint32(STATE.window + n, 0x1f80 | (random.u32() & 0xe03f), true);
}

/** Text of few letters, so that there is something to find, with its end somewhere; lengths around those of a vector, of either sign. */
function constrainStrings(state: DataView, random: Random): void {
  const letters = 2 + random.below(4);
  for (const [at, bytes] of [[STATE.xmm, 256], [STATE.window, WINDOW_BYTES]] as const) {
    for (let n = 0; n < bytes; n++) state.setUint8(at + n, random.below(12) === 0 ? random.below(256) : random.below(letters) + (random.below(6) === 0 ? 0 : 1));
    if (random.below(2) === 0) for (let n = 1; n < bytes; n += 2) state.setUint8(at + n, 0);
  }
  for (const register of [0, 2]) if (random.below(8) !== 0) setGpr(state, register, random.below(42) - 20);
} // prettier-ignore

/** Mostly counts near the lanes' widths. */
function constrainVectorCount(state: DataView, register: number, random: Random): void {
  if (random.below(8) !== 0) state.setBigUint64(STATE.xmm + register * 16, BigInt(random.below(70)), true);
}

/** A 16-bit double shift by more than 16 is undefined (Intel SDM, SHLD). */
function constrainDoubleShift(state: DataView, insn: Instruction): void {
  if (insn.operands[0]!.bits === 16) state.setUint8(STATE.gpr + 8, state.getUint8(STATE.gpr + 8) & 15);
}

/** Small numbers, so that an index is often between two of them. */
function constrainBounds(state: DataView, random: Random): void {
  const size = random.pick([1, 100, 0x8000]);
  const small = (): number => random.below(2 * size) - size;
  for (let n = 0; n < WINDOW_BYTES; n += 2) state.setInt16(STATE.window + n, small(), true);
  for (const n of [0, 1, 2, 6, 7]) setGpr(state, n, small());
}

/** Half of the dividends are extended from one word, as compilers make them; the others mostly overflow. */
function constrainDivision(state: DataView, insn: Instruction, random: Random): void {
  const { bits } = insn.operands[0]!;
  const isSigned = insn.mnemonic === MNEMONIC.Idiv;
  const wide = random.below(4);
  const rax = getBig(state, 0);
  if (bits === 8) {
    const low = BigInt.asIntN(8, rax);
    if (wide > 0) state.setUint16(STATE.gpr, isSigned ? Number(low) : Number(BigInt.asUintN(8, rax)) + random.below(2) * 256, true);
    return;
  }
  if (wide === 0) return;
  const sign = isSigned ? (BigInt.asIntN(bits, rax) < 0n ? -1n : 0n) : BigInt(wide === 1 ? random.below(5) : 0);
  const keep = getBig(state, 2);
  setBig(state, 2, bits === 64 ? sign : (keep & ~((1n << BigInt(bits)) - 1n)) | BigInt.asUintN(bits, sign));
}

/** Makes runs of equal bytes, so that repeated comparisons run on. */
function equalise(state: DataView, random: Random): void {
  const byte = random.below(256);
  for (let n = 0; n < WINDOW_BYTES; n++) if (random.below(16) !== 0) state.setUint8(STATE.window + n, byte);
  if (random.below(4) !== 0) state.setBigUint64(STATE.gpr, BigInt(byte) * 0x0101010101010101n, true);
}

function setGpr(state: DataView, n: number, value: number): void {
  setBig(state, n, BigInt(value));
}

function getGpr(state: DataView, n: number): number {
  return Number(state.getBigInt64(STATE.gpr + n * 8, true));
}

function setBig(state: DataView, n: number, value: bigint): void {
  state.setBigInt64(STATE.gpr + n * 8, BigInt.asIntN(64, value), true);
}

function getBig(state: DataView, n: number): bigint {
  return state.getBigUint64(STATE.gpr + n * 8, true);
}

const INTEGER_CORNERS = [
  0n, 1n, 2n, -1n, -2n, 0x7fn, 0x80n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn, 0x10000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0x8080_8080_8080_8080n, 0x7f7f_7f7f_7f7f_7f7fn, -0x80n, -0x8000n, -0x8000_0000n, 31n, 32n, 63n, 64n,
]; // prettier-ignore

function integer(random: Random): bigint {
  switch (random.below(4)) {
    case 0:
      return random.pick(INTEGER_CORNERS);
    case 1:
      return (1n << BigInt(random.below(64))) - BigInt(random.below(3));
    case 2:
      return random.u64() >> BigInt(random.below(64));
    default:
      return random.u64();
  }
}

const FLOAT_CORNERS = [
  0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xffa00000, 0x7fc12345, 1, 0x80000001, 0x007fffff,
  0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000, 0xbfc00000, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001,
  0x4b000001, 0x5f000000, 0xdf000000, 0x4f800000, 0x43000000, 0x00000100,
]; // prettier-ignore

const DOUBLE_CORNERS = [
  0n, 0x8000000000000000n, 0x3ff0000000000000n, 0xbff0000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000000000n, 0xfff8000000000000n,
  0x7ff0000000000001n, 0xfff4000000000000n, 0x7ff8123456789abcn, 1n, 0x8000000000000001n, 0x000fffffffffffffn, 0x0010000000000000n, 0x7fefffffffffffffn,
  0xffefffffffffffffn, 0x3fe0000000000000n, 0xbfe0000000000000n, 0x3ff8000000000000n, 0x4004000000000000n, 0xbff8000000000000n, 0x41dfffffffc00000n,
  0x41dfffffffe00000n, 0x41e0000000000000n, 0xc1e0000000000000n, 0xc1e0000000200000n, 0x43e0000000000000n, 0xc3e0000000000000n, 0x43dfffffffffffffn,
  0x47efffffe0000000n, 0x36a0000000000000n, 0x3690000000000000n, 0x3810000000000000n, 0x47effffff0000000n,
]; // prettier-ignore

function fill(state: DataView, at: number, bytes: number, contents: Contents, random: Random): void {
  const kind = random.below(8) === 0 ? "integers" : contents;
  for (let n = 0; n < bytes; n += 8) {
    if (kind === "doubles") state.setBigUint64(at + n, double(random), true);
    else if (kind === "integers") state.setBigUint64(at + n, random.below(3) === 0 ? lanes(random) : integer(random), true);
    else {
      state.setUint32(at + n, float(random), true);
      state.setUint32(at + n + 4, float(random), true);
    }
  }
}

/** Eight bytes, each near a corner of a byte. */
function lanes(random: Random): bigint {
  let value = 0n;
  for (let n = 0; n < 8; n++) value = (value << 8n) | BigInt(random.pick([0, 1, 0x7f, 0x80, 0xff, 0xfe, random.below(256)]));
  return value;
}

/** A corner, a number of moderate size, or any bits. */
function float(random: Random): number {
  switch (random.below(4)) {
    case 0:
      return random.pick(FLOAT_CORNERS);
    case 1:
      return random.u32();
    default: {
      const exponent = 127 - 24 + random.below(60);
      return ((random.below(2) << 31) | (exponent << 23) | random.below(2 ** 23)) >>> 0;
    }
  }
}

function double(random: Random): bigint {
  switch (random.below(4)) {
    case 0:
      return random.pick(DOUBLE_CORNERS);
    case 1:
      return random.u64();
    default: {
      const exponent = BigInt(1023 - 40 + random.below(110));
      return (BigInt(random.below(2)) << 63n) | (exponent << 52n) | (random.u64() >> 12n);
    }
  }
}
