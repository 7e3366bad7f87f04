import { AddressType, enumeration, flags, INT, IntegerType, TextAddressType, type CallingThread, type Siblings } from "@decant/hook";
import type { Thread } from "@decant/process";
import { Runtime } from "../crt/runtime.ts";
import { fileLayout } from "../crt/stdio/file-layout.ts";

/** Names of values in the parameters of the C runtime's functions ("C runtime library reference"). */
export const CHARACTER = new IntegerType({
  name: "int",
  bytes: 4,
  signed: true,
  show: (code) => (code >= 0x20 && code < 0x7f ? `'${String.fromCharCode(code)}'` : (ESCAPES[code] ?? String(code))),
});
const ESCAPES: Readonly<Record<number, string>> = { 0: "'\\0'", 9: "'\\t'", 10: "'\\n'", 13: "'\\r'", [-1]: "EOF" };
export const SEEK = enumeration("SEEK", { SET: 0, CUR: 1, END: 2 }, INT);
export const SIGNAL = enumeration("SIG", { INT: 2, ILL: 4, FPE: 8, SEGV: 11, TERM: 15, BREAK: 21, ABRT: 22 }, INT);
export const LOCALE_CATEGORY = enumeration("LC", { ALL: 0, COLLATE: 1, CTYPE: 2, MONETARY: 3, NUMERIC: 4, TIME: 5 }, INT);
export const BUFFERING = enumeration("_IO", { FBF: 0, LBF: 0x40, NBF: 4 }, INT);
export const SPAWN_MODE = enumeration("_P", { WAIT: 0, NOWAIT: 1, OVERLAY: 2, NOWAITO: 3, DETACH: 4 }, INT);
export const OPEN_FLAGS = flags(
  "_O",
  {
    WRONLY: 1,
    RDWR: 2,
    APPEND: 8,
    RANDOM: 0x10,
    SEQUENTIAL: 0x20,
    TEMPORARY: 0x40,
    NOINHERIT: 0x80,
    CREAT: 0x100,
    TRUNC: 0x200,
    EXCL: 0x400,
    TEXT: 0x4000,
    BINARY: 0x8000,
    WTEXT: 0x1_0000,
    U16TEXT: 0x2_0000,
    U8TEXT: 0x4_0000,
  },
  INT,
);

/** The address of a line that a function reads into the caller's buffer. */
export const LINE_AT = new TextAddressType("char*", "bytes", { direction: "out" });

/** A FILE*, by its name where it is a standard stream. */
export const FILE_AT: AddressType = new (class extends AddressType {
  override show(thread: CallingThread, value: number, siblings: Siblings): string {
    const { iob } = Runtime.of(thread as Thread);
    const index = (value - iob) / fileLayout(thread.memory).SIZE;
    return ["stdin", "stdout", "stderr"][index] ?? super.show(thread, value, siblings);
  }
})("FILE*");
