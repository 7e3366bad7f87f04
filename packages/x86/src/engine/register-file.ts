import { F32, F64, I32, I64, OP, SIMD, V128, type FunctionBuilder } from "@decant/wasm";
import { CPU, FLAG } from "../cpu-block.ts";
import type { RegisterLocals } from "../lower/index.ts";
import { CPU_ADDRESS, MACHINE } from "./layout.ts";

const FLAG_FIELDS: readonly (readonly [flag: number, offset: number])[] = [
  [FLAG.CF, CPU.cf],
  [FLAG.PF, CPU.pf],
  [FLAG.AF, CPU.af],
  [FLAG.ZF, CPU.zf],
  [FLAG.SF, CPU.sf],
  [FLAG.OF, CPU.of],
];

/** The wasm locals of a unit that hold guest registers, made when they are first asked for, and the code that moves them to and from the CPU block. */
export class RegisterFile implements RegisterLocals {
  readonly #f: FunctionBuilder;
  readonly #is64: boolean;
  readonly #gpr: (number | undefined)[] = [];
  readonly #xmm: (number | undefined)[] = [];
  /** Floats, then doubles. */
  readonly #scalar: (number | undefined)[] = [];
  readonly #flag: (number | undefined)[] = [];
  #budget: number | undefined;

  readonly #pushWhole: ((n: number) => void) | undefined;

  /** `pushWhole` pushes a whole xmm register where parts of it are kept elsewhere. */
  constructor(f: FunctionBuilder, mode: 64 | 32, pushWhole?: (n: number) => void) {
    this.#f = f;
    this.#is64 = mode === 64;
    this.#pushWhole = pushWhole;
  }

  gpr(n: number): number {
    return (this.#gpr[n] ??= this.#f.local(this.#is64 ? I64 : I32));
  }

  xmm(n: number): number {
    return (this.#xmm[n] ??= this.#f.local(V128));
  }

  scalar(n: number, bits: number): number {
    return (this.#scalar[bits === 64 ? 16 + n : n] ??= this.#f.local(bits === 64 ? F64 : F32));
  }

  flag(bit: number): number {
    return (this.#flag[bit] ??= this.#f.local(I32));
  }

  get budget(): number {
    return (this.#budget ??= this.#f.local(I32));
  }

  /** Writes the registers of `mask` (0-15 general, 16-31 xmm) to the CPU block. */
  spill(mask: number): void {
    const f = this.#f;
    for (let rest = eitherHalf(mask); rest !== 0; rest &= rest - 1) {
      const n = 31 - Math.clz32(rest & -rest);
      if ((mask >>> n) & 1)
        f.i32Const(CPU_ADDRESS)
          .localGet(this.gpr(n))
          .store(this.#is64 ? OP.i64_store : OP.i32_store, CPU.gpr + 8 * n, 2);
      if ((mask >>> (16 + n)) & 1) {
        f.i32Const(CPU_ADDRESS);
        if (this.#pushWhole === undefined) f.localGet(this.xmm(n));
        else this.#pushWhole(n);
        f.simdStore(SIMD.v128_store, CPU.xmm + 16 * n, 4);
      }
    }
  }

  reload(mask: number): void {
    const f = this.#f;
    for (let rest = eitherHalf(mask); rest !== 0; rest &= rest - 1) {
      const n = 31 - Math.clz32(rest & -rest);
      if ((mask >>> n) & 1)
        f.i32Const(CPU_ADDRESS)
          .load(this.#is64 ? OP.i64_load : OP.i32_load, CPU.gpr + 8 * n, 2)
          .localSet(this.gpr(n));
      if ((mask >>> (16 + n)) & 1)
        f.i32Const(CPU_ADDRESS)
          .simdLoad(SIMD.v128_load, CPU.xmm + 16 * n, 4)
          .localSet(this.xmm(n));
    }
  }

  spillFlags(mask: number): void {
    if (mask === 0) return;
    for (const [flag, offset] of FLAG_FIELDS) {
      if (mask & flag) this.#f.i32Const(CPU_ADDRESS).localGet(this.flag(flag)).store(OP.i32_store, offset, 2);
    }
  }

  reloadFlags(mask: number): void {
    if (mask === 0) return;
    for (const [flag, offset] of FLAG_FIELDS) {
      if (mask & flag) this.#f.i32Const(CPU_ADDRESS).load(OP.i32_load, offset, 2).localSet(this.flag(flag));
    }
  }

  spillBudget(): void {
    this.#f.i32Const(CPU_ADDRESS).localGet(this.budget).store(OP.i32_store, MACHINE.budget, 2);
  }

  reloadBudget(): void {
    this.#f.i32Const(CPU_ADDRESS).load(OP.i32_load, MACHINE.budget, 2).localSet(this.budget);
  }
}

/** The numbers, as bits, of the registers in a mask, general or xmm. */
function eitherHalf(mask: number): number {
  return (mask | (mask >>> 16)) & 0xffff;
}
