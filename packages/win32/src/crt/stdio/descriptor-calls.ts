import { InvalidParameterError, ERRNO, type Handle, type Pointer, type VarArgs } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { system } from "../system.ts";
import { descriptorApi } from "./descriptor.api.ts";
import type { Encoding } from "./descriptors.ts";
import { addDescriptor, closeDescriptor, describe, descriptor, readDescriptor, SEEK, seekDescriptor, writeDescriptor } from "./low-io.ts";
import { openFile, SH_DENYNO } from "./open.ts";
import { O, translationOf } from "./open-mode.ts";

/** Bits that isatty gives for a device. */
const IS_TTY = 0x40;
const MODES = O.TEXT | O.BINARY | O.WTEXT | O.U16TEXT | O.U8TEXT;

export const descriptorCalls = implement(descriptorApi, {
  _open: (thread, filename, oflag, args) => openFile(thread, filename, oflag, { permissions: permissionsOf(oflag, args) }),
  _sopen: (thread, filename, oflag, share, args) => openFile(thread, filename, oflag, { share, permissions: permissionsOf(oflag, args) }),
  _sopen_s(thread, pfh, filename, oflag, share, permissions) {
    pfh.set(-1);
    pfh.set(openFile(thread, filename, oflag, { share, permissions }));
    return 0;
  },
  _sopen_dispatch(thread, filename, oflag, share, permissions, pfh) {
    pfh.set(-1);
    pfh.set(openFile(thread, filename, oflag, { share, permissions }));
    return 0;
  },
  _creat: (thread, filename, permissions) => openFile(thread, filename, O.CREAT | O.TRUNC | O.RDWR, { share: SH_DENYNO, permissions }),
  _close(thread, fd) {
    closeDescriptor(thread, fd);
    return 0;
  },
  _read: read,
  _write: write,
  _lseek: seekDescriptor,
  _lseeki64: seekDescriptor,
  _tell: (thread, fd) => seekDescriptor(thread, fd, 0, SEEK.CUR),
  _telli64: (thread, fd) => seekDescriptor(thread, fd, 0, SEEK.CUR),
  _eof(thread, fd) {
    const at = seekDescriptor(thread, fd, 0, SEEK.CUR);
    return at === lengthOf(thread, fd) ? 1 : 0;
  },
  _filelength: lengthOf,
  _filelengthi64: lengthOf,
  _chsize: changeSize,
  _chsize_s: changeSize,
  _commit(thread, fd) {
    system.flush(thread, descriptor(thread, fd).handle);
    return 0;
  },
  _dup: (thread, fd) => addDescriptor(thread, { ...descriptor(thread, fd) }),
  _dup2(thread, fd1, fd2) {
    const entry = descriptor(thread, fd1);
    const { descriptors } = Runtime.of(thread);
    if (fd1 === fd2) return 0;
    if (descriptors.find(fd2) !== undefined) closeDescriptor(thread, fd2);
    descriptors.set(fd2, { ...entry });
    return 0;
  },
  _isatty(thread, fd) {
    return descriptor(thread, fd).isDevice ? IS_TTY : 0;
  },
  _setmode(thread, fd, mode) {
    const entry = descriptor(thread, fd);
    if ((mode & MODES) === 0) throw new InvalidParameterError(ERRNO.EINVAL);
    const old = modeOf(entry);
    Runtime.of(thread).descriptors.set(fd, { ...entry, ...translationOf(mode, 0) });
    return old;
  },
  _get_osfhandle: (thread, fd) => descriptor(thread, fd).handle,
  _open_osfhandle(thread, osfhandle, flags) {
    const mode = translationOf(flags | ((flags & MODES) === 0 ? O.BINARY : 0), 0);
    return addDescriptor(
      thread,
      describe(thread, (osfhandle | 0) as Handle, {
        ...mode,
        isAppend: (flags & O.APPEND) !== 0,
        isInheritable: (flags & O.NOINHERIT) === 0,
      }),
    );
  },
  _umask: (thread, pmode) => exchangeMask(thread, pmode),
  _umask_s(thread, mode, oldMode) {
    oldMode.set(exchangeMask(thread, mode));
    return 0;
  },
});

function permissionsOf(oflag: number, args: VarArgs): number {
  return (oflag & O.CREAT) !== 0 ? args.int() : 0x180;
}

function* read(thread: Thread, fd: number, buffer: Pointer, count: number): GuestGenerator<number> {
  const bytes = yield* readDescriptor(thread, fd, count);
  buffer.write(bytes);
  return bytes.length;
}

function* write(thread: Thread, fd: number, buffer: Pointer, count: number): GuestGenerator<number> {
  descriptor(thread, fd);
  yield* writeDescriptor(thread, fd, buffer.read(count));
  return count;
}

function lengthOf(thread: Thread, fd: number): number {
  const at = seekDescriptor(thread, fd, 0, SEEK.CUR);
  const length = seekDescriptor(thread, fd, 0, SEEK.END);
  seekDescriptor(thread, fd, at, SEEK.SET);
  return length;
}

function changeSize(thread: Thread, fd: number, size: number): number {
  if (size < 0) throw new InvalidParameterError(ERRNO.EINVAL);
  const at = seekDescriptor(thread, fd, 0, SEEK.CUR);
  seekDescriptor(thread, fd, size, SEEK.SET);
  system.setEndOfFile(thread, descriptor(thread, fd).handle);
  seekDescriptor(thread, fd, at, SEEK.SET);
  return 0;
}

function modeOf({ isText, encoding }: { isText: boolean; encoding: Encoding }): number {
  if (!isText) return O.BINARY;
  return encoding === "utf-8" ? O.U8TEXT : encoding === "utf-16" ? O.WTEXT : O.TEXT;
}

function exchangeMask(thread: Thread, mask: number): number {
  const variable = Runtime.of(thread).variable("umask", 4);
  const old = thread.memory.i32(variable);
  thread.memory.setI32(variable, mask);
  return old;
}
