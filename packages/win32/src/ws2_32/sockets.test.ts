import { WSA } from "@decant/hook";
import { guest, type Guest } from "@decant/testing";
import { expect, test } from "vitest";

const [AF_INET, AF_INET6, STREAM, DGRAM] = [2, 23, 1, 2];
const [FIONBIO, FIONREAD] = [0x8004667e | 0, 0x4004667f];
const INVALID_SOCKET = -1;

/** A guest that has called WSAStartup, with what tests of sockets say often. */
function startedGuest() {
  const made = guest();
  const { call, allocate, memory, thread } = made;
  expect(call("WSAStartup", 0x202, allocate(500))).toBe(0);
  const name = (port: number, address = "127.0.0.1"): number => {
    const at = allocate(16);
    memory.setU16(at, AF_INET);
    memory.write(at + 2, Uint8Array.of(port >>> 8, port & 0xff, ...address.split(".").map(Number)));
    return at;
  };
  const portOf = (s: number): number => {
    const [at, length] = [allocate(16), allocate(4)];
    memory.setU32(length, 16);
    expect(call("getsockname", s, at, length)).toBe(0);
    return (memory.u8(at + 2) << 8) | memory.u8(at + 3);
  };
  const listen = async (): Promise<number> => {
    const s = call("socket", AF_INET, STREAM, 0);
    expect(await made.callAsync("bind", s, name(0), 16)).toBe(0);
    expect(call("listen", s, 5)).toBe(0);
    return s;
  };
  const pair = async (): Promise<[number, number]> => {
    const listening = await listen();
    const client = call("socket", AF_INET, STREAM, 0);
    expect(await made.callAsync("connect", client, name(portOf(listening)), 16)).toBe(0);
    const server = await made.callAsync("accept", listening, 0, 0);
    call("closesocket", listening);
    return [client, server];
  };
  const fails = (result: number, code: number): void => expect([result, thread.lastError]).toEqual([-1, code]);
  const int = (value: number): number => {
    const at = allocate(4);
    memory.setU32(at, value);
    return at;
  };
  return { ...made, name, portOf, listen, pair, fails, int };
}

const received = async ({ callAsync, memory, allocate }: Guest, s: number, maxBytes = 64): Promise<string> => {
  const at = allocate(maxBytes);
  const length = await callAsync("recv", s, at, maxBytes, 0);
  return length < 0 ? "failed" : new TextDecoder().decode(memory.read(at, length));
};

test("nothing goes before WSAStartup", () => {
  const { call, thread } = guest();
  expect(call("socket", AF_INET, STREAM, 6)).toBe(INVALID_SOCKET);
  expect(thread.lastError).toBe(WSA.NOTINITIALISED);
});

test("families, kinds and protocols that there are, and raw sockets for nobody", () => {
  const { call, fails } = startedGuest();
  for (const [family, type, protocol] of [
    [AF_INET, STREAM, 0],
    [AF_INET, STREAM, 6],
    [AF_INET6, DGRAM, 17],
    [AF_INET, 0, 6],
  ])
    expect(call("socket", family!, type!, protocol!)).toBeGreaterThan(0);
  fails(call("socket", 99, STREAM, 0), WSA.EAFNOSUPPORT);
  fails(call("socket", AF_INET, 99, 0), WSA.ESOCKTNOSUPPORT);
  fails(call("socket", AF_INET, STREAM, 17), WSA.EPROTONOSUPPORT);
  fails(call("socket", AF_INET, 3, 1), WSA.EACCES);
});

test("bytes go both ways, FIONREAD counts them, and an end is a receive of nothing", async () => {
  const made = startedGuest();
  const { call, callAsync, pair, ansi, memory, int } = made;
  const [client, server] = await pair();
  expect(await callAsync("send", client, ansi("hello"), 5, 0)).toBe(5);
  expect(await received(made, server, 3)).toBe("hel");
  const left = int(0);
  expect(call("ioctlsocket", server, FIONREAD, left)).toBe(0);
  expect(memory.u32(left)).toBe(2);
  expect(call("shutdown", client, 1)).toBe(0);
  expect([await received(made, server), await received(made, server)]).toEqual(["lo", ""]);
  await callAsync("send", server, ansi("back"), 4, 0);
  expect(await received(made, client)).toBe("back");
});

test("other machines are WSAEACCES, and the user is told which", async () => {
  const { call, callAsync, name, fails, host } = startedGuest();
  fails(await callAsync("connect", call("socket", AF_INET, STREAM, 0), name(80, "192.0.2.7"), 16), WSA.EACCES);
  expect(host.warnings.join()).toContain("192.0.2.7");
});

test("a port is taken once, and refused when it was let go", async () => {
  const { call, callAsync, name, portOf, listen, fails } = startedGuest();
  const listening = await listen();
  const port = portOf(listening);
  expect(port).toBeGreaterThan(0);
  const other = call("socket", AF_INET, STREAM, 0);
  fails(await callAsync("bind", other, name(port), 16), WSA.EADDRINUSE);
  call("closesocket", listening);
  fails(await callAsync("connect", other, name(port), 16), WSA.ECONNREFUSED);
  fails(await callAsync("connect", other, name(0), 16), WSA.EADDRNOTAVAIL);
  fails(await callAsync("connect", other, name(port, "0.0.0.0"), 16), WSA.EADDRNOTAVAIL);
});

