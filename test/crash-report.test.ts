import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant } from "./decant.ts";

const crash = join(fixturesFolder, "crash/crash.exe");

/** The report with its registers' values left out: they depend on where things lie. */
async function report(...args: string[]): Promise<{ exit: number | null; text: string }> {
  const ran = await decant(["run", ...args]);
  expect(ran.stdout.toString()).toBe("before\r\n");
  return { exit: ran.exit, text: ran.stderr.replaceAll(/^ {2}(?:r\w+ +[0-9a-f]{16}(?: {2}eflags .*)?(?: {2})?)+$/gm, "  (registers)") };
}

describe("an unhandled exception ends with one report", () => {
  test("a null pointer", async () => {
    const { exit, text } = await report(crash, "null");
    expect(exit).toBe(0xc0000005 & 0xff);
    expect(text).toBe(`decant: crash.exe ended with STATUS_ACCESS_VIOLATION (0xc0000005) at crash.exe+0x1530: cannot read address 0x0

  at  crash.exe+0x1530  read_through  (crash.c:10)
      8b 01  mov eax,[rcx]

  (registers)
  (registers)
  (registers)
  (registers)
  (registers)
  Registers but rip and rsp are as of the last call or the function's entry; --checked shows them as they are.

  stack of thread 16
      0  crash.exe+0x1530  read_through  (crash.c:10)
      1  crash.exe+0x163e  choose+0x8e  (crash.c:28)
      2  crash.exe+0x1742  main+0x44  (crash.c:43)
      3  crash.exe+0x13ae  __tmainCRTStartup+0x22e  (crtexe.c:321)
      4  crash.exe+0x14e6  mainCRTStartup+0x16  (crtexe.c:202)
      5  0x7ffd1000        Decant: a thread's start, or a call back
`);
  });

  test("a division by zero", async () => {
    const { exit, text } = await report(crash, "divide");
    expect(exit).toBe(0xc0000094 & 0xff);
    expect(text).toContain("STATUS_INTEGER_DIVIDE_BY_ZERO (0xc0000094) at crash.exe+0x153b: integer division by zero");
    expect(text).toContain("at  crash.exe+0x153b  divide+0x5  (crash.c:14)\n      f7 f9  idiv ecx\n");
    expect(text).toMatch(/\n {6}1 {2}crash\.exe\+0x1653 {2}choose\+0xa3 {2}\(crash\.c:29\)\n/);
  });

  test("a recursion without end", async () => {
    const { exit, text } = await report(crash, "overflow");
    expect(exit).toBe(0xc00000fd & 0xff);
    expect(text).toContain("STATUS_STACK_OVERFLOW (0xc00000fd)");
    expect(text).toMatch(
      /0 {2}crash\.exe\+0x\w+ {2}descend.*\n.*descend\+0x41 {2}\(crash\.c:20\)\n {7}\.\.\. \d{4} more of the same\n {3}\d{4} {2}\S+ {2}choose/,
    );
  });

  test("a jump to nowhere: the caller is found all the same", async () => {
    const { exit, text } = await report(crash, "wild");
    expect(exit).toBe(5);
    expect(text).toContain("at 0x12345678: no code can run");
    expect(text).toMatch(/0 {2}0x12345678\n {6}1 {2}crash\.exe\+0x15a8 {2}call\+0x15 {2}\(crash\.c:24\)\n.*choose/);
  });

  test("a write to its own code, with --checked", async () => {
    const { text } = await report("--checked", crash, "write");
    expect(text).toMatch(/cannot write address 0x\w+\n\n {2}at {2}crash\.exe\+0x1696 {2}choose\+0xe6/);
    expect(text).not.toContain("as of the last call");
  });

  test("an exception of the program's own", async () => {
    const { exit, text } = await report(crash, "raise");
    expect(exit).toBe(0x34);
    expect(text).toContain("ended with exception 0xe0001234 at crash.exe+0x16ba");
  });

  test("--json has it as data", async () => {
    const ran = await decant(["run", "--json", crash, "null"]);
    const { report: data } = JSON.parse(ran.stderr.trimEnd().split("\n").at(-1) ?? "");
    expect(data).toMatchObject({
      exception: { code: "0xc0000005", name: "STATUS_ACCESS_VIOLATION", parameters: ["0x0", "0x0"] },
      place: { module: "crash.exe", offset: "0x1530", symbol: "read_through", line: 10 },
      areRegistersExact: false,
    });
    expect(data.stack.map(({ symbol }: { symbol: string }) => symbol).slice(0, 3)).toEqual(["read_through", "choose", "main"]);
  });

  test("a program that ends by itself has none", async () => {
    const ran = await decant(["run", crash, "nothing"]);
    expect(ran).toMatchObject({ exit: 0, stderr: "" });
  });
});
