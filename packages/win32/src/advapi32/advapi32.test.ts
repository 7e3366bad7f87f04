import { DWORD, ERROR, HANDLE } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { LUID } from "./security.api.ts";
import { tokens } from "./tokens.ts";

const machine = () => guest({ topics: [tokens] });

describe("privileges", () => {
  test("have Windows' numbers, in any case of the name", () => {
    const { call, out, thread } = machine();
    const luid = out(LUID);
    expect(call("LookupPrivilegeValueW", undefined, "SeLockMemoryPrivilege", luid)).toBe(1);
    expect(luid.value).toEqual({ LowPart: 4, HighPart: 0 });
    call("LookupPrivilegeValueA", undefined, "sebackupprivilege", luid);
    expect(luid.value.LowPart).toBe(17);
    expect(call("LookupPrivilegeValueW", undefined, "SeNone", luid)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NO_SUCH_PRIVILEGE);
  });

  test("that an ordinary user lacks are not assigned, which is a success with a last error", () => {
    const { call, out, thread } = machine();
    const token = out(HANDLE);
    expect(call("OpenProcessToken", -1, 0x28, token)).toBe(1);
    const state = (privilege: number) => new Uint8Array(Uint32Array.of(1, privilege, 0, 2).buffer);
    expect(call("AdjustTokenPrivileges", token.value, 0, state(17), 0, 0, 0)).toBe(1);
    expect(thread.lastError).toBe(ERROR.NOT_ALL_ASSIGNED);
    expect(call("AdjustTokenPrivileges", token.value, 0, state(23), 0, 0, 0)).toBe(1);
    expect(thread.lastError).toBe(ERROR.SUCCESS);
    expect(call("AdjustTokenPrivileges", 0xbad0, 0, state(23), 0, 0, 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_HANDLE);
  });
});

test("random bytes fill what they are given, and the user has a name", () => {
  const { call, allocate, memory, out } = machine();
  const buffer = allocate(64);
  expect(call("SystemFunction036", buffer, 32)).toBe(1);
  expect(memory.read(buffer, 32).some((byte) => byte !== 0)).toBe(true);
  const size = out(DWORD, 64);
  expect(call("GetUserNameA", buffer, size)).toBe(1);
  expect([memory.cstring(buffer), size.value]).toEqual(["user", 5]);
  expect(call("GetUserNameA", buffer, out(DWORD, 4))).toBe(0);
});
