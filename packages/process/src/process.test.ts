import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Machine } from "@decant/x86";
import type { Ending } from "./ending.ts";
import type { KernelOptions } from "./kernel.ts";
import { testLibrary } from "./guest-library.ts";
import type { Process } from "./process.ts";
import type { ProcessOptions } from "./process-options.ts";
import { idleKernel, libraries } from "./test-support.ts";

const testdata = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../testdata/${name}`, import.meta.url)));
const guest = testdata("guest.exe");

describe("calls between host and guest", () => {
  test("a function of ours calls guest code, with arguments on the stack, waits in it, and nests", async () => {
    const { ending, log } = await run(0);
    expect(log).toEqual([7 + 2 + 3 + 4 + 5 + 54, 21]);
    expect(ending).toEqual({ kind: "exit", exitCode: 300 });
  });

  test("a bad pointer that a function cannot report is an access violation of its caller", async () => {
    const { ending } = await run(7);
    expect(ending).toMatchObject({ kind: "fault", exitCode: 0xc000_0005 });
    expect(ending.message).toMatch(
      /^guest\.exe ended with STATUS_ACCESS_VIOLATION \(0xc0000005\) at \w+\.dll\+0x[0-9a-f]+: a function was given a bad pointer: cannot read address 0xe0000000 \(called from guest\.exe\+0x[0-9a-f]+\)$/,
    );
  });

  test("a heap block that is freed twice ends the program, and says where", async () => {
    const { ending } = await run(8);
    expect(ending).toMatchObject({ kind: "fault", exitCode: 0xc000_0374 });
    expect(ending.message).toMatch(
      /^guest\.exe corrupted its heap: the heap block at 0x[0-9a-f]+ is free already \(called from guest\.exe\+0x[0-9a-f]+\)$/,
    );
  });

  test("a function without a mapping ends the program with its name, arguments and caller", async () => {
    const { ending } = await run(9);
    expect(ending).toMatchObject({ kind: "unknown-function", exitCode: 0xc000_0139 });
    expect(ending.message).toMatch(
      /^guest\.exe called kernel32\.dll!Missing\(0x7, 0x[0-9a-f]+ "seven", .*, …\) from guest\.exe\+0x[0-9a-f]+; this function is not mapped$/,
    );
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
    ["a null pointer", 4, 0xc000_0005, /STATUS_ACCESS_VIOLATION \(0xc0000005\) at guest\.exe\+0x[0-9a-f]+: cannot write address 0x10$/],
    ["a jump to nowhere", 11, 0xc000_0005, /STATUS_ACCESS_VIOLATION \(0xc0000005\) at 0x5000000: no code can run/],
    ["endless recursion", 14, 0xc000_00fd, /STATUS_STACK_OVERFLOW \(0xc00000fd\) at guest\.exe\+0x[0-9a-f]+: the stack is used up/],
    [
      "a division by zero",
      15,
      0xc000_0094,
      /STATUS_INTEGER_DIVIDE_BY_ZERO \(0xc0000094\) at guest\.exe\+0x[0-9a-f]+: integer division by zero$/,
    ],
    ["a breakpoint", 16, 0x8000_0003, /STATUS_BREAKPOINT \(0x80000003\) at guest\.exe\+0x[0-9a-f]+: breakpoint/],
  ];
  test.each(faults)("%s ends the program with its status and a sentence", async (_, mode, exitCode, sentence) => {
    const { ending, reports } = await run(mode);
    expect(ending).toMatchObject({ kind: "fault", exitCode });
    expect(ending.message).toMatch(sentence);
    expect(reports).toEqual([ending.message]);
    expect(ending.report?.exception.code).toBe(exitCode);
    expect(ending.report?.stack[0]?.address).toBe(ending.report?.place.address);
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

describe("structured exceptions", () => {
  const seh = (mode: number) => run(mode, { image: testdata("seh.exe"), path: "Z:\\seh.exe" });

  test("a filter is asked, and the function with the __try goes on with its registers restored", async () => {
    expect(await seh(0)).toMatchObject({ log: [0x42, 0x1042], ending: { kind: "exit" } });
  });

  test("__finally blocks in between run", async () => {
    expect((await seh(1)).log).toEqual([0x42, 0x101, 0x1042]);
  });

  test("a filter can let the code that raised go on", async () => {
    expect((await seh(2)).log).toEqual([0x99, 0x9999, 1]);
  });

  test("exceptions pass through mappings that called guest code", async () => {
    expect((await seh(3)).log).toEqual([0x42, 0x1042]);
  });

  test("an inner filter that passes leaves the exception to the outer one", async () => {
    const { log, ending } = await seh(5);
    expect(log).toEqual([0x43, 0x43]);
    expect(ending).toMatchObject({ kind: "fault", exitCode: 0x43 });
  });
});

describe("the life of a DLL", () => {
  const attach = (mode: number) =>
    run(mode, {
      image: testdata("attach.exe"),
      path: "Z:\\attach.exe",
      readFile: (path) => (path === "Z:\\attach.dll" ? testdata("attach.dll") : undefined),
    });
  const [ATTACH, STATIC, TLS] = [0x100, 0x10, 0x200];
  const [DETACH_PROCESS, PROCESS, THREAD, DETACH_THREAD] = [0, 1, 2, 3];

  test("it hears of the process and its threads in order; each thread has its own variables; data is imported", async () => {
    const { log, ending } = await attach(0);
    expect(log).toEqual([
      ATTACH + STATIC + PROCESS,
      TLS + PROCESS,
      42,
      20,
      ATTACH + THREAD,
      TLS + THREAD,
      42,
      ATTACH + DETACH_THREAD,
      TLS + DETACH_THREAD,
      43,
      ATTACH + STATIC + DETACH_PROCESS,
      TLS + DETACH_PROCESS,
    ]);
    expect(ending).toEqual({ kind: "exit", exitCode: 21 });
  });

  test("it hears of the end as well when the last thread just returns", async () => {
    const { log } = await attach(2);
    expect(log.slice(-2)).toEqual([ATTACH + STATIC + DETACH_PROCESS, TLS + DETACH_PROCESS]);
  });

  test("it can refuse to start", async () => {
    const { log, ending } = await attach(1);
    expect(log).toEqual([ATTACH + STATIC + PROCESS]);
    expect(ending).toMatchObject({
      kind: "load",
      exitCode: 0xc000_0142,
      message: "attach.exe: attach.dll refused to start: its DllMain returned FALSE",
    });
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
    const { ending, log } = await run(12, {}, {}, (process, log) => {
      let sent = 0;
      const timer = setInterval(() => {
        if (process.consoleHandlers.length === 0 || log.length < sent) return;
        process.kernel.interrupt();
        if (++sent === 2) clearInterval(timer);
      }, 1);
    });
    expect(log).toEqual([0, 0]);
    expect(ending.kind).toBe("interrupt");
  });

  test("the memory limit refuses a program that does not fit", () => {
    const { kernel } = idleKernel();
    expect(() => kernel.createProcess({ ...options(0, []), memoryLimitBytes: 0x10000 })).toThrow(
      /^guest\.exe does not fit into a memory limit of 65536 bytes$/,
    );
  });
});

test("real programs reach their first unmapped function", async () => {
  const { ending } = await run(0, { image: testdata("../../../fixtures/hello/hello.exe"), path: "Z:\\hello.exe" });
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
  started: (process: Process, log: readonly unknown[]) => void = () => {},
): Promise<{ ending: Ending; log: unknown[]; reports: string[] }> {
  const log: unknown[] = [];
  const { kernel, reports } = idleKernel({ createMachine: (machine) => new Machine(machine), ...kernelOptions });
  const process = kernel.createProcess({ ...options(mode, log), ...more });
  started(process, log);
  return { ending: await kernel.run(process), log, reports };
}
