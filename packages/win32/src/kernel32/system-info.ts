import { ERROR, Win32Error, type AcceptedOf } from "@decant/hook";
import { ALLOCATION_GRANULARITY, GUEST_BASE, PAGE_SIZE } from "@decant/memory";
import { implement, SHARED_DATA, WINDOWS_VERSION, type Thread } from "@decant/process";
import { COMPUTER_NAME } from "../system/system-table.ts";
import { MEMORYSTATUS, systemInfoApi, type SYSTEM_INFO } from "./system-info.api.ts";

const PROCESSOR_ARCHITECTURE_AMD64 = 9;
const PROCESSOR_AMD_X8664 = 8664;
const PROCESSOR_ARCHITECTURE_INTEL = 0;
const PROCESSOR_INTEL_PENTIUM = 586;
const VER_PLATFORM_WIN32_NT = 2;
/** Where KUSER_SHARED_DATA keeps its processor features: the one list of what the processor has. */
const PROCESSOR_FEATURES = SHARED_DATA + 0x274;
const PROCESSOR_FEATURE_COUNT = 64;
const PF_FASTFAIL_AVAILABLE = 23;
const ALL_PROCESSOR_GROUPS = 0xffff;
/** What programs are told that the machine has. */
export const PHYSICAL_BYTES = 4 * 2 ** 30;

/** VerifyVersionInfo's type bits, in the order of their fields in a condition mask (three bits each). */
const VER = {
  MINORVERSION: 1,
  MAJORVERSION: 2,
  BUILDNUMBER: 4,
  PLATFORMID: 8,
  SERVICEPACKMINOR: 16,
  SERVICEPACKMAJOR: 32,
  SUITENAME: 64,
  PRODUCT_TYPE: 128,
} as const;
const CONDITION = { EQUAL: 1, GREATER: 2, GREATER_EQUAL: 3, LESS: 4, LESS_EQUAL: 5, AND: 6, OR: 7 } as const;

export const systemInfo = implement(systemInfoApi, {
  GetSystemInfo: (thread, info) => info.set(describeSystem(thread, thread.pointerSize === 4)),
  GetNativeSystemInfo: (thread, info) => info.set(describeSystem(thread)),
  GetVersion: () => (WINDOWS_VERSION.build * 0x1_0000 + (WINDOWS_VERSION.minor << 8) + WINDOWS_VERSION.major) >>> 0,
  GetVersionEx(_, information) {
    const { dwOSVersionInfoSize } = information.get();
    // The A and W forms, plain and extended: 148, 156, 276 and 284 bytes.
    if (![148, 156, 276, 284].includes(dwOSVersionInfoSize)) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    information.update({
      dwMajorVersion: WINDOWS_VERSION.major,
      dwMinorVersion: WINDOWS_VERSION.minor,
      dwBuildNumber: WINDOWS_VERSION.build,
      dwPlatformId: VER_PLATFORM_WIN32_NT,
      szCSDVersion: "",
    });
    return true;
  },
  VerSetConditionMask(_, mask, type, condition) {
    const index = Math.log2(type);
    return Number.isInteger(index) ? mask | (BigInt(condition & 7) << BigInt(3 * index)) : mask;
  },
  VerifyVersionInfoA: (_, wanted, types, conditions) => verifyVersion(wanted, types, conditions),
  VerifyVersionInfoW: (_, wanted, types, conditions) => verifyVersion(wanted, types, conditions),
  IsProcessorFeaturePresent({ memory }, feature) {
    if (feature === PF_FASTFAIL_AVAILABLE) return true;
    return feature < PROCESSOR_FEATURE_COUNT && memory.u8(PROCESSOR_FEATURES + feature) !== 0;
  },
  GetActiveProcessorCount: (thread, group) => processorCount(thread, group),
  GetMaximumProcessorCount: (thread, group) => processorCount(thread, group),
  GetActiveProcessorGroupCount: () => 1,
  // 32-bit programs are told of 4 GiB at most, of 2 where they do not expect more.
  GlobalMemoryStatus({ memory, pointerSize }, status) {
    const limit = pointerSize === 8 ? Infinity : memory.userEnd > 2 ** 31 ? 2 ** 32 - 1 : 2 ** 31 - 1;
    const available = Math.min(limit, Math.max(0, PHYSICAL_BYTES - memory.committedBytes));
    status.set({
      dwLength: MEMORYSTATUS.size(pointerSize),
      dwMemoryLoad: Math.round((100 * Math.min(PHYSICAL_BYTES, memory.committedBytes)) / PHYSICAL_BYTES),
      dwTotalPhys: Math.min(limit, PHYSICAL_BYTES),
      dwAvailPhys: available,
      dwTotalPageFile: Math.min(limit, PHYSICAL_BYTES),
      dwAvailPageFile: available,
      dwTotalVirtual: Math.min(limit, memory.userEnd - GUEST_BASE),
      dwAvailVirtual: Math.min(limit, Math.max(0, memory.userEnd - GUEST_BASE - memory.committedBytes)),
    });
  },
  GlobalMemoryStatusEx({ memory }, status) {
    if (status.get().dwLength !== 64) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const available = Math.max(0, PHYSICAL_BYTES - memory.committedBytes);
    status.update({
      dwMemoryLoad: Math.round((100 * (PHYSICAL_BYTES - available)) / PHYSICAL_BYTES),
      ullTotalPhys: PHYSICAL_BYTES,
      ullAvailPhys: available,
      ullTotalPageFile: PHYSICAL_BYTES,
      ullAvailPageFile: available,
      ullTotalVirtual: memory.userEnd - GUEST_BASE,
      ullAvailVirtual: Math.max(0, memory.userEnd - GUEST_BASE - memory.committedBytes),
      ullAvailExtendedVirtual: 0,
    });
    return true;
  },
  GetComputerName(_thread, buffer, size) {
    const { written, needed } = buffer.write(COMPUTER_NAME, size.get());
    size.set(written > 0 ? written : needed);
    if (needed > 0 && written === 0) throw new Win32Error(ERROR.BUFFER_OVERFLOW);
    return true;
  },
  GetComputerNameEx({ process }, NameType, buffer, size) {
    const { hostName } = process.host;
    const [label = hostName, ...domain] = hostName.split(".");
    const names = [label.slice(0, 15).toUpperCase(), label, domain.join("."), hostName];
    // The physical names follow those of a cluster, which are the same here.
    if (NameType >= 2 * names.length) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const name = names[NameType % names.length]!;
    if (buffer.isNull || size.get() < name.length + 1) {
      size.set(name.length + 1);
      throw new Win32Error(ERROR.MORE_DATA);
    }
    size.set(buffer.write(name, size.get()).written);
    return true;
  },
});

