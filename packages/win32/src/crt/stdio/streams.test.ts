import { guest, type Guest } from "@decant/testing";
import { expect, test } from "vitest";
import { directory } from "../../kernel32/directory.ts";
import { file } from "../../kernel32/file.ts";
import { crt } from "../index.ts";

const EOF = -1;
const ENOENT = 2;
const EBADF = 9;
const EACCES = 13;
const EEXIST = 17;
const EINVAL = 22;

/** What each test expects was printed by the same calls under Wine 8. */
function runtime(options: { stdin?: string } = {}) {
  const machine = guest({ topics: [...crt, file, directory], ...options });
  const { call, ansi, memory, allocate } = machine;
  const open = (name: string, mode: string) => call("msvcrt!fopen", ansi(name), ansi(mode));
  const errno = () => memory.i32(call("msvcrt!_errno"));
  const gets = (stream: number, size = 64) => {
    const buffer = allocate(size);
    return call("msvcrt!fgets", buffer, size, stream) === 0 ? undefined : memory.cstring(buffer);
  };
  const bytes = (name: string) => {
    const stream = open(name, "rb");
    const buffer = allocate(256);
    const text = memory.cstring(buffer, "latin1", 0) + latin1(machine, buffer, call("msvcrt!fread", buffer, 1, 256, stream));
    call("msvcrt!fclose", stream);
    return text;
  };
  const put = (name: string, mode: string, text: string) => {
    const stream = open(name, mode);
    call("msvcrt!fputs", ansi(text), stream);
    call("msvcrt!fclose", stream);
  };
  return { ...machine, open, errno, gets, bytes, put };
}

function latin1({ memory }: Guest, address: number, length: number): string {
  return String.fromCharCode(...memory.read(address, length));
}

test("text mode writes CR LF, and reads it as LF", () => {
  const { open, gets, bytes, put, call } = runtime();
  put("a.txt", "w", "line1\nline2\r\nx\n");
  expect(bytes("a.txt")).toBe("line1\r\nline2\r\r\nx\r\n");
  const stream = open("a.txt", "r");
  expect([gets(stream), call("msvcrt!ftell", stream)]).toEqual(["line1\n", 7]);
  expect([gets(stream), gets(stream), gets(stream)]).toEqual(["line2\r\n", "x\n", undefined]);
  expect(call("msvcrt!feof", stream)).not.toBe(0);
});

test("Ctrl-Z ends a text file, and seeking back clears that", () => {
  const { open, gets, put, call } = runtime();
  put("z.txt", "wb", "one\ntwo\u001afive\n");
  const stream = open("z.txt", "r");
  expect([gets(stream), gets(stream), gets(stream)]).toEqual(["one\n", "two", undefined]);
  expect(call("msvcrt!fseek", stream, 4, 0)).toBe(0);
  expect(gets(stream)).toBe("two");
});

test("append mode writes at the end wherever the position is", () => {
  const { open, bytes, put, call, ansi } = runtime();
  put("a.txt", "w", "ab\n");
  const stream = open("a.txt", "a+");
  call("msvcrt!rewind", stream);
  call("msvcrt!fputs", ansi("end"), stream);
  call("msvcrt!fclose", stream);
  expect(bytes("a.txt")).toBe("ab\r\nend");
});

test.each([0, 17])("freopen keeps the FILE, in msvcrt's array and on the heap (%i others are open)", (others) => {
  const { open, bytes, put, call, ansi } = runtime();
  put("a.txt", "w", "one");
  for (let i = 0; i < others; i++) open("a.txt", "r");
  const stream = open("a.txt", "r");
  expect(call("msvcrt!freopen", ansi("b.txt"), ansi("w"), stream)).toBe(stream);
  call("msvcrt!fputs", ansi("two"), stream);
  expect(call("msvcrt!fclose", stream)).toBe(0);
  expect(call("msvcrt!fclose", stream)).toBe(EOF);
  expect(bytes("b.txt")).toBe("two");
});

test("an update stream goes from reading to writing at the program's position", () => {
  const { open, gets, bytes, put, call, ansi } = runtime();
  put("a.txt", "w", "line1\nline2\n");
  const stream = open("a.txt", "r+");
  expect(gets(stream)).toBe("line1\n");
  call("msvcrt!fseek", stream, 0, 1);
  call("msvcrt!fputs", ansi("XX"), stream);
  call("msvcrt!fseek", stream, 0, 1);
  expect(gets(stream)).toBe("ne2\n");
  call("msvcrt!fclose", stream);
  expect(bytes("a.txt")).toBe("line1\r\nXXne2\r\n");
});

test("opening fails with errno", () => {
  const { open, errno, call, ansi } = runtime();
  expect([open("none.txt", "r"), errno()]).toEqual([0, ENOENT]);
  expect([open("no\\folder.txt", "w"), errno()]).toEqual([0, ENOENT]);
  expect([open("none.txt", "q"), errno()]).toEqual([0, EINVAL]);
  expect(call("msvcrt!_mkdir", ansi("d"))).toBe(0);
  expect([call("msvcrt!_mkdir", ansi("d")), errno()]).toEqual([-1, EEXIST]);
  expect([open("d", "r"), errno()]).toEqual([0, EACCES]);
});

