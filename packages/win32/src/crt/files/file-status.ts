import { alias, api, CrtError, InvalidParameterError, ERRNO, errno, fn, INT, PVOID, textAs, TSTR } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL, MSVCRT } from "../dlls.ts";
import { descriptor } from "../stdio/low-io.ts";
import { system, type FileFacts } from "../system.ts";

const RESULT = errno(INT, -1);
const stat = (narrow: string, wide: string) => textAs(narrow, wide, RESULT, ["path", TSTR], ["buffer", PVOID]);
const fstat = fn(RESULT, ["fd", INT], ["buffer", PVOID]);

/** What a file is ("_stat, _fstat"). The names say the widths of times and of the size. */
export const fileStatusApi = api(
  BOTH,
  {
    _stat64: stat("_stat64", "_wstat64"),
    _stat64i32: stat("_stat64i32", "_wstat64i32"),
    _stat32: stat("_stat32", "_wstat32"),
    _stat32i64: stat("_stat32i64", "_wstat32i64"),
    _fstat64: fstat,
    _fstat64i32: fstat,
    _fstat32: fstat,
    _fstat32i64: fstat,
  },
  CDECL,
);

/** msvcrt's names without widths: times are of 64 bits for x64 programs, and of 32 for x86 ones (mingw-w64's msvcrt.def.in has them so). */
export const msvcrtFileStatusApi = api(
  MSVCRT,
  {
    _stat: alias("_stat64i32"),
    _wstat: alias("_wstat64i32"),
    _stati64: alias("_stat64"),
    _wstati64: alias("_wstat64"),
    _fstat: alias("_fstat64i32"),
    _fstati64: alias("_fstat64"),
  },
  { ...CDECL, only: 8 },
);
export const msvcrtFileStatusApi32 = api(
  MSVCRT,
  {
    _stat: alias("_stat32"),
    _wstat: alias("_wstat32"),
    _stati64: alias("_stat32i64"),
    _wstati64: alias("_wstat32i64"),
    _fstat: alias("_fstat32"),
    _fstati64: alias("_fstat32i64"),
  },
  { ...CDECL, only: 4 },
);

const FILE_ATTRIBUTE = { READONLY: 1, DIRECTORY: 0x10 } as const;
const MODE = { FOLDER: 0x4000, FILE: 0x8000, DEVICE: 0x2000, PIPE: 0x1000, READ: 0o444, WRITE: 0o222, EXECUTE: 0o111 } as const;
const EXECUTABLE = /\.(exe|com|bat|cmd)$/i;

/** Where the fields behind the first twelve bytes lie in a form of struct stat. */
interface Form {
  readonly device: number;
  readonly size: number;
  readonly sizeBytes: 4 | 8;
  readonly times: number;
  readonly timeBytes: 4 | 8;
  readonly total: number;
}

const FORMS = {
  stat64: { device: 16, size: 24, sizeBytes: 8, times: 32, timeBytes: 8, total: 56 },
  stat64i32: { device: 16, size: 20, sizeBytes: 4, times: 24, timeBytes: 8, total: 48 },
  stat32: { device: 16, size: 20, sizeBytes: 4, times: 24, timeBytes: 4, total: 36 },
  stat32i64: { device: 16, size: 24, sizeBytes: 8, times: 32, timeBytes: 4, total: 48 },
} as const satisfies Record<string, Form>;

export const fileStatus = implement(fileStatusApi, {
  _stat64: (thread, path, buffer) => byPath(thread, path, buffer, FORMS.stat64),
  _stat64i32: (thread, path, buffer) => byPath(thread, path, buffer, FORMS.stat64i32),
  _stat32: (thread, path, buffer) => byPath(thread, path, buffer, FORMS.stat32),
  _stat32i64: (thread, path, buffer) => byPath(thread, path, buffer, FORMS.stat32i64),
  _fstat64: (thread, fd, buffer) => byDescriptor(thread, fd, buffer, FORMS.stat64),
  _fstat64i32: (thread, fd, buffer) => byDescriptor(thread, fd, buffer, FORMS.stat64i32),
  _fstat32: (thread, fd, buffer) => byDescriptor(thread, fd, buffer, FORMS.stat32),
  _fstat32i64: (thread, fd, buffer) => byDescriptor(thread, fd, buffer, FORMS.stat32i64),
});

interface Status {
  readonly mode: number;
  readonly device: number;
  readonly links: number;
  readonly facts: Pick<FileFacts, "size" | "accessed" | "written" | "created">;
}

function byPath(thread: Thread, path: string | undefined, buffer: number, form: Form): number {
  if (path === undefined || buffer === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  if (/[*?]/.test(path)) throw new CrtError(ERRNO.ENOENT);
  const facts = system.targetFacts(thread, path);
  const isFolder = (facts.attributes & FILE_ATTRIBUTE.DIRECTORY) !== 0;
  const isExecutable = isFolder || EXECUTABLE.test(path);
  const mode = permissions(facts) | (isFolder ? MODE.FOLDER : MODE.FILE) | (isExecutable ? MODE.EXECUTE : 0);
  const drive = system.fullPath(thread, path).toUpperCase().charCodeAt(0) - 0x41;
  store(thread, buffer, { mode, device: drive, links: 1, facts: isFolder ? { ...facts, size: 0 } : facts }, form);
  return 0;
}

function byDescriptor(thread: Thread, fd: number, buffer: number, form: Form): number {
  const { handle, isDevice, isPipe } = descriptor(thread, fd);
  if (buffer === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  if (isDevice || isPipe) {
    const facts = { size: 0, accessed: 0, written: 0, created: 0 };
    store(thread, buffer, { mode: isDevice ? MODE.DEVICE : MODE.PIPE, device: fd, links: 1, facts }, form);
    return 0;
  }
  const facts = system.handleFacts(thread, handle);
  store(thread, buffer, { mode: permissions(facts) | MODE.FILE, device: 0, links: facts.links, facts }, form);
  return 0;
}

function permissions({ attributes }: FileFacts): number {
  const isFolder = (attributes & FILE_ATTRIBUTE.DIRECTORY) !== 0;
  return MODE.READ | (isFolder || (attributes & FILE_ATTRIBUTE.READONLY) === 0 ? MODE.WRITE : 0);
}

function store({ memory }: Thread, buffer: number, { mode, device, links, facts }: Status, form: Form): void {
  memory.fill(buffer, 0, form.total);
  memory.setU32(buffer, device);
  memory.setU16(buffer + 6, mode);
  memory.setU16(buffer + 8, links);
  memory.setU32(buffer + form.device, device);
  const set = (offset: number, bytes: 4 | 8, value: number) =>
    bytes === 8 ? memory.setU64(buffer + offset, BigInt(value)) : memory.setU32(buffer + offset, value);
  set(form.size, form.sizeBytes, facts.size);
  [facts.accessed, facts.written, facts.created].forEach((time, index) => set(form.times + index * form.timeBytes, form.timeBytes, time));
}
