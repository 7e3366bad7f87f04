import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import type { Recorded } from "../fixtures/record.ts";
import { decant } from "./decant.ts";

const recorded: Record<string, Recorded> = JSON.parse(readFileSync(join(fixturesFolder, "expected.json"), "utf8"));

/** What a topic of fixtures/exceptions/nested.c prints. */
async function nested(program: string, topic: string): Promise<string[]> {
  const { exit, stdout, stderr } = await decant(["run", program, topic], { cwd: join(fixturesFolder, "exceptions") });
  expect(exit, stderr).toBe(0);
  return stdout.toString("latin1").trim().split("\r\n").slice(1);
}

describe.each(["nested.exe", "nested-x86.exe"])("where Wine 8 answers differently from the documentation, %s", (program) => {
  test("continue handlers hear of what is gone on from; nothing goes on from what is not continuable; except blocks have the code", async () => {
    expect(await nested(program, "documented")).toEqual([
      "filter: e0000075 flags 0",
      "first: e0000075 flags 0",
      "enough: e0000075 flags 0",
      "went on",
      "filter: e0000076 flags 0",
      "not gone on",
      // A vectored handler asked to go on: the second exception is offered to all again.
      "vectored goes on: e0000063 flags 1",
      "vectored goes on: c0000025 flags 1",
      "may not: c0000025 flags 1",
      "caught",
      "code: e0000074 flags 0",
      "caught 74",
      "1 1 0 1",
    ]);
  });

  test("a stack that overflowed overflows again once it was reset, with termination handlers run each time", async () => {
    const turn = ["overflow: c00000fd flags 0", "finally 1", "deep 1", "reset 1"];
    expect(await nested(program, "overflows")).toEqual([...turn, ...turn, ...turn, "usual: e0000079 flags 0", "caught"]);
  });
});

/**
 * What handlers in fs:[0] are told and what their answers do, by Matt Pietrek's "A Crash Course on the Depths of Win32 Structured Exception Handling"
 * (Microsoft Systems Journal, January 1997), with the names that winnt.h, excpt.h and ntstatus.h have for flags, dispositions and codes.
 */
