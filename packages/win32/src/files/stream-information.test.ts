import { memoryInput } from "@decant/host";
import { STATUS } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { ProcessState } from "../process-state.ts";

const CLASS = { STANDARD: 5, ACCESS: 8, MODE: 16, PIPE: 23, PIPE_LOCAL: 24 } as const;
const [READS, WRITES] = [0x12_0189, 0x12_0196];

/** A guest, and what NtQueryInformationFile tells it of a handle: words, or the status of a failure. */
function pipes(options: Parameters<typeof guest>[0] = {}) {
  const made = guest(options);
  const { call, allocate, memory } = made;
  const [block, buffer] = [allocate(16), allocate(64)];
  const query = (handle: number, infoClass: number, words: number): number | number[] => {
    const status = (call("NtQueryInformationFile", handle, block, buffer, 4 * words, infoClass) as number) >>> 0;
    return status === 0 ? Array.from({ length: words }, (_, i) => memory.u32(buffer + 4 * i)) : status;
  };
  return { ...made, query };
}

// What a C program printed under Wine 8, but for WriteQuotaAvailable, where Wine has 0 and ntifs.h what may be written.
test("both ends of CreatePipe say what they may do, and what is in the pipe", () => {
  const { call, allocate, memory, query } = pipes();
  const handles = allocate(16);
  call("CreatePipe", handles, handles + 8, 0, 0);
  const [reader, writer] = [memory.u32(handles), memory.u32(handles + 8)];
  call("WriteFile", writer, new Uint8Array(3), 3, allocate(8), 0);
  expect([query(reader, CLASS.ACCESS, 1), query(writer, CLASS.ACCESS, 1)]).toEqual([[READS], [WRITES]]);
  expect([query(reader, CLASS.MODE, 1), query(reader, CLASS.PIPE, 2)]).toEqual([[0x20], [0, 0]]);
  expect(query(reader, CLASS.PIPE_LOCAL, 10)).toEqual([0, 0, 1, 1, 4096, 3, 4096, 0, 3, 1]);
  expect(query(writer, CLASS.PIPE_LOCAL, 10)).toEqual([0, 0, 1, 1, 4096, 0, 4096, 4093, 3, 0]);
  expect(query(writer, 999, 10)).toBe(STATUS.INVALID_INFO_CLASS);
});

test("both ends of a pipe with a name say what it is", () => {
  const { call, query } = pipes();
  const server = call("CreateNamedPipeW", "\\\\.\\pipe\\zz", 0x4000_0003, 6, 5, 100, 200, 0, 0) as number;
  expect([query(server, CLASS.ACCESS, 1), query(server, CLASS.MODE, 1), query(server, CLASS.PIPE, 2)]).toEqual([[0x12_019f], [0], [1, 0]]);
  expect(query(server, CLASS.PIPE_LOCAL, 10)).toEqual([1, 2, 5, 1, 200, 0, 100, 0, 2, 1]);
  const client = call("CreateFileW", "\\\\.\\pipe\\zz", 0xc000_0000, 0, 0, 3, 0, 0) as number;
  expect(query(server, CLASS.PIPE_LOCAL, 10)).toEqual([1, 2, 5, 1, 200, 0, 100, 100, 3, 1]);
  expect(query(client, CLASS.PIPE_LOCAL, 10)).toEqual([1, 2, 5, 1, 200, 0, 100, 200, 3, 0]);
  const inbound = call("CreateNamedPipeW", "\\\\.\\pipe\\yy", 1, 0, 255, 100, 200, 0, 0) as number;
  expect(query(inbound, CLASS.ACCESS, 1)).toEqual([0x12_0089]);
  expect(query(inbound, CLASS.PIPE_LOCAL, 10)).toEqual([0, 0, 0xffff_ffff, 1, 200, 0, 100, 0, 2, 1]);
});

test("a stream of the host's that is a pipe can be asked as one, and takes no other mode", () => {
  const { call, allocate, memory, process, query } = pipes({ stdin: memoryInput("text") });
  const stdin = ProcessState.of({ process }).standardHandle(-10)!;
  const stdout = ProcessState.of({ process }).standardHandle(-11)!;
  // The input is a file, the output a pipe.
  expect([query(stdin, CLASS.ACCESS, 1), query(stdout, CLASS.ACCESS, 1)]).toEqual([[0x12_0089], [WRITES]]);
  expect(query(stdin, CLASS.PIPE_LOCAL, 10)).toBe(STATUS.INVALID_PARAMETER);
  expect(query(stdout, CLASS.PIPE_LOCAL, 10)).toEqual([0, 0, 1, 1, 4096, 0, 4096, 4096, 3, 0]);
  const mode = allocate(8);
  memory.setU32(mode, 0);
  expect(call("SetNamedPipeHandleState", stdout, mode, 0, 0)).toBe(1);
  memory.setU32(mode, 1);
  expect(call("SetNamedPipeHandleState", stdout, mode, 0, 0)).toBe(0);
  expect(call("GetNamedPipeHandleStateW", stdout, mode, 0, 0, 0, 0, 0)).toBe(1);
  expect(memory.u32(mode)).toBe(0);
});
