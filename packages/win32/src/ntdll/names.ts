import { ERROR, NtError, STATUS, Win32Error, win32FromStatus, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { fullPath } from "../paths/windows-path.ts";
import { stateOf } from "../process-state.ts";
import { rtlNameApi } from "./file.api.ts";

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