describe("registrations of handlers that x86 code makes itself", () => {
  const program = "registrations-x86.exe";
  const run = async (topic: string): Promise<string[]> => {
    const { exit, stdout, stderr } = await decant(["run", program, topic], { cwd: join(fixturesFolder, "exceptions") });
    expect(exit, stderr).toBe(0);
    const printed = stdout.toString("latin1").trim().split("\r\n");
    expect(printed.pop()).toBe("as before: 1");
    return printed;
  };
  const told = (names: string, code: string, flags: number): string[] =>
    names.split(" ").map((name) => `${name}: ${code} flags ${flags.toString(16)}`);
  const caught = (name: string): string => `${name} caught, it is the first: 1`;
  const NONCONTINUABLE = 1;
  const UNWINDING = 2;
  const EXIT_UNWIND = 4;
  const NESTED_CALL = 0x10;
  const STATUS_INVALID_DISPOSITION = "c0000026";
  const STATUS_UNWIND = "c0000027";

  test("are asked from the innermost on, and told of the unwind from there, with the record that RtlUnwind was given or one of its own", async () => {
    expect(await run("searches")).toEqual([
      ...told("inner middle outer", "e0000001", 0),
      ...told("inner middle", "e0000001", UNWINDING),
      caught("outer"),
      "- without a record",
      ...told("inner middle outer", "e0000001", 0),
      ...told("inner middle", STATUS_UNWIND, UNWINDING),
      caught("outer"),
      "- the innermost",
      ...told("inner", "e0000001", 0),
      caught("inner"),
    ]);
  });

  test("may change registers and go on, with all registers exact", async () => {
    expect(await run("continues")).toEqual([
      "repairs: c0000005, eax 0 ebx 28 esi 0",
      "40 0",
      "repairs: c0000005, eax 0 ebx 32 esi 7",
      "57 40",
      ...told("repairs", "c0000005", 0),
      "went on: 5",
    ]);
  });

  test("raise an exception by going on where that is not allowed, and by an answer that is no disposition", async () => {
    expect(await run("dispositions")).toEqual([
      ...told("within", "e0000004", NONCONTINUABLE),
      ...told("within far", "c0000025", NONCONTINUABLE),
      ...told("within", "c0000025", NONCONTINUABLE | UNWINDING),
      caught("far"),
      "- no disposition",
      ...told("inner", "e0000001", 0),
      ...told("inner middle outer far", STATUS_INVALID_DISPOSITION, NONCONTINUABLE),
      ...told("inner middle outer", STATUS_INVALID_DISPOSITION, NONCONTINUABLE | UNWINDING),
      caught("far"),
      "- nested",
      ...told("inner middle outer", "e0000001", 0),
      ...told("inner middle", "e0000001", UNWINDING),
      caught("outer"),
      "- no disposition while it is unwound",
      ...told("inner middle", "e0000001", 0),
      ...told("inner", "e0000001", UNWINDING),
      ...told("inner middle", STATUS_INVALID_DISPOSITION, NONCONTINUABLE),
      ...told("inner", STATUS_INVALID_DISPOSITION, NONCONTINUABLE | UNWINDING),
      caught("middle"),
    ]);
  });

  test("are told that an exception is nested, to the one whose handler raised it", async () => {
    expect(await run("nested")).toEqual([
      ...told("inner", "e0000001", 0),
      ...told("inner", "e0000002", NESTED_CALL),
      ...told("middle outer", "e0000002", 0),
      ...told("inner middle", "e0000002", UNWINDING),
      caught("outer"),
      "- of the one around it",
      ...told("inner middle", "e0000001", 0),
      ...told("inner middle", "e0000002", NESTED_CALL),
      ...told("outer", "e0000002", 0),
      ...told("inner middle", "e0000002", UNWINDING),
      caught("outer"),
      "- caught within",
      ...told("inner middle", "e0000001", 0),
      "in middle's handler",
      ...told("within", "e0000003", 0),
      caught("within"),
      ...told("outer", "e0000001", 0),
      ...told("inner middle", "e0000001", UNWINDING),
      caught("outer"),
    ]);
  });

  test("are told once of unwinds that collide", async () => {
    expect(await run("collisions")).toEqual([
      ...told("inner middle", "e0000001", 0),
      ...told("inner", "e0000001", UNWINDING),
      ...told("middle outer", STATUS_UNWIND, UNWINDING),
      caught("far"),
      "- raised",
      ...told("inner middle", "e0000001", 0),
      ...told("inner", "e0000001", UNWINDING),
      ...told("inner middle", "e0000002", 0),
      caught("middle"),
      "- caught within",
      ...told("inner middle", "e0000001", 0),
      ...told("inner", "e0000001", UNWINDING),
      "in inner's handler",
      ...told("within", "e0000003", 0),
      caught("within"),
      caught("middle"),
    ]);
  });

  test("are told of the unwind of _except_handler3 to its function", async () => {
    // The code differs on Windows (docs/faults.md).
    const printed = (await run("scopes")).map((line) => line.replace(/\w+ flags 2/, "unwinds"));
    expect(printed).toEqual([
      ...told("inner filter", "e0000005", 0),
      "inner: unwinds",
      "handler reached: 1",
      ...told("inner", "e0000006", 0),
      caught("inner"),
      "handler reached: 0",
      "handler reached: 0",
      ...told("inner middle outer", "e0000001", 0),
      "inner: unwinds",
      "middle: unwinds",
      caught("outer"),
    ]);
  });

  test("are all told of an exit unwind, and taken off the chain", async () => {
    expect(await run("exits")).toEqual([...told("inner outer", STATUS_UNWIND, UNWINDING | EXIT_UNWIND), "none is left: 1"]);
  });

  test("hear of an unwind to what is not among them", async () => {
    expect(await run("targets")).toEqual([...told("far", "c0000029", NONCONTINUABLE), caught("far")]);
  });

  test("end the program where one is not aligned", async () => {
    const { stderr } = await decant(["run", program, "damaged"], { cwd: join(fixturesFolder, "exceptions") });
    expect(stderr).toContain("STATUS_BAD_STACK");
  });

  test("throw C++ exceptions in g++'s frames as vectored handlers do, which Wine recorded", async () => {
    const { stdout } = await decant(["run", "guarded-x86.exe", "registered"], { cwd: join(fixturesFolder, "exceptions") });
    expect(stdout.toString("latin1")).toBe(recorded["guard pages and faults that throw in frames of g++"]!.stdout);
  });
});
