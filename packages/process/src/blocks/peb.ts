import type { GuestMemory } from "@decant/memory";

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
  const pointer = (offset: number, value: number): void => memory.setU64(peb + offset, BigInt(value));
  const u32 = (offset: number, value: number): void => memory.setU32(peb + offset, value);
  memory.setU64(peb + PEB.Mutant, 0xffff_ffff_ffff_ffffn);
  pointer(PEB.ImageBaseAddress, fields.imageBase);
  pointer(PEB.Ldr, fields.ldr);
  pointer(PEB.ProcessParameters, fields.parameters);
  pointer(PEB.ProcessHeap, fields.heapHandle);
  u32(PEB.NumberOfProcessors, fields.processorCount);
  u32(PEB.NumberOfHeaps, 1);
  u32(PEB.MaximumNumberOfHeaps, 16);
  u32(PEB.OSMajorVersion, WINDOWS_VERSION.major);
  u32(PEB.OSMinorVersion, WINDOWS_VERSION.minor);
  memory.setU16(peb + PEB.OSBuildNumber, WINDOWS_VERSION.build);
  u32(PEB.OSPlatformId, 2);
  u32(PEB.ImageSubsystem, fields.subsystem);
  u32(PEB.ImageSubsystemMajorVersion, fields.subsystemVersion[0]);
  u32(PEB.ImageSubsystemMinorVersion, fields.subsystemVersion[1]);
  u32(PEB.SessionId, 1);
}
