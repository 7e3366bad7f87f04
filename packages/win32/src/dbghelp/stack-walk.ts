import { ERROR, Win32Error, type Handle } from "@decant/hook";
import {
  CONTEXT32,
  implement,
  ProcessObject,
  readUnwindState,
  unwindFrame,
  writeUnwindState,
  type Thread,
  type UnwindState,
} from "@decant/process";
import type { GuestMemory } from "@decant/memory";
import { stackWalkApi } from "./dbghelp.api.ts";

const MACHINE = { 4: 0x14c, 8: 0x8664 } as const;
/** STACKFRAME64, and what STACKFRAME_EX has more: the offsets of fields. Addresses are an offset of 64 bits, a segment and a mode. */
const FRAME = {
  AddrPC: 0,
  AddrReturn: 16,
  AddrFrame: 32,
  AddrStack: 48,
  FuncTableEntry: 80,
  Params: 88,
  Reserved: 128,
  InlineFrameContext: 268,
} as const;
const ADDRESS_MODE_FLAT = 3;
/** In a field that belongs to the walk, and that a caller starts as zero: the frame has been told. */
const WALKED = 0x4443_4e54;
const RSP = 4;
const RBP = 5;

export const stackWalk = implement(stackWalkApi, {
  StackWalk64: (thread, machine, hProcess, _hThread, frame, context) => walk(thread, machine, hProcess, frame, context),
  StackWalkEx(thread, machine, hProcess, _hThread, frame, context) {
    const isTold = walk(thread, machine, hProcess, frame, context);
    // INLINE_FRAME_CONTEXT_IGNORE's counterpart: no function was put into this one, as far as is known.
    thread.memory.setU32(frame + FRAME.InlineFrameContext, 0);
    return isTold;
  },
});

/** Tells the frame that the caller gives at first, and its callers after. FALSE at the stack's end, as documented with no error of its own. */
function walk(thread: Thread, machine: number, hProcess: Handle, frame: number, context: number): boolean {
  const { process, memory, pointerSize } = thread;
  if (process.handles.get(hProcess, ProcessObject) !== process.object) throw new Win32Error(ERROR.NOT_SUPPORTED);
  const needsContext = pointerSize === 8;
  if (machine !== MACHINE[pointerSize] || frame === 0 || (needsContext && context === 0)) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const isFirst = memory.u32(frame + FRAME.Reserved) !== WALKED;
  const state = needsContext ? readUnwindState(memory, context) : stateOf(memory, frame);
  if (!isFirst) {
    const isSecond = memory.u32(frame + FRAME.Reserved + 4) === 1;
    if (unwindFrame(process, state, isSecond) === undefined) return false;
    storeContext(memory, context, state);
  }
  tell(thread, frame, state, isFirst);
  memory.setU32(frame + FRAME.Reserved, WALKED);
  memory.setU32(frame + FRAME.Reserved + 4, Number(isFirst));
  return true;
}

/** The registers that a frame of x86 has, which may come with no context. */
function stateOf(memory: GuestMemory, frame: number): UnwindState {
  const gpr = new BigUint64Array(16);
  gpr[RSP] = BigInt(memory.u32(frame + FRAME.AddrStack));
  gpr[RBP] = BigInt(memory.u32(frame + FRAME.AddrFrame));
  return { gpr, xmm: new Uint8Array(16 * 16), rip: memory.u32(frame + FRAME.AddrPC) };
}

function storeContext(memory: GuestMemory, context: number, state: UnwindState): void {
  if (memory.pointerSize === 8) writeUnwindState(memory, context, state);
  else if (context !== 0) {
    memory.setU32(context + CONTEXT32.Eip, state.rip);
    memory.setU32(context + CONTEXT32.Esp, low32(state.gpr[RSP]!));
    memory.setU32(context + CONTEXT32.Ebp, low32(state.gpr[RBP]!));
  }
}

/** Fills a frame in; its return address is found by one step more. */
function tell({ process, memory, pointerSize }: Thread, frame: number, state: UnwindState, isFirst: boolean): void {
  const [stack, base] = [low32(state.gpr[RSP]!), low32(state.gpr[RBP]!)];
  const caller = { gpr: state.gpr.slice(), xmm: state.xmm.slice(), rip: state.rip };
  const hasCaller = unwindFrame(process, caller, isFirst) !== undefined;
  setAddress(memory, frame + FRAME.AddrPC, state.rip);
  setAddress(memory, frame + FRAME.AddrReturn, hasCaller ? caller.rip : 0);
  setAddress(memory, frame + FRAME.AddrFrame, base);
  setAddress(memory, frame + FRAME.AddrStack, stack);
  memory.setPointer(frame + FRAME.FuncTableEntry, 0);
  // The first four words above the return address.
  const first = hasCaller ? low32(caller.gpr[RSP]!) : 0;
  for (let n = 0; n < 4; n++) {
    const at = first + n * pointerSize;
    const isThere = first !== 0 && memory.accessible(at, pointerSize, "read");
    memory.setU32(frame + FRAME.Params + 8 * n, isThere ? memory.u32(at) : 0);
    memory.setU32(frame + FRAME.Params + 8 * n + 4, isThere && pointerSize === 8 ? memory.u32(at + 4) : 0);
  }
}

function setAddress(memory: GuestMemory, at: number, offset: number): void {
  memory.setU32(at, offset);
  memory.setU32(at + 4, 0);
  memory.setU32(at + 12, ADDRESS_MODE_FLAT);
}

function low32(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}
