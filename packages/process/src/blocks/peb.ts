import type { GuestMemory } from "@decant/memory";

type Offsets<T> = { readonly [K in keyof T]: number };

/** Offsets in the x64 process environment block (winternl.h, and the public symbols of ntdll). */
export const PEB = {
  BeingDebugged: 0x02,
  Mutant: 0x08,
  ImageBaseAddress: 0x10,
  Ldr: 0x18,
  ProcessParameters: 0x20,
  ProcessHeap: 0x30,
  FastPebLock: 0x38,
  TlsBitmapBits: 0x80,
  NumberOfProcessors: 0xb8,
  CriticalSectionTimeout: 0xc0,
  NumberOfHeaps: 0xe8,
  MaximumNumberOfHeaps: 0xec,
  ProcessHeaps: 0xf0,
  LoaderLock: 0x110,
  OSMajorVersion: 0x118,
  OSMinorVersion: 0x11c,
  OSBuildNumber: 0x120,
  OSPlatformId: 0x124,
  ImageSubsystem: 0x128,
  ImageSubsystemMajorVersion: 0x12c,
  ImageSubsystemMinorVersion: 0x130,
  SessionId: 0x2c0,
} as const;

/** The same of the x86 process environment block. */
export const PEB32: Offsets<typeof PEB> = {
  BeingDebugged: 0x02,
  Mutant: 0x04,
  ImageBaseAddress: 0x08,
  Ldr: 0x0c,
  ProcessParameters: 0x10,
  ProcessHeap: 0x18,
  FastPebLock: 0x1c,
  TlsBitmapBits: 0x44,
  NumberOfProcessors: 0x64,
  CriticalSectionTimeout: 0x70,
  NumberOfHeaps: 0x88,
  MaximumNumberOfHeaps: 0x8c,
  ProcessHeaps: 0x90,
  LoaderLock: 0xa0,
  OSMajorVersion: 0xa4,
  OSMinorVersion: 0xa8,
  OSBuildNumber: 0xac,
  OSPlatformId: 0xb0,
  ImageSubsystem: 0xb4,
  ImageSubsystemMajorVersion: 0xb8,
  ImageSubsystemMinorVersion: 0xbc,
  SessionId: 0x1d4,
};

/** Bytes of a PEB, a whole page. */
export const PEB_SIZE = 0x1000;

/** The version of Windows that programs are told. */
export const WINDOWS_VERSION = { major: 10, minor: 0, build: 19045 } as const;

/** What a PEB says about its process. */
export interface PebFields {
  readonly imageBase: number;
  readonly ldr: number;
  readonly parameters: number;
  readonly heapHandle: number;
  readonly processorCount: number;
  readonly subsystem: number;
  readonly subsystemVersion: readonly [number, number];
}

/** Fills in a zeroed PEB. */
export function writePeb(memory: GuestMemory, peb: number, fields: PebFields): void {
  const layout = memory.pointerSize === 8 ? PEB : PEB32;
  const pointer = (offset: number, value: number): void => memory.setPointer(peb + offset, value);
  const u32 = (offset: number, value: number): void => memory.setU32(peb + offset, value);
  memory.setWord(peb + layout.Mutant, 0xffff_ffff_ffff_ffffn);
  pointer(layout.ImageBaseAddress, fields.imageBase);
  pointer(layout.Ldr, fields.ldr);
  pointer(layout.ProcessParameters, fields.parameters);
  pointer(layout.ProcessHeap, fields.heapHandle);
  u32(layout.NumberOfProcessors, fields.processorCount);
  u32(layout.NumberOfHeaps, 1);
  u32(layout.MaximumNumberOfHeaps, 16);
  u32(layout.OSMajorVersion, WINDOWS_VERSION.major);
  u32(layout.OSMinorVersion, WINDOWS_VERSION.minor);
  memory.setU16(peb + layout.OSBuildNumber, WINDOWS_VERSION.build);
  u32(layout.OSPlatformId, 2);
  u32(layout.ImageSubsystem, fields.subsystem);
  u32(layout.ImageSubsystemMajorVersion, fields.subsystemVersion[0]);
  u32(layout.ImageSubsystemMinorVersion, fields.subsystemVersion[1]);
  u32(layout.SessionId, 1);
}
