import { NtError, STATUS } from "@decant/hook";
import { implement } from "@decant/process";
import { IoObject } from "../files/io-object.ts";
import { ntFileApi } from "./file.api.ts";

const FILE_MODE_INFORMATION = 16;
/** FILE_SYNCHRONOUS_IO_NONALERT: what CreateFile opens without FILE_FLAG_OVERLAPPED. */
const SYNCHRONOUS_IO_NONALERT = 0x20;

/** Of the classes, the one that tells how a file was opened. */
export const ntFile = implement(ntFileApi, {
  NtQueryInformationFile({ process, memory }, FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass) {
    const object = process.handles.get(FileHandle, IoObject);
    if (FileInformationClass !== FILE_MODE_INFORMATION) throw new NtError(STATUS.INVALID_INFO_CLASS);
    if (Length < 4) throw new NtError(STATUS.INFO_LENGTH_MISMATCH);
    memory.setU32(FileInformation, object.isOverlapped ? 0 : SYNCHRONOUS_IO_NONALERT);
    IoStatusBlock.set({ Status: 0n, Information: 4n });
    return 0;
  },
});
