import { CPU, X87_FORM } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { range } from "./lanes.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import type { Value } from "./flags.ts";
import { initialise, summarise } from "./x87.ts";
import { pushSlot, pushWord, setWord, slot } from "./x87-stack.ts";

const XMM_IN_64_BIT = 16;
const ALL_XMM = 0xffff_0000 | 0;

/**
 * The x87's state as a whole, to and from memory (Intel SDM, FNSTENV, FNSAVE, FXSAVE). The address of the last instruction is there where
 * floats are exact; that of the last operand is stored as 0.
 */
export const x87State: LoweringTable = {
  Fnstenv: { operands: "w", lower: (e, insn) => storeEnvironment(e, start(e, insn), isShort(insn)) },
  Fldenv: { operands: "r", lower: (e, insn) => loadEnvironment(e, start(e, insn), isShort(insn)) },
  Fnsave: { operands: "w", lower: saveAll },
  Frstor: { operands: "r", lower: restoreAll },
  Fxsave: saveExtended(), Fxsave64: saveExtended(), Fxrstor: restoreExtended(), Fxrstor64: restoreExtended(),
}; // prettier-ignore

/** With an operand-size prefix, the environment is seven words of 16 bits. */
function isShort(insn: Instruction): boolean {
  const { bits } = insn.operands[0]!;
  return bits === 14 * 8 || bits === 94 * 8;
}

const environmentBytes = (short: boolean): number => (short ? 14 : 28);
const FXSAVE = { status: 2, tags: 4, mxcsr: 24, mask: 28, st: 32, xmm: 160 } as const;

/** The address of the operand, kept. */
function start(e: Emitter, insn: Instruction): Value {
  return e.address(insn).save(32);
}

function at(e: Emitter, address: Value, offset: number): Emitter {
  return e.value(address, 32).const(offset, 32).int(32, "add");
}

/** Pushes the status word with the stack's top in it. */
function pushStatus(e: Emitter): Emitter {
  e.cpuAddress(CPU.fpStatus).load(32).const(~0x3800, 32).int(32, "and");
  return e.cpuAddress(CPU.fpTop).load(32).const(7, 32).int(32, "and").const(11, 32).int(32, "shl").int(32, "or").mask(16);
}

/** Takes the status word that `push` leaves apart. */
function setStatus(e: Emitter, push: () => void): void {
  push();
  const status = e.save(32);
  e.cpuAddress(CPU.fpStatus).value(status, 32).const(~0x3800, 32).int(32, "and").store(32);
  e.cpuAddress(CPU.fpTop).value(status, 32).const(11, 32).int(32, "shr_u").const(7, 32).int(32, "and").store(32);
}

/** Control, status, tags and addresses, each in a word, of 32 bits with ones above. All exceptions are masked afterwards. */
function storeEnvironment(e: Emitter, address: Value, short: boolean): void {
  const [bits, bytes] = short ? [16, 2] : [32, 4];
  const put = (n: number, push: () => void): void => {
    at(e, address, n * bytes);
    push();
    if (!short) e.const(0xffff_0000, 32).int(32, "or");
    e.store(bits);
  };
  put(0, () => e.cpuAddress(CPU.fpControl).load(32));
  put(1, () => pushStatus(e));
  put(2, () => e.help("x87Tags"));
  at(e, address, 3 * bytes);
  e.cpuAddress(CPU.fpInstruction).load(32).store(bits);
  for (const n of [4, 5]) at(e, address, n * bytes).const(0, 32).store(bits);
  put(6, () => e.const(0, 32));
  e.cpuAddress(CPU.fpControl).cpuAddress(CPU.fpControl).load(32).const(0x3f, 32).int(32, "or").store(32);
} // prettier-ignore

function loadEnvironment(e: Emitter, address: Value, short: boolean): void {
  const [control, status, tags] = range(0, 3).map((n) =>
    at(e, address, n * (short ? 2 : 4))
      .load(16)
      .save(32),
  ) as [Value, Value, Value];
  e.cpuAddress(CPU.fpControl).value(control, 32).store(32);
  setStatus(e, () => e.value(status, 32));
  summarise(e);
  e.value(tags, 32).help("x87SetTags");
}

/** Ten bytes of a register, whether it is in use or not. */
function storeSt(e: Emitter, n: number, address: Value, offset: number): void {
  pushSlot(e, n).help("x87Image");
  at(e, address, offset).cpuAddress(CPU.fpScratch).load(64).store(64);
  at(e, address, offset + 8)
    .cpuAddress(CPU.fpScratch + 8)
    .load(16)
    .store(16);
}

