import {
  api,
  CrtError,
  ERRNO,
  errno,
  ERRNO_T,
  errnoOf,
  fn,
  InvalidParameterError,
  LPCWSTR,
  LPCSTR,
  PVOID,
  SIZE_T,
  TBUF,
  textAs,
  type TextBuffer,
} from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL } from "../dlls.ts";
import { Runtime } from "../runtime.ts";
import { encodeString, type Width } from "../startup/program-data.ts";
import { system } from "../system.ts";

const NAME = errno(PVOID, 0);
const TEMPLATE = ["template", TBUF] as const;

/** Names for files that are to be made, which no file has yet. */
export const temporaryNamesApi = api(
  BOTH,
  {
    tmpnam: textAs("tmpnam", "_wtmpnam", NAME, ["str", TBUF]),
    tmpnam_s: textAs("tmpnam_s", "_wtmpnam_s", ERRNO_T, ["str", TBUF], ["size", SIZE_T]),
    _tempnam: fn(NAME, ["dir", LPCSTR], ["prefix", LPCSTR]),
    _wtempnam: fn(NAME, ["dir", LPCWSTR], ["prefix", LPCWSTR]),
    _mktemp: textAs("_mktemp", "_wmktemp", NAME, TEMPLATE),
    _mktemp_s: textAs("_mktemp_s", "_wmktemp_s", ERRNO_T, TEMPLATE, ["size", SIZE_T]),
  },
  CDECL,
);

/** Characters of tmpnam's own buffer: a path at most. */
const NAME_SIZE = 260;
/** What stands at the end of _mktemp's template: a letter and five digits go there. */
const PLACE = "XXXXXX";
const PLACE_IN_TEMPLATE = /X{6}$/;
const DIRECTORY = 0x10;
/** Names that tmpnam gives out (TMP_MAX), and _tempnam tries. */
const MAX_NAMES = 0x7fff;

export const temporaryNames = implement(temporaryNamesApi, {
  tmpnam(thread, str) {
    const name = nextName(thread);
    if (!str.isNull) {
      str.write(name, NAME_SIZE);
      return str.address;
    }
    const width = str.charSize === 1 ? "narrow" : "wide";
    const bytes = encodeString(thread, name, width);
    const address = Runtime.of(thread).reserve(`tmpnam ${width}`, NAME_SIZE * str.charSize);
    thread.memory.write(address, bytes);
    return address;
  },
  tmpnam_s(thread, str, size) {
    if (str.isNull || size === 0) throw new InvalidParameterError(ERRNO.EINVAL);
    const name = nextName(thread);
    if (name.length < size) str.write(name, size);
    else {
      str.write("", size);
      throw new InvalidParameterError(ERRNO.ERANGE);
    }
    return 0;
  },
  _tempnam: (thread, dir, prefix) => nameIn(thread, dir, prefix, "narrow"),
  _wtempnam: (thread, dir, prefix) => nameIn(thread, dir, prefix, "wide"),
  _mktemp(thread, template) {
    if (template.isNull) throw new InvalidParameterError(ERRNO.EINVAL);
    return fillIn(thread, template) ? template.address : 0;
  },
  _mktemp_s(thread, template, size) {
    if (template.isNull) throw new InvalidParameterError(ERRNO.EINVAL);
    const { length } = template.read();
    if (length >= size || !PLACE_IN_TEMPLATE.test(template.read())) {
      if (length >= size && size > 0) template.write("", size);
      throw new InvalidParameterError(ERRNO.EINVAL);
    }
    if (!fillIn(thread, template)) throw new CrtError(ERRNO.EEXIST);
    return 0;
  },
});

let names = 0;

/** A name in the root folder that no file has: "\s", the process's number, and another. */
function nextName(thread: Thread): string {
  for (let tries = 0; tries < MAX_NAMES; tries++) {
    const name = `\\s${thread.process.id.toString(32)}.${(names++ % MAX_NAMES).toString(32)}`;
    if (!exists(thread, name)) return name;
  }
  throw new CrtError(ERRNO.EEXIST);
}

/** A name with a prefix, in the folder that the variable TMP names; in `dir` where there is no such variable. In memory that the caller frees. */
function nameIn(thread: Thread, dir: string | undefined, prefix: string | undefined, width: Width): number {
  const asked = Runtime.of(thread).environment.get("TMP");
  const folder = [asked, dir, "\\"].find((each) => each !== undefined && isFolder(thread, each)) as string;
  for (let tries = 0; tries < MAX_NAMES; tries++) {
    const name = `${folder.replace(/[\\/]$/, "")}\\${prefix ?? ""}${thread.process.id + tries}`;
    if (exists(thread, name)) continue;
    const bytes = encodeString(thread, name, width);
    const address = thread.process.heap.allocate(bytes.length);
    if (address === 0) throw new CrtError(ERRNO.ENOMEM);
    thread.memory.write(address, bytes);
    return address;
  }
  throw new CrtError(ERRNO.EEXIST);
}

/** Puts a letter and the thread's number in the place of the six X; false where there is none, or files have all such names. */
function fillIn(thread: Thread, template: TextBuffer): boolean {
  const text = template.read();
  if (!PLACE_IN_TEMPLATE.test(text)) return false;
  const start = text.slice(0, -PLACE.length);
  const digits = String(thread.id % 100_000).padStart(PLACE.length - 1, "0");
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    const name = `${start}${letter}${digits}`;
    if (exists(thread, name)) continue;
    template.write(name, name.length + 1);
    return true;
  }
  return false;
}

function isFolder(thread: Thread, path: string): boolean {
  return ((attributesOf(thread, path) ?? 0) & DIRECTORY) !== 0;
}

function exists(thread: Thread, path: string): boolean {
  return attributesOf(thread, path) !== undefined;
}

function attributesOf(thread: Thread, path: string): number | undefined {
  try {
    return system.attributes(thread, path).attributes;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
