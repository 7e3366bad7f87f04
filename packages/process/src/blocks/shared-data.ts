import { GUEST_BASE, PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import { WINDOWS_VERSION } from "./peb.ts";

/** Where KUSER_SHARED_DATA lies in every process. */
export const SHARED_DATA = 0x7ffe_0000;

/** Offsets in KUSER_SHARED_DATA (ntddk.h). */
const FIELD = {
  TickCountMultiplier: 0x04,
  InterruptTime: 0x08,
  SystemTime: 0x14,
  ImageNumberLow: 0x2c,
  ImageNumberHigh: 0x2e,
  NtSystemRoot: 0x30,
  NtBuildNumber: 0x260,
  NtProductType: 0x264,
  ProductTypeIsValid: 0x268,
  NativeProcessorArchitecture: 0x26a,
  NtMajorVersion: 0x26c,
  NtMinorVersion: 0x270,
  ProcessorFeatures: 0x274,
  NumberOfPhysicalPages: 0x2e8,
  QpcFrequency: 0x300,
  TickCount: 0x320,
  ActiveProcessorCount: 0x3c0,
  ActiveGroupCount: 0x3c4,
} as const;

/** Milliseconds from 1601, where FILETIME starts, to 1970. */
const FILETIME_EPOCH_MS = 11_644_473_600_000;
/** PF_*: compare-exchange, MMX, SSE, RDTSC, SSE2, NX, SSE3, compare-exchange 128, SSSE3, SSE4.1, SSE4.2 (processthreadsapi.h). */
const PROCESSOR_FEATURES = [2, 3, 6, 8, 10, 12, 13, 14, 36, 37, 38];
/** With this multiplier a tick is a millisecond. */
const TICK_IS_MILLISECOND = 0x0100_0000;

/** Maps KUSER_SHARED_DATA, read-only to the guest. */
export function mapSharedData(memory: GuestMemory, processorCount: number): void {
  const at = memory.allocate(0x1000, PAGE.READWRITE, { at: SHARED_DATA, kind: "mapped", protection: PAGE.READONLY });
  if (at !== SHARED_DATA) throw new Error("the page of KUSER_SHARED_DATA was taken");
  memory.setU32(at + FIELD.TickCountMultiplier, TICK_IS_MILLISECOND);
  memory.setU16(at + FIELD.ImageNumberLow, memory.pointerSize === 8 ? 0x8664 : 0x14c);
  memory.setU16(at + FIELD.ImageNumberHigh, memory.pointerSize === 8 ? 0x8664 : 0x14c);
  memory.setWstring(at + FIELD.NtSystemRoot, "C:\\Windows");
  memory.setU32(at + FIELD.NtBuildNumber, WINDOWS_VERSION.build);
  memory.setU32(at + FIELD.NtProductType, 1);
  memory.setU8(at + FIELD.ProductTypeIsValid, 1);
  memory.setU16(at + FIELD.NativeProcessorArchitecture, 9);
  memory.setU32(at + FIELD.NtMajorVersion, WINDOWS_VERSION.major);
  memory.setU32(at + FIELD.NtMinorVersion, WINDOWS_VERSION.minor);
  for (const feature of PROCESSOR_FEATURES) memory.setU8(at + FIELD.ProcessorFeatures + feature, 1);
  memory.setU32(at + FIELD.NumberOfPhysicalPages, 0x100000);
  memory.setU64(at + FIELD.QpcFrequency, 10_000_000n);
  memory.setU32(at + FIELD.ActiveProcessorCount, processorCount);
  memory.setU16(at + FIELD.ActiveGroupCount, 1);
  memory.protect(at, 0x1000, PAGE.READONLY);
}

/** Refreshes the clocks. Runs at each time slice: eight stores. `nowMs` counts from 1970, `monotonicMs` from the start. */
export function refreshClocks(view: DataView, nowMs: number, monotonicMs: number): void {
  writeSystemTime(view, FIELD.InterruptTime, monotonicMs * 10_000);
  writeSystemTime(view, FIELD.SystemTime, (nowMs + FILETIME_EPOCH_MS) * 10_000);
  writeSystemTime(view, FIELD.TickCount, monotonicMs);
}

/** A KSYSTEM_TIME: low half, and the high half twice so that readers can tell a torn read. */
function writeSystemTime(view: DataView, offset: number, value: number): void {
  const at = SHARED_DATA - GUEST_BASE + offset;
  const high = Math.floor(value / 2 ** 32);
  view.setUint32(at + 8, high, true);
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, high, true);
}
