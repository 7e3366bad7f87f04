import { DWORD, ERROR, ULONGLONG } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { IO_COUNTERS } from "./process-policy.api.ts";

const SELF = -1n;
const CLASS = { BASIC_ACCOUNTING: 1, BASIC_LIMIT: 2, END_OF_JOB_TIME: 6, PORT: 7, BASIC_AND_IO: 8, EXTENDED_LIMIT: 9 } as const;
const FLAG = {
  PROCESS_TIME: 2,
  JOB_TIME: 4,
  PRIORITY_CLASS: 0x20,
  PROCESS_MEMORY: 0x100,
  JOB_MEMORY: 0x200,
  KILL_ON_JOB_CLOSE: 0x2000,
} as const;
const RESERVE_AND_COMMIT = 0x3000;
const READWRITE = 4;
/** Offsets in JOBOBJECT_EXTENDED_LIMIT_INFORMATION of 64-bit programs. */
const AT = {
  processTime: 0,
  jobTime: 8,
  flags: 16,
  active: 40,
  priority: 56,
  processMemory: 112,
  jobMemory: 120,
  peakProcess: 128,
  peakJob: 136,
};
const EXTENDED = 144;

/** A program in a job of its own. */
function member() {
  const made = guest();
  const { call, allocate, memory, thread, out } = made;
  const job = call("CreateJobObjectW", 0, undefined) as number;
  expect(call("AssignProcessToJobObject", job, SELF)).toBe(1);
  const room = allocate(EXTENDED);
  const setLimits = (flags: number, values: Partial<Record<keyof typeof AT, number>>, infoClass: number = CLASS.EXTENDED_LIMIT) => {
    memory.write(room, new Uint8Array(EXTENDED));
    memory.setU32(room + AT.flags, flags);
    for (const [name, value] of Object.entries(values)) memory.setU32(room + AT[name as keyof typeof AT], value);
    return call("SetInformationJobObject", job, infoClass, room, infoClass === CLASS.BASIC_LIMIT ? 64 : EXTENDED);
  };
  const limits = () => {
    expect(call("QueryInformationJobObject", job, CLASS.EXTENDED_LIMIT, room, EXTENDED, 0)).toBe(1);
    return (name: keyof typeof AT) => memory.u32(room + AT[name]);
  };
  const packets = () => {
    const port = call("CreateIoCompletionPort", -1, 0, 0, 0) as number;
    memory.setU64(room, 7n);
    memory.setU64(room + 8, BigInt(port));
    expect(call("SetInformationJobObject", job, CLASS.PORT, room, 16)).toBe(1);
    return () => {
      const [message, key, overlapped] = [out(DWORD), out(ULONGLONG), out(ULONGLONG)];
      return call("GetQueuedCompletionStatus", port, message, key, overlapped, 0) === 0 ? undefined : message.value;
    };
  };
  return { ...made, job, setLimits, limits, packets, process: thread.process };
}

