import { ERROR, Win32Error, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { COMPUTER_NAME, USER_NAME } from "../system/system-table.ts";
import { sessionsApi } from "./sessions.api.ts";

const SESSION = 1;
const CURRENT_SESSION = 0xffff_ffff;
const STATION = "Console";
/** WTS_INFO_CLASS. */
const CLASS = { SESSION_ID: 4, USER_NAME: 5, WIN_STATION_NAME: 6, DOMAIN_NAME: 7, CONNECT_STATE: 8, CLIENT_PROTOCOL_TYPE: 16 } as const;
/** WTSActive; the console's own protocol. */
const ACTIVE = 0;
const CONSOLE_PROTOCOL = 0;

export const sessions = implement(sessionsApi, {
  // Other machines do not exist.
  WTSOpenServer() {
    throw new Win32Error(ERROR.INVALID_PARAMETER);
  },
  WTSCloseServer() {},
  WTSEnumerateSessionsW: (thread, _hServer, _Reserved, _Version, ppSessionInfo, pCount) => list(thread, ppSessionInfo, pCount, 2),
  WTSEnumerateSessionsA: (thread, _hServer, _Reserved, _Version, ppSessionInfo, pCount) => list(thread, ppSessionInfo, pCount, 1),
  WTSQuerySessionInformationW: (thread, _hServer, SessionId, WTSInfoClass, ppBuffer, pBytesReturned) =>
    query(thread, SessionId, WTSInfoClass, ppBuffer, pBytesReturned, 2),
  WTSQuerySessionInformationA: (thread, _hServer, SessionId, WTSInfoClass, ppBuffer, pBytesReturned) =>
    query(thread, SessionId, WTSInfoClass, ppBuffer, pBytesReturned, 1),
  WTSQueryUserToken() {
    throw new Win32Error(ERROR.PRIVILEGE_NOT_HELD);
  },
  WTSFreeMemory(thread, pMemory) {
    if (pMemory !== 0) thread.process.heap.free(pMemory);
  },
});

/** WTS_SESSION_INFO: a number, the station's name, and its state. */
function list(thread: Thread, place: Out<number>, count: Out<number>, charSize: 1 | 2): boolean {
  const { memory, pointerSize } = thread;
  const size = 3 * pointerSize;
  const buffer = allocate(thread, size + (STATION.length + 1) * charSize);
  memory.setU32(buffer, SESSION);
  memory.setPointer(buffer + pointerSize, buffer + size);
  memory.setU32(buffer + 2 * pointerSize, ACTIVE);
  memory.write(buffer + size, encode(`${STATION}\0`, charSize));
  place.set(buffer);
  count.set(1);
  return true;
}

function query(thread: Thread, session: number, infoClass: number, place: Out<number>, length: Out<number>, charSize: 1 | 2): boolean {
  if (session !== SESSION && session !== CURRENT_SESSION) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  const bytes = describe(infoClass, charSize);
  if (bytes === undefined) throw new Win32Error(ERROR.NOT_SUPPORTED);
  const buffer = allocate(thread, bytes.length);
  thread.memory.write(buffer, bytes);
  place.set(buffer);
  length.set(bytes.length);
  return true;
}

function describe(infoClass: number, charSize: 1 | 2): Uint8Array | undefined {
  switch (infoClass) {
    case CLASS.SESSION_ID:
      return Uint8Array.of(SESSION, 0, 0, 0);
    case CLASS.USER_NAME:
      return encode(`${USER_NAME}\0`, charSize);
    case CLASS.WIN_STATION_NAME:
      return encode(`${STATION}\0`, charSize);
    case CLASS.DOMAIN_NAME:
      return encode(`${COMPUTER_NAME}\0`, charSize);
    case CLASS.CONNECT_STATE:
      return Uint8Array.of(ACTIVE, 0, 0, 0);
    case CLASS.CLIENT_PROTOCOL_TYPE:
      return Uint8Array.of(CONSOLE_PROTOCOL, 0);
    default:
      return undefined;
  }
}

/** These names are all ASCII. */
function encode(text: string, charSize: 1 | 2): Uint8Array {
  return Uint8Array.from(Array.from(text).flatMap((character) => [character.charCodeAt(0), 0].slice(0, charSize)));
}

function allocate({ process }: Thread, size: number): number {
  const address = process.heap.allocate(size, true);
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  return address;
}
