import { GUEST_BASE } from "@decant/memory";
import { I32, I64, OP } from "@decant/wasm";
import { CPU, FLAG, GPR } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Effects } from "./effects.ts";
import type { Emitter } from "./emitter.ts";
import { localValue } from "./flags.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";

const RCX = 1 << GPR.rcx;
const RSI = 1 << GPR.rsi;
const RDI = 1 << GPR.rdi;

/**
 * The string instructions. What compilers and C libraries emit, forward `rep movs` and `rep stosb`, is memory.copy and memory.fill; the rest
 * is a loop over the elements.
 */
const movs = string(RSI | RDI, 0, (e, insn) => (insn.prefixes.rep || insn.prefixes.repne ? repeatedMove(e, insn) : moveElement(e, insn)));
const stos = string(
  RDI,
  0,
  (e, insn) => (insn.prefixes.rep || insn.prefixes.repne ? repeatedStore(e, insn) : storeElement(e, insn)),
  1 << GPR.rax,
);
const lods = string(RSI, 0, (e, insn) =>
  insn.prefixes.rep || insn.prefixes.repne ? repeated(e, insn, () => loadElement(e, insn)) : loadElement(e, insn),
);
const scas = string(RDI, FLAG.ALL, (e, insn) => compareElements(e, insn, "accumulator"), 1 << GPR.rax);
const cmps = string(RSI | RDI, FLAG.ALL, (e, insn) => compareElements(e, insn, "source"));

/** Movsd and Cmpsd are also SSE's: `stringOr` in the SSE tables takes these where the operands are strings. */
export const stringMoveDoubleword = movs;
export const stringCompareDoubleword = cmps;

export const strings: LoweringTable = {
  Movsb: movs, Movsw: movs, Movsq: movs,
  Stosb: stos, Stosw: stos, Stosd: stos, Stosq: stos,
  Lodsb: { ...lods, writes: 1 << GPR.rax }, Lodsw: { ...lods, writes: 1 << GPR.rax }, Lodsd: { ...lods, writes: 1 << GPR.rax }, Lodsq: { ...lods, writes: 1 << GPR.rax },
  Scasb: scas, Scasw: scas, Scasd: scas, Scasq: scas,
  Cmpsb: cmps, Cmpsw: cmps, Cmpsq: cmps,
}; // prettier-ignore

/** A mnemonic shared by a string instruction and an SSE one. */
export function stringOr(text: Lowering, sse: Lowering): Lowering {
  const isString = (insn: Instruction) => insn.operands[0]!.kind === "string";
  return {
    ...sse,
    adjust(effects, insn) {
      if (!isString(insn)) return sse.adjust?.(effects, insn);
      effects.flagsWritten = text.flagsWritten ?? 0;
      effects.flagsMust = effects.flagsWritten;
      text.adjust?.(effects, insn);
    },
    lower: (e, insn) => (isString(insn) ? text.lower(e, insn) : sse.lower(e, insn)),
  };
}

function string(pointers: number, flags: number, lower: Lowering["lower"], reads = 0): Lowering {
  return {
    operands: "--",
    flagsWritten: flags,
    memory: true,
    adjust(effects: Effects, insn) {
      const repeats = insn.prefixes.rep || insn.prefixes.repne;
      const registers = pointers | (repeats ? RCX : 0);
      effects.reads |= reads | registers;
      effects.writes |= registers;
      // lods of less than 32 bits keeps the rest of rax; repeated, with a count of 0, all of it.
      if (pointers === RSI && (repeats || insn.operands[0]!.bits < 32)) effects.reads |= 1 << GPR.rax;
      effects.memory = true;
      if (repeats) effects.flagsMust = 0;
    },
    lower(e, insn) {
      e.mayFault(insn);
      lower(e, insn);
    },
  };
}

function elementBits(insn: Instruction): number {
  return insn.operands.find(({ kind }) => kind === "string")!.bits;
}

