import { camelEnumeration } from "./camel-enumeration.ts";
import { enumeration, flags, UINT, ULONG } from "@decant/hook";

/** FILE_NOTIFY_CHANGE_*. */
export const NOTIFY = {
  FILE_NAME: 1,
  DIR_NAME: 2,
  ATTRIBUTES: 4,
  SIZE: 8,
  LAST_WRITE: 0x10,
  LAST_ACCESS: 0x20,
  CREATION: 0x40,
  SECURITY: 0x100,
} as const;

/** Names of values in the parameters of file functions ("File Management Functions", "Memory Management Functions", ntifs.h). */
export const FILE_INFO_CLASS = camelEnumeration(
  "File",
  Object.fromEntries(
    "BasicInfo StandardInfo NameInfo RenameInfo DispositionInfo AllocationInfo EndOfFileInfo StreamInfo CompressionInfo AttributeTagInfo IdBothDirectoryInfo IdBothDirectoryRestartInfo IoPriorityHintInfo RemoteProtocolInfo FullDirectoryInfo FullDirectoryRestartInfo StorageInfo AlignmentInfo IdInfo IdExtdDirectoryInfo IdExtdDirectoryRestartInfo DispositionInfoEx RenameInfoEx"
      .split(" ")
      .map((name, index) => [name, index]),
  ),
  UINT,
);
export const MOVE_FLAGS = flags("MOVEFILE", {
  REPLACE_EXISTING: 1,
  COPY_ALLOWED: 2,
  DELAY_UNTIL_REBOOT: 4,
  WRITE_THROUGH: 8,
  CREATE_HARDLINK: 0x10,
  FAIL_IF_NOT_TRACKABLE: 0x20,
});
export const COPY_FLAGS = flags("COPY_FILE", {
  FAIL_IF_EXISTS: 1,
  RESTARTABLE: 2,
  OPEN_SOURCE_FOR_WRITE: 4,
  ALLOW_DECRYPTED_DESTINATION: 8,
  COPY_SYMLINK: 0x800,
});
export const LOCK_FLAGS = flags("LOCKFILE", { FAIL_IMMEDIATELY: 1, EXCLUSIVE_LOCK: 2 });
export const MAP_ACCESS = flags("FILE_MAP", { ALL_ACCESS: 0xf_001f, READ: 4, WRITE: 2, COPY: 1, EXECUTE: 0x20 });
export const NOTIFY_FILTER = flags("FILE_NOTIFY_CHANGE", NOTIFY);
export const FINAL_PATH_FLAGS = flags("", { VOLUME_NAME_GUID: 1, VOLUME_NAME_NT: 2, VOLUME_NAME_NONE: 4, FILE_NAME_OPENED: 8 });
export const HANDLE_FLAGS = flags("HANDLE_FLAG", { INHERIT: 1, PROTECT_FROM_CLOSE: 2 });
export const PIPE_OPEN_MODE = flags("", {
  PIPE_ACCESS_DUPLEX: 3,
  PIPE_ACCESS_INBOUND: 1,
  PIPE_ACCESS_OUTBOUND: 2,
  FILE_FLAG_FIRST_PIPE_INSTANCE: 0x8_0000,
  FILE_FLAG_WRITE_THROUGH: 0x8000_0000,
  FILE_FLAG_OVERLAPPED: 0x4000_0000,
});
export const PIPE_MODE = flags("PIPE", { TYPE_MESSAGE: 4, READMODE_MESSAGE: 2, NOWAIT: 1, REJECT_REMOTE_CLIENTS: 8 });

/** What an access mask asks of a file. */
export const FILE_ACCESS = flags("", {
  FILE_ALL_ACCESS: 0x1f_01ff,
  FILE_GENERIC_READ: 0x12_0089,
  FILE_GENERIC_WRITE: 0x12_0116,
  FILE_GENERIC_EXECUTE: 0x12_00a0,
  FILE_READ_DATA: 1,
  FILE_WRITE_DATA: 2,
  FILE_APPEND_DATA: 4,
  FILE_READ_EA: 8,
  FILE_WRITE_EA: 0x10,
  FILE_EXECUTE: 0x20,
  FILE_DELETE_CHILD: 0x40,
  FILE_READ_ATTRIBUTES: 0x80,
  FILE_WRITE_ATTRIBUTES: 0x100,
  DELETE: 0x1_0000,
  READ_CONTROL: 0x2_0000,
  WRITE_DAC: 0x4_0000,
  WRITE_OWNER: 0x8_0000,
  SYNCHRONIZE: 0x10_0000,
  MAXIMUM_ALLOWED: 0x200_0000,
  GENERIC_ALL: 0x1000_0000,
  GENERIC_EXECUTE: 0x2000_0000,
  GENERIC_WRITE: 0x4000_0000,
  GENERIC_READ: 0x8000_0000,
});
export const NT_DISPOSITION = enumeration("FILE", { SUPERSEDE: 0, OPEN: 1, CREATE: 2, OPEN_IF: 3, OVERWRITE: 4, OVERWRITE_IF: 5 }, ULONG);
export const NT_SHARE = flags("FILE_SHARE", { READ: 1, WRITE: 2, DELETE: 4 }, ULONG);
export const NT_CREATE_OPTIONS = flags(
  "FILE",
  {
    DIRECTORY_FILE: 1,
    WRITE_THROUGH: 2,
    SEQUENTIAL_ONLY: 4,
    NO_INTERMEDIATE_BUFFERING: 8,
    SYNCHRONOUS_IO_ALERT: 0x10,
    SYNCHRONOUS_IO_NONALERT: 0x20,
    NON_DIRECTORY_FILE: 0x40,
    DELETE_ON_CLOSE: 0x1000,
    OPEN_BY_FILE_ID: 0x2000,
    OPEN_FOR_BACKUP_INTENT: 0x4000,
    OPEN_REPARSE_POINT: 0x20_0000,
  },
  ULONG,
);
export const OBJECT_FLAGS = flags(
  "OBJ",
  { INHERIT: 2, PERMANENT: 0x10, EXCLUSIVE: 0x20, CASE_INSENSITIVE: 0x40, OPENIF: 0x80, OPENLINK: 0x100 },
  ULONG,
);
