import { PeError, readUnwindInfo, UNW_FLAG, UWOP } from "@decant/pe";
import type { UnwindCode, UnwindInfo } from "@decant/pe";
import type { GuestMemory } from "@decant/memory";
import { mappedSource } from "./function-table.ts";
import type { FunctionEntry } from "./function-table.ts";
import { RSP } from "./unwind-state.ts";
import type { UnwindState } from "./unwind-state.ts";

/** What unwinding a frame tells about its function. */
export interface UnwoundFrame {
  /** The frame's address, by which handlers know it. */
  readonly establisher: number;
  /** The language handler for this part of the function, and its data; addresses. */
  readonly handler: { readonly address: number; readonly data: number; readonly flags: number } | undefined;
}

/** Chains of unwind data are a few entries long. */
const MAX_CHAIN = 32;

/**
 * Unwinds one frame: turns the registers inside a function into those of its caller after the call (x64 exception handling, "Unwind
 * procedure"). Throws MemoryAccessError for a damaged stack, PeError for unwind data that makes no sense.
 */
export function virtualUnwind(memory: GuestMemory, state: UnwindState, found: FunctionEntry | undefined): UnwoundFrame {
  if (found === undefined) {
    const establisher = rspOf(state);
    popReturnAddress(memory, state);
    return { establisher, handler: undefined };
  }
  const source = mappedSource(memory, found.base);
  const info = readUnwindInfo(source, found.entry.unwindInfo);
  const offset = state.rip - found.base - found.entry.begin;
  const inProlog = offset < info.prologSize;
  if (!inProlog && unwindEpilog(memory, state, found)) return { establisher: rspOf(state) - 8, handler: undefined };
  const establisher = establisherOf(state, info, inProlog ? offset : undefined);
  let hasMachineFrame = applyCodes(memory, state, info, inProlog ? offset : undefined);
  // A part of a function has the handler of the whole, which its chain ends with.
  let primary = info;
  let chained = info.chained;
  for (let depth = 0; chained !== undefined; depth++) {
    if (depth === MAX_CHAIN) throw new PeError("malformed", "expected a short chain of unwind data, found a long one");
    const next = readUnwindInfo(source, chained.unwindInfo);
    hasMachineFrame = applyCodes(memory, state, next, undefined) || hasMachineFrame;
    primary = next;
    chained = next.chained;
  }
  if (!hasMachineFrame) popReturnAddress(memory, state);
  const handler = inProlog ? undefined : primary.handler;
  return {
    establisher,
    handler: handler && {
      address: found.base + handler.rva,
      data: found.base + handler.data,
      flags: primary.flags & (UNW_FLAG.EHANDLER | UNW_FLAG.UHANDLER),
    },
  };
}

function establisherOf(state: UnwindState, info: UnwindInfo, offset: number | undefined): number {
  if (info.frameRegister === 0) return rspOf(state);
  const isSet =
    offset === undefined || info.codes.some(({ operation, prologOffset }) => operation === UWOP.SET_FPREG && prologOffset <= offset);
  return isSet ? low32(state.gpr[info.frameRegister]!) - info.frameOffset : rspOf(state);
}

/** Undoes what the prologue has done. Returns whether a machine frame gave the return address. */
function applyCodes(memory: GuestMemory, state: UnwindState, info: UnwindInfo, offset: number | undefined): boolean {
  let hasMachineFrame = false;
  const frame = establisherOf(state, info, offset);
  for (const code of info.codes) {
    if (offset !== undefined && code.prologOffset > offset) continue;
    if (code.operation === UWOP.PUSH_MACHFRAME) hasMachineFrame = popMachineFrame(memory, state, code.info);
    else applyCode(memory, state, code, info, frame);
  }
  return hasMachineFrame;
}

