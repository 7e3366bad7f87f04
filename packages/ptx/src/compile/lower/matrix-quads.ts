import { F64, I32, OP, type FunctionBuilder } from "@decant/wasm";
import type { KernelContext } from "../emitter.ts";
import { WARP_FRAME } from "../layout.ts";
import { elementsOfResult, latchedSlot, matrixKey, pushFrameOf, slotOf, type MatrixForm } from "./matrix-multiply.ts";

/** A row or column of one of the four products: what a thread knows of it, in a local, and what is known now; together less than 4. */
interface Place {
  readonly base: number;
  readonly more: number;
}

/**
 * The function (worker, thread) of m8n8k4 of halves: four products at once, each by the threads 4p to 4p + 3 of a warp and those 16
 * further on (PTX ISA, "Matrix Fragments for mma.m8n8k4 with .f16 floating point type"). A thread's fragment is of the rows, or
 * columns, 0 to 3 of its matrix in the lower half of the warp, and of 4 to 7 in the upper one.
 */
export function quadMultiply(kernel: KernelContext, it: MatrixForm, quads: Quads): number {
  return kernel.helpers.custom(matrixKey(kernel, it), [I32, I32], [], (f) => write(f, kernel, it, quads));
}

type Quads = NonNullable<MatrixForm["quads"]>;

function write(f: FunctionBuilder, kernel: KernelContext, it: MatrixForm, [a, b]: Quads): void {
  const [pair, upper, row, column, own, peer] = [
    f.local(I32),
    f.local(I32),
    f.local(I32),
    f.local(I32),
    f.local(I32),
    f.local(I32),
  ] as const;
  const sum = f.local(F64);
  const [aCount, bCount] = it.registers;
  const single = it.d === "f32";
  f.localGet(1).i32Const(-20).op(OP.i32_and).localSet(pair); // Its lane without the two lowest bits, and without 16.
  f.localGet(1).i32Const(16).op(OP.i32_and).localSet(upper);
  f.localGet(1)
    .i32Const(single ? 1 : 3)
    .op(OP.i32_and)
    .localSet(row);
  f.localGet(1)
    .i32Const(single ? 2 : 0)
    .op(OP.i32_and)
    .localSet(column);
  pushFrameOf(f, kernel, () => void f.localGet(1));
  f.localSet(own);

  const push = ({ base, more }: Place): void => void f.localGet(base).i32Const(more).op(OP.i32_add);
  const pushDouble = (): void => void f.call(kernel.helpers.get("halfToSingle")).op(OP.f64_promote_f32);
  /** Pushes an element of what a thread of the group brought, whose number and whose element's are pushed by what is given. */
  const pushElement = (register: number, group: () => void, thread: () => void, element: () => void): void => {
    f.localGet(pair);
    thread();
    f.op(OP.i32_add);
    group();
    f.op(OP.i32_add).localSet(peer);
    pushFrameOf(f, kernel, () => void f.localGet(peer));
    element();
    f.i32Const(1).op(OP.i32_shr_u).i32Const(slotOf(kernel, 1)).op(OP.i32_mul).op(OP.i32_add);
    element();
    f.i32Const(1).op(OP.i32_and).i32Const(1).op(OP.i32_shl).op(OP.i32_add);
    f.load(OP.i32_load16_u, latchedSlot(kernel, register), 1);
    pushDouble();
  };
  /** Pushes an element of A or B. `lies`: whether what a thread has goes on along k. */
  const pushFactor = (register: number, lies: boolean, group: () => void, place: Place, k: number): void => {
    const [along, across] = [(): void => void f.i32Const(k), (): void => push(place)];
    pushElement(register, group, lies ? across : along, lies ? along : across);
  };

  for (let i = 0; i < it.each; i++) {
    const rowPlace: Place = { base: row, more: single ? i & 2 : 0 };
    const columnPlace: Place = { base: column, more: single ? i & 1 : i & 3 };
    const [ownHalf, columnHalf] = [(): void => void f.localGet(upper), (): void => void f.i32Const(4 * (i & 4))];
    const slot = (type: MatrixForm["d"]): number =>
      slotOf(kernel, WARP_FRAME.slots + aCount + bCount + Math.floor(i / elementsOfResult(type))) + 2 * (i % elementsOfResult(type));
    if (it.c === it.d) {
      f.localGet(own);
      if (single) f.load(OP.f32_load, slot(it.c), 2).op(OP.f64_promote_f32);
      else {
        f.load(OP.i32_load16_u, slot(it.c), 1);
        pushDouble();
      }
    } else
      pushElement(
        aCount + bCount,
        ownHalf,
        () => push(rowPlace),
        () => push({ base: column, more: columnPlace.more + (i & 4) }),
      );
    f.localSet(sum);
    for (let k = 0; k < it.k; k++) {
      f.localGet(sum);
      pushFactor(0, a === "row", ownHalf, rowPlace, k);
      pushFactor(aCount, b === "col", columnHalf, columnPlace, k);
      f.op(OP.f64_mul).op(OP.f64_add).localSet(sum);
    }
    f.localGet(own).localGet(sum);
    if (single) f.op(OP.f32_demote_f64).store(OP.f32_store, slot(it.d), 2);
    else f.i32Const(0).call(kernel.helpers.get("toF16")).store(OP.i32_store16, slot(it.d), 1);
  }
}
