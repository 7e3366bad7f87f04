import { WSA } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { addresses } from "./addresses.ts";
import { sockets } from "./sockets.ts";
import { socketStartup } from "./startup.ts";

const INVALID_SOCKET = -1;

test("no socket can be made: WSAEACCES, and the user is told once", () => {
  const { call, thread, host, allocate } = guest({ topics: [addresses, sockets, socketStartup] });
  expect(call("socket", 2, 1, 6)).toBe(INVALID_SOCKET);
  expect(thread.lastError).toBe(WSA.NOTINITIALISED);
  call("WSAStartup", 0x202, allocate(500));
  for (let i = 0; i < 2; i++) {
    expect(call("socket", 2, 1, 6)).toBe(INVALID_SOCKET);
    expect(thread.lastError).toBe(WSA.EACCES);
  }
  expect(host.warnings).toHaveLength(1);
  expect(call("socket", 99, 1, 6)).toBe(INVALID_SOCKET);
  expect(thread.lastError).toBe(WSA.EAFNOSUPPORT);
  expect(call("connect", 0x44, 0, 0)).toBe(-1);
  expect(thread.lastError).toBe(WSA.ENOTSOCK);
  expect(call("select", 0, 0, 0, 0, 0)).toBe(-1);
  expect(thread.lastError).toBe(WSA.EINVAL);
});
