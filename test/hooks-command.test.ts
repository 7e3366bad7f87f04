import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { traceFaults } from "./trace-events.ts";
import { decant } from "./decant.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-hooks-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (path: string): string => join(fixturesFolder, path);
const hello = fixture("hello/hello.exe");

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("--trace", () => {
  test("prints time, thread, nesting, the call by its types, and its last error", async () => {
    const ran = await decant(["run", "--trace", "kernel32!CreateFile*,msvcrt!fopen", fixture("sha256/sha256.exe"), join(folder, "none")]);
    expect(ran.stderr).toMatch(
      /^ +\d+\.\d{3} +\d+ .*CreateFile\w*\(lpFileName=".*none".*\) = INVALID_HANDLE_VALUE \[ERROR_FILE_NOT_FOUND\]$/m,
    );
  });

  test("writes JSON lines to a file, of failures only where that is asked for", async () => {
    const file = join(folder, "trace.jsonl");
    const args = ["--trace", "kernel32!*", "--trace-format", "json", "--trace-file", file];
    const ran = await decant(["run", ...args, hello, "one"]);
    // What the program itself writes there, and nothing else.
    expect(ran.stderr).toBe("done, exit 0\r\n");
    const calls = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(calls.map(({ name }) => name)).toContain("kernel32!SetUnhandledExceptionFilter");
    await decant(["run", ...args, "--trace-failed", hello]);
    const failed = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(failed.every((call) => call["failed"] === true)).toBe(true);
  });

  test("chooses calls by their result", async () => {
    const ran = await decant(["run", "--trace", "*", "--trace-result", "ERROR_FILE*", fixture("sha256/sha256.exe"), join(folder, "none")]);
    const lines = ran.stderr.split("\n").filter((line) => /^ +\d+\.\d{3}/.test(line));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((line) => line.includes("[ERROR_FILE_NOT_FOUND]"))).toBe(true);
  });

  test("shows API calls, waits, threads and GPU kernels on one timeline", async () => {
    const file = join(folder, "timeline.json");
    const trace = ["--trace", "kernel32!*", "--trace", "nvcuda!*", "--trace-format", "chrome", "--trace-file", file];
    const events = async (...program: string[]): Promise<Record<string, unknown>[]> => {
      await decant(["run", ...trace, ...program]);
      const text = readFileSync(file, "utf8");
      expect(traceFaults(text)).toEqual([]);
      return JSON.parse(text) as Record<string, unknown>[];
    };
    const cuda = await events(fixture("vector-add/vector-add.exe"));
    const launch = cuda.find(({ name }) => name === "nvcuda!cuLaunchKernel");
    const kernel = cuda.find(({ cat }) => cat === "kernel");
    expect(kernel).toMatchObject({ ph: "X", pid: 2, args: { grid: expect.stringMatching(/^\d+x1x1$/) } });
    // The device began after the call began, as far as both clocks agree.
    expect(Number(kernel?.["ts"])).toBeGreaterThan(Number(launch?.["ts"]) - 20_000);
    expect(cuda).toContainEqual(expect.objectContaining({ ph: "M", pid: 2, name: "process_name", args: { name: "CUDA device" } }));
    const threads = await events(fixture("threads/threads.exe"));
    const waits = threads.filter(({ cat }) => cat === "wait");
    expect(waits.length).toBeGreaterThan(0);
    expect(new Set(threads.map(({ tid }) => tid)).size).toBeGreaterThan(1);
    // Each wait lies within a call of its thread: that is what makes it nest there.
    for (const wait of waits) {
      const [from, to] = [Number(wait["ts"]), Number(wait["ts"]) + Number(wait["dur"])];
      const around = threads.some(
        ({ cat, tid, ts, dur }) => cat !== "wait" && tid === wait["tid"] && Number(ts) <= from && Number(ts) + Number(dur) >= to - 1,
      );
      expect(around).toBe(true);
    }
  });

  test("writes the Trace Event Format, in which every event has what the format asks for", async () => {
    const file = join(folder, "trace.json");
    await decant(["run", "--trace", "*", "--trace-format", "chrome", "--trace-file", file, hello]);
    const text = readFileSync(file, "utf8");
    expect(traceFaults(text)).toEqual([]);
    expect((JSON.parse(text) as unknown[]).length).toBeGreaterThan(10);
  });

  test("has nothing to say for a timeline that viewers would not draw as it was", () => {
    const name = { name: "thread_name", ph: "M", pid: 1, tid: 2, args: { name: "thread 2" } };
    const span = (name: string, ts: number, dur: number) => ({ name, cat: "kernel32", ph: "X", ts, dur, pid: 1, tid: 2, args: {} });
    const faults = (...events: object[]): string[] => traceFaults(JSON.stringify(events));
    expect(faults(name, span("outer", 0, 10), span("inner", 2, 8), span("next", 10, 1))).toEqual([]);
    expect(faults(name, span("one", 0, 10), span("other", 5, 6))).toEqual(["thread 1/2: other ends after one, in which it began"]);
    expect(faults(span("one", 0, 10))).toEqual(["thread 1/2: its first event is not its name"]);
    expect(faults({ ...span("one", -1, 10), dur: null, more: 1 })).toEqual([
      "event 0: it has no other members",
      "event 0: ts and dur are times",
    ]);
    expect(faults({ ...name, ph: "B" })).toEqual(['event 0: a phase is X or M, not "B"']);
  });

  test("refuses a format that is none, and a file that cannot be written", async () => {
    expect((await decant(["run", "--trace", "*", "--trace-format", "xml", hello])).stderr).toContain(
      "--trace-format is one of text, json, chrome",
    );
    const nowhere = join(folder, "no/such");
    expect((await decant(["run", "--trace", "*", "--trace-file", nowhere, hello])).stderr).toContain(
      `${nowhere}: cannot be written (ENOENT)`,
    );
  });
});

