import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("the interface is a table of functions, of which none gives credentials", () => {
  const { call, memory, address, allocate } = guest();
  const table = call("InitSecurityInterfaceW");
  expect(call("InitSecurityInterfaceW")).toBe(table);
  const word = 8;
  expect([memory.u32(table), memory.u32(table + 3 * word), memory.u32(table + 5 * word)]).toEqual([
    1,
    address("AcquireCredentialsHandleW"),
    0,
  ]);
  expect(memory.u32(call("InitSecurityInterfaceA") + 3 * word)).toBe(address("AcquireCredentialsHandleA"));
  expect(call("AcquireCredentialsHandleW", 0, "Schannel", 2, 0, 0, 0, 0, allocate(16), 0) >>> 0).toBe(0x8009_0305);
  expect(call("DeleteSecurityContext", allocate(16)) >>> 0).toBe(0x8009_0301);
});