/** How wide rsi, rdi and rcx are used: as the mode, unless there is an address-size prefix. */
function addressBits(insn: Instruction): number {
  return insn.operands.find(({ kind }) => kind === "string")!.register;
}

/** An operation on addresses, or on the count, of less than 32 bits is one of 32. */
const wide = (bits: number): number => Math.max(bits, 32);

/** Pushes the wasm address in rsi, in the segment that a prefix may say, or rdi. */
function pointer(e: Emitter, insn: Instruction, register: number): Emitter {
  e.getGpr(register, Math.min(addressBits(insn), 32));
  const segment = insn.memory?.segment ?? "none";
  if (register === GPR.rsi && segment !== "none") e.segmentBase(segment).int(32, "add");
  e.f.i32Const(-GUEST_BASE).op(OP.i32_add);
  return e;
}

/** Pushes the wasm address of the element that rsi or rdi points to. */
function element(e: Emitter, insn: Instruction, register: number, kind: "read" | "write"): Emitter {
  return pointer(e, insn, register).check(insn, kind, elementBits(insn) / 8);
}

/** Moves pointers by an element, in the direction that DF says. */
function advance(e: Emitter, insn: Instruction, bytes: number, registers: readonly number[]): void {
  const bits = addressBits(insn);
  const step = e.temp(bits === 64 ? I64 : I32);
  e.const(-bytes, wide(bits)).const(bytes, wide(bits)).cpuAddress(CPU.df).load(32).f.select().localSet(step);
  for (const register of registers) {
    e.getGpr(register, bits).f.localGet(step);
    e.int(bits, "add").mask(bits).setGpr(register, bits);
  }
}

/** Repeats `body` rcx times. */
function repeated(e: Emitter, insn: Instruction, body: () => void): void {
  const f = e.f;
  countNotZero(e, insn);
  f.if();
  const again = f.loop();
  body();
  countDown(e, insn);
  countNotZero(e, insn);
  f.brIf(again).end().end();
}

function countNotZero(e: Emitter, insn: Instruction): void {
  const bits = addressBits(insn);
  e.getGpr(GPR.rcx, bits).const(0, wide(bits)).int(bits, "ne");
}

function countDown(e: Emitter, insn: Instruction): void {
  const bits = addressBits(insn);
  e.getGpr(GPR.rcx, bits).const(-1, wide(bits)).int(bits, "add").mask(bits).setGpr(GPR.rcx, bits);
}

function moveElement(e: Emitter, insn: Instruction): void {
  const bits = elementBits(insn);
  element(e, insn, GPR.rdi, "write");
  element(e, insn, GPR.rsi, "read").load(bits).store(bits);
  advance(e, insn, bits / 8, [GPR.rsi, GPR.rdi]);
}

function storeElement(e: Emitter, insn: Instruction): void {
  const bits = elementBits(insn);
  element(e, insn, GPR.rdi, "write").getGpr(GPR.rax, bits).store(bits);
  advance(e, insn, bits / 8, [GPR.rdi]);
}

function loadElement(e: Emitter, insn: Instruction): void {
  const bits = elementBits(insn);
  element(e, insn, GPR.rsi, "read").load(bits).setGpr(GPR.rax, bits);
  advance(e, insn, bits / 8, [GPR.rsi]);
}

/** True without prefixes that change where the elements are. */
function isPlain(e: Emitter, insn: Instruction): boolean {
  return addressBits(insn) === e.mode && (insn.memory?.segment ?? "none") === "none";
}

/** Pushes whether the whole run can be one bulk operation: forwards, and of less than 4 GiB. `bytes` is a local as wide as the mode. */
function pushIsBulk(e: Emitter, bytes: number): void {
  e.cpuAddress(CPU.df).load(32).f.op(OP.i32_eqz);
  if (e.mode === 64) e.f.localGet(bytes).i64Const(32).op(OP.i64_shr_u).op(OP.i64_eqz).op(OP.i32_and);
}

