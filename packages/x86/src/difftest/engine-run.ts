import { GuestMemory, PAGE } from "@decant/memory";
import { CPU, FLAG } from "../cpu-block.ts";
import { Machine, UNWIND, type Fault, type Guarding } from "../engine/index.ts";
import { MXCSR_CONTROLS } from "./exactness.ts";
import { describe, differences, type Tolerance } from "./compare.ts";
import { MACHINE, STACK_WINDOW } from "../engine/layout.ts";
import { TRAP_FLAG } from "../engine/single-step.ts";
import { CODE, hash, Random, STATE, STATE_BYTES } from "./state.ts";
import { loadState, storeState } from "./translated.ts";

/** Where the harness keeps the address that a program ends at: code ends by `jmp [AFTER]`, there as here. */
const CONTEXT = 0x1000_0000;
const AFTER = CONTEXT + 0x328;
const LEAVE = [0xff, 0x24, 0x25, AFTER & 255, (AFTER >> 8) & 255, (AFTER >> 16) & 255, AFTER >>> 24];
const STUB = 0x1200_0000;
const WINDOW_PAGE = 0x2000_0000;
/** Programs end after a few thousand instructions, of which some fault; a turn is a million, but of disturbed programs. */
const MAX_TURNS = 20_000;
/** The least that a turn may use and still get on. */
const LEAST_BUDGET = 64;

/** A program stores its flags itself, as those at a jump out of a function are nobody's. */
const TOLERANCE: Tolerance = { undefinedFlags: FLAG.ALL, anyNan: false, mxcsr: MXCSR_CONTROLS, x87Status: 0, x87Raised: 0, x87Error: 0n };

/** How programs are run. */
export interface RunOptions {
  /** How accesses fault: code is another in each way (access-checks.ts). */
  readonly guarding?: Guarding;
  /**
   * Turns end after some dozens of instructions, wherever the engine can end them; frames unwind after some bytes of the stack; between turns code goes to
   * sleep and wakes, is dropped, and runs by single steps for a while. All that is random, and the same each time for the same code.
   */
  readonly isDisturbed?: boolean;
}

/** Runs programs through the whole engine: control flow, dataflow, linking and dispatch. */
export class EngineRun {
  readonly #memory = new GuestMemory();
  readonly #machine: Machine;
  readonly #isDisturbed: boolean;
  #random = new Random(0);
  #protection: number = PAGE.EXECUTE_READ;

  constructor(mode: 64 | 32 = 64, { guarding = "trap", isDisturbed = false }: RunOptions = {}) {
    this.#isDisturbed = isDisturbed;
    const memory = this.#memory;
    for (const [at, protection] of [
      [CONTEXT, PAGE.READWRITE],
      [CODE, PAGE.EXECUTE_READ],
      [STUB, PAGE.EXECUTE_READ],
      [WINDOW_PAGE, PAGE.READWRITE],
    ] as const) {
      // prettier-ignore
      memory.allocate(0x10000, protection, { at });
    }
    this.#machine = new Machine({
      memory,
      mode,
      guarding,
      turnBudget: isDisturbed ? () => LEAST_BUDGET + this.#random.below(400) : undefined,
      api: () => {
        this.#machine.suspend();
        return UNWIND;
      },
    });
    this.#machine.addStub(STUB, 0);
    memory.setU64(AFTER, BigInt(STUB));
  }

  /** The first difference of a program from what a processor made of its start states; undefined where there is none. Code that changes itself lies on pages that it may write to. */
  compare(code: Uint8Array, starts: Uint8Array, ends: Uint8Array, isChanging = false): string | undefined {
    this.#protection = isChanging ? PAGE.EXECUTE_READWRITE : PAGE.EXECUTE_READ;
    this.#load(code);
    this.#random = new Random(hash(String(code)));
    for (let at = 0; at < starts.length; at += STATE_BYTES) {
      const state = new DataView(starts.slice(at, at + STATE_BYTES).buffer);
      let found: string[];
      try {
        this.#run(state);
        found = differences(new DataView(ends.buffer, ends.byteOffset + at, STATE_BYTES), state, TOLERANCE);
      } catch (error) {
        found = [String(error)];
      }
      if (found.length === 0) continue;
      return `case ${at / STATE_BYTES}: ${found.join("; ")}\n    from ${describe(new DataView(starts.buffer, starts.byteOffset + at, STATE_BYTES))}`;
    }
    return undefined;
  }

  /** Puts a program into memory; what was translated before is dropped. */
  #load(bytes: Uint8Array): void {
    const memory = this.#memory;
    memory.protect(CODE, 0x10000, PAGE.READWRITE);
    memory.write(CODE, Uint8Array.of(...bytes, ...LEAVE));
    memory.protect(CODE, 0x10000, this.#protection);
  }

  /** Runs the program from a start state, in place. Throws where it does not end. */
  #run(state: DataView): void {
    const { cpu } = this.#machine;
    loadState(this.#memory.view, state);
    cpu.u32[CPU.stackLimit / 4] = 0;
    cpu.rip = CODE;
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      if (this.#isDisturbed) this.#disturb();
      const exit = this.#machine.run();
      if (exit.kind === "fault") {
        this.#goOn(exit.fault);
        continue;
      }
      if (exit.kind === "budget") continue;
      storeState(this.#memory.view, state);
      state.setUint32(STATE.fault, 0, true);
      return;
    }
    throw new Error("the program does not end");
  }

  /** Goes on behind what faults in programs, as the harness does. */
  #goOn({ code, rip, isExact, message }: Fault): void {
    if (code === "single-step") return;
    if (!isExact) throw new Error(message);
    const first = this.#memory.u8(rip);
    this.#machine.cpu.rip = rip + (first === 0xcc ? 1 : first === 0x0f ? 2 : 7);
  }

  #disturb(): void {
    const { u32 } = this.#machine.cpu;
    u32[MACHINE.stackWindow / 4] = this.#random.below(3) === 0 ? this.#random.below(64) : STACK_WINDOW;
    switch (this.#random.below(16)) {
      case 0:
        this.#memory.protect(CODE, 0x10000, PAGE.READWRITE);
        this.#memory.protect(CODE, 0x10000, this.#protection);
        break;
      case 1:
        this.#memory.protect(CODE, 0x10000, PAGE.EXECUTE_READWRITE);
        break;
      case 2:
      case 3:
        // pushf would show it.
        if (this.#memory.u8(this.#machine.cpu.rip) !== 0x9c) u32[CPU.eflags / 4] = (u32[CPU.eflags / 4] as number) | TRAP_FLAG;
    }
  }
}