function describeSystem({ memory, process: { host } }: Thread, isNarrow = false): AcceptedOf<typeof SYSTEM_INFO> {
  return {
    wProcessorArchitecture: isNarrow ? PROCESSOR_ARCHITECTURE_INTEL : PROCESSOR_ARCHITECTURE_AMD64,
    dwPageSize: PAGE_SIZE,
    lpMinimumApplicationAddress: GUEST_BASE,
    lpMaximumApplicationAddress: memory.userEnd - 1,
    dwActiveProcessorMask: 2 ** Math.min(host.cpuCount, 32) - 1,
    dwNumberOfProcessors: host.cpuCount,
    dwProcessorType: isNarrow ? PROCESSOR_INTEL_PENTIUM : PROCESSOR_AMD_X8664,
    dwAllocationGranularity: ALLOCATION_GRANULARITY,
    wProcessorLevel: 6,
    wProcessorRevision: 0,
  };
}

function processorCount({ process }: Thread, group: number): number {
  if (group !== 0 && group !== ALL_PROCESSOR_GROUPS) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return process.host.cpuCount;
}

interface Wanted {
  dwMajorVersion: number;
  dwMinorVersion: number;
  dwBuildNumber: number;
  dwPlatformId: number;
  wServicePackMajor: number;
  wServicePackMinor: number;
  wProductType: number;
}

/** Version parts are compared one after the other while they are equal ("VerifyVersionInfo"). */
function verifyVersion(wanted: Wanted, types: number, conditions: bigint): boolean {
  if (types === 0 || conditions === 0n) throw new Win32Error(ERROR.BAD_ARGUMENTS);
  const conditionOf = (type: number): number => Number((conditions >> BigInt(3 * Math.log2(type))) & 7n);
  const single: readonly [type: number, ours: number, theirs: number][] = [
    [VER.BUILDNUMBER, WINDOWS_VERSION.build, wanted.dwBuildNumber],
    [VER.PLATFORMID, VER_PLATFORM_WIN32_NT, wanted.dwPlatformId],
    [VER.PRODUCT_TYPE, 1, wanted.wProductType],
  ];
  const version: readonly [type: number, ours: number, theirs: number][] = [
    [VER.MAJORVERSION, WINDOWS_VERSION.major, wanted.dwMajorVersion],
    [VER.MINORVERSION, WINDOWS_VERSION.minor, wanted.dwMinorVersion],
    [VER.SERVICEPACKMAJOR, 0, wanted.wServicePackMajor],
    [VER.SERVICEPACKMINOR, 0, wanted.wServicePackMinor],
  ];
  let matches = single.every(([type, ours, theirs]) => (types & type) === 0 || satisfies(conditionOf(type), ours, theirs));
  const compared = version.filter(([type]) => (types & type) !== 0);
  for (const [i, [type, ours, theirs]] of compared.entries()) {
    if (ours === theirs && i < compared.length - 1) continue;
    matches &&= satisfies(conditionOf(type), ours, theirs);
    break;
  }
  if (!matches) throw new Win32Error(ERROR.OLD_WIN_VERSION);
  return true;
}

function satisfies(condition: number, ours: number, theirs: number): boolean {
  switch (condition) {
    case CONDITION.EQUAL:
      return ours === theirs;
    case CONDITION.GREATER:
      return ours > theirs;
    case CONDITION.GREATER_EQUAL:
      return ours >= theirs;
    case CONDITION.LESS:
      return ours < theirs;
    case CONDITION.LESS_EQUAL:
      return ours <= theirs;
    default:
      return false;
  }
}
