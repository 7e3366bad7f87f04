import { DWORD, ERROR, HANDLE, OPAQUE, ULONG_PTR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { completion } from "./completion.ts";
import { file } from "./file.ts";
import { OVERLAPPED } from "./file-io.api.ts";
import { fileIo } from "./file-io.ts";
import { handle } from "./handle.ts";
import { pipe } from "./pipe.ts";
import { waiting } from "./wait.ts";

const READ = 0x8000_0000;
const WRITE = 0x4000_0000;
const DUPLEX = 3;
const OVERLAPPED_FLAG = 0x4000_0000;
const MESSAGES = 6;
const NAME = "\\\\.\\pipe\\test";

function machine() {
  const made = guest({ topics: [completion, file, fileIo, handle, pipe, waiting] });
  const { call, out, thread, memory } = made;
  const create = (openMode = DUPLEX, mode = 0, instances = 255, size = 4096) =>
    call("CreateNamedPipeA", NAME, openMode, mode, instances, size, size, 0, undefined);
  const open = (access = READ | WRITE, flags = 0) => call("CreateFileA", NAME, access >>> 0, 0, undefined, 3, flags, 0);
  const write = (to: number, text: string) => {
    const count = out(DWORD);
    return [call("WriteFile", to, new TextEncoder().encode(text), text.length, count, undefined), count.value];
  };
  const read = (from: number, length: number) => {
    const [buffer, count] = [made.allocate(length), out(DWORD)];
    const result = call("ReadFile", from, buffer, length, count, undefined);
    return [result, new TextDecoder().decode(memory.read(buffer, count.value)), result === 1 ? 0 : thread.lastError];
  };
  return { ...made, create, open, write, read };
}

describe("named pipes", () => {
  test("a client finds an instance; what one end writes the other reads", () => {
    const { create, open, write, read } = machine();
    const [server, client] = [create(), open()];
    expect(write(client, "ping")).toEqual([1, 4]);
    expect(read(server, 10)).toEqual([1, "ping", 0]);
    write(server, "one");
    write(server, "two");
    expect(read(client, 10)).toEqual([1, "onetwo", 0]);
  });

  test("a name that nobody serves is not found, and one with no instance left is busy", () => {
    const { create, open, thread } = machine();
    expect(open()).toBe(-1);
    expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
    create();
    open();
    expect(open()).toBe(-1);
    expect(thread.lastError).toBe(ERROR.PIPE_BUSY);
  });

  test("instances are counted, and have the shape of the first", () => {
    const { create, thread } = machine();
    create(DUPLEX, 0, 2);
    expect(create(DUPLEX, 0, 2)).not.toBe(-1);
    expect(create(DUPLEX, 0, 2)).toBe(-1);
    expect(thread.lastError).toBe(ERROR.PIPE_BUSY);
    expect(create(1)).toBe(-1);
    expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
    expect(create(DUPLEX | 0x8_0000)).toBe(-1);
    expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
    for (const [instances, mode] of [
      [0, 0],
      [256, 0],
      [1, 2],
    ]) {
      // prettier-ignore
      expect(create(DUPLEX, mode, instances)).toBe(-1);
      expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    }
  });

  test("ConnectNamedPipe tells a client that is there already, and one that has gone", () => {
    const { create, open, call, thread } = machine();
    const [server, client] = [create(), open()];
    expect(call("ConnectNamedPipe", server, undefined)).toBe(0);
    expect(thread.lastError).toBe(ERROR.PIPE_CONNECTED);
    call("CloseHandle", client);
    expect(call("ConnectNamedPipe", server, undefined)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NO_DATA);
    expect(call("DisconnectNamedPipe", server)).toBe(1);
    expect(open()).toBe(-1);
    expect(thread.lastError).toBe(ERROR.PIPE_BUSY);
  });

  test("messages stay apart; a short buffer gets the start with ERROR_MORE_DATA, then the rest", () => {
    const { create, open, write, read, call, out } = machine();
    const [server, client] = [create(DUPLEX, MESSAGES), open()];
    write(client, "first");
    write(client, "second");
    expect(read(server, 3)).toEqual([0, "fir", ERROR.MORE_DATA]);
    expect(read(server, 10)).toEqual([1, "st", 0]);
    expect(read(server, 10)).toEqual([1, "second", 0]);
    // The client reads bytes until it asks for messages.
    write(server, "a");
    write(server, "b");
    const mode = out(DWORD, 2);
    expect(read(client, 10)).toEqual([1, "ab", 0]);
    expect(call("SetNamedPipeHandleState", client, mode, undefined, undefined)).toBe(1);
    write(server, "a");
    write(server, "b");
    expect(read(client, 10)).toEqual([1, "a", 0]);
  });

  test("a broken pipe is read to its end, and cannot be written", () => {
    const { create, open, write, read, call, thread } = machine();
    const [server, client] = [create(), open()];
    write(client, "last");
    call("CloseHandle", client);
    expect(read(server, 2)).toEqual([1, "la", 0]);
    expect(read(server, 9)).toEqual([1, "st", 0]);
    expect(read(server, 9)).toEqual([0, "", ERROR.BROKEN_PIPE]);
    expect(write(server, "x")).toEqual([0, 0]);
    expect(thread.lastError).toBe(ERROR.NO_DATA);
  });

  test("disconnecting takes what was not read", () => {
    const { create, open, write, read, call } = machine();
    const [server, client] = [create(), open()];
    write(server, "lost");
    call("DisconnectNamedPipe", server);
    expect(read(client, 9)).toEqual([0, "", ERROR.PIPE_NOT_CONNECTED]);
    expect(read(server, 9)).toEqual([0, "", ERROR.PIPE_NOT_CONNECTED]);
  });

  test("without waiting, an empty pipe has ERROR_NO_DATA", () => {
    const { create, open, read } = machine();
    const server = create(DUPLEX, 1);
    expect(read(server, 9)).toEqual([0, "", ERROR.PIPE_LISTENING]);
    open();
    expect(read(server, 9)).toEqual([0, "", ERROR.NO_DATA]);
  });

  test("WaitNamedPipe ends when an instance listens, or with ERROR_SEM_TIMEOUT", () => {
    const { create, open, call, thread } = machine();
    expect(call("WaitNamedPipeA", NAME, 10)).toBe(0);
    expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
    create();
    expect(call("WaitNamedPipeA", NAME, 10)).toBe(1);
    open();
    expect(call("WaitNamedPipeA", NAME, 10)).toBe(0);
    expect(thread.lastError).toBe(ERROR.SEM_TIMEOUT);
  });
});

describe("overlapped accesses", () => {
  test("go on after the call, and end with event, status and count", () => {
    const { create, open, write, call, out, allocate, memory, thread } = machine();
    const [server, client] = [create(DUPLEX | OVERLAPPED_FLAG), open()];
    const event = call("CreateEventA", undefined, 1, 0, undefined);
    const [overlapped, buffer, count] = [out(OVERLAPPED, { hEvent: event as never }), allocate(8), out(DWORD)];
    expect(call("ReadFile", server, buffer, 8, undefined, overlapped)).toBe(0);
    expect(thread.lastError).toBe(ERROR.IO_PENDING);
    expect(overlapped.value.Internal).toBe(0x103n);
    expect(call("GetOverlappedResult", server, overlapped, count, 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.IO_INCOMPLETE);
    expect(call("WaitForSingleObject", event, 0)).toBe(0x102);
    write(client, "hello");
    expect(call("WaitForSingleObject", event, 0)).toBe(0);
    expect(call("GetOverlappedResult", server, overlapped, count, 1)).toBe(1);
    expect([overlapped.value.Internal, count.value, new TextDecoder().decode(memory.read(buffer, 5))]).toEqual([0n, 5, "hello"]);
  });

  test("report to a port: a client that comes, data, and the end of the pipe", () => {
    const { create, open, write, call, out, allocate, thread } = machine();
    const server = create(DUPLEX | OVERLAPPED_FLAG);
    const port = call("CreateIoCompletionPort", server, 0, 7, 0);
    expect(call("CreateIoCompletionPort", server, port, 7, 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
    const [overlapped, buffer] = [out(OVERLAPPED, {}), allocate(8)];
    const [bytes, key, which] = [out(DWORD), out(ULONG_PTR), out(OPAQUE)];
    const next = () => [call("GetQueuedCompletionStatus", port, bytes, key, which, 0), bytes.value, key.value, which.value];
    const place = BigInt(overlapped.address);
    expect(call("ConnectNamedPipe", server, overlapped)).toBe(0);
    expect(thread.lastError).toBe(ERROR.IO_PENDING);
    const client = open();
    expect(next()).toEqual([1, 0, 7n, place]);
    call("ReadFile", server, buffer, 8, undefined, overlapped);
    write(client, "abc");
    expect(next()).toEqual([1, 3, 7n, place]);
    call("ReadFile", server, buffer, 8, undefined, overlapped);
    call("CloseHandle", client);
    expect(next()).toEqual([0, 0, 7n, place]);
    expect(thread.lastError).toBe(ERROR.BROKEN_PIPE);
  });

  test("that end at once report to the port too, unless that was turned off", () => {
    const { create, open, write, call, out, allocate } = machine();
    const [server, client] = [create(DUPLEX | OVERLAPPED_FLAG), open()];
    const port = call("CreateIoCompletionPort", server, 0, 7, 0);
    const [overlapped, buffer] = [out(OVERLAPPED, {}), allocate(8)];
    const packets = () => call("GetQueuedCompletionStatus", port, out(DWORD), out(ULONG_PTR), out(OPAQUE), 0);
    write(client, "abc");
    expect(call("ReadFile", server, buffer, 1, undefined, overlapped)).toBe(1);
    expect([packets(), packets()]).toEqual([1, 0]);
    expect(call("SetFileCompletionNotificationModes", server, 1)).toBe(1);
    expect(call("ReadFile", server, buffer, 1, undefined, overlapped)).toBe(1);
    expect(packets()).toBe(0);
  });

  test("are cancelled with ERROR_OPERATION_ABORTED, and cannot be where there are none", () => {
    const { create, open, write, read, call, out, allocate, thread } = machine();
    const [server, client] = [create(DUPLEX | OVERLAPPED_FLAG), open()];
    expect(call("CancelIoEx", server, 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NOT_FOUND);
    const overlapped = out(OVERLAPPED, {});
    call("ReadFile", server, allocate(8), 8, undefined, overlapped);
    expect(call("CancelIoEx", server, overlapped)).toBe(1);
    expect(call("GetOverlappedResult", server, overlapped, out(DWORD), 0)).toBe(0);
    expect(thread.lastError).toBe(ERROR.OPERATION_ABORTED);
    write(client, "kept");
    expect(read(server, 8)).toEqual([1, "kept", 0]);
  });

  test("with a routine end in an alertable wait", () => {
    const { create, open, write, call, callback, out, allocate } = machine();
    const [server, client] = [create(DUPLEX | OVERLAPPED_FLAG), open()];
    const seen: bigint[][] = [];
    const routine = callback((...args) => void seen.push(args.slice(0, 3)));
    const overlapped = out(OVERLAPPED, {});
    expect(call("ReadFileEx", server, allocate(8), 8, overlapped, routine)).toBe(1);
    write(client, "abc");
    expect(seen).toEqual([]);
    expect(call("SleepEx", 0, 1)).toBe(0xc0);
    expect(seen).toEqual([[0n, 3n, BigInt(overlapped.address)]]);
  });
});

describe("anonymous pipes", () => {
  test("a write that the buffer does not hold waits for the reader", () => {
    const { call, out, write, read } = machine();
    const [reader, writer] = [out(HANDLE), out(HANDLE)];
    expect(call("CreatePipe", reader, writer, undefined, 4)).toBe(1);
    expect(write(writer.value, "full")).toEqual([1, 4]);
    expect(read(reader.value, 9)).toEqual([1, "full", 0]);
    expect(() => write(writer.value, "fuller")).toThrow(/waits for ever/);
  });

  test("writes that nobody reads meet a limit", () => {
    const { create, open, call, out, allocate, thread, reports } = machine();
    const [server] = [create(DUPLEX | OVERLAPPED_FLAG), open()];
    const [buffer, overlapped] = [allocate(2 ** 26), out(OVERLAPPED, {})];
    for (let written = 0; written < 2 ** 28; written += 2 ** 26) {
      call("WriteFile", server, buffer, 2 ** 26, undefined, overlapped);
      expect(thread.lastError).toBe(ERROR.IO_PENDING);
    }
    expect(call("WriteFile", server, buffer, 1, undefined, overlapped)).toBe(0);
    expect(thread.lastError).toBe(ERROR.NO_SYSTEM_RESOURCES);
    call("WriteFile", server, buffer, 1, undefined, overlapped);
    expect(reports).toEqual(["pipes that nobody reads hold 256 MiB: more writes to them fail with ERROR_NO_SYSTEM_RESOURCES"]);
  });
});
