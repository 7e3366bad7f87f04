import { memoryTerminal } from "@decant/host";
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
