import { ERROR, Win32Error, type Out } from "@decant/hook";
import { MemoryAccessError, MemoryLimitError, PAGE, type GuestMemory, type MemoryInformation } from "@decant/memory";
import { implement, noteProtection, ProcessObject, type Process, type Thread } from "@decant/process";
import { MappedViews } from "../files/mapped-views.ts";
import { MEM, MEMORY_BASIC_INFORMATION, MEMORY_BASIC_INFORMATION32, virtualApi } from "./virtual.api.ts";

const STATE = { free: MEM.FREE, reserve: MEM.RESERVE, commit: MEM.COMMIT } as const;
const KIND = { private: MEM.PRIVATE, image: MEM.IMAGE, mapped: MEM.MAPPED } as const;
const PAGE_SIZE = 0x1000;
const GRANULARITY = 0x1_0000;
/**
 * Reservations that are a run-time system's for all that it may ever commit, and that can be granted in part: .NET's, and those of more than there can ever be. Between
 * them lie those of JavaScriptCore, which asks for half as much where it is refused, and wants an address inside that is aligned to half of what it asked for.
 */
const isGrantedInPart = (size: number): boolean => (size >= 2 ** 30 && size < 2 ** 31) || size >= 2 ** 34;
/** The reservation of a process that was granted in part: its address, and where it would have ended. */
const grantedInPart = new WeakMap<Process, { readonly base: number; readonly end: number }>();
/** Less than this is not worth calling a part. */
const LEAST_PART = 2 ** 26;
/** The sizes of reservations larger than all of memory that were asked for at an address, and refused there. */
const refusedReservations = new WeakMap<Process, Set<number>>();