test("--stats ends with calls and time by function", async () => {
  const ran = await decant(["run", "--stats", hello]);
  expect(ran.stderr).toMatch(/^ *CALLS +FAILED +OWN MS +TOTAL MS +FUNCTION$/m);
  expect(ran.stderr).toMatch(/^ +1 +\d+\.\d\d +\d+\.\d\d {2}msvcrt!__getmainargs$/m);
});

describe("--hook", () => {
  test("takes TypeScript: reads and changes arguments, replaces results, and keeps state across calls", async () => {
    const hooks = script(
      "change.ts",
      `import { shout } from "./shout.ts";
       import type { Nothing } from "no-such-package";
       export default ({ hook, replace }: any) => {
         let calls: number = 0;
         replace("msvcrt!getenv", (call: { args: { name: string } }, ...args: unknown[]) => (calls++, (call as any).original(...args)));
         hook("kernel32!WriteFile", { enter(call: any): void { calls++; } });
         hook("kernel32!ExitProcess", { enter(call: any) { console.error(shout(\`calls \${calls > 0}\`)); call.args.uExitCode = 42; } });
       };`,
    );
    script("shout.ts", "export const shout = (text: string): string => text.toUpperCase();");
    const ran = await decant(["run", "--hook", hooks, fixture("faults/faults.exe"), "exit", "3"]);
    expect(ran.stderr).toMatch(/^CALLS (TRUE|FALSE)$/m);
    expect(ran.exit).toBe(42);
  });

  test("calls guest functions, skips calls, and supplies functions that Decant lacks", async () => {
    const hooks = script(
      "guest.ts",
      `export default ({ hook, replace, callGuest }: any) => {
         replace("msvcrt!_initterm", function* (call: any, first: any, last: any) {
           const size = call.thread.pointerSize;
           let functions = 0;
           for (let at = Number(first.address ?? first); at < Number(last.address ?? last); at += size) {
             const address = call.thread.memory.u32(at);
             if (address !== 0) { functions++; yield* callGuest(call.thread, address); }
           }
           console.error("called", functions > 0);
         });
         hook("msvcrt!getenv", { enter(call: any) { call.skip(0); } });
         replace("kernel32!DecantHasNoSuchFunction", (call: any) => 5);
       };`,
    );
    const ran = await decant(["run", "--hook", hooks, hello], { env: { DECANT_FIXTURE: "set" } });
    expect(ran.stderr).toContain("called true");
    expect(ran.stdout.toString()).toContain("(unset)");
    expect((await decant(["run", "--hook", hooks, fixture("faults/faults.exe"), "unmapped"])).stderr).not.toContain("not mapped");
  });

  test("injects a fault, and the program says what it makes of it", async () => {
    const hooks = script(
      "fail.mjs",
      `export default ({ fail, ERROR }) => fail("kernel32!CreateFile*", { error: ERROR.SHARING_VIOLATION });`,
    );
    const file = script("input.txt", "abc");
    const fine = await decant(["run", fixture("sha256/sha256.exe"), file]);
    expect(fine.stdout.toString()).toContain("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const failing = await decant(["run", "--hook", hooks, fixture("sha256/sha256.exe"), file]);
    expect(failing.stdout.toString()).not.toContain("ba7816bf");
    expect(failing.exit).not.toBe(0);
  });

  test("reports an exception with the user's file and line, and the program goes on", async () => {
    const hooks = script(
      "throws.ts",
      `export default ({ hook }: any) => {
  hook("kernel32!ExitProcess", {
    enter(): void {
      throw new Error("my mistake");
    },
  });
};`,
    );
    const ran = await decant(["run", "--hook", hooks, fixture("faults/faults.exe"), "exit", "3"]);
    expect(ran.exit).toBe(3);
    expect(ran.stderr).toContain("my mistake");
    expect(ran.stderr).toMatch(/throws\.ts:4:13\)/);
    expect(ran.stderr).not.toContain("decant.js:");
  });

  test("refuses a script that cannot be loaded, and one that exports no function", async () => {
    const none = await decant(["run", "--hook", join(folder, "none.mjs"), hello]);
    expect([none.exit, none.stderr]).toEqual([2, expect.stringContaining("--hook")]);
    const empty = await decant(["run", "--hook", script("empty.mjs", "export const x = 1;"), hello]);
    expect(empty.stderr).toContain("no default export that is a function");
  });
});
