import { calls, ERROR, NtError, STATUS, Win32Error, type Handle, type Out } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { implement, ProcessObject, sleep, type Thread } from "@decant/process";
import { fileTimeFromMs } from "../files/file-time.ts";
import { sync } from "../kernel32/sync.ts";
import { time } from "../kernel32/time.ts";
import { virtual } from "../kernel32/virtual.ts";
import { PRIVILEGE, tokenOf } from "../security/token.ts";
import { downcaseUnit, upcaseUnit } from "../text/upcase.ts";
import { ntRuntimeApi } from "./runtime.api.ts";

const locks = calls(sync);
const clock = calls(time);
const pages = calls(virtual);

const S_SUCCESS = 0;
/** 100-nanosecond units: from 1601 to 1970, in a second, and of the clock's ticks. */
const EPOCH = 116_444_736_000_000_000n;
const SECOND = 10_000_000n;
const TICK = { LONGEST: 156_250, SHORTEST: 5_000 } as const;
/** The generator of RtlUniform ("Lehmer"), below 2^31 - 1. */
const LEHMER = { FACTOR: 0x7fff_ffedn, ADDEND: 0x7fff_ffc3n, MODULUS: 0x7fff_ffffn } as const;
const CRC_POLYNOMIAL = 0xedb8_8320;
/** Offsets and marks of a PE image (winnt.h); those of its headers from IMAGE_NT_HEADERS on. */
const PE = {
  MZ: 0x5a4d,
  SIGNATURE: 0x4550,
  DOS_SIZE: 64,
  e_lfanew: 0x3c,
  NumberOfSections: 6,
  SizeOfOptionalHeader: 20,
  OPTIONAL: 24,
  Magic: 24,
  IS_64: 0x20b,
  DIRECTORIES_64: 24 + 108,
  DIRECTORIES_32: 24 + 92,
  SECTION_SIZE: 40,
} as const;
const MEM_RELEASE = 0x8000;
const PAGE = 0x1000;

