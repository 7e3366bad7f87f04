import { CPU_BLOCK, GUEST_BASE, type GuestMemory } from "@decant/memory";
import { CPU, CPU_BLOCK_SIZE, GPR, X87_FORM } from "../cpu-block.ts";

/** The live registers: views of the CPU block. */
export class Cpu {
  /** The block as 32-bit words: general register n at 2n, xmm n at 64 + 4n. */
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u64: BigUint64Array;
  readonly bytes: Uint8Array;

  constructor({ wasm }: Pick<GuestMemory, "wasm">) {
    const { buffer } = wasm;
    const start = CPU_BLOCK - GUEST_BASE;
    this.u32 = new Uint32Array(buffer, start, CPU_BLOCK_SIZE / 4);
    this.i32 = new Int32Array(buffer, start, CPU_BLOCK_SIZE / 4);
    this.f64 = new Float64Array(buffer, start, CPU_BLOCK_SIZE / 8);
    this.u64 = new BigUint64Array(buffer, start, CPU_BLOCK_SIZE / 8);
    this.bytes = new Uint8Array(buffer, start, CPU_BLOCK_SIZE);
  }

  /** A general register, by its number in the encoding (GPR). */
  gpr(n: number): bigint {
    return this.u64[n] as bigint;
  }

  setGpr(n: number, value: bigint): void {
    this.u64[n] = BigInt.asUintN(64, value);
  }

  /** The low 32 bits of a general register, unsigned. */
  gpr32(n: number): number {
    return this.u32[2 * n] as number;
  }

  /** The guest address where running goes on. */
  get rip(): number {
    return this.u32[CPU.rip / 4] as number;
  }

  set rip(address: number) {
    this.u32[CPU.rip / 4] = address;
    this.u32[CPU.rip / 4 + 1] = 0;
  }

  get rsp(): number {
    return this.gpr32(GPR.rsp);
  }

  set rsp(address: number) {
    this.setGpr(GPR.rsp, BigInt(address));
  }

  /** Puts the block as a new thread finds it: registers zero, flags clear, MXCSR 0x1F80, the x87 control word 0x27F. */
  reset(): void {
    this.bytes.fill(0, 0, CPU.budget);
    this.u32[CPU.mxcsr / 4] = 0x1f80;
    this.u32[CPU.fpControl / 4] = 0x27f;
    for (let n = 0; n < 8; n++) this.u32[(CPU.x87 + 16 * n + 8) / 4] = X87_FORM.empty;
  }
}
