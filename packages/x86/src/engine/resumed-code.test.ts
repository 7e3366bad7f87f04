import { expect, test } from "vitest";
import { GPR } from "../cpu-block.ts";
import { UNWIND } from "./index.ts";
import { CODE, TestGuest } from "./test-guest.ts";

const CALLS = 200;
/** call, test, jz, 16 × add, which a branch leads past. */
const INSTRUCTIONS_PER_CALL = 19;

/** A long function without loops: each call waits once, and what follows it lies in two blocks. It returns how often it has added. */
function longFunction(guest: TestGuest, target: number): string {
  let hex = "31db"; // xor ebx, ebx
  for (let i = 0; i < CALLS; i++) {
    const after = CODE + hex.length / 2 + 5;
    hex += `e8${little(target - after)}`; // call
    hex += "85c0"; // test eax, eax
    hex += `74${(16 * 3).toString(16)}`; // jz past
    hex += "83c301".repeat(16); // add ebx, 1
  }
  return `${hex}89d8c3`; // mov eax, ebx; ret
}

function little(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes.toString("hex");
}

test("a long function that waits at each of its calls is translated in pieces, not to its end at each", () => {
  const guest = new TestGuest();
  const { machine } = guest;
  let calls = 0;
  const target = guest.stub(() => {
    calls++;
    machine.cpu.setGpr(GPR.rax, BigInt(calls % 2));
    machine.cpu.rip = guest.popReturn();
    machine.suspend();
    return UNWIND;
  });
  guest.load(longFunction(guest, target));
  guest.enter();
  for (let i = 0; i < CALLS; i++) expect(guest.run().kind).toBe("suspend");
  guest.run();
  expect(guest.hasEnded).toBe(true);
  expect(machine.cpu.gpr32(GPR.rax)).toBe((CALLS / 2) * 16);
  // The function once, and at each call a piece of at most a few hundred instructions; to its end it would be a hundred times the function.
  const { instructions } = machine.statistics;
  expect(instructions).toBeGreaterThan(CALLS * INSTRUCTIONS_PER_CALL);
  expect(instructions).toBeLessThan(30 * CALLS * INSTRUCTIONS_PER_CALL);
});

const CASES = 100;
const PARTS = 40;
/** test, jz, nop, 2 × add. */
const INSTRUCTIONS_PER_PART = 5;

/** A loop around a switch, as an interpreter's, that makes a function larger than a unit: each of its cases is entered once, and leads back. */
function largeLoop(): string {
  const start = "31db31d2"; // xor ebx, ebx; xor edx, edx
  const head = start.length / 2;
  const part = `85db740190${"83c301".repeat(2)}`; // test ebx, ebx; jz past; nop; add ebx, 1
  const caseBytes = (part.length / 2) * PARTS + 5;
  const firstCase = head + 3 + CASES * 12 + 3;
  let hex = `${start}83c201`; // add edx, 1
  for (let i = 0; i < CASES; i++) {
    hex += `81fa${little(i + 1)}`; // cmp edx, i
    const after = hex.length / 2 + 6;
    hex += `0f84${little(firstCase + i * caseBytes - after)}`; // je
  }
  hex += "89d8c3"; // mov eax, ebx; ret
  for (let i = 0; i < CASES; i++) {
    hex += part.repeat(PARTS);
    hex += `e9${little(head - (hex.length / 2 + 5))}`; // jmp
  }
  return hex;
}

test("what a large function with a loop around it was cut to is translated in pieces, not as often as a unit holds", () => {
  const guest = new TestGuest();
  guest.load(largeLoop());
  guest.enter();
  while (!guest.hasEnded) expect(guest.run().kind).not.toBe("fault");
  expect(guest.machine.cpu.gpr32(GPR.rax)).toBe(CASES * PARTS * 2);
  expect(guest.machine.statistics.instructions).toBeLessThan(3 * CASES * PARTS * INSTRUCTIONS_PER_PART);
});

const SMALL_CASES = 400;

/** A loop around the jump through a table to many small cases, which make a function larger than a unit. */
function largeSwitch(): string {
  const part = `85db740190${"83c301".repeat(2)}`.repeat(PARTS / 4);
  const caseBytes = part.length / 2 + 5;
  const start = "31db31d2"; // xor ebx, ebx; xor edx, edx
  const head = start.length / 2 + 7;
  const jump = "486304914801c8ffe0"; // movsxd rax, [rcx+rdx*4]; add rax, rcx; jmp rax
  const end = "89d8c3"; // mov eax, ebx; ret
  const first = head + 15 + (jump.length + end.length) / 2;
  const table = first + SMALL_CASES * caseBytes;
  let hex = `${start}488d0d${little(table - head)}`; // lea rcx, [rip+table]
  hex += `83c20181fa${little(SMALL_CASES - 1)}0f87${little(jump.length / 2)}${jump}${end}`; // add edx, 1; cmp edx, bound; ja end
  for (let i = 0; i < SMALL_CASES; i++) {
    hex += part;
    hex += `e9${little(head - (hex.length / 2 + 5))}`; // jmp
  }
  for (let i = 0; i < SMALL_CASES; i++) hex += little(first + i * caseBytes - table);
  return hex;
}

test("a large switch is not repeated in each of the pieces that its function was cut to", () => {
  const guest = new TestGuest();
  guest.load(largeSwitch());
  guest.enter();
  while (!guest.hasEnded) expect(guest.run().kind).not.toBe("fault");
  expect(guest.machine.cpu.gpr32(GPR.rax)).toBe(((SMALL_CASES - 1) * PARTS) / 2);
  const { instructions, wasmBytes } = guest.machine.statistics;
  expect(instructions).toBeLessThan((3 * SMALL_CASES * PARTS * INSTRUCTIONS_PER_PART) / 4);
  expect(wasmBytes).toBeLessThan(60 * instructions);
});