export const ntRuntime = implement(ntRuntimeApi, {
  RtlZeroMemory: ({ memory }, to, length) => memory.fill(to, 0, length),
  RtlFillMemory: ({ memory }, to, length, value) => memory.fill(to, value & 0xff, length),
  RtlMoveMemory: ({ memory }, to, from, length) => memory.copy(to, from, length),
  RtlCopyMemory: ({ memory }, to, from, length) => memory.copy(to, from, length),
  RtlCompareMemory(_thread, a, b, length) {
    const [x, y] = [a.view(length), b.view(length)];
    const at = x.findIndex((byte, i) => byte !== y[i]);
    return at < 0 ? length : at;
  },
  RtlInitializeCriticalSection(thread, section) {
    locks.InitializeCriticalSection(thread, section);
    return S_SUCCESS;
  },
  RtlInitializeCriticalSectionAndSpinCount(thread, section, count) {
    locks.InitializeCriticalSectionAndSpinCount(thread, section, count);
    return S_SUCCESS;
  },
  RtlInitString: initString,
  RtlInitAnsiString: initString,
  RtlTimeToSecondsSince1970(_thread, Time, ElapsedSeconds) {
    const seconds = (Time - EPOCH) / SECOND;
    if (Time < EPOCH || seconds > 0xffff_ffffn) return false;
    ElapsedSeconds.set(Number(seconds));
    return true;
  },
  RtlSecondsSince1970ToTime: (_thread, ElapsedSeconds, Time) => Time.set(EPOCH + BigInt(ElapsedSeconds) * SECOND),
  RtlRandom: (_thread, Seed) => nextRandom(Seed),
  RtlRandomEx: (_thread, Seed) => nextRandom(Seed),
  RtlUniform: (_thread, Seed) => nextRandom(Seed),
  RtlAdjustPrivilege(thread, Privilege, Enable, _CurrentThread, Enabled) {
    const { privileges } = tokenOf(thread.process);
    const attributes = privileges.get(Privilege);
    if (attributes === undefined) return STATUS.PRIVILEGE_NOT_HELD;
    Enabled.set((attributes & PRIVILEGE.ENABLED) !== 0);
    privileges.set(Privilege, (attributes & ~PRIVILEGE.ENABLED) | (Enable ? PRIVILEGE.ENABLED : 0));
    return S_SUCCESS;
  },
  RtlImageNtHeader: ({ memory }, ModuleAddress) => ntHeader(memory, ModuleAddress),
  RtlImageDirectoryEntryToData({ memory }, BaseOfImage, MappedAsImage, DirectoryEntry, Size) {
    const header = ntHeader(memory, BaseOfImage & ~3);
    if (header === 0) return 0;
    const count = memory.u16(header + PE.Magic) === PE.IS_64 ? header + PE.DIRECTORIES_64 : header + PE.DIRECTORIES_32;
    if (DirectoryEntry >= memory.u32(count)) return 0;
    const at = memory.u32(count + 4 + 8 * DirectoryEntry);
    if (at === 0) return 0;
    Size.set(memory.u32(count + 8 + 8 * DirectoryEntry));
    const base = (BaseOfImage & ~3) >>> 0;
    return base + (MappedAsImage && (BaseOfImage & 1) === 0 ? at : (fileOffset(memory, header, at) ?? at));
  },
  RtlAddressInSectionTable: ({ memory }, NtHeaders, BaseOfImage, VirtualAddress) => inFile(memory, NtHeaders, BaseOfImage, VirtualAddress),
  RtlImageRvaToVa: ({ memory }, NtHeaders, Base, Rva) => inFile(memory, NtHeaders, Base, Rva),
  RtlGetLastNtStatus: () => S_SUCCESS,
  RtlUpcaseUnicodeChar: (_thread, character) => upcaseUnit(character & 0xffff),
  RtlDowncaseUnicodeChar: (_thread, character) => downcaseUnit(character & 0xffff),
  RtlComputeCrc32(_thread, PartialCrc, Buffer, Length) {
    let crc = ~PartialCrc;
    for (const byte of Buffer.view(Length)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : CRC_POLYNOMIAL);
    }
    return ~crc >>> 0;
  },
  RtlGetSystemTimePrecise: (thread) => fileTimeFromMs(thread.process.host.clock.now()),
  NtQuerySystemTime(thread, SystemTime) {
    SystemTime.set(fileTimeFromMs(thread.process.host.clock.now()));
    return S_SUCCESS;
  },
  NtQueryPerformanceCounter(thread, Counter, Frequency) {
    clock.QueryPerformanceCounter(thread, Counter);
    if (!Frequency.isNull) clock.QueryPerformanceFrequency(thread, Frequency);
    return S_SUCCESS;
  },
  NtQueryTimerResolution(_thread, MaximumTime, MinimumTime, CurrentTime) {
    MaximumTime.set(TICK.LONGEST);
    MinimumTime.set(TICK.SHORTEST);
    CurrentTime.set(TICK.LONGEST);
    return S_SUCCESS;
  },
  NtSetTimerResolution(_thread, DesiredTime, SetResolution, ActualTime) {
    ActualTime.set(SetResolution ? Math.min(TICK.LONGEST, Math.max(TICK.SHORTEST, DesiredTime)) : TICK.LONGEST);
    return S_SUCCESS;
  },
  *NtYieldExecution(thread) {
    yield* sleep(thread, 0);
    return S_SUCCESS;
  },
  *NtTestAlert(thread) {
    yield* sleep(thread, 0, true);
    return S_SUCCESS;
  },
  NtTerminateProcess(thread, ProcessHandle, ExitStatus) {
    const target = ProcessHandle === 0 ? thread.process : processAt(thread, ProcessHandle);
    if (target === thread.process && ProcessHandle === 0) return S_SUCCESS;
    target.terminate(ExitStatus);
    return S_SUCCESS;
  },
  NtSuspendProcess(thread, ProcessHandle) {
    for (const each of processAt(thread, ProcessHandle).threads) if (each !== thread) thread.kernel.suspendThread(each);
    return S_SUCCESS;
  },
  NtResumeProcess(thread, ProcessHandle) {
    for (const each of processAt(thread, ProcessHandle).threads) if (each !== thread) thread.kernel.resumeThread(each);
    return S_SUCCESS;
  },
  NtAllocateVirtualMemory: (thread, ProcessHandle, BaseAddress, _ZeroBits, RegionSize, AllocationType, Protect) =>
    onPages(() => {
      const [at, size] = [BaseAddress.get(), RegionSize.get()];
      const base = pages.VirtualAllocEx(thread, ProcessHandle, BigInt(at), size, AllocationType, Protect);
      BaseAddress.set(base);
      RegionSize.set(pageUp(at === 0 ? size : at + size - base));
    }),
  NtFreeVirtualMemory: (thread, ProcessHandle, BaseAddress, RegionSize, FreeType) =>
    onPages(() => {
      requireSelf(thread, ProcessHandle);
      const [at, size] = [BaseAddress.get(), RegionSize.get()];
      const whole = thread.memory.allocationAt(at)?.size ?? size;
      pages.VirtualFree(thread, at, FreeType === MEM_RELEASE ? 0 : size, FreeType);
      RegionSize.set(FreeType === MEM_RELEASE ? whole : pageUp(size));
    }),
  NtProtectVirtualMemory: (thread, ProcessHandle, BaseAddress, RegionSize, NewProtect, OldProtect) =>
    onPages(() => {
      const [at, size] = [BaseAddress.get(), RegionSize.get()];
      pages.VirtualProtectEx(thread, ProcessHandle, at, size, NewProtect, OldProtect);
      BaseAddress.set(at - (at % PAGE));
      RegionSize.set(pageUp(at + size) - (at - (at % PAGE)));
    }),
});

