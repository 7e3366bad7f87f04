import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Machine } from "@decant/x86";
import type { Ending } from "./ending.ts";
import type { KernelOptions } from "./kernel.ts";
import type { ApiEntry, Library } from "./loader/library.ts";
import { ThreadObject } from "./objects/thread-object.ts";
import type { Process, ProcessOptions } from "./process.ts";
import { fixture, idleKernel, libraries } from "./test-support.ts";
import { guestCall } from "./threads/guest-call.ts";
import { ARGUMENT_WORDS, getRegister, setRegister, WORD } from "./threads/registers.ts";
import { exitProcess, exitThread } from "./threads/thread-life.ts";
import type { Thread } from "./threads/thread.ts";
import type { GuestGenerator } from "./waits/suspension.ts";
import { sleep, wait } from "./waits/wait.ts";

const guest = new Uint8Array(readFileSync(new URL("../testdata/guest.exe", import.meta.url)));

describe("calls between host and guest", () => {
  test("a function of ours calls guest code, with arguments on the stack, waits in it, and nests", async () => {
    const { ending, log } = await run(0);
    expect(log).toEqual([7 + 2 + 3 + 4 + 5 + 54, 21]);
    expect(ending).toEqual({ kind: "exit", exitCode: 300 });
  });

  test("a bad pointer that a function cannot report is an access violation of its caller", async () => {
    const { ending } = await run(7);
    expect(ending).toMatchObject({ kind: "fault", exitCode: 0xc000_0005 });
    expect(ending.message).toMatch(/^guest\.exe ended with exception 0xc0000005 at guest\.exe\+0x[0-9a-f]+: access violation: cannot read address 0xe0000000$/);
  });

  test("a heap block that is freed twice ends the program, and says where", async () => {
    const { ending } = await run(8);
    expect(ending).toMatchObject({ kind: "fault", exitCode: 0xc000_0374 });
    expect(ending.message).toMatch(/^guest\.exe corrupted its heap: the heap block at 0x[0-9a-f]+ is free already \(called from guest\.exe\+0x[0-9a-f]+\)$/);
  });

  test("a function without a mapping ends the program with its name, arguments and caller", async () => {
    const { ending } = await run(9);
    expect(ending).toMatchObject({ kind: "unknown-function", exitCode: 0xc000_0139 });
    expect(ending.message).toMatch(/^guest\.exe called kernel32\.dll!Missing\(0x7, 0x[0-9a-f]+ "seven", .*, …\) from guest\.exe\+0x[0-9a-f]+; this function is not mapped$/);
  });
});

describe("threads", () => {
  test("take turns when they wait; the entry point's return ends the process after the last thread", async () => {
    const { ending, log } = await run(1);
    expect(log).toEqual(["a", "b", "c", "a", "b", "a", "b", "joined"]);
    expect(ending.kind).toBe("exit");
  });

  test("are preempted: a spin on a flag ends", async () => {
    expect((await run(2)).ending).toEqual({ kind: "exit", exitCode: 2 });
  });

  test("can all end the process", async () => {
    expect((await run(3)).ending).toEqual({ kind: "exit", exitCode: 77 });
  });
});

describe("faults", () => {
  const faults: [what: string, mode: number, exitCode: number, sentence: RegExp][] = [
    ["a null pointer", 4, 0xc000_0005, /exception 0xc0000005 at guest\.exe\+0x[0-9a-f]+: .*mov/],
    ["a jump to nowhere", 11, 0xc000_0005, /exception 0xc0000005 at 0x5000000: no code can run there/],
    ["endless recursion", 14, 0xc000_00fd, /exception 0xc00000fd at guest\.exe\+0x[0-9a-f]+: the stack is used up/],
    ["a division by zero", 15, 0xc000_0094, /exception 0xc0000094 at guest\.exe\+0x[0-9a-f]+: .*idiv/],
    ["a breakpoint", 16, 0x8000_0003, /exception 0x80000003 at guest\.exe\+0x[0-9a-f]+: breakpoint/],
  ];
  test.each(faults)("%s ends the program with its status and a sentence", async (_, mode, exitCode, sentence) => {
    const { ending, reports } = await run(mode);
    expect(ending).toMatchObject({ kind: "fault", exitCode });
    expect(ending.message).toMatch(sentence);
    expect(reports).toEqual([ending.message]);
  });

  test("a vectored handler sees the exception, and can go on behind it", async () => {
    const { ending, log } = await run(5);
    expect(log).toEqual([0xc000_001d, "after"]);
    expect(ending).toEqual({ kind: "exit", exitCode: 5 });
  });

  test("a handler that passes changes nothing", async () => {
    const { ending, log } = await run(6);
    expect(log).toEqual([0xc000_001d]);
    expect(ending).toMatchObject({ kind: "fault", exitCode: 0xc000_001d });
  });
});