/** Pages and mapped files. */
export const virtual = implement(virtualApi, {
  VirtualAlloc: (thread, lpAddress, dwSize, flAllocationType, flProtect) =>
    allocate(thread, lpAddress, dwSize, flAllocationType, flProtect),
  VirtualAllocEx(thread, hProcess, lpAddress, dwSize, flAllocationType, flProtect) {
    requireSelf(thread, thread.process.handles.get(hProcess, ProcessObject));
    return allocate(thread, lpAddress, dwSize, flAllocationType, flProtect);
  },

  VirtualFree({ memory }, lpAddress, dwSize, dwFreeType) {
    if (dwFreeType === MEM.RELEASE) {
      if (dwSize !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
      if (memory.query(lpAddress).kind !== "private" || !memory.release(lpAddress)) throw new Win32Error(ERROR.INVALID_ADDRESS);
      return true;
    }
    if (dwFreeType !== MEM.DECOMMIT) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const found = memory.allocationAt(lpAddress);
    if (found === undefined) throw new Win32Error(ERROR.INVALID_ADDRESS);
    if (dwSize === 0 && lpAddress !== found.base) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (!memory.decommit(lpAddress, dwSize === 0 ? found.size : dwSize)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },

  VirtualProtect: (thread, lpAddress, dwSize, flNewProtect, lpflOldProtect) =>
    protect(thread, lpAddress, dwSize, flNewProtect, lpflOldProtect),

  VirtualProtectEx(thread, hProcess, lpAddress, dwSize, flNewProtect, lpflOldProtect) {
    requireSelf(thread, thread.process.handles.get(hProcess, ProcessObject));
    return protect(thread, lpAddress, dwSize, flNewProtect, lpflOldProtect);
  },

  VirtualQuery: (thread, lpAddress, lpBuffer, dwLength) => query(thread, thread.memory, lpAddress, lpBuffer, dwLength),
  VirtualQueryEx: (thread, hProcess, lpAddress, lpBuffer, dwLength) =>
    query(thread, thread.process.handles.get(hProcess, ProcessObject).process.memory, lpAddress, lpBuffer, dwLength),

  VirtualLock({ memory }, lpAddress, dwSize) {
    if (!memory.accessible(lpAddress, dwSize, "read")) throw new Win32Error(ERROR.NOACCESS);
    return true;
  },
  VirtualUnlock(thread) {
    void thread;
    return true;
  },

  FlushInstructionCache({ process }, hProcess, lpBaseAddress, dwSize) {
    process.handles.get(hProcess, ProcessObject);
    if (lpBaseAddress === 0) process.machine.invalidate(0, process.memory.userEnd);
    else process.machine.invalidate(lpBaseAddress, lpBaseAddress + dwSize);
    return true;
  },

  IsBadReadPtr: ({ memory }, lp, ucb) => !memory.accessible(lp, ucb, "read"),
  IsBadWritePtr: ({ memory }, lp, ucb) => !memory.accessible(lp, ucb, "write"),
  IsBadHugeReadPtr: ({ memory }, lp, ucb) => !memory.accessible(lp, ucb, "read"),
  IsBadHugeWritePtr: ({ memory }, lp, ucb) => !memory.accessible(lp, ucb, "write"),
  IsBadStringPtrA: ({ memory }, lpsz, ucchMax) => isBadString(ucchMax, () => memory.cstringLength(lpsz, ucchMax)),
  IsBadStringPtrW: ({ memory }, lpsz, ucchMax) => isBadString(ucchMax, () => memory.wstringLength(lpsz, ucchMax)),
  IsBadCodePtr: ({ memory }, lpfn) => !memory.accessible(lpfn, 1, "read"),

  ReadProcessMemory(thread, hProcess, lpBaseAddress, lpBuffer, nSize, lpNumberOfBytesRead) {
    const { process } = thread.process.handles.get(hProcess, ProcessObject);
    lpNumberOfBytesRead.set(0);
    if (!process.memory.accessible(lpBaseAddress, nSize, "read")) throw new Win32Error(ERROR.PARTIAL_COPY);
    thread.memory.write(lpBuffer, process.memory.read(lpBaseAddress, nSize));
    lpNumberOfBytesRead.set(nSize);
    return true;
  },
  WriteProcessMemory(thread, hProcess, lpBaseAddress, lpBuffer, nSize, lpNumberOfBytesWritten) {
    const { process } = thread.process.handles.get(hProcess, ProcessObject);
    lpNumberOfBytesWritten.set(0);
    writeAnyway(process.memory, lpBaseAddress, thread.memory.read(lpBuffer, nSize));
    lpNumberOfBytesWritten.set(nSize);
    return true;
  },
  GetLargePageMinimum: () => 0,
});

/** A string is bad when it cannot be read up to its end, or to as many characters as are asked for. */
function isBadString(most: number, read: () => number): boolean {
  if (most === 0) return false;
  try {
    read();
    return false;
  } catch (error) {
    if (error instanceof MemoryAccessError) return true;
    throw error;
  }
}

function protect({ memory, process }: Thread, address: number, size: number, given: number, oldProtection: Out<number>): boolean {
  const protection = MappedViews.of({ process }).protectionAt(address, protectionOf(given));
  if (size === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const page = address - (address % PAGE_SIZE);
  if (oldProtection.isNull) throw new Win32Error(ERROR.NOACCESS);
  oldProtection.set(oldProtection.get()); // the place must be good before anything changes
  const old = memory.protect(page, address + size - page, protection);
  if (old === undefined) throw new Win32Error(ERROR.INVALID_ADDRESS);
  oldProtection.set(old);
  noteProtection(process, page, address + size - page, protection);
  return true;
}

/** Tells of a page of a process, in the caller's memory. */
function query(thread: Thread, of: GuestMemory, address: number, target: number, length: number): number {
  const type = thread.pointerSize === 8 ? MEMORY_BASIC_INFORMATION : MEMORY_BASIC_INFORMATION32;
  const size = type.size(thread.pointerSize);
  if (length < size) throw new Win32Error(ERROR.BAD_LENGTH);
  if (address >= of.userEnd) throw new Win32Error(ERROR.INVALID_PARAMETER);
  type.store(thread, target, describe(of.query(address)));
  return size;
}

function allocate(thread: Thread, hint: bigint, size: number, type: number, given: number): number {
  const { memory, process } = thread;
  const protection = protectionOf(given);
  if (size === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if ((type & ~(MEM.COMMIT | MEM.RESERVE | MEM.TOP_DOWN | MEM.RESET | MEM.WRITE_WATCH)) !== 0)
    throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (type === MEM.RESET) return Number(hint);
  const commits = (type & MEM.COMMIT) !== 0;
  if (!commits && (type & MEM.RESERVE) === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const mayBePart = !commits && isGrantedInPart(size) && thread.pointerSize === 8;
  if (mayBePart && size > memory.userEnd) return reserveWhatFits(thread, hint, size, protection);
  // Nothing of the guest's lies above the user space: a hint there is taken.
  if (hint + BigInt(Math.ceil(size)) > BigInt(memory.userEnd)) {
    if (commits && endsInWhatIsLacking(thread, hint, size)) throw new Win32Error(ERROR.COMMITMENT_LIMIT);
    if (hint !== 0n) throw new Win32Error(ERROR.INVALID_ADDRESS);
    // An x64 program has been told of fewer addresses than 64-bit Windows has.
    throw new Win32Error(thread.pointerSize === 4 ? ERROR.INVALID_PARAMETER : ERROR.NOT_ENOUGH_MEMORY);
  }
  const at = Number(hint);
  if (at !== 0 && (type & MEM.RESERVE) === 0) return commit(thread, at, size, protection);
  if (at !== 0 && at < GRANULARITY) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const options = { topDown: (type & MEM.TOP_DOWN) !== 0, protection, ...(at === 0 ? {} : { at }) };
  let base: number | undefined;
  try {
    base = commits ? memory.allocate(size, protection, options) : memory.reserve(size, options);
  } catch (error) {
    if (error instanceof MemoryLimitError) throw new Win32Error(ERROR.COMMITMENT_LIMIT);
    throw error;
  }
  if (base === undefined && mayBePart && at === 0) return reserveWhatFits(thread, hint, size, protection);
  if (base === undefined) throw new Win32Error(at === 0 ? ERROR.NOT_ENOUGH_MEMORY : ERROR.INVALID_ADDRESS);
  if (commits) noteProtection(process, base, size, protection);
  return base;
}

/**
 * A reservation of more addresses than there are, or than are free in one piece, which 64-bit Windows grants: run-time systems (GHC's takes a terabyte) reserve once for all that they may ever
 * commit, and commit from its beginning on. Half of the longest run that is free stands for it, at the very end of the addresses: behind it nothing of the program's can lie, so that a
 * commit past it reaches nobody's memory, and fails with ERROR_COMMITMENT_LIMIT. Where the end is taken, as by another one, there is none. What was first asked for at an address is refused
 * anywhere: Go up to 1.10 does that, lays several areas out in the whole of it, and has another plan for machines that refuse.
 */
function reserveWhatFits({ memory, process }: Thread, hint: bigint, size: number, protection: number): number {
  let refused = refusedReservations.get(process);
  if (refused === undefined) refusedReservations.set(process, (refused = new Set()));
  if (hint !== 0n) {
    refused.add(size);
    throw new Win32Error(ERROR.INVALID_ADDRESS);
  }
  if (refused.delete(size)) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  let base: number | undefined;
  for (let part = memory.longestFreeBytes / 2; base === undefined && part >= LEAST_PART; part /= 2) {
    const granted = Math.floor(part / GRANULARITY) * GRANULARITY;
    base = memory.reserve(granted, { at: memory.userEnd - granted, protection });
  }
  if (base === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  grantedInPart.set(process, { base, end: base + size });
  return base;
}

/** Whether a range ends in the part of a reservation that was asked for, and not granted. */
function endsInWhatIsLacking({ memory, process }: Thread, hint: bigint, size: number): boolean {
  const part = grantedInPart.get(process);
  if (part === undefined || memory.allocationAt(part.base)?.base !== part.base) return false;
  return hint >= BigInt(part.base) && hint + BigInt(Math.ceil(size)) <= BigInt(part.end);
}

function commit({ memory, process }: Thread, at: number, size: number, wanted: number): number {
  const page = at - (at % PAGE_SIZE);
  const protection = MappedViews.of({ process }).protectionAt(page, wanted);
  try {
    if (!memory.commit(page, at + size - page, protection)) throw new Win32Error(ERROR.INVALID_ADDRESS);
  } catch (error) {
    if (error instanceof MemoryLimitError) throw new Win32Error(ERROR.COMMITMENT_LIMIT);
    throw error;
  }
  noteProtection(process, page, at + size - page, protection);
  return page;
}

/** Also into pages that only allow reading or running, whose protection is lifted for the time, as debuggers and hooks rely on. */
function writeAnyway(memory: Thread["memory"], address: number, bytes: Uint8Array): void {
  const restore: (() => void)[] = [];
  try {
    for (let page = address - (address % PAGE_SIZE); page < address + bytes.length; page += PAGE_SIZE) {
      if (memory.accessible(page, 1, "write")) continue;
      const { state, protection } = memory.query(page);
      const isCode = memory.accessible(page, 1, "execute");
      if (state !== "commit" || (!isCode && !memory.accessible(page, 1, "read"))) throw new Win32Error(ERROR.NOACCESS);
      memory.protect(page, PAGE_SIZE, isCode ? PAGE.EXECUTE_READWRITE : PAGE.READWRITE);
      restore.push(() => void memory.protect(page, PAGE_SIZE, protection));
    }
    memory.write(address, bytes);
  } finally {
    for (const undo of restore) undo();
  }
}

/** PAGE_TARGETS_INVALID and PAGE_TARGETS_NO_UPDATE, for pages with code: which calls through pointers Control Flow Guard lets into them. It is not there. */
const TARGETS_INVALID = 0x4000_0000;

/** A protection without what it says of Control Flow Guard. Fails with ERROR_INVALID_PARAMETER for what is none. */
function protectionOf(given: number): number {
  const access = given & 0xff;
  const protection = access >= PAGE.EXECUTE ? given & ~TARGETS_INVALID : given;
  const isOne = access !== 0 && (access & (access - 1)) === 0 && (protection & ~0x7ff) === 0;
  if (!isOne || (access === PAGE.NOACCESS && protection !== PAGE.NOACCESS)) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return protection;
}

function describe({ base, allocationBase, allocationProtect, size, state, protection, kind }: MemoryInformation) {
  return {
    BaseAddress: base,
    AllocationBase: allocationBase,
    AllocationProtect: allocationProtect,
    RegionSize: size,
    State: STATE[state],
    Protect: state === "free" ? PAGE.NOACCESS : protection,
    Type: state === "free" ? 0 : KIND[kind],
  };
}

function requireSelf(thread: Thread, object: ProcessObject): void {
  if (object.process !== thread.process) throw new Win32Error(ERROR.ACCESS_DENIED);
}
