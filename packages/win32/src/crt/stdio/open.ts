import { CrtError, InvalidParameterError, ERRNO, type Handle } from "@decant/hook";
import type { Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { system } from "../system.ts";
import type { Encoding } from "./descriptors.ts";
import { fileLayout } from "./file-layout.ts";
import { addDescriptor, describe, SEEK } from "./low-io.ts";
import { O, parseOpenMode, translationOf } from "./open-mode.ts";

const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;
const SHARE = { READ: 1, WRITE: 2 } as const;
const DISPOSITION = { CREATE_NEW: 1, CREATE_ALWAYS: 2, OPEN_EXISTING: 3, OPEN_ALWAYS: 4, TRUNCATE_EXISTING: 5 } as const;
const ATTRIBUTE = { READONLY: 1, NORMAL: 0x80, TEMPORARY: 0x100 } as const;
const FLAG_DELETE_ON_CLOSE = 0x0400_0000;
/** Owner's write permission in _open's pmode (_S_IWRITE). */
const S_IWRITE = 0x80;

/** _SH_DENYRW, _SH_DENYWR, _SH_DENYRD, _SH_DENYNO (share.h), as CreateFile's share modes. */
const SHARING: ReadonlyMap<number, number> = new Map([
  [0x10, 0],
  [0x20, SHARE.READ],
  [0x30, SHARE.WRITE],
  [0x40, SHARE.READ | SHARE.WRITE],
]);
export const SH_DENYNO = 0x40;

/** Opens a file as _sopen does, and returns its descriptor. */
export function openFile(thread: Thread, path: string | undefined, oflag: number, { share = SH_DENYNO, permissions = 0x180 } = {}): number {
  if (path === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const access = [GENERIC_READ, GENERIC_WRITE, GENERIC_READ + GENERIC_WRITE][oflag & 3];
  const shareMode = SHARING.get(share);
  if (access === undefined || shareMode === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const isReadOnly = (oflag & O.CREAT) !== 0 && (permissions & S_IWRITE) === 0;
  let attributes: number = isReadOnly ? ATTRIBUTE.READONLY : ATTRIBUTE.NORMAL;
  if ((oflag & O.SHORT_LIVED) !== 0) attributes |= ATTRIBUTE.TEMPORARY;
  if ((oflag & O.TEMPORARY) !== 0) attributes += FLAG_DELETE_ON_CLOSE;
  const handle = system.createFile(thread, path, access, shareMode, dispositionOf(oflag), attributes);
  const asked = translationOf(oflag, thread.memory.u32(Runtime.of(thread).variable("_fmode", 4)));
  const mode = asked.encoding === "ansi" ? asked : { ...asked, encoding: settleEncoding(thread, handle, oflag, asked.encoding) };
  return addDescriptor(
    thread,
    describe(thread, handle, { ...mode, isAppend: (oflag & O.APPEND) !== 0, isInheritable: (oflag & O.NOINHERIT) === 0 }),
  );
}

const MARKS: readonly (readonly [encoding: Encoding, mark: Uint8Array])[] = [
  ["utf-8", Uint8Array.of(0xef, 0xbb, 0xbf)],
  ["utf-16", Uint8Array.of(0xff, 0xfe)],
];

/** A file that is opened as Unicode begins with a mark: an empty one gets it, and in another it says what the encoding is. */
function settleEncoding(thread: Thread, handle: Handle, oflag: number, asked: Encoding): Encoding {
  const size = system.seek(thread, handle, 0, SEEK.END);
  system.seek(thread, handle, 0, SEEK.SET);
  if (size === 0) {
    const mark = MARKS.find(([encoding]) => encoding === asked)?.[1];
    if ((oflag & 3) !== O.RDONLY && mark !== undefined) system.writeNow(thread, handle, mark);
    return asked;
  }
  if ((oflag & 3) === O.WRONLY) return asked;
  const start = system.readNow(thread, handle, 3);
  const found = MARKS.find(([, mark]) => mark.every((byte, index) => start[index] === byte));
  system.seek(thread, handle, found?.[1].length ?? 0, SEEK.SET);
  return found?.[0] ?? ((oflag & O.WTEXT) !== 0 ? "ansi" : asked);
}

/** Opens a file as fopen does, and returns its FILE: at `at`, or where one is free. */
export function openStream(thread: Thread, path: string | undefined, mode: string | undefined, share = SH_DENYNO, at?: number): number {
  if (mode === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const { oflag, flags } = parseOpenMode(mode);
  return makeStream(thread, openFile(thread, path, oflag, { share }), flags, at);
}

/** Makes a FILE for a descriptor: in a free place of msvcrt's array if there is one, else on the heap. */
export function makeStream(thread: Thread, fd: number, flags: number, at = freeFile(thread)): number {
  const { memory } = thread;
  memory.fill(at, 0, fileLayout(thread.memory).SIZE);
  memory.setU32(at + fileLayout(thread.memory).flag, flags);
  memory.setI32(at + fileLayout(thread.memory).fd, fd);
  Runtime.of(thread).streams.add(at);
  return at;
}

const IOB_ENTRIES = 20;

function freeFile(thread: Thread): number {
  const { iob, streams } = Runtime.of(thread);
  for (let i = 3; i < IOB_ENTRIES; i++)
    if (!streams.has(iob + i * fileLayout(thread.memory).SIZE)) return iob + i * fileLayout(thread.memory).SIZE;
  const address = thread.process.heap.allocate(fileLayout(thread.memory).SIZE);
  if (address === 0) throw new CrtError(ERRNO.ENOMEM);
  return address;
}

function dispositionOf(oflag: number): number {
  if ((oflag & O.CREAT) === 0) return (oflag & O.TRUNC) !== 0 ? DISPOSITION.TRUNCATE_EXISTING : DISPOSITION.OPEN_EXISTING;
  if ((oflag & O.EXCL) !== 0) return DISPOSITION.CREATE_NEW;
  return (oflag & O.TRUNC) !== 0 ? DISPOSITION.CREATE_ALWAYS : DISPOSITION.OPEN_ALWAYS;
}
