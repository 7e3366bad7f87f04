import { OP } from "@decant/wasm";
import type { Instruction } from "../decode/instruction.ts";
import { CPU } from "../cpu-block.ts";
import type { Emitter } from "./emitter.ts";
import { range } from "./lanes.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import type { Value } from "./flags.ts";

const XMM_IN_64_BIT = 16;
const ALL_XMM = 0xffff_0000 | 0;

/**
 * The x87's state as a whole, to and from memory (Intel SDM, FNSTENV, FNSAVE, FXSAVE). Tags are not kept: stored, every register is free (fxsave: in use), and
 * loaded they are let be. Addresses of the last instruction and operand are stored as 0.
 */
export const x87State: LoweringTable = {
  Fnstenv: { operands: "w", lower: (e, insn) => storeEnvironment(e, start(e, insn)) },
  Fldenv: { operands: "r", lower: (e, insn) => loadEnvironment(e, start(e, insn)) },
  Fnsave: { operands: "w", lower: saveAll },
  Frstor: { operands: "r", lower: restoreAll },
  Fxsave: saveExtended(), Fxsave64: saveExtended(), Fxrstor: restoreExtended(), Fxrstor64: restoreExtended(),
}; // prettier-ignore

const ENVIRONMENT_BYTES = 28;
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

/** 28 bytes: control, status and tags, each in a word of 32 bits whose upper half is ones. All exceptions are masked afterwards. */
function storeEnvironment(e: Emitter, address: Value): void {
  const upper = (push: () => void): Emitter => {
    push();
    return e.const(0xffff_0000, 32).int(32, "or").store(32);
  };
  at(e, address, 0);
  upper(() => e.cpuAddress(CPU.fpControl).load(32));
  at(e, address, 4);
  upper(() => pushStatus(e));
  at(e, address, 8).const(-1, 32).store(32);
  for (const offset of [12, 16, 20]) at(e, address, offset).const(0, 32).store(32);
  at(e, address, 24).const(0xffff_0000, 32).store(32);
  e.cpuAddress(CPU.fpControl).cpuAddress(CPU.fpControl).load(32).const(0x3f, 32).int(32, "or").store(32);
}

function loadEnvironment(e: Emitter, address: Value): void {
  const control = at(e, address, 0).load(16).save(32);
  const status = at(e, address, 4).load(16).save(32);
  e.cpuAddress(CPU.fpControl).value(control, 32).store(32);
  setStatus(e, () => e.value(status, 32));
}

/** Pushes the wasm address of st(n). */
function slot(e: Emitter, n: number): Emitter {
  e.cpuAddress(CPU.fpTop).load(32).const(n, 32).int(32, "add").const(7, 32).int(32, "and").const(4, 32).int(32, "shl");
  return e.cpuAddress(CPU.x87).int(32, "add");
}

function storeSt(e: Emitter, n: number, address: Value, offset: number): void {
  const load = (): void => void slot(e, n).f.load(OP.f64_load);
  at(e, address, offset);
  load();
  e.help("fst80mantissa").store(64);
  at(e, address, offset + 8);
  load();
  e.help("fst80exponent").store(16);
}

function loadSt(e: Emitter, n: number, address: Value, offset: number): void {
  slot(e, n);
  at(e, address, offset).load(64);
  at(e, address, offset + 8)
    .load(16)
    .help("fld80")
    .f.store(OP.f64_store);
}

/** The environment, then st(0) to st(7), ten bytes each; the x87 is initialised afterwards. */
function saveAll(e: Emitter, insn: Instruction): void {
  const address = start(e, insn);
  storeEnvironment(e, address);
  for (const n of range(0, 8)) storeSt(e, n, address, ENVIRONMENT_BYTES + 10 * n);
  e.cpuAddress(CPU.fpControl).const(0x37f, 32).store(32);
  setStatus(e, () => e.const(0, 32));
}

function restoreAll(e: Emitter, insn: Instruction): void {
  const address = start(e, insn);
  loadEnvironment(e, address);
  for (const n of range(0, 8)) loadSt(e, n, address, ENVIRONMENT_BYTES + 10 * n);
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
      at(e, address, FXSAVE.tags).const(0xff, 32).store(32);
      for (const offset of [8, 16]) at(e, address, offset).const(0, 64).store(64);
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
      e.cpuAddress(CPU.mxcsr);
      at(e, address, FXSAVE.mxcsr).load(32).store(32);
      for (const n of range(0, 8)) loadSt(e, n, address, FXSAVE.st + 16 * n);
      for (const n of range(0, e.mode === 64 ? XMM_IN_64_BIT : 8)) {
        at(e, address, FXSAVE.xmm + 16 * n).load(128);
        e.setXmm(n);
      }
    },
  };
}