test("reading a stream that only writes is an error, and so is the reverse", () => {
  const { open, errno, call, put } = runtime();
  const writes = open("w.txt", "w");
  expect(call("msvcrt!fgetc", writes)).toBe(EOF);
  expect(call("msvcrt!ferror", writes)).not.toBe(0);
  put("r.txt", "w", "x");
  const reads = open("r.txt", "r");
  expect([call("msvcrt!fputc", 0x78, reads), errno()]).toEqual([EOF, EBADF]);
});

test("a byte can be put back, and the position goes back with it", () => {
  const { open, call, put } = runtime();
  put("a.bin", "wb", "abc");
  const stream = open("a.bin", "rb");
  expect(call("msvcrt!fgetc", stream)).toBe(0x61);
  expect(call("msvcrt!ungetc", 0x5a, stream)).toBe(0x5a);
  expect(call("msvcrt!ftell", stream)).toBe(0);
  expect([call("msvcrt!fgetc", stream), call("msvcrt!fgetc", stream)]).toEqual([0x5a, 0x62]);
});

test("fread counts whole elements, and meets the end in the middle of one", () => {
  const { open, call, put, allocate } = runtime();
  put("a.bin", "wb", "12345");
  const stream = open("a.bin", "rb");
  expect(call("msvcrt!fread", allocate(16), 2, 8, stream)).toBe(2);
  expect(call("msvcrt!feof", stream)).not.toBe(0);
});

test("the buffer is written when it is full, flushed or closed, and not before", () => {
  const { open, call, ansi, bytes } = runtime();
  const stream = open("b.bin", "wb");
  call("msvcrt!fputs", ansi("abc"), stream);
  expect(bytes("b.bin")).toBe("");
  call("msvcrt!fflush", stream);
  expect(bytes("b.bin")).toBe("abc");
  call("msvcrt!setvbuf", stream, 0, 4, 0);
  call("msvcrt!fputs", ansi("d"), stream);
  expect(bytes("b.bin")).toBe("abcd");
});

test("standard output is buffered, standard error is not", () => {
  const { call, ansi, host, thread } = runtime();
  call("msvcrt!puts", ansi("out"));
  call("msvcrt!fputs", ansi("err\n"), call("msvcrt!__iob_func") + 2 * 48);
  expect([host.stdout.text(), host.stderr.text()]).toEqual(["", "err\r\n"]);
  call("msvcrt!fflush", 0);
  expect(host.stdout.text()).toBe("out\r\n");
  expect(thread.process.ending).toBeUndefined();
});

test("both runtimes share the standard streams", () => {
  const { call, ansi, host } = runtime();
  call("msvcrt!fputs", ansi("a"), call("ucrtbase!__acrt_iob_func", 1));
  call("ucrtbase!fputs", ansi("b"), call("msvcrt!__iob_func") + 48);
  call("ucrtbase!fflush", 0);
  expect(host.stdout.text()).toBe("ab");
});

test("wide text is encoded by the locale in text mode, and stays UTF-16 in binary mode", () => {
  const { open, call, wide, bytes, errno } = runtime();
  const text = open("w.txt", "w");
  expect(call("msvcrt!fputws", wide("w\u00e9\n"), text)).toBe(0);
  expect([call("msvcrt!fputwc", 0x416, text), errno()]).toEqual([0xffff, 42]);
  call("msvcrt!fclose", text);
  expect(bytes("w.txt")).toBe("w\u00e9\r\n");
  const binary = open("w.bin", "wb");
  call("msvcrt!fputws", wide("x\n"), binary);
  call("msvcrt!fclose", binary);
  expect(bytes("w.bin")).toBe("x\0\n\0");
});

test("a Unicode file begins with its mark, which reading skips", () => {
  const { open, call, wide, bytes, memory, allocate } = runtime();
  const stream = open("u.txt", "w, ccs=UTF-8");
  call("msvcrt!fputws", wide("\u0416\n"), stream);
  call("msvcrt!fclose", stream);
  expect(bytes("u.txt")).toBe("\u00ef\u00bb\u00bf\u00d0\u0096\r\n");
  const again = open("u.txt", "r, ccs=UTF-8");
  const buffer = allocate(64);
  expect(call("msvcrt!fgetws", buffer, 20, again)).toBe(buffer);
  expect(memory.wstring(buffer)).toBe("\u0416\n");
});

test("closing twice, or a bad descriptor, is an error and nothing else", () => {
  const { call, errno } = runtime();
  expect([call("msvcrt!_close", 77), errno()]).toEqual([-1, EBADF]);
  expect([call("msvcrt!fclose", 0), errno()]).toEqual([EOF, EINVAL]);
});
