import { ERROR, Win32Error } from "@decant/hook";
import type { Thread } from "@decant/process";
import { DiskFile } from "../files/disk-file.ts";
import { fileTimeFromNs } from "../files/file-time.ts";
import { attributesOf, volumeSerial } from "./attributes.ts";
import type { IoObject } from "../files/io-object.ts";

/** FILE_INFO_BY_HANDLE_CLASS (minwinbase.h). */
const CLASS = { BASIC: 0, STANDARD: 1, NAME: 2, ATTRIBUTE_TAG: 9, ID: 18, MAXIMUM: 25 } as const;
const CLUSTER = 4096;
/** FILE_NAME_INFO: a length in bytes, then the name, which no NUL ends. */
const NAME_AT = 4;
const NAME_INFO_SIZE = 8;

/**
 * What GetFileInformationByHandleEx writes ("FILE_BASIC_INFO", "FILE_STANDARD_INFO", "FILE_NAME_INFO", "FILE_ATTRIBUTE_TAG_INFO",
 * "FILE_ID_INFO"). Throws ERROR_BAD_LENGTH for a buffer that is too small, ERROR_MORE_DATA where the name does not fit,
 * ERROR_INVALID_PARAMETER for a class that does not exist, ERROR_NOT_SUPPORTED for one that is missing here, and for streams and
 * pipes, whose names the guest does not know.
 */
export function writeFileInformation({ memory }: Thread, object: IoObject, infoClass: number, target: number, size: number): void {
  if (infoClass >= CLASS.MAXIMUM) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (!(object instanceof DiskFile)) throw new Win32Error(ERROR.NOT_SUPPORTED);
  const need = (bytes: number): void => {
    if (size < bytes) throw new Win32Error(ERROR.BAD_LENGTH);
    memory.fill(target, 0, bytes);
  };
  const stat = object.stat();
  switch (infoClass) {
    case CLASS.BASIC: {
      need(40);
      const times = [stat.createdNs, stat.accessedNs, stat.modifiedNs, stat.modifiedNs];
      for (const [index, time] of times.entries()) memory.setU64(target + 8 * index, fileTimeFromNs(time));
      memory.setU32(target + 32, attributesOf(stat));
      return;
    }
    case CLASS.STANDARD:
      need(24);
      memory.setU64(target, BigInt(Math.ceil(object.size() / CLUSTER) * CLUSTER));
      memory.setU64(target + 8, BigInt(object.size()));
      memory.setU32(target + 16, stat.links);
      memory.setU8(target + 21, object.isFolder ? 1 : 0);
      return;
    case CLASS.NAME: {
      need(NAME_INFO_SIZE);
      const name = object.full.slice("Z:".length);
      const fits = Math.min(name.length, Math.floor((size - NAME_AT) / 2));
      memory.setU32(target, 2 * name.length);
      for (let i = 0; i < fits; i++) memory.setU16(target + NAME_AT + 2 * i, name.charCodeAt(i));
      if (fits < name.length) throw new Win32Error(ERROR.MORE_DATA);
      return;
    }
    case CLASS.ATTRIBUTE_TAG:
      need(8);
      memory.setU32(target, attributesOf(stat));
      return;
    case CLASS.ID:
      need(24);
      memory.setU64(target, BigInt(volumeSerial(object.full)));
      memory.setU64(target + 8, BigInt.asUintN(64, stat.inode));
      return;
    default:
      throw new Win32Error(ERROR.NOT_SUPPORTED);
  }
}
