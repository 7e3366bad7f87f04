import { memoryTerminal } from "@decant/host";
import { SIZE_T } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("keys come one by one, without a line being edited; others than characters come in two parts", async () => {
  const terminal = memoryTerminal({ columns: 20, rows: 5 });
  const { call, callAsync } = guest({ stdin: terminal.input, stdout: terminal.output });
  expect(call("_kbhit")).toBe(0);
  terminal.type("a\u001b[A");
  expect(await callAsync("_getch")).toBe(0x61);
  expect(call("_kbhit")).toBe(1);
  expect([await callAsync("_getch"), await callAsync("_getch")]).toEqual([0xe0, 0x48]);
  expect(call("_ungetch", 0x62)).toBe(0x62);
  expect(call("_ungetch", 0x63)).toBe(-1);
  expect(await callAsync("_getwch")).toBe(0x62);
  terminal.take();
  expect(call("_putch", 0x78)).toBe(0x78);
  expect(call("_cputs", "yz")).toBe(0);
  expect(terminal.take()).toBe("xyz");
});

test("without a terminal nothing is typed, and nothing can be written", () => {
  const { call } = guest();
  expect([call("_kbhit"), call("_getch"), call("_putch", 0x78), call("_getwch")]).toEqual([0, -1, -1, 0xffff]);
});

test("_cgets and kin take a line, as far as there is room", async () => {
  const terminal = memoryTerminal({ columns: 20, rows: 5 });
  const { callAsync, memory, allocate, out } = guest({ stdin: terminal.input, stdout: terminal.output });
  const buffer = allocate(64);
  memory.setU8(buffer, 5);
  terminal.type("abc\nlonger line\nwide\nzz\n");
  expect(await callAsync("_cgets", buffer)).toBe(buffer + 2);
  expect([memory.u8(buffer + 1), memory.cstring(buffer + 2)]).toEqual([3, "abc"]);
  const read = out(SIZE_T);
  expect(await callAsync("_cgets_s", buffer, 7, read)).toBe(0);
  expect([read.value, memory.cstring(buffer)]).toEqual([6, "longer"]);
  memory.setU16(buffer, 20);
  expect(await callAsync("_cgetws", buffer)).toBe(buffer + 4);
  expect([memory.u16(buffer + 2), memory.wstring(buffer + 4)]).toEqual([4, "wide"]);
  expect(await callAsync("_cgetws_s", buffer, 2, read)).toBe(0);
  expect([read.value, memory.wstring(buffer)]).toEqual([1, "z"]);
  expect(await callAsync("msvcrt!_cgets_s", buffer, 0, read)).toBe(22);
});
