import { WSA } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("this machine's name has an IPv4 address, which leads back to it", () => {
  const { call, memory, ansi, thread } = guest();
  const host = call("gethostbyname", ansi("localhost"));
  const pointer = (at: number) => Number(memory.word(at));
  const { pointerSize } = thread;
  const address = pointer(pointer(host + 3 * pointerSize));
  expect(memory.u16(host + 2 * pointerSize)).toBe(2);
  expect([...memory.read(address, 4)]).toEqual([127, 0, 0, 1]);
  const found = call("gethostbyaddr", Uint8Array.of(127, 0, 0, 1), 4, 2);
  expect(pointer(found)).toBeGreaterThan(0);
  expect(call("gethostbyaddr", Uint8Array.of(8, 8, 8, 8), 4, 2)).toBe(0);
  expect(call("WSAGetLastError")).toBe(WSA.HOST_NOT_FOUND);
});

test("services and protocols are found by name and by number", () => {
  const { call, memory, ansi, thread } = guest();
  const port = (entry: number) => memory.u16(entry + (thread.pointerSize === 8 ? 24 : 8));
  expect(port(call("getservbyname", ansi("HTTP"), ansi("tcp")))).toBe(0x5000);
  expect(port(call("getservbyport", 0x5000, 0))).toBe(0x5000);
  expect(call("getservbyname", ansi("http"), ansi("udp"))).toBe(0);
  expect(call("WSAGetLastError")).toBe(WSA.NO_DATA);
  expect(memory.u16(call("getprotobyname", ansi("udp")) + 2 * thread.pointerSize)).toBe(17);
  expect(memory.u16(call("getprotobynumber", 6) + 2 * thread.pointerSize)).toBe(6);
  expect(call("getprotobyname", ansi("none"))).toBe(0);
});

test("getnameinfo gives numbers where names are not known or not wanted", () => {
  const { call, memory, allocate } = guest();
  const [node, service] = [allocate(40), allocate(40)];
  const information = (address: number[], flags: number, nodeSize = 40) => {
    const status = call("getnameinfo", Uint8Array.of(2, 0, 0, 80, ...address, 0, 0, 0, 0, 0, 0, 0, 0), 16, node, nodeSize, service, 40, flags); // prettier-ignore
    return [status, memory.cstring(node), memory.cstring(service)];
  };
  expect(information([1, 2, 3, 4], 0)).toEqual([0, "1.2.3.4", "http"]);
  expect(information([127, 0, 0, 1], 2 | 8)).toEqual([0, "127.0.0.1", "80"]);
  expect(information([1, 2, 3, 4], 4)[0]).toBe(WSA.HOST_NOT_FOUND);
  expect(information([1, 2, 3, 4], 2, 5)[0]).toBe(122);
});
