import { InvalidParameterError, ERRNO } from "@decant/hook";
import type { Encoding } from "./descriptors.ts";
import { FLAG } from "./file-layout.ts";

/** Bits of _open's oflag (fcntl.h). */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  APPEND: 0x8,
  TEMPORARY: 0x40,
  NOINHERIT: 0x80,
  CREAT: 0x100,
  TRUNC: 0x200,
  EXCL: 0x400,
  SHORT_LIVED: 0x1000,
  TEXT: 0x4000,
  BINARY: 0x8000,
  WTEXT: 0x1_0000,
  U16TEXT: 0x2_0000,
  U8TEXT: 0x4_0000,
} as const;

/** What fopen's mode asks for: how to open the file, and the FILE's flags. */
export interface OpenMode {
  readonly oflag: number;
  readonly flags: number;
}

const FIRST: Readonly<Record<string, OpenMode>> = {
  r: { oflag: O.RDONLY, flags: FLAG.READ },
  w: { oflag: O.WRONLY | O.CREAT | O.TRUNC, flags: FLAG.WRITE },
  a: { oflag: O.WRONLY | O.CREAT | O.APPEND, flags: FLAG.WRITE },
};
const LETTERS: Readonly<Record<string, number>> = { b: O.BINARY, t: O.TEXT, N: O.NOINHERIT, T: O.SHORT_LIVED, D: O.TEMPORARY, x: O.EXCL };
const CCS = new Map([
  ["utf-8", O.U8TEXT],
  ["utf-16le", O.U16TEXT],
  ["unicode", O.WTEXT],
]);

/** Reads a mode like "r+b" or "wt, ccs=UTF-8" ("fopen, _wfopen"). Throws EINVAL. */
export function parseOpenMode(mode: string): OpenMode {
  const [letters = "", ...rest] = mode.trimStart().split(",");
  const first = FIRST[letters[0] ?? ""];
  if (first === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  let { oflag, flags } = first;
  for (const letter of letters.slice(1)) {
    if (letter === "+") {
      oflag = (oflag & ~O.WRONLY) | O.RDWR;
      flags = FLAG.READ_WRITE;
    } else oflag |= LETTERS[letter] ?? 0;
  }
  const encoding = /^\s*ccs\s*=\s*([\w-]+)\s*$/i.exec(rest.join(","))?.[1];
  if (encoding !== undefined) oflag |= CCS.get(encoding.toLowerCase()) ?? 0;
  return { oflag, flags };
}

/** The translation that an oflag asks for; `fmode` is the program's default (_fmode). */
export function translationOf(oflag: number, fmode: number): { isText: boolean; encoding: Encoding } {
  const encoding = (oflag & O.U8TEXT) !== 0 ? "utf-8" : (oflag & (O.U16TEXT | O.WTEXT)) !== 0 ? "utf-16" : "ansi";
  const isBinary = (oflag & O.BINARY) !== 0 || ((oflag & O.TEXT) === 0 && (fmode & O.BINARY) !== 0);
  return { isText: encoding !== "ansi" || !isBinary, encoding };
}