describe("limits", () => {
  test("the time limit ends an endless loop, and a program that waits", async () => {
    for (const mode of [10, 13]) {
      const { ending } = await run(mode, {}, { timeoutMs: 50 });
      expect(ending).toMatchObject({ kind: "timeout", message: "guest.exe was stopped after 0.05 s" });
    }
  });

  test("Ctrl-C ends a program that has no handler", async () => {
    for (const mode of [10, 13]) {
      const { ending } = await run(mode, {}, {}, (process) => setTimeout(() => process.kernel.interrupt(), 20));
      expect(ending).toEqual({ kind: "interrupt", exitCode: 0xc000_013a });
    }
  });

  test("a handler hears of Ctrl-C on a thread of its own, and decides", async () => {
    const { ending, log } = await run(12, {}, {}, (process) => {
      setTimeout(() => process.kernel.interrupt(), 10);
      setTimeout(() => process.kernel.interrupt(), 30);
    });
    expect(log).toEqual([0, 0]);
    expect(ending.kind).toBe("interrupt");
  });

  test("the memory limit refuses a program that does not fit", () => {
    const { kernel } = idleKernel();
    expect(() => kernel.createProcess({ ...options(0, []), memoryLimitBytes: 0x10000 })).toThrow(/^guest\.exe does not fit into a memory limit of 65536 bytes$/);
  });
});

test("real programs reach their first unmapped function", async () => {
  const { ending } = await run(0, { image: fixture("hello/hello.exe"), path: "Z:\\hello.exe" });
  expect(ending.message).toMatch(/^hello\.exe called kernel32\.dll!\w+\(/);
});

function options(mode: number, log: unknown[]): ProcessOptions {
  return {
    image: guest,
    path: "Z:\\guest.exe",
    commandLine: "guest.exe",
    environment: [],
    currentDirectory: "Z:\\",
    registry: libraries(testLibrary(mode, log)),
  };
}

async function run(
  mode: number,
  more: Partial<ProcessOptions> = {},
  kernelOptions: Partial<KernelOptions> = {},
  started: (process: Process) => void = () => {},
): Promise<{ ending: Ending; log: unknown[]; reports: string[] }> {
  const log: unknown[] = [];
  const { kernel, reports } = idleKernel({ createMachine: (machine) => new Machine(machine), ...kernelOptions });
  const process = kernel.createProcess({ ...options(mode, log), ...more });
  started(process);
  return { ending: await kernel.run(process), log, reports };
}

/** The functions that guest.c calls, answered by hand. */
function testLibrary(mode: number, log: unknown[]): Library {
  const functions: Record<string, (thread: Thread, first: number, second: number) => number | void | GuestGenerator<number>> = {
    Mode: () => mode,
    Log: (thread, text) => void log.push(thread.memory.cstring(text)),
    LogNumber: (_, value) => void log.push(value),
    CallBack: (thread, callback, argument) => guestCall(thread, callback, argument, 1, 1, 1, 1, 9),
    Nap: (thread, timeoutMs) => sleep(thread, timeoutMs),
    NewThread: ({ process }, start, argument) => process.handles.add(process.createThread(start, BigInt(argument)).object),
    Join: (thread, handle) => wait(thread, [thread.process.handles.get(handle as never, ThreadObject)]),
    BadPointer: (thread, pointer) => thread.memory.u32(pointer),
    FreeTwice({ process }) {
      const block = process.heap.allocate(10);
      process.heap.free(block);
      process.heap.free(block);
    },
    OnException: (thread, handler) => void thread.process.handlers.vectored.push(handler),
    OnConsole: (thread, handler) => void thread.process.consoleHandlers.push(handler),
    ExitThread: (thread, exitCode) => exitThread(thread, exitCode),
    ExitProcess: (thread, exitCode) => exitProcess(thread, exitCode),
  };
  return { name: "kernel32.dll", exports: Object.entries(functions).map(([name, body]) => ({ kind: "function", name, entry: answer(body) })) };
}

function answer(body: (thread: Thread, first: number, second: number) => number | void | GuestGenerator<number>): ApiEntry {
  const finish = (thread: Thread, value: unknown): number => {
    setRegister(thread.registers, WORD.rax, (value as number | undefined) ?? 0);
    return thread.returnFromCall();
  };
  return (thread) => {
    const [first, second] = ARGUMENT_WORDS.slice(0, 2).map((word) => Number(getRegister(thread.registers, word) & 0xffff_ffffn));
    const result = body(thread, first!, second!);
    return typeof result === "object" ? thread.run(result, (value) => finish(thread, value)) : finish(thread, result);
  };
}
