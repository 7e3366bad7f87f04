import { F64, I32, I64, OP, SIMD, type FunctionBuilder, type ValueType } from "@decant/wasm";
import type { KernelContext } from "../emitter.ts";
import { WARP_FRAME, WORKER } from "../layout.ts";

/** How the elements of A and B are written in registers, and how many of them one register holds. */
export const MATRIX_TYPES = {
  f16: { elements: 2, sum: F64 },
  bf16: { elements: 2, sum: F64 },
  tf32: { elements: 1, sum: F64 },
  f64: { elements: 1, sum: F64 },
  e4m3: { elements: 4, sum: F64 },
  e5m2: { elements: 4, sum: F64 },
  s8: { elements: 4, sum: I64 },
  u8: { elements: 4, sum: I64 },
  s4: { elements: 8, sum: I64 },
  u4: { elements: 8, sum: I64 },
  b1: { elements: 32, sum: I64 },
} as const satisfies Record<string, { elements: number; sum: ValueType }>;
export type MatrixType = keyof typeof MATRIX_TYPES;

/** One matrix product of a warp: D = A * B + C. */
export interface MatrixForm {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: MatrixType;
  readonly b: MatrixType;
  /** The types of C and D. */
  readonly c: "f16" | "f32" | "f64" | "s32";
  readonly d: "f16" | "f32" | "f64" | "s32";
  readonly saturates: boolean;
  /** Of single bits: what is counted. */
  readonly bitOperation: "xor" | "and" | undefined;
  /** True for the layout of wmma, which is ours to choose; false for that of mma (PTX ISA, "Matrix Fragments for mma"). */
  readonly opaque: boolean;
  /** Of four products by eight threads each (m8n8k4 of halves): how A and B lie. */
  readonly quads: readonly [a: "row" | "col", b: "row" | "col"] | undefined;
  /** Elements of C and D that each thread has. */
  readonly each: number;
  /** Registers that each thread brings of A, B and C. */
  readonly registers: readonly [a: number, b: number, c: number];
}

/** Elements of one row of D that a thread computes: a row, and columns from a first one on. */
interface Part {
  readonly row: number;
  readonly columns: readonly number[];
}

export function elementsOfResult(type: MatrixForm["d"]): number {
  return type === "f16" ? 2 : 1;
}

/**
 * The function (worker, thread) that computes a thread's part of D from what the threads of its warp brought. C lies in the
 * thread's own slots, after A and B, and D takes its place.
 *
 * Sums of float products are made in double and rounded once, which is more than the manual promises (PTX ISA, "mma", "Precision");
 * those of doubles are fused one after the other.
 */
export function matrixMultiply(kernel: KernelContext, it: MatrixForm): number {
  return kernel.helpers.custom(matrixKey(kernel, it), [I32, I32], [], (f) => new Writer(f, kernel, it).write());
}

/** What tells the function of one product from that of another. */
export function matrixKey({ frameBytes, lanes, wideSlots }: KernelContext, it: MatrixForm): string {
  return `mma ${JSON.stringify(it)} ${frameBytes} ${lanes} ${wideSlots}`;
}

/** Pushes where the frame of a thread begins, for slots of 64 bits. */
export function pushFrameOf(f: FunctionBuilder, { lanes, frameBytes }: KernelContext, thread: () => void): void {
  f.localGet(0).load(OP.i32_load, WORKER.frames, 2);
  thread();
  f.i32Const(-lanes).op(OP.i32_and).i32Const(frameBytes).op(OP.i32_mul).op(OP.i32_add);
  if (lanes === 1) return;
  thread();
  f.i32Const(lanes - 1)
    .op(OP.i32_and)
    .i32Const(3)
    .op(OP.i32_shl)
    .op(OP.i32_add);
}

/** Where a slot lies, from its thread's frame on. */
export function slotOf({ lanes }: KernelContext, index: number): number {
  return index * 8 * lanes;
}

/** Where a register that a peer brought lies, from its frame on. */
export function latchedSlot(kernel: KernelContext, register: number): number {
  return slotOf(kernel, WARP_FRAME.slots + kernel.wideSlots + register);
}

class Writer {
  readonly #f: FunctionBuilder;
  readonly #kernel: KernelContext;
  readonly #it: MatrixForm;
  readonly #warp: number;
  readonly #lane: number;
  readonly #row: number;
  readonly #column: number;
  readonly #own: number;
  readonly #peer: number;
  readonly #parts: readonly Part[];
  readonly #sums: readonly (readonly number[])[];