describe("a job's limits", () => {
  test("of memory of each process: a commit past it fails, and the port hears of it", () => {
    const { call, thread, setLimits, limits, packets, process } = member();
    const next = packets();
    expect(setLimits(FLAG.PROCESS_MEMORY, { processMemory: process.memory.committedBytes + 0x2_0000 })).toBe(1);
    expect(call("VirtualAlloc", 0n, 0x1_0000, RESERVE_AND_COMMIT, READWRITE)).not.toBe(0);
    expect([call("VirtualAlloc", 0n, 0x10_0000, RESERVE_AND_COMMIT, READWRITE), thread.lastError]).toEqual([0, ERROR.COMMITMENT_LIMIT]);
    expect(next()).toBe(9);
    expect(limits()("peakProcess")).toBe(process.memory.committedBytes);
    expect(setLimits(0, {})).toBe(1);
    expect(call("VirtualAlloc", 0n, 0x10_0000, RESERVE_AND_COMMIT, READWRITE)).not.toBe(0);
  });

  test("of memory of all together", () => {
    const { call, thread, setLimits, packets, process } = member();
    const next = packets();
    expect(setLimits(FLAG.JOB_MEMORY, { jobMemory: process.memory.committedBytes })).toBe(1);
    expect([call("VirtualAlloc", 0n, 0x1000, RESERVE_AND_COMMIT, READWRITE), thread.lastError]).toEqual([0, ERROR.COMMITMENT_LIMIT]);
    expect(next()).toBe(10);
  });

  test.each([
    ["of a process", FLAG.PROCESS_TIME, "processTime"],
    ["of the job", FLAG.JOB_TIME, "jobTime"],
  ] as const)("of time %s: it ends, as one that has no more quota", (_, flag, name) => {
    const { setLimits, process } = member();
    expect(setLimits(flag, { [name]: 50_000 })).toBe(1); // 5 ms
    const turn = (ms: number) => {
      process.busyMs += ms;
      for (const listener of Array.from(process.turnListeners)) listener();
    };
    turn(4.9);
    expect(process.ending).toBeUndefined();
    turn(0.2);
    expect(process.ending?.exitCode).toBe(ERROR.NOT_ENOUGH_QUOTA);
  });

  test("of time of the job only tell the port where it asks for that", () => {
    const { call, allocate, memory, job, setLimits, process } = member();
    const action = allocate(4);
    memory.setU32(action, 1); // JOB_OBJECT_POST_AT_END_OF_JOB
    expect(call("SetInformationJobObject", job, CLASS.END_OF_JOB_TIME, action, 4)).toBe(1);
    memory.setU32(action, 2);
    expect(call("SetInformationJobObject", job, CLASS.END_OF_JOB_TIME, action, 4)).toBe(0);
    setLimits(FLAG.JOB_TIME, { jobTime: 1 });
    process.busyMs += 1000;
    for (const listener of Array.from(process.turnListeners)) listener();
    expect(process.ending).toBeUndefined();
  });

  test("are told as they were set; some are the extended structure's alone", () => {
    const { setLimits, limits, thread } = member();
    expect(setLimits(FLAG.PRIORITY_CLASS, { priority: 0x40 }, CLASS.BASIC_LIMIT)).toBe(1);
    expect([limits()("flags"), limits()("priority")]).toEqual([FLAG.PRIORITY_CLASS, 0x40]);
    expect([setLimits(FLAG.KILL_ON_JOB_CLOSE, {}, CLASS.BASIC_LIMIT), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
    expect([setLimits(0x8000, {}), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  });
});

test("what a process reads and writes is counted, for itself and for its job", () => {
  const { call, allocate, memory, out, job } = member();
  const file = call("CreateFileW", "C:\\n.txt", 0xc000_0000, 0, undefined, 2, 0, 0) as number;
  const buffer = allocate(64);
  const moved = out(DWORD);
  expect(call("WriteFile", file, buffer, 10, moved, undefined)).toBe(1);
  expect(call("WriteFile", file, buffer, 5, moved, undefined)).toBe(1);
  expect(call("SetFilePointer", file, 0, 0, 0)).toBe(0);
  expect(call("ReadFile", file, buffer, 64, moved, undefined)).toBe(1);
  const counters = out(IO_COUNTERS);
  expect(call("GetProcessIoCounters", SELF, counters)).toBe(1);
  expect(counters.value).toMatchObject({
    ReadOperationCount: 1n,
    ReadTransferCount: 15n,
    WriteOperationCount: 2n,
    WriteTransferCount: 15n,
  });
  const room = allocate(96);
  expect(call("QueryInformationJobObject", job, CLASS.BASIC_AND_IO, room, 96, 0)).toBe(1);
  expect([memory.u32(room + 48), memory.u32(room + 56), memory.u32(room + 72), memory.u32(room + 80)]).toEqual([1, 2, 15, 15]);
});
