import { ERROR, INVALID_HANDLE_VALUE, Win32Error, type Handle } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import { MappedViews } from "../files/mapped-views.ts";
import { Section } from "../files/section.ts";
import { fileMappingApi } from "./file-mapping.api.ts";
import { createNamed, openNamed } from "./named-objects.ts";

const WORD = 2 ** 32;

/** Sections and their views. */
export const fileMapping = implement(fileMappingApi, {
  CreateFileMapping(thread, hFile, lpFileMappingAttributes, flProtect, dwMaximumSizeHigh, dwMaximumSizeLow, lpName) {
    const named = { name: lpName, attributes: lpFileMappingAttributes };
    const file = hFile === INVALID_HANDLE_VALUE ? undefined : thread.process.handles.get(hFile, DiskFile);
    return createNamed(thread, named, Section, () => new Section(file, flProtect, dwMaximumSizeHigh * WORD + dwMaximumSizeLow));
  },
  OpenFileMapping: (thread, _dwDesiredAccess, bInheritHandle, lpName) => openNamed(thread, lpName, Section, bInheritHandle),

  MapViewOfFile: (thread, hFileMappingObject, dwDesiredAccess, dwFileOffsetHigh, dwFileOffsetLow, dwNumberOfBytesToMap) =>
    map(thread, hFileMappingObject, dwDesiredAccess, dwFileOffsetHigh * WORD + dwFileOffsetLow, dwNumberOfBytesToMap, 0),
  MapViewOfFileEx: (thread, hFileMappingObject, dwDesiredAccess, dwFileOffsetHigh, dwFileOffsetLow, dwNumberOfBytesToMap, lpBaseAddress) =>
    map(thread, hFileMappingObject, dwDesiredAccess, dwFileOffsetHigh * WORD + dwFileOffsetLow, dwNumberOfBytesToMap, lpBaseAddress),

  FlushViewOfFile(thread, lpBaseAddress) {
    MappedViews.of(thread).flush(lpBaseAddress);
    return true;
  },
  UnmapViewOfFile(thread, lpBaseAddress) {
    MappedViews.of(thread).unmap(lpBaseAddress);
    return true;
  },
  UnmapViewOfFileEx(thread, BaseAddress, UnmapFlags) {
    if (UnmapFlags !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    MappedViews.of(thread).unmap(BaseAddress);
    return true;
  },
});

function map(thread: Thread, handle: Handle, access: number, offset: number, bytes: number, address: number): number {
  return MappedViews.of(thread).map(thread.process.handles.get(handle, Section), access, offset, bytes, address);
}
