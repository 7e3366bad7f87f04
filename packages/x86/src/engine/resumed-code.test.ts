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
