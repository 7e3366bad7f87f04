import type { CrashReport } from "@decant/process";
import { expect, test } from "vitest";
import { crashReportJson, crashReportText } from "./crash-report-text.ts";

const plain = (_style: string, text: string): string => text;
const marked = (style: string, text: string): string => `<${style}>${text}</>`;

const place = { address: 0x40001530, module: "a.exe", offset: 0x1530, symbol: "read", symbolOffset: 0, file: "a.c", line: 7 };
const caller = { address: 0x4000163e, module: "a.exe", offset: 0x163e, symbol: "main", symbolOffset: 0x4e };
const report: CrashReport = {
  program: "a.exe",
  threadId: 8,
  threadCount: 1,
  exception: { code: 0xc0000005, name: "STATUS_ACCESS_VIOLATION", what: "cannot read address 0x0", parameters: [0n, 0n] },
  place,
  instruction: { bytes: "8b 01", text: "mov eax,[rcx]" },
  registers: { rax: 0n, rcx: 0x2c0020n, rip: 0x40001530n, eflags: 0x246n },
  areRegistersExact: true,
  stack: [
    { ...place, found: "fault" },
    { ...caller, found: "unwind" },
  ],
};

test("shows place, instruction, registers and stack", () => {
  expect(crashReportText(report, plain)).toBe(`
  at  a.exe+0x1530  read  (a.c:7)
      8b 01  mov eax,[rcx]

  rax 0000000000000000  rcx 00000000002c0020  rip 0000000040001530  eflags 00000246 PF ZF

  stack of thread 8
      0  a.exe+0x1530  read  (a.c:7)
      1  a.exe+0x163e  main+0x4e
`);
});

test("says when registers are not exact, and which frames were only found by looking", () => {
  const stack: CrashReport["stack"] = [
    { address: 0x12345678, found: "fault" },
    { ...caller, found: "scan" },
  ];
  const text = crashReportText({ ...report, areRegistersExact: false, threadCount: 3, stack }, plain);
  expect(text).toContain("as of the last call");
  expect(text).toContain("stack of thread 8, one of 3\n      0  0x12345678\n      1? a.exe+0x163e  main+0x4e\n");
  expect(text).toContain("?: nothing describes the frame below");
});

test("folds a recursion, and numbers the frames after it", () => {
  const again = { ...caller, found: "unwind" } as const;
  const stack = [
    { ...place, found: "fault" } as const,
    again,
    again,
    { ...again, omitted: 100 },
    again,
    { ...place, found: "unwind" } as const,
  ];
  const lines = crashReportText({ ...report, stack }, plain)
    .split("\n")
    .slice(-5, -1);
  expect(lines).toEqual([
    "      0  a.exe+0x1530  read  (a.c:7)",
    "      1  a.exe+0x163e  main+0x4e",
    "       ... 103 more of the same",
    "    105  a.exe+0x1530  read  (a.c:7)",
  ]);
});

test("says where frames of a deep stack are left out", () => {
  const stack = [{ ...place, found: "fault" } as const, { ...caller, found: "unwind", omitted: 7 } as const];
  expect(crashReportText({ ...report, stack }, plain)).toContain("       ... 7 frames\n      8  a.exe+0x163e");
});

test("is painted for a terminal only through the painter", () => {
  expect(crashReportText(report, marked)).toContain("<bold>a.exe+0x1530</>");
  expect(crashReportText(report, plain)).not.toContain("<");
});

test("is data for --json, with addresses in hexadecimal", () => {
  expect(JSON.parse(JSON.stringify(crashReportJson(report)))).toMatchObject({
    exception: { code: "0xc0000005", parameters: ["0x0", "0x0"] },
    place: { address: "0x40001530", module: "a.exe", offset: "0x1530", symbol: "read", file: "a.c", line: 7 },
    registers: { rcx: "0x2c0020", eflags: "0x246" },
    stack: [{ found: "fault" }, { found: "unwind", symbol: "main", symbolOffset: 78 }],
  });
});
