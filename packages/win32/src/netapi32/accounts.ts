import { ERROR, type Out } from "@decant/hook";
import { implement, WINDOWS_VERSION, type Thread } from "@decant/process";
import { COMPUTER_NAME, USER_NAME } from "../system/system-table.ts";
import { accountsApi } from "./accounts.api.ts";

const NERR_SUCCESS = 0;
const NERR_SERVICE_NOT_INSTALLED = 2184;
const NERR_USER_NOT_FOUND = 2221;
const NO_SUCH_DOMAIN = 1355;
const INVALID_LEVEL = 124;
/** NetSetupWorkgroupName: the machine is in a workgroup, and in no domain. */
const WORKGROUP_JOINED = 2;
const WORKGROUP = "WORKGROUP";
const PLATFORM_ID_NT = 500;
const SV_TYPE_WORKSTATION_AND_NT = 0x1003;

/** A machine of one user, in a workgroup; nothing of it can be changed. */
export const accounts = implement(accountsApi, {
  NetApiBufferFree(thread, Buffer) {
    if (Buffer !== 0) thread.process.heap.free(Buffer);
    return NERR_SUCCESS;
  },
  NetApiBufferAllocate({ process }, ByteCount, Buffer) {
    const block = process.heap.allocate(ByteCount);
    if (block === 0) return ERROR.NOT_ENOUGH_MEMORY;
    Buffer.set(block);
    return NERR_SUCCESS;
  },
  // No service runs, the workstation's neither.
  NetStatisticsGet: (_thread, _ServerName, _Service, Level, Options) =>
    Level !== 0 ? INVALID_LEVEL : Options > 1 ? ERROR.INVALID_PARAMETER : NERR_SERVICE_NOT_INSTALLED,
  NetGetJoinInformation(thread, _lpServer, lpNameBuffer, BufferType) {
    BufferType.set(WORKGROUP_JOINED);
    return give(thread, lpNameBuffer, [], [WORKGROUP]);
  },
  NetUserGetInfo(thread, _servername, username, level, bufptr) {
    if (level !== 0 && level !== 1 && level !== 10) return INVALID_LEVEL;
    if (username?.toLowerCase() !== USER_NAME.toLowerCase()) return NERR_USER_NOT_FOUND;
    if (level === 0) return give(thread, bufptr, [text(0)], [USER_NAME]);
    // USER_INFO_10: a name, two comments, a full name. USER_INFO_1: name, password, its age, privilege, folder, comment, flags, script.
    if (level === 10) return give(thread, bufptr, [text(0), text(1), text(1), text(1)], [USER_NAME, ""]);
    return give(thread, bufptr, [text(0), NULL, number(0), number(1), text(1), text(1), number(0x201), text(1)], [USER_NAME, ""]);
  },
  NetUserGetLocalGroups(_thread, _servername, username, level, _flags, bufptr, _prefmaxlen, entriesread, totalentries) {
    if (level !== 0) return INVALID_LEVEL;
    if (username?.toLowerCase() !== USER_NAME.toLowerCase()) return NERR_USER_NOT_FOUND;
    bufptr.set(0);
    entriesread.set(0);
    totalentries.set(0);
    return NERR_SUCCESS;
  },
  NetWkstaGetInfo(thread, _servername, level, bufptr) {
    if (level !== 100) return INVALID_LEVEL;
    const { major, minor } = WINDOWS_VERSION;
    return give(thread, bufptr, [number(PLATFORM_ID_NT), text(0), text(1), number(major), number(minor)], [COMPUTER_NAME, WORKGROUP]);
  },
  NetServerGetInfo(thread, _servername, level, bufptr) {
    if (level !== 100 && level !== 101) return INVALID_LEVEL;
    const { major, minor } = WINDOWS_VERSION;
    const basic = [number(PLATFORM_ID_NT), text(0)];
    const more = [number(major), number(minor), number(SV_TYPE_WORKSTATION_AND_NT), text(1)];
    return give(thread, bufptr, level === 100 ? basic : [...basic, ...more], [COMPUTER_NAME, ""]);
  },
  NetShareAdd: () => ERROR.ACCESS_DENIED,
  NetShareDel: () => ERROR.ACCESS_DENIED,
  NetUserAdd: () => ERROR.ACCESS_DENIED,
  NetUserDel: () => ERROR.ACCESS_DENIED,
  DsGetDcNameW: () => NO_SUCH_DOMAIN,
});

type Field = { readonly number: number } | { readonly text: number };
const number = (value: number): Field => ({ number: value });
/** A pointer to one of the texts behind the fields. */
const text = (index: number): Field => ({ text: index });
const NULL = text(-1);

/** A buffer that the caller frees: fields, pointers aligned, and the texts that they point to; with no fields a text alone. */
function give(thread: Thread, place: Out<number>, fields: readonly Field[], texts: readonly string[]): number {
  const { memory, pointerSize, process } = thread;
  let size = 0;
  const offsets = fields.map((field) => {
    const width = "text" in field ? pointerSize : 4;
    const at = Math.ceil(size / width) * width;
    size = at + width;
    return at;
  });
  size = Math.ceil(size / 8) * 8;
  const places = texts.map((each) => {
    const at = size;
    size += 2 * each.length + 2;
    return at;
  });
  const buffer = process.heap.allocate(size, true);
  if (buffer === 0) return ERROR.NOT_ENOUGH_MEMORY;
  texts.forEach((each, i) => memory.setWstring(buffer + places[i]!, each));
  fields.forEach((field, i) => {
    if (!("text" in field)) memory.setU32(buffer + offsets[i]!, field.number);
    else if (field.text >= 0) memory.setPointer(buffer + offsets[i]!, buffer + places[field.text]!);
  });
  place.set(buffer);
  return NERR_SUCCESS;
}
