import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decant } from "./decant.ts";

const program = join(import.meta.dirname, "../fixtures/limits/limits.exe");
const run = (options: readonly string[], what: string) => decant(["run", ...options, program, what]);

describe("a program that takes all there is meets a limit, and one sentence says which", () => {
  test("handles", async () => {
    const { stdout, stderr } = await run([], "handles");
    expect(stdout.toString()).toMatch(/^handles: error 1450 after 10485\d\d\r\n$/);
    expect(stderr).toBe("decant: limits.exe has 1048576 handles open: it gets no more\n");
  });

  test("memory", async () => {
    const { stdout, stderr } = await run(["--memory", "64"], "memory");
    expect(stdout.toString()).toMatch(/^memory: error 1455 after [56]\d\r\n$/);
    expect(stderr).toBe("decant: the memory limit of 64 MiB is reached: programs get no more\n");
  });

  test("processes", async () => {
    const { stdout, stderr } = await run(["--processes", "4"], "forks");
    expect(stdout.toString()).toBe("forks: error 1816 after 0\r\n");
    expect(stderr).toBe("decant: the limit of 4 processes at a time is reached: more cannot be started\n");
  });

  test("time, where nothing can run", async () => {
    const { exit, stderr } = await run(["--timeout", "7"], "deadlock");
    expect(exit).toBe(124);
    expect(stderr).toMatch(/nothing can run: every thread waits for another \(thread \d+ of limits\.exe, in kernel32\.dll\+\w+\)/i);
    expect(stderr).toMatch(/reached the time limit of 7 seconds\n$/);
  });

  test("time, where something runs for ever", async () => {
    const { exit, stderr } = await run(["--timeout", "1"], "spin");
    expect(exit).toBe(124);
    expect(stderr).toMatch(/reached the time limit of 1 second\n$/);
  });
});
