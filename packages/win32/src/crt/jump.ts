import { api, fn, INT, PVOID } from "@decant/hook";
import { CONTEXT, implement, jump as continueAt, unwind, type GuestGenerator, type Thread } from "@decant/process";
import { CDECL, WITH_VCRUNTIME } from "./dlls.ts";

/** Non-local jumps. */
export const jumpApi = api(
  WITH_VCRUNTIME,
  {
    _setjmp: fn(INT, ["env", PVOID], ["frame", PVOID]),
    _setjmpex: fn(INT, ["env", PVOID], ["frame", PVOID]),
    __intrinsic_setjmp: fn(INT, ["env", PVOID], ["frame", PVOID]),
    __intrinsic_setjmpex: fn(INT, ["env", PVOID], ["frame", PVOID]),
    setjmp: fn(INT, ["env", PVOID], ["frame", PVOID]),
    longjmp: fn(INT, ["env", PVOID], ["value", INT]),
    __longjmp: fn(INT, ["env", PVOID], ["value", INT]),
  },
  { ...CDECL, only: 8 },
);

/** Offsets of _JUMP_BUFFER for x64 (setjmp.h). */
const JUMP = {
  Frame: 0x00,
  Rbx: 0x08,
  Rsp: 0x10,
  Rbp: 0x18,
  Rsi: 0x20,
  Rdi: 0x28,
  R12: 0x30,
  Rip: 0x50,
  MxCsr: 0x58,
  FpCsr: 0x5c,
  Xmm6: 0x60,
  SIZE: 0x100,
} as const;

/** General registers by their number in the encoding, and where they lie in a jump buffer. */
const SAVED: readonly (readonly [number, offset: number])[] = [
  [3, JUMP.Rbx], [5, JUMP.Rbp], [6, JUMP.Rsi], [7, JUMP.Rdi], [12, JUMP.R12], [13, JUMP.R12 + 8], [14, JUMP.R12 + 16], [15, JUMP.R12 + 24],
]; // prettier-ignore
/** Word indices in the CPU block. */
const WORD = { rax: 0, rsp: 8, mxcsr: 0xb8 / 4, xmm: 0x100 / 4, fpControl: 0x288 / 4 } as const;
/** Bytes of an EXCEPTION_RECORD. */
const RECORD_SIZE = 0x98;
export const STATUS_LONGJUMP = 0x8000_0026;
const FIRST_XMM = 6;
const XMM_COUNT = 10;

export const jump = implement(jumpApi, {
  _setjmp: setjmp,
  _setjmpex: setjmp,
  __intrinsic_setjmp: setjmp,
  __intrinsic_setjmpex: setjmp,
  setjmp,
  longjmp,
  __longjmp: longjmp,
});

function setjmp(thread: Thread, env: number, frame: number): number {
  const { memory, registers } = thread;
  const rsp = registers[WORD.rsp]!;
  memory.fill(env, 0, JUMP.SIZE);
  memory.setU64(env + JUMP.Frame, BigInt(frame));
  memory.setU64(env + JUMP.Rsp, BigInt(rsp + 8));
  memory.setPointer(env + JUMP.Rip, memory.u32(rsp));
  for (const [register, offset] of SAVED) copyWords(thread, 2 * register, env + offset, 2);
  copyWords(thread, WORD.xmm + 4 * FIRST_XMM, env + JUMP.Xmm6, 4 * XMM_COUNT);
  memory.setU32(env + JUMP.MxCsr, registers[WORD.mxcsr]!);
  memory.setU16(env + JUMP.FpCsr, registers[WORD.fpControl]!);
  return 0;
}

/**
 * Goes on where setjmp was called. A buffer that names the frame has the termination handlers of the frames between run, as an unwind does
 * (STATUS_LONGJUMP); where it is 0 none run.
 */
function* longjmp(thread: Thread, env: number, value: number): GuestGenerator<number> {
  const { memory, process } = thread;
  const frame = memory.u32(env + JUMP.Frame);
  const land = (): void => restoreRegisters(thread, env, value);
  if (frame === 0) {
    land();
    return yield* continueAt(thread);
  }
  const context = process.heap.require(CONTEXT.SIZE + RECORD_SIZE);
  try {
    const record = context + CONTEXT.SIZE;
    memory.fill(record, 0, RECORD_SIZE);
    memory.setU32(record, STATUS_LONGJUMP);
    memory.setU32(record + 0x18, 1);
    memory.setU64(record + 0x20, BigInt(env));
    return yield* unwind(thread, context, { frame, rip: memory.u32(env + JUMP.Rip), value: BigInt(value), record }, land);
  } finally {
    if (process.heap.has(context)) process.heap.free(context);
  }
}

function restoreRegisters(thread: Thread, env: number, value: number): void {
  readJumpBuffer(thread, env);
  thread.registers[WORD.rax] = value === 0 ? 1 : value;
  thread.registers[WORD.rax + 1] = 0;
}

/** Loads what a jump buffer of x64 holds: the registers that calls keep, rsp and rip. */
export function readJumpBuffer(thread: Thread, env: number): void {
  const { memory, registers } = thread;
  for (const [register, offset] of SAVED) restoreWords(thread, 2 * register, env + offset, 2);
  restoreWords(thread, WORD.xmm + 4 * FIRST_XMM, env + JUMP.Xmm6, 4 * XMM_COUNT);
  registers[WORD.mxcsr] = memory.u32(env + JUMP.MxCsr);
  registers[WORD.fpControl] = memory.u16(env + JUMP.FpCsr);
  thread.rsp = memory.u32(env + JUMP.Rsp);
  thread.rip = memory.u32(env + JUMP.Rip);
}

function copyWords({ memory, registers }: Thread, word: number, address: number, count: number): void {
  for (let i = 0; i < count; i++) memory.setU32(address + 4 * i, registers[word + i]!);
}

function restoreWords({ memory, registers }: Thread, word: number, address: number, count: number): void {
  for (let i = 0; i < count; i++) registers[word + i] = memory.u32(address + 4 * i);
}
