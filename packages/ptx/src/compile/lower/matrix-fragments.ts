import { I32, I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import type { Emitter } from "../emitter.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { checkedAddress } from "./access.ts";
import { elementsOfResult, MATRIX_TYPES, type MatrixType } from "./matrix-multiply.ts";
import { takeShape, wmmaRegisters } from "./matrix.ts";
import type { Lowering } from "./table.ts";

/**
 * wmma.load and wmma.store: each thread moves its own elements. Which those are is ours to choose (PTX ISA, "Matrix Fragments for
 * WMMA"): the elements of A and of the columns of B one after the other, those of C and D row by row; what threads have beyond
 * that repeats the matrix from its beginning.
 */
export const matrixFragment: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const load = suffixes.take("load");
  const store = suffixes.take("store");
  const matrix = suffixes.oneOf(["a", "b", "c", "d"]);
  suffixes.take("sync");
  suffixes.take("aligned");
  const layout = suffixes.oneOf(["row", "col"]);
  const shape = takeShape(i, suffixes);
  const space = suffixes.oneOf(["global", "shared", "shared::cta"]);
  const type = suffixes.oneOf([...(Object.keys(MATRIX_TYPES) as MatrixType[]), "f32", "s32"]); // The keys that it has.
  suffixes.end();
  if (load === store || matrix === undefined || layout === undefined || type === undefined)
    throw illegal(i, "wmma needs a matrix, its layout and its type");
  const registers = wmmaRegisters(i, shape, matrix, type);
  const [address, list] = store ? [i.operands[0], i.operands[1]] : [i.operands[1], i.operands[0]];
  const elements = list?.kind === "vector" ? list.elements : list === undefined ? [] : [list];
  if (elements.length !== registers) throw illegal(i, `'wmma' needs ${registers} registers where it has ${elements.length}`);
  const accumulates = matrix === "c" || matrix === "d";
  const per = accumulates ? elementsOfResult(type as "f32") : type === "f32" || type === "s32" ? 1 : MATRIX_TYPES[type].elements;
  const bits = type === "f64" ? 64 : type === "f32" || type === "s32" ? 32 : accumulates ? 16 : 32 / per;
  // Rows of what is stored one after the other: of A, of B's transpose, of C.
  const [rows, columns] = accumulates ? [shape.m, shape.n] : matrix === "a" ? [shape.m, shape.k] : [shape.n, shape.k];
  const byRows = (layout === "row") === (matrix !== "b");
  if (bits < 8 && !byRows) throw illegal(i, "matrices of less than bytes must be .row for A and .col for B");
  const place = new FragmentPlace(
    e,
    i,
    address,
    space === undefined ? "generic" : space === "global" ? "global" : "shared",
    i.operands[2],
    {
      rows,
      columns,
      byRows,
      perLane: registers * per,
      leading: byRows ? columns : rows,
    },
  );
  for (const [register, operand] of elements.entries()) {
    if (bits === 64) place.whole(register, operand, load, "b64");
    else if (bits === 32) place.whole(register, operand, load, "b32");
    else if (bits < 8) place.packed(register * per, operand, bits);
    else place.parts(register * per, operand, load, per, bits);
  }
};

interface FragmentShape {
  readonly rows: number;
  readonly columns: number;
  /** The elements of a row lie together in memory. */
  readonly byRows: boolean;
  readonly perLane: number;
  readonly leading: number;
}

class FragmentPlace {
  readonly #e: Emitter;
  readonly #i: Instruction;
  readonly #address: Operand & { kind: "address" };
  readonly #space: "generic" | "global" | "shared";
  readonly #stride: number;
  readonly #shape: FragmentShape;

