import { describe, expect, test } from "vitest";
import { CPU, CPU_BLOCK } from "../cpu-block.ts";
import { GUEST_BASE } from "@decant/memory";
import { PROGRAMS } from "./programs.ts";
import { DATA, TestGuest } from "./test-guest.ts";

/** The two doubles, or four floats, of an xmm register. */
function xmm(guest: TestGuest, n: number, View: typeof Float64Array | typeof Float32Array): number[] {
  const at = CPU_BLOCK - GUEST_BASE + CPU.xmm + 16 * n;
  return [...new View(guest.memory.wasm.buffer, at, 16 / View.BYTES_PER_ELEMENT)];
}

function guestWith(program: keyof typeof PROGRAMS): TestGuest {
  const guest = new TestGuest();
  guest.load(PROGRAMS[program].bytes);
  [1.5, 2.5, 3.5, 4.5].forEach((value, i) => guest.memory.setF64(DATA + 8 * i, value));
  return guest;
}

describe("scalars in locals across blocks", () => {
  test("a register's upper half survives a loop that computes in its lower", () => {
    const guest = guestWith("scalarLoop");
    guest.call(10, DATA);
    expect(xmm(guest, 0, Float64Array)).toEqual([1.5 + 10 * 3.5, 2.5]);
    // A copy that was made in the loop has both halves too.
    expect(xmm(guest, 2, Float64Array)).toEqual([1.5 + 10 * 3.5, 2.5]);
  });

  test("the whole register is in the CPU block when the budget ends in the loop", () => {
    const guest = guestWith("scalarLoop");
    guest.enter(20_000_000, DATA);
    expect(guest.machine.run()).toEqual({ kind: "budget" });
    const [low, high] = xmm(guest, 0, Float64Array) as [number, number];
    expect((low - 1.5) % 3.5).toBe(0);
    expect(low).toBeGreaterThan(1.5);
    expect(high).toBe(2.5);
    guest.run();
    expect(xmm(guest, 0, Float64Array)).toEqual([1.5 + 20_000_000 * 3.5, 2.5]);
  });

  test("ways that meet as scalar and as vector, as float and as double, agree", () => {
    for (const way of [0, 1, 2]) {
      const guest = guestWith("scalarWays");
      guest.call(way, DATA);
      const expected = [
        [1.5 + 1.5, 2.5],
        [3.5 + 1.5, 4.5],
        [8 + 1.5, 2.5],
      ][way];
      expect(xmm(guest, 0, Float64Array)).toEqual(expected);
    }
  });
});
