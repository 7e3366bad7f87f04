import type { GuestMemory } from "@decant/memory";

type Offsets<T> = { readonly [K in keyof T]: number };

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

/** The same of the x86 thread environment block, which fs:[0] starts. */
export const TEB32: Offsets<typeof TEB> = {
  ExceptionList: 0x00,
  StackBase: 0x04,
  StackLimit: 0x08,
  FiberData: 0x10,
  Self: 0x18,
  ClientIdProcess: 0x20,
  ClientIdThread: 0x24,
  ThreadLocalStoragePointer: 0x2c,
  ProcessEnvironmentBlock: 0x30,
  LastErrorValue: 0x34,
  CurrentLocale: 0xc4,
  DeallocationStack: 0xe0c,
  TlsSlots: 0xe10,
  TlsExpansionSlots: 0xf94,
  OurErrno: 0x1f00,
  OurDosErrno: 0x1f04,
};

/** The layout of a TEB in this memory. */
export function tebLayout({ pointerSize }: GuestMemory): Offsets<typeof TEB> {
  return pointerSize === 8 ? TEB : TEB32;
}

/** The end of the chain of x86 exception registrations. */
const NO_REGISTRATION = 0xffff_ffff;

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
  const layout = tebLayout(memory);
  const pointer = (offset: number, value: number): void => memory.setPointer(teb + offset, value);
  if (memory.pointerSize === 4) pointer(layout.ExceptionList, NO_REGISTRATION);
  pointer(layout.StackBase, fields.stackHigh);
  pointer(layout.StackLimit, fields.stackLow);
  pointer(layout.Self, teb);
  pointer(layout.ClientIdProcess, fields.processId);
  pointer(layout.ClientIdThread, fields.threadId);
  pointer(layout.ProcessEnvironmentBlock, fields.peb);
  pointer(layout.DeallocationStack, fields.stackAllocation);
  memory.setU32(teb + layout.CurrentLocale, 0x409);
}
