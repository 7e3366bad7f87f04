import { ERROR, HANDLE, LARGE_INTEGER, STATUS } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { OVERLAPPED } from "../kernel32/file-io.api.ts";
import { IO_STATUS_BLOCK, OBJECT_ATTRIBUTES, UNICODE_STRING } from "./file.api.ts";

const SYNCHRONOUS = 0x20;
const SHARE = { READ: 1, WRITE: 2 } as const;
const READS = 0x8010_0000;
const WRITES = 0x4010_0000;
const CREATE = 2;
const OPEN_IF = 3;

interface Shape {
  root?: number;
  share?: number;
  disposition?: number;
  options?: number;
  type?: number;
  mode?: number;
  instances?: number;
}

function machine() {
  const made = guest();
  const { call, out, allocate, memory, wide } = made;
  const block = out(IO_STATUS_BLOCK);
  const attributes = (name: string, root = 0) => {
    const text = out(UNICODE_STRING, { Length: 2 * name.length, MaximumLength: 2 * name.length, Buffer: wide(name) });
    return { Length: OBJECT_ATTRIBUTES.size(made.thread.pointerSize), RootDirectory: root, ObjectName: text.address, Attributes: 0x40 };
  };
  const create = (name: string, how: Shape = {}) => {
    const { root = 0, share = SHARE.WRITE, disposition = CREATE, options = 0, type = 0, mode = 0, instances = 1 } = how;
    const handle = out(HANDLE);
    const timeout = out(LARGE_INTEGER, -500_000);
    const status = call("NtCreateNamedPipeFile", handle, READS, attributes(name, root), block, share, disposition, options, type, mode, 0, instances, 512, 512, timeout); // prettier-ignore
    return { status: status >>> 0, handle: handle.value, outcome: Number(block.value.Information) };
  };
  const open = (name: string, root = 0, access = WRITES) => {
    const handle = out(HANDLE);
    const status = call("NtOpenFile", handle, access, attributes(name, root), block, 0, SYNCHRONOUS) >>> 0;
    return { status, handle: handle.value };
  };
  const write = (handle: number, text: string) =>
    call("WriteFile", handle, new TextEncoder().encode(text), text.length, undefined, undefined);
  const overlapped = out(OVERLAPPED);
  const begin = (handle: number) => call("ReadFile", handle, allocate(8), 8, undefined, overlapped);
  const read = (handle: number) => {
    const buffer = allocate(8);
    const status = call("NtReadFile", handle, 0, 0, 0, block, buffer, 8, undefined, undefined) >>> 0;
    return [status, status === 0 ? new TextDecoder().decode(memory.read(buffer, Number(block.value.Information))) : ""];
  };
  return { ...made, block, create, open, write, read, begin, overlapped };
}

describe("NtCreateNamedPipeFile", () => {
  test.each(["\\??\\PIPE\\", "\\Device\\NamedPipe"])(
    "makes pipes without names below %s, which one client opens by the server's handle",
    (name) => {
      const { create, open, write, read } = machine();
      const pipes = open(name);
      const server = create("", { root: pipes.handle, options: SYNCHRONOUS });
      expect(server).toMatchObject({ status: STATUS.SUCCESS, outcome: 2 });
      const client = open("", server.handle);
      expect(client.status).toBe(STATUS.SUCCESS);
      expect(open("", server.handle).status).toBe(STATUS.PIPE_NOT_AVAILABLE);
      write(client.handle, "hello");
      expect(read(server.handle)).toEqual([STATUS.SUCCESS, "hello"]);
    },
  );

  test("makes instances of a name, which CreateFile opens too", () => {
    const { create, call, wide } = machine();
    expect(create("\\??\\pipe\\two", { instances: 2, disposition: OPEN_IF })).toMatchObject({ status: STATUS.SUCCESS, outcome: 2 });
    expect(create("\\??\\PIPE\\Two", { instances: 2, disposition: OPEN_IF })).toMatchObject({ status: STATUS.SUCCESS, outcome: 1 });
    expect(create("\\??\\pipe\\two", { instances: 2, disposition: OPEN_IF }).status).toBe(STATUS.INSTANCE_NOT_AVAILABLE);
    expect(create("\\??\\pipe\\two").status).toBe(STATUS.ACCESS_DENIED);
    expect(call("CreateFileW", wide("\\\\.\\pipe\\two"), WRITES, 0, undefined, 3, 0, 0)).toBeGreaterThan(0);
  });

  test.each([
    ["\\??\\C:\\x", {}, STATUS.OBJECT_NAME_INVALID],
    ["\\??\\pipe\\a", { share: 0 }, STATUS.INVALID_PARAMETER],
    ["\\??\\pipe\\a", { mode: 1 }, STATUS.INVALID_PARAMETER],
    ["\\??\\pipe\\a", { disposition: 1 }, STATUS.OBJECT_NAME_NOT_FOUND],
  ])("%s with %j fails with %d", (name, how, status) => {
    expect(machine().create(name, how).status).toBe(status);
  });

  test("FILE_SHARE_READ lets the client read only", () => {
    const { create, open } = machine();
    const pipes = open("\\??\\pipe\\");
    const server = create("", { root: pipes.handle, share: SHARE.READ });
    expect(open("", server.handle).status).toBe(STATUS.ACCESS_DENIED);
    expect(open("", server.handle, READS).status).toBe(STATUS.SUCCESS);
  });

  test("a name that nobody serves is not found", () => {
    expect(machine().open("\\??\\pipe\\none").status).toBe(STATUS.OBJECT_NAME_NOT_FOUND);
  });
});

describe("NtCancelIoFileEx and NtCancelIoFile", () => {
  const reading = () => {
    const made = machine();
    const server = made.create("\\??\\pipe\\a").handle;
    made.open("\\??\\pipe\\a");
    expect(made.begin(server)).toBe(0);
    expect(made.thread.lastError).toBe(ERROR.IO_PENDING);
    return { ...made, server };
  };

  test("end the access that is meant with STATUS_CANCELLED", () => {
    const { call, server, overlapped, block } = reading();
    expect(call("NtCancelIoFileEx", server, overlapped.address + 8, block) >>> 0).toBe(STATUS.NOT_FOUND);
    expect(Number(overlapped.value.Internal)).toBe(STATUS.PENDING);
    expect(call("NtCancelIoFileEx", server, overlapped.address, block)).toBe(STATUS.SUCCESS);
    expect(Number(overlapped.value.Internal)).toBe(STATUS.CANCELLED);
    expect(call("NtCancelIoFileEx", server, 0, block) >>> 0).toBe(STATUS.NOT_FOUND);
  });

  test("of a thread's own accesses there may be none", () => {
    const { call, server, overlapped, block } = reading();
    expect(call("NtCancelIoFile", server, block)).toBe(STATUS.SUCCESS);
    expect(Number(overlapped.value.Internal)).toBe(STATUS.CANCELLED);
    expect(call("NtCancelIoFile", server, block)).toBe(STATUS.SUCCESS);
    expect(call("NtCancelIoFile", 0xbad, block) >>> 0).toBe(STATUS.INVALID_HANDLE);
  });
});