test("a socket that does not block says WSAEWOULDBLOCK, and SO_ERROR says once how connecting failed", async () => {
  const { call, callAsync, pair, fails, int, name, memory, allocate } = startedGuest();
  const [client] = await pair();
  expect(call("ioctlsocket", client, FIONBIO, int(1))).toBe(0);
  fails(await callAsync("recv", client, allocate(4), 4, 0), WSA.EWOULDBLOCK);
  const other = call("socket", AF_INET, STREAM, 0);
  call("ioctlsocket", other, FIONBIO, int(1));
  fails(await callAsync("connect", other, name(9), 16), WSA.EWOULDBLOCK);
  const poll = allocate(16);
  memory.setPointer(poll, other);
  memory.setU16(poll + memory.pointerSize, 0x10);
  expect(await callAsync("WSAPoll", poll, 1, 1000)).toBe(1);
  expect(memory.u16(poll + memory.pointerSize + 2)).toBe(3); // POLLERR | POLLHUP
  for (const code of [WSA.ECONNREFUSED, 0]) {
    const value = allocate(4);
    expect(call("getsockopt", other, 0xffff, 0x1007, value, int(4))).toBe(0);
    expect(memory.u32(value)).toBe(code);
  }
});

test("a receive ends with WSAETIMEDOUT after SO_RCVTIMEO, and what comes later is not lost", async () => {
  const made = startedGuest();
  const { call, callAsync, pair, fails, int, allocate, ansi } = made;
  const [client, server] = await pair();
  expect(call("setsockopt", server, 0xffff, 0x1006, int(20), 4)).toBe(0);
  fails(await callAsync("recv", server, allocate(4), 4, 0), WSA.ETIMEDOUT);
  await callAsync("send", client, ansi("late"), 4, 0);
  expect(await received(made, server)).toBe("late");
});

test("a datagram that is too long for the buffer is WSAEMSGSIZE with its beginning, and the rest is lost", async () => {
  const { call, callAsync, name, portOf, fails, ansi, allocate, memory } = startedGuest();
  const [a, b] = [call("socket", AF_INET, DGRAM, 0), call("socket", AF_INET, DGRAM, 0)];
  await callAsync("bind", a, name(0), 16);
  fails(await callAsync("sendto", b, allocate(65_508), 65_508, 0, name(portOf(a)), 16), WSA.EMSGSIZE);
  expect(await callAsync("sendto", b, ansi("datagram"), 8, 0, name(portOf(a)), 16)).toBe(8);
  const at = allocate(8);
  fails(await callAsync("recv", a, at, 4, 0), WSA.EMSGSIZE);
  expect(memory.cstring(at)).toBe("data");
  call("ioctlsocket", a, FIONBIO, (memory.setU32(at, 1), at));
  fails(await callAsync("recv", a, at, 4, 0), WSA.EWOULDBLOCK);
});

test("select waits no longer than it is told, needs a socket, and knows what is none", async () => {
  const { call, callAsync, listen, fails, allocate, memory, host } = startedGuest();
  const listening = await listen();
  const set = (s: number): number => {
    const at = allocate(16);
    memory.setU32(at, 1);
    memory.setPointer(at + memory.pointerSize, s);
    return at;
  };
  const [half, ready] = [{ tv_sec: 0, tv_usec: 500_000 }, set(listening)];
  const before = host.clock.monotonic();
  expect(await callAsync("select", 0, ready, 0, 0, half)).toBe(0);
  expect(host.clock.monotonic() - before).toBe(500);
  expect(memory.u32(ready)).toBe(0);
  fails(call("select", 0, 0, 0, 0, half), WSA.EINVAL);
  fails(await callAsync("select", 0, set(0x7770), 0, 0, half), WSA.ENOTSOCK);
});

test("bad lengths and counts fail: nothing is read outside", async () => {
  const { call, callAsync, pair, fails, name, allocate } = startedGuest();
  const [client] = await pair();
  fails(await callAsync("send", client, allocate(4), -1, 0), WSA.EFAULT);
  fails(await callAsync("recv", client, allocate(4), -1, 0), WSA.EFAULT);
  fails(await callAsync("bind", client, name(0), 3), WSA.EFAULT);
  fails(await callAsync("WSASend", client, allocate(16), 0x7fffffff, 0, 0, 0, 0), WSA.EINVAL);
  fails(await callAsync("WSAPoll", allocate(16), 0x7fffffff, 0), WSA.EINVAL);
  expect(call("closesocket", client)).toBe(0);
  fails(call("closesocket", client), WSA.ENOTSOCK);
});

/** WSAPROTOCOL_INFOA has 372 bytes, as in winsock2.h and under Wine 8; its name begins behind 116. */
test("protocols are listed with names of bytes and of characters", () => {
  const { call, allocate, memory, thread } = startedGuest();
  const [length, wanted] = [allocate(4), allocate(8)];
  memory.setU32(wanted, 6);
  expect([call("WSAEnumProtocolsA", wanted, 0, length), thread.lastError, memory.u32(length)]).toEqual([-1, WSA.ENOBUFS, 2 * 372]);
  const list = allocate(2 * 372);
  expect(call("WSAEnumProtocolsA", wanted, list, length)).toBe(2);
  expect([list, list + 372].map((at) => memory.cstring(at + 116))).toEqual(["MSAFD Tcpip [TCP/IP]", "MSAFD Tcpip [TCP/IPv6]"]);
  expect([call("WSAEnumProtocolsW", wanted, 0, length), memory.u32(length)]).toEqual([-1, 2 * 628]);
});
