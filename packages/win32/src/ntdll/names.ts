import { calls, ERROR, NtError, STATUS, Win32Error, win32FromStatus, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { directory } from "../kernel32/directory.ts";
import { fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { upcaseUnit } from "../text/upcase.ts";
import { rtlNameApi } from "./file.api.ts";

const folders = calls(directory);

const MAX_UNICODE_STRING = 0xfffe;

type UnicodeString = Out<
  { Length: number; MaximumLength: number; Buffer: number },
  { Length?: number; MaximumLength?: number; Buffer?: number }
>;

export const rtlNames = implement(rtlNameApi, {
  RtlNtStatusToDosError: (_thread, Status) => win32FromStatus(Status),
  RtlNtStatusToDosErrorNoTeb: (_thread, Status) => win32FromStatus(Status),

  RtlInitUnicodeString({ memory }, DestinationString, SourceString) {
    const bytes = SourceString === 0 ? 0 : Math.min(2 * memory.wstringLength(SourceString), MAX_UNICODE_STRING - 2);
    DestinationString.set({ Length: bytes, MaximumLength: SourceString === 0 ? 0 : bytes + 2, Buffer: SourceString });
    return DestinationString.address;
  },
  RtlEqualUnicodeString: (thread, String1, String2, CaseInSensitive) => compare(thread, String1, String2, CaseInSensitive) === 0,
  RtlCompareUnicodeString: (thread, String1, String2, CaseInSensitive) => compare(thread, String1, String2, CaseInSensitive),
  RtlGetFullPathName_U(thread, FileName, Length, Buffer, FilePart) {
    const full = FileName === undefined ? "" : fullPath(FileName, stateOf(thread).paths);
    const size = giveText(thread, full, Buffer, Length);
    const slash = full.lastIndexOf("\\");
    if (FilePart !== 0) thread.memory.setPointer(FilePart, size > Length || slash === full.length - 1 ? 0 : Buffer + 2 * (slash + 1));
    return size;
  },
  RtlGetCurrentDirectory_U: (thread, Length, Buffer) => giveText(thread, thread.process.currentDirectory, Buffer, Length),
  RtlSetCurrentDirectory_U(thread, PathName) {
    folders.SetCurrentDirectory(thread, textOf(thread, PathName));
    return STATUS.SUCCESS;
  },
  RtlFreeUnicodeString({ process }, UnicodeString) {
    const { Buffer } = UnicodeString.get();
    if (Buffer !== 0) process.heap.free(Buffer);
    UnicodeString.set({});
    return UnicodeString.address;
  },

  RtlDosPathNameToNtPathName_U(thread, DosFileName, NtFileName, FilePart) {
    try {
      toNtPath(thread, DosFileName, NtFileName, FilePart);
      return true;
    } catch (error) {
      if (error instanceof NtError) return false;
      throw error;
    }
  },
  RtlDosPathNameToNtPathName_U_WithStatus(thread, DosFileName, NtFileName, FilePart) {
    toNtPath(thread, DosFileName, NtFileName, FilePart);
    return STATUS.SUCCESS;
  },
});

interface Counted {
  readonly Length: number;
  readonly Buffer: number;
}

function textOf({ memory }: Thread, { Length, Buffer }: Counted): string {
  return memory.utf16(Buffer, Length >> 1);
}

/** The difference of the first units that are not the same, else of the lengths. */
function compare(thread: Thread, one: Counted, other: Counted, ignoresCase: boolean): number {
  const [a, b] = [textOf(thread, one), textOf(thread, other)];
  const unit = (text: string, at: number): number => (ignoresCase ? upcaseUnit(text.charCodeAt(at)) : text.charCodeAt(at));
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = unit(a, i) - unit(b, i);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Stores text with its NUL where there is room, and returns its bytes without it; with it where there is none. Sizes are in bytes. */
function giveText({ memory }: Thread, text: string, buffer: number, size: number): number {
  const bytes = 2 * text.length;
  if (bytes + 2 > size) return bytes === 0 ? 0 : bytes + 2;
  memory.setWstring(buffer, text);
  return bytes;
}

/** Gives a full NT path in memory of the process heap. */
function toNtPath(thread: Thread, dosName: number, place: UnicodeString, filePart: number): void {
  const { memory, process } = thread;
  const name = dosName === 0 ? "" : memory.wstring(dosName);
  const full = name.startsWith("\\\\?\\") ? name : fullPath(name, stateOf(thread).paths);
  if (full === "") throw new NtError(STATUS.OBJECT_NAME_INVALID);
  const nt = /^\\\\[?.]\\/.test(full) ? `\\??\\${full.slice(4)}` : full.startsWith("\\\\") ? `\\??\\UNC${full.slice(1)}` : `\\??\\${full}`;
  if (2 * nt.length > MAX_UNICODE_STRING - 2) throw new NtError(STATUS.NAME_TOO_LONG);
  const buffer = process.heap.allocate(2 * nt.length + 2);
  if (buffer === undefined || buffer === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  memory.setWstring(buffer, nt);
  place.set({ Length: 2 * nt.length, MaximumLength: 2 * nt.length + 2, Buffer: buffer });
  if (filePart === 0) return;
  const slash = nt.lastIndexOf("\\");
  memory.setPointer(filePart, slash === nt.length - 1 ? 0 : buffer + 2 * (slash + 1));
}
