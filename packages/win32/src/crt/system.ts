import { calls, cell, CrtError, ERRNO, hostPointer, waitingCalls, type Handle } from "@decant/hook";
import type { GuestGenerator, Thread } from "@decant/process";
import { file } from "../kernel32/file.ts";
import { ProcessState } from "../process-state.ts";

const files = calls(file);
const waitingFiles = waitingCalls(file);

const NO_HANDLE = 0 as Handle;

/**
 * What the C runtime asks of Windows, all of it: calls of kernel32's mappings, which cross the hooks that are set on them. Failures are
 * thrown as kernel32 throws them.
 */
export const system = {
  createFile: (thread: Thread, path: string, access: number, share: number, disposition: number, attributes: number): Handle =>
    files.CreateFile(thread, path, access, share, 0, disposition, attributes, NO_HANDLE),

  /** Reads at most `length` bytes; none at the end. */
  *read(thread: Thread, handle: Handle, length: number): GuestGenerator<Uint8Array> {
    const bytes = new Uint8Array(length);
    const count = cell(0);
    succeeded(yield* waitingFiles.ReadFile(thread, handle, hostPointer(bytes), length, count, noOverlapped));
    return bytes.subarray(0, count.get());
  },

  /** Writes bytes, and returns how many were taken. */
  *write(thread: Thread, handle: Handle, bytes: Uint8Array): GuestGenerator<number> {
    const count = cell(0);
    succeeded(yield* waitingFiles.WriteFile(thread, handle, hostPointer(bytes), bytes.length, count, noOverlapped));
    return count.get();
  },

  /** Moves a file's position and returns it. */
  seek(thread: Thread, handle: Handle, distance: number, method: number): number {
    const position = cell(0);
    succeeded(files.SetFilePointerEx(thread, handle, distance, position, method));
    return position.get();
  },

  setEndOfFile: (thread: Thread, handle: Handle): void => succeeded(files.SetEndOfFile(thread, handle)),
  flush: (thread: Thread, handle: Handle): void => succeeded(files.FlushFileBuffers(thread, handle)),
  fileType: (thread: Thread, handle: Handle): number => files.GetFileType(thread, handle),
  closeHandle: (thread: Thread, handle: Handle): void => thread.process.handles.close(handle),

  /** STD_INPUT_HANDLE -10, STD_OUTPUT_HANDLE -11, STD_ERROR_HANDLE -12. */
  standardHandle: (thread: Thread, which: number): Handle => ProcessState.of(thread).standardHandle(which) ?? NO_HANDLE,

  /** The names that match a path with wildcards in its last part; none when nothing does. */
  listFiles: (_thread: Thread, _pattern: string): string[] => [],
  temporaryFolder: (_thread: Thread): string => "C:\\",
  setEnvironmentVariable(_thread: Thread, _name: string, _value: string | undefined): void {},
};

/** No OVERLAPPED. */
const noOverlapped = { ...cell({ Internal: 0n, InternalHigh: 0n, Offset: 0, OffsetHigh: 0, hEvent: NO_HANDLE }), isNull: true };

/** Implementations that fail by their result, not by throwing. */
function succeeded(result: boolean | number): void {
  if (result === false || result === 0) throw new CrtError(ERRNO.EINVAL);
}
