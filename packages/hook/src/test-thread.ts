import { CPU_BLOCK, GUEST_BASE, GuestMemory, PAGE } from "@decant/memory";
import { singleByteCodec } from "./ansi.ts";
import type { Hooks } from "./hooks.ts";
import { REGISTER, type CallingThread, type PointerSize } from "./thread.ts";

const ARENA_BYTES = 0x20000;
const WIN64_ARGUMENTS = [REGISTER.rcx, REGISTER.rdx, REGISTER.r8, REGISTER.r9];
const memory = new GuestMemory();

/** A calling thread with a stack and a heap, and nothing else: for the tests of this package. */
export class TestThread implements CallingThread {
  readonly memory: GuestMemory = memory;
  readonly pointerSize: PointerSize;
  readonly registers = new Uint32Array(memory.wasm.buffer, CPU_BLOCK - GUEST_BASE, 256);
  readonly ansi = singleByteCodec("windows-1252");
  readonly floats: number[] = [];
  readonly hooks: Hooks | undefined;
  lastError = 0;
  errno = 0;
  #next: number;

  constructor(pointerSize: PointerSize = 8, hooks?: Hooks) {
    this.pointerSize = pointerSize;
    this.hooks = hooks;
    const arena = memory.allocate(ARENA_BYTES, PAGE.READWRITE) ?? 0;
    this.#next = arena;
    this.registers.fill(0);
    this.registers[REGISTER.rsp] = arena + ARENA_BYTES - 0x1000;
  }

  get stack(): number {
    return this.registers[REGISTER.rsp] as number;
  }

  /** RAX as a bigint. */
  get rax(): bigint {
    return (BigInt(this.registers[1] as number) << 32n) | BigInt(this.registers[0] as number);
  }

  allocate(bytes: number): number {
    const at = this.#next;
    this.#next += Math.ceil(bytes / 16) * 16;
    return at;
  }

  wide(text: string): number {
    const at = this.allocate(2 * text.length + 2);
    this.memory.setWstring(at, text);
    return at;
  }

  bytes(text: string): number {
    const at = this.allocate(text.length + 1);
    this.memory.write(at, this.ansi.encode(`${text}\0`));
    return at;
  }

  /** Places 64-bit integer arguments as win64 has them, or 32-bit words on the stack. */
  place(...args: (number | bigint)[]): void {
    args.forEach((arg, index) => {
      const value = BigInt.asUintN(64, BigInt(arg));
      const register = WIN64_ARGUMENTS[index];
      if (this.pointerSize === 4) this.memory.setU32(this.stack + 4 + 4 * index, Number(value & 0xffff_ffffn));
      else if (register === undefined) this.memory.setU64(this.stack + 8 + 8 * index, value);
      else this.setRegister(register, value);
    });
  }

  /** A double in an XMM register. */
  setXmm(index: number, value: number): void {
    new Float64Array(this.registers.buffer, this.registers.byteOffset + 0x100 + 16 * index, 1)[0] = value;
  }

  get xmm0(): number {
    return new Float64Array(this.registers.buffer, this.registers.byteOffset + 0x100, 1)[0] as number;
  }

  setRegister(register: number, value: bigint): void {
    this.registers[register] = Number(value & 0xffff_ffffn);
    this.registers[register + 1] = Number(value >> 32n);
  }

  pushFloat(value: number): void {
    this.floats.push(value);
  }

  popFloat(): number {
    return this.floats.pop() ?? Number.NaN;
  }
}
