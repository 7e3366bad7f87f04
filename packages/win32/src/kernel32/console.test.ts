import { memoryTerminal } from "@decant/host";
import { array, byteBlock, DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { INPUT_RECORD_SIZE } from "../console/input-record.ts";
import { ProcessState } from "../process-state.ts";
import { CONSOLE_CURSOR_INFO, CONSOLE_SCREEN_BUFFER_INFO, SMALL_RECT } from "./console.api.ts";

const [IN, OUT] = [-10, -11];
const LINE = 2;
const ECHO = 4;
const PROCESSED = 1;

function at(x: number, y: number): number {
  return (y << 16) | x;
}

/** A program at a terminal of 20 by 5. What is sent to it is compared with ECMA-48 and xterm's control sequences. */
function machine() {
  const terminal = memoryTerminal({ columns: 20, rows: 5 });
  const made = guest({ stdin: terminal.input, stdout: terminal.output });
  const { call, out } = made;
  const standard = (number: number): number => ProcessState.of(made).standardHandle(number)!;
  const [input, output] = [standard(IN), standard(OUT)];
  const info = () => {
    const place = out(CONSOLE_SCREEN_BUFFER_INFO);
    expect(call("GetConsoleScreenBufferInfo", output, place)).toBe(1);
    return place.value;
  };
  const written = out(DWORD);
  const write = (text: string, handle = output) => call("WriteConsoleW", handle, text, text.length, written, undefined);
  const fill = (unit: number, count: number, coord: number, handle = output) =>
    call("FillConsoleOutputCharacterW", handle, unit, count, coord, written);
  const row = (y: number, handle = output) => {
    const buffer = made.allocate(64);
    const read = out(DWORD);
    call("ReadConsoleOutputCharacterW", handle, buffer, 20, at(0, y), read);
    return made.memory.utf16(buffer, read.value).trimEnd();
  };
  return { ...made, terminal, input, output, info, write, fill, row, written };
}

describe("modes", () => {
  test("are Windows' own at first, and are checked", () => {
    const { call, input, output, out, thread } = machine();
    const mode = out(DWORD);
    call("GetConsoleMode", input, mode);
    expect(mode.value).toBe(0x1f7);
    call("GetConsoleMode", output, mode);
    expect(mode.value).toBe(7);
    expect(call("SetConsoleMode", input, ECHO)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    expect(call("SetConsoleMode", output, 0x100)).toBe(0);
    expect(call("GetConsoleMode", 0xbad0, mode)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });

  test("a stream that is no terminal has none", () => {
    const made = guest();
    const handle = ProcessState.of(made).standardHandle(OUT)!;
    expect(made.call("GetConsoleMode", handle, made.out(DWORD))).toBe(0);
    expect(made.thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });

  test("without virtual terminal processing an escape is shown, not obeyed", () => {
    const { call, output, write, terminal, row } = machine();
    call("SetConsoleMode", output, 3);
    write("\u001b[31mx");
    expect(terminal.take()).toBe("←[31mx");
    call("SetConsoleMode", output, 0);
    terminal.take();
    write("\r\n");
    expect(terminal.take()).toContain("♪◙");
    expect(row(4)).toContain("←[31mx♪◙");
  });
});

describe("output", () => {
  test("text goes through, and moves the cursor that a program sees", () => {
    const { write, terminal, info, row } = machine();
    expect(info()).toMatchObject({ dwSize: { X: 20, Y: 5 }, dwCursorPosition: { X: 0, Y: 4 }, wAttributes: 7 });
    write("one\r\ntwo");
    expect(terminal.take()).toBe("one\r\ntwo");
    expect(info().dwCursorPosition).toEqual({ X: 3, Y: 4 });
    expect([row(3), row(4)]).toEqual(["one", "two"]);
  });

  test("bytes are text of the console's code page, also in the A function", () => {
    const { call, output, terminal, written } = machine();
    call("WriteFile", output, Uint8Array.of(0x81), 1, written, undefined);
    call("WriteConsoleA", output, Uint8Array.of(0x81), 1, written, undefined);
    expect(terminal.take()).toBe("üü");
    call("SetConsoleOutputCP", 65001);
    call("WriteFile", output, Uint8Array.of(0xc3), 1, written, undefined);
    call("WriteFile", output, Uint8Array.of(0xbc), 1, written, undefined);
    expect(terminal.take()).toBe("ü");
  });

  test("colours are a terminal's renditions, both ways", () => {
    const { call, output, write, terminal, info } = machine();
    call("SetConsoleTextAttribute", output, 0x1c);
    call("SetConsoleTextAttribute", output, 7);
    expect(terminal.take()).toBe("\u001b[0;91;44m\u001b[0m");
    write("\u001b[32;1m");
    expect(info().wAttributes).toBe(0xa);
  });

  test("before the screen is cleared the cursor is moved from where it is; afterwards to its place", () => {
    const { call, output, write, terminal, fill, info } = machine();
    write("ab");
    terminal.take();
    call("SetConsoleCursorPosition", output, at(5, 2));
    expect(terminal.take()).toBe("\r\u001b[2A\u001b[5C");
    write("x\n");
    fill(0x20, 100, at(0, 0));
    expect(terminal.take()).toBe("x\n\u001b[2J\u001b[4;1H");
    call("SetConsoleCursorPosition", output, at(5, 2));
    expect(terminal.take()).toBe("\u001b[3;6H");
    expect(info().dwCursorPosition).toEqual({ X: 5, Y: 2 });
    expect(call("SetConsoleCursorPosition", output, at(20, 0))).toBe(0);
    expect(call("SetConsoleCursorPosition", output, at(0, -1))).toBe(0);
  });

  test("cells are changed where they differ, and the cursor stays", () => {
    const { call, output, fill, terminal, written, row, info } = machine();
    fill(0x23, 100, at(0, 0));
    fill(0x20, 100, at(0, 0));
    call("SetConsoleCursorPosition", output, at(1, 1));
    terminal.take();
    fill(0x2d, 3, at(18, 0));
    expect(written.value).toBe(3);
    expect(terminal.take()).toBe("\u001b[1;19H--\u001b[2;1H-\u001b[2;2H");
    fill(0x2d, 3, at(18, 0));
    expect(terminal.take()).toBe("");
    call("FillConsoleOutputAttribute", output, 0x4f, 1, at(0, 1), written);
    expect(terminal.take()).toBe("\u001b[2;1H\u001b[0;97;41m-\u001b[2;2H\u001b[0m");
    expect([row(0), row(1)]).toEqual(["                  --", "-"]);
    expect(info().dwCursorPosition).toEqual({ X: 1, Y: 1 });
    fill(0x2d, 1000, at(0, 4));
    expect(written.value).toBe(20);
  });

  test("blocks of cells are written and read, cut to the screen", () => {
    const { call, output, fill, terminal, out, allocate, memory, row } = machine();
    fill(0x20, 100, at(0, 0));
    terminal.take();
    const cells = new Uint8Array(new Uint16Array([0x41, 7, 0x42, 0x0c, 0x43, 7, 0x44, 7]).buffer);
    const region = out(SMALL_RECT, { Left: 19, Top: 3, Right: 20, Bottom: 4 });
    expect(call("WriteConsoleOutputW", output, cells, at(2, 2), at(0, 0), region)).toBe(1);
    expect(region.value).toEqual({ Left: 19, Top: 3, Right: 19, Bottom: 4 });
    expect([row(3).trim(), row(4).trim()]).toEqual(["A", "C"]);
    const target = allocate(16);
    const back = out(SMALL_RECT, { Left: 18, Top: 3, Right: 19, Bottom: 3 });
    expect(call("ReadConsoleOutputW", output, target, at(2, 1), at(0, 0), back)).toBe(1);
    expect([memory.u16(target), memory.u16(target + 4), memory.u16(target + 6)]).toEqual([0x20, 0x41, 7]);
  });

  test("a rectangle scrolls, its old place is filled, and the clip holds", () => {
    const { call, output, fill, write, row } = machine();
    fill(0x20, 100, at(0, 0));
    call("SetConsoleCursorPosition", output, at(0, 0));
    write("aaaa\r\nbbbb\r\ncccc");
    const fillWith = new Uint8Array([0x2e, 0, 7, 0]);
    expect(call("ScrollConsoleScreenBufferW", output, { Left: 0, Top: 1, Right: 19, Bottom: 4 }, undefined, at(0, 0), fillWith)).toBe(1);
    expect([row(0), row(1), row(2), row(4)]).toEqual(["bbbb", "cccc", "", "...................."]);
    const clip = { Left: 0, Top: 0, Right: 1, Bottom: 4 };
    call("ScrollConsoleScreenBufferW", output, { Left: 0, Top: 0, Right: 3, Bottom: 0 }, clip, at(0, 1), fillWith);
    expect([row(0), row(1)]).toEqual(["..bb", "bbcc"]);
  });

  test("the cursor is hidden and shown", () => {
    const { call, output, terminal, out } = machine();
    expect(call("SetConsoleCursorInfo", output, { dwSize: 50, bVisible: false })).toBe(1);
    expect(terminal.take()).toBe("\u001b[?25l");
    const info = out(CONSOLE_CURSOR_INFO);
    call("GetConsoleCursorInfo", output, info);
    expect(info.value).toEqual({ dwSize: 50, bVisible: false });
    expect(call("SetConsoleCursorInfo", output, { dwSize: 0, bVisible: true })).toBe(0);
  });

  test("another screen buffer is another page of the terminal; the first comes back with its last handle", () => {
    const { call, output, terminal, write, fill, row } = machine();
    write("first");
    const other = call("CreateConsoleScreenBuffer", 0xc000_0000, 3, undefined, 1, undefined);
    terminal.take();
    fill(0x2a, 2, at(0, 0), other);
    expect(terminal.take()).toBe("");
    call("SetConsoleActiveScreenBuffer", other);
    expect(terminal.take()).toBe(`\u001b[?1049h\u001b[2J\u001b[1;1H\u001b[1;1H**${" ".repeat(18)}${[2, 3, 4, 5].map((y) => `\u001b[${y};1H${" ".repeat(20)}`).join("")}\u001b[1;1H\u001b[?25h`); // prettier-ignore
    write("hidden", output);
    expect(terminal.take()).toBe("");
    call("CloseHandle", other);
    expect(terminal.take()).toBe("\u001b[?1049l\u001b[0m");
    expect(row(4)).toBe("firsthidden");
  });

  test("what a program leaves changed is put right when it ends", () => {
    const { call, output, terminal, process } = machine();
    call("SetConsoleCursorInfo", output, { dwSize: 50, bVisible: false });
    call("SetConsoleTextAttribute", output, 0x0c);
    terminal.take();
    process.terminate(0);
    expect(terminal.take()).toBe("\u001b[?25h\u001b[0m");
  });

  test("titles are told, and read back as much as fits", () => {
    const { call, terminal, allocate, memory } = machine();
    call("SetConsoleTitleW", "A \u0007title");
    expect(terminal.take()).toBe("\u001b]0;A title\u0007");
    const buffer = allocate(64);
    expect(call("GetConsoleTitleW", buffer, 4)).toBe(8);
    expect(memory.wstring(buffer)).toBe("A \u0007");
  });
});

describe("input", () => {
  const records = (made: ReturnType<typeof machine>, count: number) => {
    const place = made.out(array(byteBlock(INPUT_RECORD_SIZE), count));
    return { place, at: (index: number) => place.address + INPUT_RECORD_SIZE * index };
  };

  test("a line is the host's to edit, and ends in CR LF; what does not fit comes next", async () => {
    const { terminal, callAsync, input, allocate, out, memory } = machine();
    terminal.type("hello\nmore\n");
    const buffer = allocate(64);
    const read = out(DWORD);
    expect(await callAsync("ReadConsoleW", input, buffer, 3, read, undefined)).toBe(1);
    expect(memory.utf16(buffer, read.value)).toBe("hel");
    expect(await callAsync("ReadFile", input, buffer, 64, read, undefined)).toBe(1);
    expect(memory.cstring(buffer).slice(0, read.value)).toBe("lo\r\nmore\r\n");
    expect(terminal.isRaw).toBe(false);
  });

  test("Ctrl-Z at the start of a line ends a file", async () => {
    const { terminal, callAsync, input, allocate, out } = machine();
    terminal.type("\u001a\n");
    const read = out(DWORD);
    expect(await callAsync("ReadFile", input, allocate(64), 64, read, undefined)).toBe(1);
    expect(read.value).toBe(0);
  });

  test("a line that is not to be shown is edited here", async () => {
    const { terminal, call, callAsync, input, allocate, out, memory } = machine();
    call("SetConsoleMode", input, LINE | PROCESSED);
    const buffer = allocate(64);
    const read = out(DWORD);
    const reading = callAsync("ReadConsoleW", input, buffer, 30, read, undefined);
    terminal.type("secrez\u007ft\r");
    expect(await reading).toBe(1);
    expect(memory.utf16(buffer, read.value)).toBe("secret\r\n");
    expect([terminal.isRaw, terminal.take()]).toEqual([true, ""]);
  });

  test("without lines keys come at once", async () => {
    const { terminal, call, callAsync, input, allocate, out, memory } = machine();
    call("SetConsoleMode", input, 0);
    const buffer = allocate(64);
    const read = out(DWORD);
    const reading = callAsync("ReadConsoleW", input, buffer, 30, read, undefined);
    terminal.type("x\u001b[A");
    expect(await reading).toBe(1);
    expect(memory.utf16(buffer, read.value)).toBe("x");
  });

  test("events are looked at, read and dropped", async () => {
    const made = machine();
    const { terminal, call, callAsync, input, out, memory } = made;
    const count = out(DWORD);
    const { place, at: recordAt } = records(made, 8);
    expect(call("PeekConsoleInputW", input, place, 8, count)).toBe(1);
    expect(count.value).toBe(0);
    expect(terminal.isRaw).toBe(true);
    const reading = callAsync("ReadConsoleInputW", input, place, 3, count);
    terminal.type("aB");
    expect(await reading).toBe(1);
    expect(count.value).toBe(3);
    expect([memory.u16(recordAt(0)), memory.u32(recordAt(0) + 4), memory.u16(recordAt(0) + 10), memory.u16(recordAt(0) + 14)]).toEqual([1, 1, 0x41, 0x61]); // prettier-ignore
    expect([memory.u32(recordAt(1) + 4), memory.u16(recordAt(2) + 14), memory.u32(recordAt(2) + 16)]).toEqual([0, 0x42, 0x10]);
    call("GetNumberOfConsoleInputEvents", input, count);
    expect(count.value).toBe(1);
    call("FlushConsoleInputBuffer", input);
    call("GetNumberOfConsoleInputEvents", input, count);
    expect(count.value).toBe(0);
  });

  test("the handle is signaled while events are there", async () => {
    const made = machine();
    const { terminal, call, callAsync, input } = made;
    expect(call("WaitForSingleObject", input, 0)).toBe(0x102);
    const waiting = callAsync("WaitForSingleObject", input, 0xffff_ffff);
    terminal.type("k");
    expect(await waiting).toBe(0);
    expect(call("WaitForSingleObject", input, 0)).toBe(0);
  });

  test("events can be written, and are read as if they were typed", () => {
    const made = machine();
    const { call, input, out, memory } = made;
    const count = out(DWORD);
    const { place, at: recordAt } = records(made, 2);
    memory.setU16(recordAt(0), 1);
    memory.setU32(recordAt(0) + 4, 1);
    memory.setU16(recordAt(0) + 14, 0x51);
    expect(call("WriteConsoleInputW", input, place, 1, count)).toBe(1);
    expect(call("ReadConsoleInputW", input, place, 2, count)).toBe(1);
    expect([count.value, memory.u16(recordAt(0) + 14)]).toEqual([1, 0x51]);
    memory.setU16(recordAt(0), 0x77);
    expect(call("WriteConsoleInputW", input, place, 1, count)).toBe(0);
  });

  test("a window that changes its size is an event for those who ask, and another size for all", async () => {
    const made = machine();
    const { terminal, call, callAsync, input, info, out, memory } = made;
    const { place, at: recordAt } = records(made, 1);
    call("SetConsoleMode", input, 8);
    const reading = callAsync("ReadConsoleInputW", input, place, 1, out(DWORD));
    terminal.resize(30, 6);
    expect(await reading).toBe(1);
    expect([memory.u16(recordAt(0)), memory.u16(recordAt(0) + 4), memory.u16(recordAt(0) + 6)]).toEqual([4, 30, 6]);
    expect(info().dwSize).toEqual({ X: 30, Y: 6 });
  });

  test("Ctrl-C among the keys ends the program while input is processed, and is a key otherwise", async () => {
    const { terminal, call, callAsync, input, out, allocate, process } = machine();
    call("SetConsoleMode", input, 0);
    const read = out(DWORD);
    const reading = callAsync("ReadConsoleW", input, allocate(8), 4, read, undefined);
    terminal.type("\u0003");
    expect(await reading).toBe(1);
    call("SetConsoleMode", input, PROCESSED);
    terminal.type("\u0003");
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(process.ending?.kind).toBe("interrupt");
  });
});

test("Ctrl-C can be ignored, or handled", () => {
  const { call, process, thread } = machine();
  call("SetConsoleCtrlHandler", 0, 1);
  expect(call("GenerateConsoleCtrlEvent", 0, 0)).toBe(1);
  expect(process.ending).toBeUndefined();
  expect(call("GenerateConsoleCtrlEvent", 2, 0)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
  call("SetConsoleCtrlHandler", 0, 0);
  expect(() => call("GenerateConsoleCtrlEvent", 0, 0)).toThrow("interrupt");
  expect(process.ending?.kind).toBe("interrupt");
});
