import { NtError, STATUS } from "@decant/hook";
import { volumeSerial } from "./attributes.ts";
import { ByteWriter } from "./byte-writer.ts";
import { DiskFile } from "./disk-file.ts";
import { HOST_DRIVE } from "./file-system.ts";
import { FILE_TYPE, type IoObject } from "./io-object.ts";

/** FSINFOCLASS (wdm.h). */
const VOLUME_CLASS = { VOLUME: 1, SIZE: 3, DEVICE: 4, ATTRIBUTE: 5, FULL_SIZE: 7, SECTOR_SIZE: 11 } as const;
const DEVICE_TYPE = { DISK: 7, NAMED_PIPE: 0x11, NULL: 0x15, CONSOLE: 0x50 } as const;
const SECTORS_PER_CLUSTER = 8;
const BYTES_PER_SECTOR = 512;
const CLUSTER = SECTORS_PER_CLUSTER * BYTES_PER_SECTOR;

/** Names keep their case and are Unicode; sparse files; reparse points; named streams. */
export const FILE_SYSTEM_FLAGS = 0x2 | 0x4 | 0x40 | 0x80 | 0x4_0000;

/** A volume's label, by a drive letter. */
export function volumeLabel(letter: string): string {
  return letter.toUpperCase() === HOST_DRIVE ? "host" : "decant";
}

/** What NtQueryVolumeInformationFile tells of the volume that a file lies on, and the least that a buffer must hold. */
export function queryVolume(object: IoObject, infoClass: number): { bytes: Uint8Array; least: number } {
  const to = new ByteWriter();
  if (infoClass === VOLUME_CLASS.DEVICE) return whole(to.u32(deviceType(object)).u32(object instanceof DiskFile ? 0x20 : 0));
  if (!(object instanceof DiskFile)) throw new NtError(STATUS.INVALID_DEVICE_REQUEST);
  const letter = object.full[0] ?? "";
  const clusters = (bytes: number): number => Math.floor(bytes / CLUSTER);
  switch (infoClass) {
    case VOLUME_CLASS.VOLUME: {
      const label = volumeLabel(letter);
      to.u64(0).u32(volumeSerial(object.full)).u32(2 * label.length).u8(0).u8(0).text(label); // prettier-ignore
      return { bytes: to.finish(), least: 24 };
    }
    case VOLUME_CLASS.ATTRIBUTE:
      return { bytes: to.u32(FILE_SYSTEM_FLAGS).u32(255).u32(8).text("NTFS").finish(), least: 16 };
    case VOLUME_CLASS.SIZE: {
      const { total, free } = object.files.space(object.path);
      return whole(to.u64(clusters(total)).u64(clusters(free)).u32(SECTORS_PER_CLUSTER).u32(BYTES_PER_SECTOR));
    }
    case VOLUME_CLASS.FULL_SIZE: {
      const { total, free } = object.files.space(object.path);
      return whole(to.u64(clusters(total)).u64(clusters(free)).u64(clusters(free)).u32(SECTORS_PER_CLUSTER).u32(BYTES_PER_SECTOR));
    }
    case VOLUME_CLASS.SECTOR_SIZE:
      for (const value of [BYTES_PER_SECTOR, CLUSTER, CLUSTER, CLUSTER, 3, 0, 0]) to.u32(value);
      return whole(to);
    default:
      throw new NtError(STATUS.INVALID_INFO_CLASS);
  }
}

function whole(to: ByteWriter): { bytes: Uint8Array; least: number } {
  return { bytes: to.finish(), least: to.length };
}

function deviceType(object: IoObject): number {
  if (object.fileType === FILE_TYPE.DISK) return DEVICE_TYPE.DISK;
  if (object.fileType === FILE_TYPE.PIPE) return DEVICE_TYPE.NAMED_PIPE;
  return "mode" in object ? DEVICE_TYPE.CONSOLE : DEVICE_TYPE.NULL;
}