  constructor(
    e: Emitter,
    i: Instruction,
    address: Operand | undefined,
    space: "generic" | "global" | "shared",
    stride: Operand | undefined,
    shape: FragmentShape,
  ) {
    if (address?.kind !== "address") throw illegal(i, "wmma needs an address");
    this.#e = e;
    this.#i = i;
    this.#address = address;
    this.#space = space;
    this.#shape = shape;
    this.#stride = e.scratch(I32, "stride");
    if (stride === undefined) e.f.i32Const(shape.leading);
    else e.push(i, stride, "b32", { wide: true });
    e.f.localSet(this.#stride);
  }

  /** Leaves the address of one of the thread's elements, in a local, checked. `bits` wide, `size` bytes at once. */
  #locate(at: number, bits: number, size: number): number {
    const { f, locals } = this.#e;
    const { rows, columns, byRows, perLane } = this.#shape;
    const index = this.#e.scratch(I32, "element");
    const offset = this.#e.scratch(I64, "element offset");
    f.localGet(locals.thread).i32Const(31).op(OP.i32_and).i32Const(perLane).op(OP.i32_mul).i32Const(at).op(OP.i32_add);
    f.i32Const(rows * columns)
      .op(OP.i32_rem_u)
      .localSet(index);
    const row = (): void => void f.localGet(index).i32Const(columns).op(OP.i32_div_u);
    const column = (): void => void f.localGet(index).i32Const(columns).op(OP.i32_rem_u);
    (byRows ? row : column)();
    f.localGet(this.#stride).op(OP.i32_mul);
    (byRows ? column : row)();
    f.op(OP.i32_add).op(OP.i64_extend_i32_s).i64Const(bits).op(OP.i64_mul).i64Const(3).op(OP.i64_shr_s).localSet(offset);
    return displacedAddress(this.#e, this.#i, this.#address, this.#space, size, offset);
  }

  /** A register that is one element. */
  whole(register: number, operand: Operand, load: boolean, type: "b32" | "b64"): void {
    const { f } = this.#e;
    const wide = type === "b64";
    const place = this.#locate(register, wide ? 64 : 32, wide ? 8 : 4);
    f.localGet(place);
    if (load) {
      f.load(wide ? OP.i64_load : OP.i32_load, 0, 2);
      this.#e.set(this.#i, operand, type);
    } else {
      this.#e.push(this.#i, operand, type);
      f.store(wide ? OP.i64_store : OP.i32_store, 0, 2);
    }
  }

  /** A register of several elements of 8 or 16 bits. */
  parts(first: number, operand: Operand, load: boolean, per: number, bits: number): void {
    const { f } = this.#e;
    const word = this.#e.scratch(I32, "fragment");
    if (load) f.i32Const(0);
    else this.#e.push(this.#i, operand, "b32");
    f.localSet(word);
    for (let part = 0; part < per; part++) {
      const place = this.#locate(first + part, bits, bits / 8);
      f.localGet(place);
      if (load) {
        f.load(bits === 8 ? OP.i32_load8_u : OP.i32_load16_u, 0, 0)
          .i32Const(bits * part)
          .op(OP.i32_shl);
        f.localGet(word).op(OP.i32_or).localSet(word);
      } else
        f.localGet(word)
          .i32Const(bits * part)
          .op(OP.i32_shr_u)
          .store(bits === 8 ? OP.i32_store8 : OP.i32_store16, 0, 0);
    }
    if (!load) return;
    f.localGet(word);
    this.#e.set(this.#i, operand, "b32");
  }

  /** A register of elements of less than a byte, which lie together. */
  packed(first: number, operand: Operand, bits: number): void {
    const place = this.#locate(first, bits, 4);
    this.#e.f.localGet(place).load(OP.i32_load, 0, 2);
    this.#e.set(this.#i, operand, "b32");
  }
}

/** The checked address of what lies a number of bytes, in a local, from where an operand points. */
function displacedAddress(
  e: Emitter,
  i: Instruction,
  { base, offset }: Operand & { kind: "address" },
  space: "generic" | "global" | "shared",
  size: number,
  displacement: number,
): number {
  if (base?.kind !== "register") throw notTranslated(i, "an address without a register");
  const { f } = e;
  // The scalar emitter takes addresses from registers: the register's local is changed for the access, and put back.
  const local = e.source(base.register);
  const wide = e.localType(base.register) === I64;
  if (!wide && e.localType(base.register) !== I32) throw notTranslated(i, "an address in a float register");
  const kept = e.scratch(wide ? I64 : I32, "kept address");
  const copied = e.kernel.uniform.copies.get(base.register);
  if (copied !== undefined) throw notTranslated(i, "a constant address");
  f.localGet(local).localTee(kept).localGet(displacement);
  if (wide) f.op(OP.i64_add);
  else f.op(OP.i32_wrap_i64).op(OP.i32_add);
  f.localSet(local);
  const place = checkedAddress(e, i, { kind: "address", base, offset, coordinates: undefined }, space, size);
  f.localGet(kept).localSet(local);
  return place;
}