  constructor(f: FunctionBuilder, kernel: KernelContext, it: MatrixForm) {
    this.#f = f;
    this.#kernel = kernel;
    this.#it = it;
    [this.#warp, this.#lane, this.#row, this.#column, this.#own, this.#peer] = Array.from({ length: 6 }, () => f.local(I32)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const pairs = [0, 1];
    if (it.opaque) this.#parts = [{ row: 0, columns: Array.from({ length: it.each }, (_, i) => i) }];
    else this.#parts = Array.from({ length: it.m / 8 }, (_, i) => ({ row: 8 * i, columns: pairs }));
    const sum = MATRIX_TYPES[it.a].sum;
    this.#sums = this.#parts.map(({ columns }) => columns.map(() => f.local(sum)));
  }

  write(): void {
    const f = this.#f;
    const { n, opaque } = this.#it;
    f.localGet(1).i32Const(-32).op(OP.i32_and).localSet(this.#warp);
    f.localGet(1).i32Const(31).op(OP.i32_and).localSet(this.#lane);
    if (opaque) {
      // Consecutive elements of D, row by row.
      const each = this.#parts[0]?.columns.length ?? 1;
      f.localGet(this.#lane).i32Const(each).op(OP.i32_mul).localTee(this.#column).i32Const(n).op(OP.i32_div_u).localSet(this.#row);
      f.localGet(this.#column).i32Const(n).op(OP.i32_rem_u).localSet(this.#column);
    } else {
      f.localGet(this.#lane).i32Const(2).op(OP.i32_shr_u).localSet(this.#row);
      f.localGet(this.#lane).i32Const(3).op(OP.i32_and).i32Const(1).op(OP.i32_shl).localSet(this.#column);
    }
    pushFrameOf(f, this.#kernel, () => void f.localGet(1));
    f.localSet(this.#own);
    this.#loadC();
    this.#multiply();
    this.#storeD();
  }

  #resultSlot(index: number): number {
    const [a, b] = this.#it.registers;
    return slotOf(this.#kernel, WARP_FRAME.slots + a + b + index);
  }

  /** The elements of C and D that a thread has, in the order of its registers. */
  #elements(): { readonly sum: number; readonly register: number; readonly half: number }[] {
    const per = elementsOfResult(this.#it.d);
    return this.#sums.flat().map((sum, at) => ({ sum, register: Math.floor(at / per), half: at % per }));
  }

  #loadC(): void {
    const f = this.#f;
    const { c } = this.#it;
    const per = elementsOfResult(c);
    for (const [at, sum] of this.#sums.flat().entries()) {
      const place = this.#resultSlot(Math.floor(at / per));
      f.localGet(this.#own);
      if (c === "f64") f.load(OP.f64_load, place, 3);
      else if (c === "f32") f.load(OP.f32_load, place, 2).op(OP.f64_promote_f32);
      else if (c === "s32") f.load(OP.i64_load32_s, place, 2);
      else
        f.load(OP.i32_load16_u, place + 2 * (at % per), 1)
          .call(this.#kernel.helpers.get("halfToSingle"))
          .op(OP.f64_promote_f32);
      f.localSet(sum);
    }
  }

  /** Pushes the frame of the peer that holds a register of A's row or of B's column. */
  #pushPeer(place: () => void, step: number, perRow: number, registersPerLane: number): void {
    const f = this.#f;
    const { opaque } = this.#it;
    place();
    if (opaque)
      f.i32Const(perRow)
        .op(OP.i32_mul)
        .i32Const(Math.floor(step / registersPerLane))
        .op(OP.i32_add);
    else
      f.i32Const(2)
        .op(OP.i32_shl)
        .i32Const(step & 3)
        .op(OP.i32_add);
    f.localGet(this.#warp).op(OP.i32_add).localSet(this.#peer);
    pushFrameOf(f, this.#kernel, () => void f.localGet(this.#peer));
  }

  #multiply(): void {
    const f = this.#f;
    const { k, a, b, m, opaque, registers } = this.#it;
    const elements = MATRIX_TYPES[a].elements;
    const steps = k / elements;
    const double = a === "f64";
    const word = double ? F64 : I32;
    const load = double ? OP.f64_load : OP.i32_load;
    const rows = this.#parts.map(() => f.local(word));
    const column = f.local(word);
    for (let step = 0; step < steps; step++) {
      for (const [index, part] of this.#parts.entries()) {
        this.#pushPeer(() => void f.localGet(this.#row), step, steps / registers[0], registers[0]);
        const register = opaque ? step % registers[0] : part.row / 8 + (m / 8) * (step >> 2);
        f.load(load, latchedSlot(this.#kernel, register), 2).localSet(rows[index] ?? 0);
      }
      const columns = this.#parts[0]?.columns ?? [];
      for (const [at, offset] of columns.entries()) {
        this.#pushPeer(() => void f.localGet(this.#column).i32Const(offset).op(OP.i32_add), step, steps / registers[1], registers[1]);
        const register = registers[0] + (opaque ? step % registers[1] : step >> 2);
        f.load(load, latchedSlot(this.#kernel, register), 2).localSet(column);
        for (const [index, row] of rows.entries()) this.#accumulate(this.#sums[index]?.[at] ?? 0, row, column, a, b, elements);
      }
    }
  }

  /** Adds the products of the elements of two registers to a sum. */
  #accumulate(sum: number, row: number, column: number, a: MatrixType, b: MatrixType, elements: number): void {
    const f = this.#f;
    const { helpers, features } = this.#kernel;
    if (a === "b1") {
      f.localGet(sum).localGet(row).localGet(column);
      f.op(this.#it.bitOperation === "and" ? OP.i32_and : OP.i32_xor)
        .op(OP.i32_popcnt)
        .op(OP.i64_extend_i32_u)
        .op(OP.i64_add)
        .localSet(sum);
      return;
    }
    if (a === "f64") {
      if (features.fusedMultiplyAdd) {
        for (const local of [row, column, sum]) f.localGet(local).simd(SIMD.f64x2_splat);
        f.simd(SIMD.f64x2_relaxed_madd).simdLane(SIMD.f64x2_extract_lane, 0);
      } else f.localGet(row).localGet(column).localGet(sum).i32Const(0).call(helpers.get("fma64"));
      f.localSet(sum);
      return;
    }
    const integers = MATRIX_TYPES[a].sum === I64;
    for (let at = 0; at < elements; at++) {
      f.localGet(sum);
      this.#pushElement(row, a, at);
      this.#pushElement(column, b, at);
      if (integers) f.op(OP.i32_mul).op(OP.i64_extend_i32_s).op(OP.i64_add);
      else f.op(OP.f64_mul).op(OP.f64_add);
      f.localSet(sum);
    }
  }

  /** Pushes one element of a register: a double, or an i32. */
  #pushElement(local: number, type: MatrixType, at: number): void {
    const f = this.#f;
    const { helpers } = this.#kernel;
    const bits = 32 / MATRIX_TYPES[type].elements;
    f.localGet(local);
    if (type === "tf32") f.i32Const(-0x2000).op(OP.i32_and).op(OP.f32_reinterpret_i32).op(OP.f64_promote_f32);
    else if (type === "bf16") {
      if (at === 0) f.i32Const(16).op(OP.i32_shl);
      else f.i32Const(-0x1_0000).op(OP.i32_and);
      f.op(OP.f32_reinterpret_i32).op(OP.f64_promote_f32);
    } else if (type === "s8" || type === "s4")
      f.i32Const(32 - bits - bits * at)
        .op(OP.i32_shl)
        .i32Const(32 - bits)
        .op(OP.i32_shr_s);
    else {
      f.i32Const(bits * at).op(OP.i32_shr_u);
      f.i32Const(2 ** bits - 1).op(OP.i32_and);
      if (type === "f16") f.call(helpers.get("halfToSingle")).op(OP.f64_promote_f32);
      else if (type === "e5m2") f.i32Const(8).op(OP.i32_shl).call(helpers.get("halfToSingle")).op(OP.f64_promote_f32);
      else if (type === "e4m3") f.call(helpers.get("decodeE4m3")).op(OP.f64_promote_f32);
    }
  }

  #storeD(): void {
    const f = this.#f;
    const { d, saturates } = this.#it;
    for (const { sum, register, half } of this.#elements()) {
      const place = this.#resultSlot(register);
      f.localGet(this.#own).localGet(sum);
      if (d === "f64") f.store(OP.f64_store, place, 3);
      else if (d === "f32") f.op(OP.f32_demote_f64).store(OP.f32_store, place, 2);
      else if (d === "f16")
        f.i32Const(0)
          .call(this.#kernel.helpers.get("toF16"))
          .store(OP.i32_store16, place + 2 * half, 1);
      else {
        if (saturates) {
          f.i64Const(0x7fff_ffff).localGet(sum).i64Const(0x7fff_ffff).op(OP.i64_lt_s).select().localSet(sum);
          f.localGet(sum).i64Const(-0x8000_0000).localGet(sum).i64Const(-0x8000_0000).op(OP.i64_gt_s).select();
        }
        f.op(OP.i32_wrap_i64).store(OP.i32_store, place, 2);
      }
    }
  }
}
