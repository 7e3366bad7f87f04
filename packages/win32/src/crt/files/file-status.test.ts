import { guest } from "@decant/testing";
import { expect, test } from "vitest";

/** struct _stat64: st_mode at 6, st_size at 24 (x64). */
test("_stat64 tells of what a symbolic link leads to, and fails where it leads nowhere", () => {
  const { call, allocate, memory, thread } = guest({
    bits: 64,
    currentDirectory: "Z:\\w",
    files: { "/w/ten.txt": "0123456789", "/w/sub/": "", "/w/l": { link: "ten.txt" }, "/w/f": { link: "sub" }, "/w/gone": { link: "none" } },
  });
  const status = allocate(64);
  expect(call("ucrtbase!_wstat64", "l", status)).toBe(0);
  expect([memory.u16(status + 6) & 0xf000, memory.u64(status + 24)]).toEqual([0x8000, 10n]);
  expect(call("ucrtbase!_wstat64", "f", status)).toBe(0);
  expect(memory.u16(status + 6) & 0xf000).toBe(0x4000);
  expect(call("ucrtbase!_wstat64", "gone", status)).toBe(-1);
  expect(thread.errno).toBe(2);
});
