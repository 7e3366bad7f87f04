import { REGISTER } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { CPU_BLOCK, GUEST_BASE } from "@decant/memory";
import type { GuestMachine } from "@decant/process";

const RIP = 32;
/** Bytes from one stub to the next. */
const STUB_STEP = 16;
const ARGUMENTS = [REGISTER.rcx, REGISTER.rdx, REGISTER.r8, REGISTER.r9];

/** A guest function written in the test: it gets the integer arguments as 64-bit words, and gives RAX. */
export type Callback = (...args: bigint[]) => bigint | number | boolean | void;

/** A processor that knows no instructions: only calls of API stubs, of callbacks written in the test, and the return to the test. */
export class StubMachine implements GuestMachine {
  /** Calls return here when the test made them. */
  readonly home: number;
  /** Whether the last run came back home. */
  isHome = false;
  /** What a callback threw. */
  thrown: { error: unknown } | undefined;
  readonly #memory: GuestMemory;
  readonly #registers: Uint32Array;
  readonly #api: (index: number) => number;
  readonly #stubs = new Map<number, number>();
  readonly #callbacks = new Map<number, Callback>();
  #nextCallback: number;

  /** `codeAddress`: where addresses of callbacks may lie; nothing is stored there. */
  constructor({ memory, api }: { memory: GuestMemory; api: (index: number) => number }, codeAddress: number) {
    this.#memory = memory;
    this.#registers = new Uint32Array(memory.wasm.buffer, CPU_BLOCK - GUEST_BASE, RIP + 2);
    this.#api = api;
    this.home = codeAddress;
    this.#nextCallback = codeAddress + 16;
  }

  addStub(address: number, index: number): void {
    this.#stubs.set(address, index);
  }

  addStubs(address: number, index: number, count: number): void {
    for (let n = 0; n < count; n++) this.addStub(address + n * STUB_STEP, index + n);
  }

  guard(): void {}

  makeFloatsExact(): void {}

  invalidate(): void {}

  suspend(): void {}

  save(): void {}

  /** Gives a callback an address. */
  addCallback(callback: Callback): number {
    const address = this.#nextCallback;
    this.#nextCallback += 16;
    this.#callbacks.set(address, callback);
    return address;
  }

  run(): ReturnType<GuestMachine["run"]> {
    for (;;) {
      const rip = this.#registers[RIP] as number;
      if (rip === this.home) {
        this.isHome = true;
        return { kind: "budget" };
      }
      const index = this.#stubs.get(rip);
      const callback = this.#callbacks.get(rip);
      if (index !== undefined) {
        const next = this.#api(index);
        if (next === 0) return { kind: "suspend" };
        this.#registers[RIP] = next;
      } else if (callback !== undefined) this.#call(callback);
      else
        return {
          kind: "fault",
          fault: {
            code: "access-violation",
            isExact: true,
            rip,
            address: rip,
            access: "execute",
            message: `the call went to 0x${rip.toString(16)}, where this test has no function`,
          },
        };
    }
  }

  #call(callback: Callback): void {
    const registers = this.#registers;
    const stack = registers[REGISTER.rsp] as number;
    if (this.#memory.pointerSize === 4) return this.#call32(callback, stack);
    const args = ARGUMENTS.map((register) => (BigInt(registers[register + 1] as number) << 32n) | BigInt(registers[register] as number));
    let result: bigint | number | boolean | void = 0;
    try {
      result = callback(...args);
    } catch (error) {
      this.thrown ??= { error };
    }
    const rax = BigInt.asUintN(64, BigInt(result ?? 0));
    registers[REGISTER.rax] = Number(rax & 0xffff_ffffn);
    registers[REGISTER.rax + 1] = Number(rax >> 32n);
    registers[RIP] = this.#memory.u32(stack);
    registers[REGISTER.rsp] = stack + 8;
  }

  /** x86: words on the stack, which the caller pops (cdecl). */
  #call32(callback: Callback, stack: number): void {
    const args = ARGUMENTS.map((_, index) => BigInt(this.#memory.u32(stack + 4 + 4 * index)));
    let result: bigint | number | boolean | void = 0;
    try {
      result = callback(...args);
    } catch (error) {
      this.thrown ??= { error };
    }
    const value = BigInt.asUintN(64, BigInt(result ?? 0));
    this.#registers[REGISTER.rax] = Number(value & 0xffff_ffffn);
    this.#registers[REGISTER.rdx] = Number(value >> 32n);
    this.#registers[RIP] = this.#memory.u32(stack);
    this.#registers[REGISTER.rsp] = stack + 4;
  }
}
