import type { GuestMemory } from "@decant/memory";

/** Offsets in the x64 thread environment block (winternl.h, and the public symbols of ntdll). */
export const TEB = {
  ExceptionList: 0x00,
  StackBase: 0x08,
  StackLimit: 0x10,
  FiberData: 0x20,
  Self: 0x30,
  ClientIdProcess: 0x40,
  ClientIdThread: 0x48,
  ThreadLocalStoragePointer: 0x58,
  ProcessEnvironmentBlock: 0x60,
  LastErrorValue: 0x68,
  CurrentLocale: 0x108,
  DeallocationStack: 0x1478,
  TlsSlots: 0x1480,
  TlsExpansionSlots: 0x1780,
  /** Behind the end of what Windows has there: the C run-time library's errno and _doserrno. */
  OurErrno: 0x1f00,
  OurDosErrno: 0x1f04,
} as const;

/** Bytes of a TEB, whole pages. */
export const TEB_SIZE = 0x2000;

/** What a TEB says about its thread. */
export interface TebFields {
  readonly peb: number;
  readonly processId: number;
  readonly threadId: number;
  readonly stackLow: number;
  readonly stackHigh: number;
  /** Where the stack's allocation starts: what is freed with the thread. */
  readonly stackAllocation: number;
}

/** Fills in a zeroed TEB. */
export function writeTeb(memory: GuestMemory, teb: number, fields: TebFields): void {
  const pointer = (offset: number, value: number): void => memory.setU64(teb + offset, BigInt(value));
  pointer(TEB.StackBase, fields.stackHigh);
  pointer(TEB.StackLimit, fields.stackLow);
  pointer(TEB.Self, teb);
  pointer(TEB.ClientIdProcess, fields.processId);
  pointer(TEB.ClientIdThread, fields.threadId);
  pointer(TEB.ProcessEnvironmentBlock, fields.peb);
  pointer(TEB.DeallocationStack, fields.stackAllocation);
  memory.setU32(teb + TEB.CurrentLocale, 0x409);
}
