import { DWORD, ERROR, HKEY } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { hivesOf } from "../hives/hives.ts";
import { registryKeys } from "./registry-keys.ts";
import { registryValues } from "./registry-values.ts";

/* Most of what the registry answers is compared with Wine: fixtures/system/registry.c. Here is what Wine does not do, or does otherwise. */

const topics = [registryKeys, registryValues];
const CURRENT_USER = 0x8000_0001;
const LOCAL_MACHINE = 0x8000_0002;
const ALL_ACCESS = 0xf_003f;
const REG_SZ = 1;
const bytes = (text: string) => Uint8Array.from(`${text}\0`, (letter) => letter.charCodeAt(0));

describe("RegOpenKeyEx and RegCreateKeyEx", () => {
  test("refuse no place for the result, and names that no key can have", () => {
    const { call, out } = guest({ topics });
    expect(call("RegOpenKeyExA", LOCAL_MACHINE, "x", 0, 0, 0)).toBe(ERROR.INVALID_PARAMETER);
    const create = (name: string) => call("RegCreateKeyExA", CURRENT_USER, name, 0, 0, 0, ALL_ACCESS, 0, out(HKEY), 0);
    expect(create("n".repeat(255))).toBe(0);
    expect(create("n".repeat(256))).toBe(ERROR.INVALID_PARAMETER);
    expect(create(Array.from({ length: 600 }, () => "n").join("\\"))).toBe(ERROR.INVALID_PARAMETER);
  });

  test("keys made below a volatile key must be volatile", () => {
    const { call, out } = guest({ topics });
    const key = out(HKEY);
    const create = (name: string, options: number) => call("RegCreateKeyExA", CURRENT_USER, name, 0, 0, options, ALL_ACCESS, 0, key, 0);
    expect(create("Gone", 1)).toBe(0);
    expect(create("Gone\\Stays", 0)).toBe(ERROR.CHILD_MUST_BE_VOLATILE);
    expect(create("Gone\\Too", 1)).toBe(0);
  });
});

test("a 32-bit program sees its own SOFTWARE, and what both views share", () => {
  const { call, out } = guest({ topics, bits: 32 });
  const get = (key: string, name: string, flags: number) =>
    call("RegGetValueA", LOCAL_MACHINE, key, name, flags, 0, out(DWORD, 0), out(DWORD, 4));
  const key = out(HKEY);
  expect(call("RegCreateKeyExA", LOCAL_MACHINE, "Software\\Narrow", 0, 0, 0, ALL_ACCESS, 0, key, 0)).toBe(0);
  expect(call("RegOpenKeyExA", LOCAL_MACHINE, "Software\\Narrow", 0, 0x2_0019 | 0x100, key)).toBe(ERROR.FILE_NOT_FOUND);
  expect(call("RegOpenKeyExA", LOCAL_MACHINE, "Software\\Wow6432Node\\Narrow", 0, 0x2_0019, key)).toBe(0);
  expect(call("RegOpenKeyExA", LOCAL_MACHINE, "Software\\Classes\\.txt", 0, 0x2_0019, key)).toBe(0);
  expect(get("Software\\Microsoft\\Windows NT\\CurrentVersion", "CurrentMajorVersionNumber", 0xffff)).toBe(0);
});

describe("what a run leaves", () => {
  test("is there in the next one, but for volatile keys, whatever the types of the values", () => {
    const first = guest({ topics });
    const key = first.out(HKEY);
    first.call("RegCreateKeyExA", CURRENT_USER, "Kept\\Below", 0, "class", 0, ALL_ACCESS, 0, key, 0);
    const values: [string, number, Uint8Array][] = [
      ["", REG_SZ, bytes("default")],
      ['quo"te\\', REG_SZ, bytes("C:\\path")],
      ["lines", REG_SZ, bytes("a\r\nb")],
      ["number", 4, Uint8Array.of(1, 2, 3, 4)],
      ["short", 4, Uint8Array.of(1)],
      ["bytes", 3, Uint8Array.of(0, 255)],
      ["odd", 0x1234, Uint8Array.of(7)],
      ["none", 0, new Uint8Array(0)],
    ];
    for (const [name, type, data] of values) first.call("RegSetValueExA", key.value, name, 0, type, data, data.length);
    first.call("RegCreateKeyExA", CURRENT_USER, "Gone", 0, 0, 1, ALL_ACCESS, 0, first.out(HKEY), 0);
    const before = hivesOf(first.process).currentUser.subkey("Kept")!.subkey("Below")!.values;
    hivesOf(first.process).save();

    const second = guest({ topics });
    const { systemDrive } = first.process.host;
    const file = systemDrive.open("/Windows/System32/config/registry.reg");
    const text = new Uint8Array(file.stat().size);
    file.read(text, 0);
    const copy = second.process.host.systemDrive;
    copy.makeFolder("/Windows/System32/config");
    copy.open("/Windows/System32/config/registry.reg", { write: true, create: true }).write(text, 0);
    const user = hivesOf(second.process).currentUser;
    expect(user.subkey("Kept")!.subkey("Below")!.values).toEqual(before);
    expect(user.subkey("Kept")!.subkey("Below")!.className).toBe("class");
    expect(user.subkey("Gone")).toBeUndefined();
    expect(hivesOf(second.process).machine.subkey("SYSTEM")!.subkey("CurrentControlSet")!.subkey("Control")).toBeDefined();
  });

  test("a registry has an end: no program fills the host", () => {
    const { call, out } = guest({ topics });
    const key = out(HKEY);
    call("RegCreateKeyExA", CURRENT_USER, "Full", 0, 0, 0, ALL_ACCESS, 0, key, 0);
    const data = new Uint8Array(2 ** 20);
    const set = (i: number) => call("RegSetValueExA", key.value, `v${i}`, 0, 3, data, data.length);
    const results = Array.from({ length: 66 }, (_, i) => set(i));
    expect([results[0], results.at(-1)]).toEqual([0, ERROR.NO_SYSTEM_RESOURCES]);
    expect(call("RegDeleteValueA", key.value, "v0")).toBe(0);
    expect(set(0)).toBe(0);
  });
});