function applyCode(
  memory: GuestMemory,
  state: UnwindState,
  { operation, info: register, value }: UnwindCode,
  info: UnwindInfo,
  frame: number,
): void {
  const { gpr, xmm } = state;
  switch (operation) {
    case UWOP.PUSH_NONVOL:
      gpr[register] = memory.u64(rspOf(state));
      addToRsp(state, 8);
      return;
    case UWOP.ALLOC_SMALL:
    case UWOP.ALLOC_LARGE:
      addToRsp(state, value);
      return;
    case UWOP.SET_FPREG:
      gpr[RSP] = BigInt(low32(gpr[info.frameRegister]!) - info.frameOffset);
      return;
    case UWOP.SAVE_NONVOL:
    case UWOP.SAVE_NONVOL_FAR:
      gpr[register] = memory.u64(frame + value);
      return;
    case UWOP.SAVE_XMM128:
    case UWOP.SAVE_XMM128_FAR:
      xmm.set(memory.read(frame + value, 16), register * 16);
      return;
    default:
      // EPILOG describes epilogues of version 2, which are recognised by their instructions.
      return;
  }
}

function popMachineFrame(memory: GuestMemory, state: UnwindState, hasErrorCode: number): boolean {
  const at = rspOf(state) + (hasErrorCode === 0 ? 0 : 8);
  state.rip = memory.u32(at);
  state.gpr[RSP] = memory.u64(at + 24);
  return true;
}

/**
 * Runs an epilogue to its end when rip lies in one: `add rsp` or `lea rsp`, pops, then `ret` or a jump out, and nothing else (x64 prolog and
 * epilog, "Epilog code"). Returns whether it did.
 */
function unwindEpilog(memory: GuestMemory, state: UnwindState, { base, entry }: FunctionEntry): boolean {
  const end = base + entry.end;
  let at = state.rip;
  const trial = state.gpr.slice();
  let rsp = rspOf(state);
  const byte = (offset: number): number => memory.u8(at + offset);
  // 48 83 C4 ib, 48 81 C4 id: add rsp, n.
  if (at + 4 <= end && byte(0) === 0x48 && byte(1) === 0x83 && byte(2) === 0xc4) {
    rsp += (byte(3) << 24) >> 24;
    at += 4;
  } else if (at + 7 <= end && byte(0) === 0x48 && byte(1) === 0x81 && byte(2) === 0xc4) {
    rsp += memory.i32(at + 3);
    at += 7;
  }
  for (;;) {
    const prefix = byte(0) === 0x41 ? 1 : 0;
    const opcode = byte(prefix);
    if (opcode < 0x58 || opcode > 0x5f || at + prefix >= end) break;
    trial[(opcode - 0x58) | (prefix << 3)] = memory.u64(rsp);
    rsp += 8;
    at += prefix + 1;
  }
  const opcode = byte(0);
  const isReturn = opcode === 0xc3 || opcode === 0xc2 || (opcode === 0xf3 && byte(1) === 0xc3);
  // A tail call leaves the function by a jump through memory, or to a place outside of it.
  const target = opcode === 0xe9 ? at + 5 + memory.i32(at + 1) : opcode === 0xeb ? at + 2 + ((byte(1) << 24) >> 24) : undefined;
  const isTailCall =
    (target !== undefined && (target < base + entry.begin || target >= end)) ||
    (opcode === 0x48 && byte(1) === 0xff && (byte(2) & 0x38) === 0x20);
  if (!isReturn && !isTailCall) return false;
  state.gpr.set(trial);
  state.gpr[RSP] = BigInt(rsp);
  popReturnAddress(memory, state);
  return true;
}

function popReturnAddress(memory: GuestMemory, state: UnwindState): void {
  state.rip = memory.u32(rspOf(state));
  addToRsp(state, 8);
}

function addToRsp(state: UnwindState, bytes: number): void {
  state.gpr[RSP] = BigInt(rspOf(state) + bytes);
}

function rspOf(state: UnwindState): number {
  return low32(state.gpr[RSP]!);
}

function low32(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}
