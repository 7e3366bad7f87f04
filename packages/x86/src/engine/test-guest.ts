import { GuestMemory, PAGE } from "@decant/memory";
import { GPR } from "../cpu-block.ts";
import { Machine, UNWIND, type Exit, type MachineOptions } from "./index.ts";
import type { Intrinsic } from "./stub.ts";

/** Where tests put code, the top of the stack, writable data, and stubs. */
export const CODE = 0x140000;
export const DATA = 0x500000;
export const STACK_TOP = 0x800000;
const STUBS = 0x150000;

/** A machine with a stack, one region of code and one of data, for tests of tiny programs. */
export class TestGuest {
  readonly memory = new GuestMemory();
  readonly machine: Machine;
  readonly wordBytes: number;
  #hasEnded = false;
  readonly #answers: (() => number)[] = [];

  constructor(options: Partial<MachineOptions> = {}) {
    const { memory } = this;
    memory.allocate(0x10000, PAGE.EXECUTE_READ, { at: CODE });
    memory.allocate(0x10000, PAGE.EXECUTE_READ, { at: STUBS });
    memory.allocate(0x10000, PAGE.READWRITE, { at: DATA });
    memory.allocate(0x280000, PAGE.READWRITE, { at: STACK_TOP - 0x280000 });
    this.wordBytes = (options.mode ?? 64) / 8;
    this.machine = new Machine({ memory, api: (index) => this.#api(index), ...options });
    this.machine.addStub(STUBS, 0);
  }

  /** Makes a stub that answers with `body`'s result in rax; what `body` returns as UNWIND it has arranged itself. */
  stub(body: () => number | undefined, intrinsic?: Intrinsic, name?: string): number {
    const index = this.#answers.length + 1;
    const address = STUBS + 16 * index;
    this.#answers.push(() => {
      const result = body();
      if (result === UNWIND) return UNWIND;
      if (result !== undefined) this.machine.cpu.setGpr(GPR.rax, BigInt(result));
      return this.popReturn();
    });
    this.machine.addStub(address, index, { intrinsic, name });
    return address;
  }

  popReturn(): number {
    const { cpu } = this.machine;
    const next = this.memory.u32(cpu.rsp);
    cpu.rsp += this.wordBytes;
    return next;
  }

  /** Puts code, in hexadecimal, into memory, the way a program would: made writable, written, protected again. */
  load(hex: string, at = CODE): void {
    this.memory.protect(CODE, 0x10000, PAGE.READWRITE);
    this.memory.write(
      at,
      Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
    );
    this.memory.protect(CODE, 0x10000, PAGE.EXECUTE_READ);
  }

  /** Sets up a call of CODE with arguments in rcx, rdx, r8, or on the stack in 32-bit mode. */
  enter(...args: readonly number[]): void {
    const { cpu } = this.machine;
    this.#hasEnded = false;
    cpu.rip = CODE;
    cpu.rsp = STACK_TOP - 0x108;
    this.memory.setU64(cpu.rsp, BigInt(STUBS));
    if (this.wordBytes === 4) args.forEach((value, i) => this.memory.setU32(cpu.rsp + 4 + 4 * i, value));
    else args.forEach((value, i) => cpu.setGpr([GPR.rcx, GPR.rdx, GPR.r8][i] ?? 0, BigInt(value)));
  }

  /** Runs on, over as many turns as it takes. */
  run(turns = 2000): Exit {
    for (let i = 0; i < turns; i++) {
      const exit = this.machine.run();
      if (exit.kind !== "budget") return exit;
    }
    throw new Error("the guest does not end");
  }

  /** Calls CODE, and returns eax. */
  call(...args: readonly number[]): number {
    this.enter(...args);
    const exit = this.run();
    if (exit.kind !== "suspend" || !this.#hasEnded) throw new Error(`the guest did not return: ${JSON.stringify(exit)}`);
    return this.machine.cpu.gpr32(GPR.rax);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  #api(index: number): number {
    const answer = this.#answers[index - 1];
    if (answer !== undefined) return answer();
    this.#hasEnded = true;
    this.machine.suspend();
    return UNWIND;
  }
}