function processAt({ process }: Thread, handle: Handle): ProcessObject["process"] {
  const object = process.handles.find(handle);
  if (!(object instanceof ProcessObject)) throw new NtError(STATUS.INVALID_HANDLE);
  return object.process;
}

function requireSelf(thread: Thread, handle: Handle): void {
  if (processAt(thread, handle) !== thread.process) throw new NtError(STATUS.ACCESS_DENIED);
}

/** STRING and ANSI_STRING: two lengths, and the place of the text. */
function initString({ memory, pointerSize }: Thread, target: number, source: number): void {
  const length = source === 0 ? 0 : memory.cstringLength(source);
  memory.setU16(target, length);
  memory.setU16(target + 2, source === 0 ? 0 : length + 1);
  memory.setPointer(target + pointerSize, source);
}

/** Where an image's IMAGE_NT_HEADERS lie; 0 where there is no image. */
function ntHeader(memory: GuestMemory, base: number): number {
  if (!memory.accessible(base, PE.DOS_SIZE, "read") || memory.u16(base) !== PE.MZ) return 0;
  const header = base + memory.u32(base + PE.e_lfanew);
  return memory.accessible(header, 4, "read") && memory.u32(header) === PE.SIGNATURE ? header : 0;
}

/** Where an address of an image is in its file, for images that are mapped as files; undefined outside of all sections. */
function fileOffset(memory: GuestMemory, header: number, at: number): number | undefined {
  const sections = header + PE.OPTIONAL + memory.u16(header + PE.SizeOfOptionalHeader);
  for (let i = 0; i < memory.u16(header + PE.NumberOfSections); i++) {
    const section = sections + PE.SECTION_SIZE * i;
    const start = memory.u32(section + 12);
    if (at >= start && at < start + memory.u32(section + 16)) return memory.u32(section + 20) + at - start;
  }
  return undefined;
}

function inFile(memory: GuestMemory, header: number, base: number, at: number): number {
  const offset = fileOffset(memory, header, at);
  return offset === undefined ? 0 : base + offset;
}

function nextRandom(seed: Out<number>): number {
  const next = Number((BigInt(seed.get()) * LEHMER.FACTOR + LEHMER.ADDEND) % LEHMER.MODULUS);
  seed.set(next);
  return next;
}

/** Does to pages what kernel32's functions do, and says as a status how it went. */
function onPages(act: () => void): number {
  try {
    act();
    return S_SUCCESS;
  } catch (error) {
    if (!(error instanceof Win32Error)) throw error;
    return PAGE_STATUS.get(error.code) ?? STATUS.INVALID_PARAMETER;
  }
}

const PAGE_STATUS: ReadonlyMap<number, number> = new Map([
  [ERROR.NOT_ENOUGH_MEMORY, STATUS.NO_MEMORY],
  [ERROR.COMMITMENT_LIMIT, STATUS.COMMITMENT_LIMIT],
  [ERROR.INVALID_ADDRESS, STATUS.CONFLICTING_ADDRESSES],
  [ERROR.INVALID_HANDLE, STATUS.INVALID_HANDLE],
  [ERROR.ACCESS_DENIED, STATUS.ACCESS_DENIED],
]);

function pageUp(size: number): number {
  return Math.ceil(size / PAGE) * PAGE;
}