/** The register is in use or not as before. */
function loadSt(e: Emitter, n: number, address: Value, offset: number): void {
  const to = slot(e, n);
  e.f.localGet(to);
  at(e, address, offset).load(64).store(64);
  setWord(e, to, () => {
    pushWord(e, to).const(X87_FORM.empty, 32).int(32, "and");
    at(e, address, offset + 8)
      .load(16)
      .int(32, "or");
    e.const(X87_FORM.extended, 32).int(32, "or");
  });
}

/** The environment, then st(0) to st(7), ten bytes each; the x87 is initialised afterwards. */
function saveAll(e: Emitter, insn: Instruction): void {
  const address = start(e, insn);
  const short = isShort(insn);
  storeEnvironment(e, address, short);
  for (const n of range(0, 8)) storeSt(e, n, address, environmentBytes(short) + 10 * n);
  initialise(e);
}

function restoreAll(e: Emitter, insn: Instruction): void {
  const address = start(e, insn);
  const short = isShort(insn);
  loadEnvironment(e, address, short);
  for (const n of range(0, 8)) loadSt(e, n, address, environmentBytes(short) + 10 * n);
}

/** 512 bytes: x87 and MXCSR, and the xmm registers of the mode. */
function saveExtended(): Lowering {
  return {
    operands: "w",
    reads: ALL_XMM,
    lower(e, insn) {
      const address = start(e, insn);
      at(e, address, 0).cpuAddress(CPU.fpControl).load(32).store(16);
      at(e, address, FXSAVE.status);
      pushStatus(e).store(16);
      at(e, address, FXSAVE.tags);
      pushShortTags(e).store(32);
      at(e, address, 8);
      e.cpuAddress(CPU.fpInstruction).load(32).resize(32, 64).store(64);
      at(e, address, 16).const(0, 64).store(64);
      at(e, address, FXSAVE.mxcsr).cpuAddress(CPU.mxcsr).load(32).store(32);
      at(e, address, FXSAVE.mask).const(0xffff, 32).store(32);
      for (const n of range(0, 8)) {
        storeSt(e, n, address, FXSAVE.st + 16 * n);
        for (const [offset, bits] of [[10, 16], [12, 32]] as const) at(e, address, FXSAVE.st + 16 * n + offset).const(0, 32).store(bits);
      } // prettier-ignore
      for (const n of range(0, e.mode === 64 ? XMM_IN_64_BIT : 8))
        at(e, address, FXSAVE.xmm + 16 * n)
          .getXmm(n)
          .store(128);
    },
  };
}

function restoreExtended(): Lowering {
  return {
    operands: "r",
    writes: ALL_XMM,
    // In 32-bit mode the upper ones stay; nobody reads them there.
    reads: ALL_XMM,
    lower(e, insn) {
      const address = start(e, insn);
      const control = at(e, address, 0).load(16).save(32);
      e.cpuAddress(CPU.fpControl).value(control, 32).store(32);
      setStatus(e, () => at(e, address, FXSAVE.status).load(16));
      summarise(e);
      e.cpuAddress(CPU.mxcsr);
      at(e, address, FXSAVE.mxcsr).load(32).store(32);
      for (const n of range(0, 8)) loadSt(e, n, address, FXSAVE.st + 16 * n);
      setShortTags(e, at(e, address, FXSAVE.tags).load(8).save(32));
      for (const n of range(0, e.mode === 64 ? XMM_IN_64_BIT : 8)) {
        at(e, address, FXSAVE.xmm + 16 * n).load(128);
        e.setXmm(n);
      }
    },
  };
}

/** Pushes a bit a register, physical order, set where it is in use. */
function pushShortTags(e: Emitter): Emitter {
  e.const(0, 32);
  for (const n of range(0, 8)) {
    e.cpuAddress(CPU.x87 + 16 * n + 8).load(32).const(EMPTY_POSITION, 32).int(32, "shr_u").const(1, 32).int(32, "and");
    e.const(1, 32).int(32, "xor").const(n, 32).int(32, "shl").int(32, "or");
  }
  return e;
} // prettier-ignore

function setShortTags(e: Emitter, tags: Value): void {
  for (const n of range(0, 8)) {
    e.cpuAddress(CPU.x87 + 16 * n + 8).cpuAddress(CPU.x87 + 16 * n + 8).load(32).const(~X87_FORM.empty, 32).int(32, "and");
    e.value(tags, 32).const(n, 32).int(32, "shr_u").const(1, 32).int(32, "and").const(1, 32).int(32, "xor");
    e.const(EMPTY_POSITION, 32).int(32, "shl").int(32, "or").store(32);
  }
} // prettier-ignore

/** The bit of X87_FORM.empty. */
const EMPTY_POSITION = 24;
