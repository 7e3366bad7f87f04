import { CrtError, InvalidParameterError, ERRNO, ERROR, Win32Error, type Handle } from "@decant/hook";
import type { GuestGenerator, Thread } from "@decant/process";
import { inheritedDescriptors } from "../processes/inherited-descriptors.ts";
import { Runtime } from "../runtime.ts";
import { system } from "../system.ts";
import type { Descriptor, Encoding } from "./descriptors.ts";
import { fromCrLf, toCrLf } from "./text-mode.ts";

/** Whence of lseek and fseek. */
export const SEEK = { SET: 0, CUR: 1, END: 2 } as const;

const LF = 0x0a;
const CR = 0x0d;
const FILE_TYPE = { DISK: 1, CHAR: 2, PIPE: 3 } as const;
const STANDARD_HANDLES = [-10, -11, -12];

/** An open descriptor. Throws EBADF. */
export function descriptor(thread: Thread, fd: number): Descriptor {
  takeDescriptors(thread);
  return Runtime.of(thread).descriptors.get(fd);
}

/** Takes the first descriptors from the parent's runtime and from the process's handles, once. */
export function takeDescriptors(thread: Thread): void {
  const { descriptors } = Runtime.of(thread);
  if (descriptors.isInitialised) return;
  descriptors.isInitialised = true;
  for (const { fd, handle, isText, isAppend } of inheritedDescriptors(thread))
    descriptors.set(fd, describe(thread, handle, { isText, isAppend }));
  STANDARD_HANDLES.forEach((standard, index) => {
    const handle = system.standardHandle(thread, standard);
    if (handle !== 0 && handle !== -1 && descriptors.find(index) === undefined)
      descriptors.set(index, describe(thread, handle, { isText: true, isAppend: false }));
  });
}

/** What a handle is, as a descriptor. */
export function describe(
  thread: Thread,
  handle: Handle,
  {
    isText,
    isAppend,
    encoding = "ansi",
    isInheritable = true,
  }: { isText: boolean; isAppend: boolean; encoding?: Encoding; isInheritable?: boolean },
): Descriptor {
  const type = system.fileType(thread, handle);
  return {
    handle,
    isText,
    encoding,
    isAppend,
    isDevice: type === FILE_TYPE.CHAR,
    isPipe: type === FILE_TYPE.PIPE,
    isInheritable,
    isAtEnd: false,
    lookahead: undefined,
  };
}

/** Opens a descriptor for a handle. */
export function addDescriptor(thread: Thread, entry: Descriptor): number {
  takeDescriptors(thread);
  return Runtime.of(thread).descriptors.add(entry);
}

/** Writes bytes as the descriptor's mode says; all of them, or throws. */
export function* writeDescriptor(thread: Thread, fd: number, bytes: Uint8Array): GuestGenerator<void> {
  if (bytes.length === 0) return;
  const entry = descriptor(thread, fd);
  if (entry.isAppend) seekHandle(thread, entry, 0, SEEK.END);
  const encoded = entry.isText ? (entry.encoding === "utf-16" ? wideToCrLf(bytes) : toCrLf(bytes)) : bytes;
  for (let written = 0; written < encoded.length;) {
    const count = yield* system.write(thread, entry.handle, written === 0 ? encoded : encoded.subarray(written));
    if (count <= 0) throw new CrtError(ERRNO.ENOSPC);
    written += count;
  }
}

/** Reads at most `length` bytes as the descriptor's mode says; none at the end. */
export function* readDescriptor(thread: Thread, fd: number, length: number): GuestGenerator<Uint8Array> {
  const entry = descriptor(thread, fd);
  if (entry.isAtEnd || length === 0) return new Uint8Array(0);
  const bytes = yield* readRaw(thread, entry, length);
  if (!entry.isText) return bytes;
  if (entry.encoding === "utf-16") return wideFromCrLf(bytes);
  const { length: translated, isAtEnd, hasLastCr } = fromCrLf(bytes);
  if (isAtEnd) entry.isAtEnd = true;
  if (!hasLastCr) return bytes.subarray(0, translated);
  // What a CR at the end is depends on the next byte.
  bytes[translated] = yield* byteAfterCr(thread, entry);
  return bytes.subarray(0, translated + 1);
}

/** LF when a CR that was read is followed by one, which is then read too; CR otherwise. */
function* byteAfterCr(thread: Thread, entry: Descriptor): GuestGenerator<number> {
  const next = yield* readRaw(thread, entry, 1);
  if (next.length === 0) return CR;
  if (next[0] === LF) return LF;
  if (entry.isPipe || entry.isDevice) entry.lookahead = next[0];
  else seekHandle(thread, entry, -1, SEEK.CUR);
  return CR;
}

function* readRaw(thread: Thread, entry: Descriptor, length: number): GuestGenerator<Uint8Array> {
  if (entry.lookahead !== undefined) {
    const byte = entry.lookahead;
    entry.lookahead = undefined;
    return Uint8Array.of(byte);
  }
  try {
    return yield* system.read(thread, entry.handle, length);
  } catch (error) {
    // The other end of a pipe that is gone is its end.
    if (error instanceof Win32Error && (error.code === ERROR.BROKEN_PIPE || error.code === ERROR.HANDLE_EOF)) return new Uint8Array(0);
    if (error instanceof Win32Error && error.code === ERROR.ACCESS_DENIED) throw new CrtError(ERRNO.EBADF);
    throw error;
  }
}

/** Moves a descriptor's position and returns it. Throws ESPIPE for what cannot seek. */
export function seekDescriptor(thread: Thread, fd: number, offset: number, whence: number): number {
  const entry = descriptor(thread, fd);
  if (whence < SEEK.SET || whence > SEEK.END) throw new InvalidParameterError(ERRNO.EINVAL);
  if (entry.isDevice || entry.isPipe) throw new CrtError(ERRNO.ESPIPE);
  const position = seekHandle(thread, entry, offset, whence);
  entry.isAtEnd = false;
  entry.lookahead = undefined;
  return position;
}

function seekHandle(thread: Thread, { handle, isDevice, isPipe }: Descriptor, offset: number, whence: number): number {
  return isDevice || isPipe ? 0 : system.seek(thread, handle, offset, whence);
}

/** Closes a descriptor and its handle. */
export function closeDescriptor(thread: Thread, fd: number): void {
  const entry = descriptor(thread, fd);
  const { descriptors } = Runtime.of(thread);
  descriptors.remove(fd);
  // A program that has closed the handle itself writes that into __pioinfo first.
  if (entry.handle === -1) return;
  // Descriptors that share a handle (stdout and stderr on one pipe) close it with the last of them.
  for (const [, other] of descriptors) if (other.handle === entry.handle) return;
  system.closeHandle(thread, entry.handle);
}

function wideToCrLf(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    if (bytes[i] === LF && bytes[i + 1] === 0) out.push(CR, 0);
    out.push(bytes[i]!, bytes[i + 1]!);
  }
  return Uint8Array.from(out);
}

function wideFromCrLf(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    if (bytes[i] === CR && bytes[i + 1] === 0 && bytes[i + 2] === LF && bytes[i + 3] === 0) continue;
    out.push(bytes[i]!, bytes[i + 1]!);
  }
  return Uint8Array.from(out);
}