/** Pushes rcx times the element's size, and keeps it in the local that is returned. */
function runLength(e: Emitter, size: number): number {
  const bytes = e.temp(e.mode === 64 ? I64 : I32);
  e.getGpr(GPR.rcx, e.mode).const(Math.log2(size), e.mode).int(e.mode, "shl").f.localSet(bytes);
  return bytes;
}

function repeatedMove(e: Emitter, insn: Instruction): void {
  if (e.isChecked || !isPlain(e, insn)) return repeated(e, insn, () => moveElement(e, insn));
  const f = e.f;
  const bytes = runLength(e, elementBits(insn) / 8);
  pushIsBulk(e, bytes);
  // A destination inside the source repeats a pattern element by element, which memory.copy does not.
  e.getGpr(GPR.rdi, 32).getGpr(GPR.rsi, 32).int(32, "sub");
  f.localGet(bytes);
  e.resize(e.mode, 32).int(32, "ge_u").int(32, "and").f.if();
  pointer(e, insn, GPR.rdi);
  pointer(e, insn, GPR.rsi).f.localGet(bytes);
  e.resize(e.mode, 32).f.memoryCopy();
  finishRun(e, bytes, [GPR.rsi, GPR.rdi]);
  f.else();
  repeated(e, insn, () => moveElement(e, insn));
  f.end();
}

function repeatedStore(e: Emitter, insn: Instruction): void {
  if (elementBits(insn) > 8 || e.isChecked || !isPlain(e, insn)) return repeated(e, insn, () => storeElement(e, insn));
  const f = e.f;
  const bytes = runLength(e, 1);
  pushIsBulk(e, bytes);
  f.if();
  pointer(e, insn, GPR.rdi).getGpr(GPR.rax, 8).f.localGet(bytes);
  e.resize(e.mode, 32).f.memoryFill();
  finishRun(e, bytes, [GPR.rdi]);
  f.else();
  repeated(e, insn, () => storeElement(e, insn));
  f.end();
}

function finishRun(e: Emitter, bytes: number, registers: readonly number[]): void {
  for (const register of registers) {
    e.getGpr(register, e.mode).f.localGet(bytes);
    e.int(e.mode, "add").setGpr(register, e.mode);
  }
  e.const(0, e.mode).setGpr(GPR.rcx, e.mode);
}

/** scas (accumulator less memory) and cmps (source less destination); repeated, while the elements are equal (repe) or differ (repne). */
function compareElements(e: Emitter, insn: Instruction, first: "accumulator" | "source"): void {
  const f = e.f;
  const bits = elementBits(insn);
  const type = bits === 64 ? I64 : I32;
  const a = e.temp(type);
  const b = e.temp(type);
  const compare = () => {
    if (first === "accumulator") e.getGpr(GPR.rax, bits);
    else element(e, insn, GPR.rsi, "read").load(bits);
    f.localSet(a);
    element(e, insn, GPR.rdi, "read").load(bits).f.localSet(b);
    advance(e, insn, bits / 8, first === "source" ? [GPR.rsi, GPR.rdi] : [GPR.rdi]);
  };
  const record = { op: "sub", bits, a: localValue(a), b: localValue(b), result: undefined, carryIn: false } as const;
  if (!insn.prefixes.rep && !insn.prefixes.repne) {
    compare();
    if (e.live) e.setFlags(FLAG.ALL, record);
    return;
  }
  e.flags.materialise(e.live);
  countNotZero(e, insn);
  f.if();
  const again = f.loop();
  compare();
  countDown(e, insn);
  countNotZero(e, insn);
  f.localGet(a).localGet(b);
  e.int(bits, insn.prefixes.rep ? "eq" : "ne")
    .int(32, "and")
    .f.brIf(again)
    .end();
  if (e.live) {
    e.setFlags(FLAG.ALL, record);
    e.flags.materialise(e.live);
  }
  f.end();
  e.flags.set(FLAG.ALL, "local");
}
