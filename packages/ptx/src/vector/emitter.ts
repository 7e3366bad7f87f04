import { F32, F64, I32, I64, OP, SIMD, V128, type FunctionBuilder, type ValueType } from "@decant/wasm";
import type { Instruction, Operand, Register } from "../parse/ast.ts";
import { bitsOf, type ScalarType } from "../parse/types.ts";
import { Emitter, valueType, type KernelContext, type ThreadLocals } from "../compile/emitter.ts";
import { WORKER } from "../compile/layout.ts";
import { lower } from "../compile/lower/table.ts";
import { illegal } from "../compile/suffixes.ts";
import type { Shapes, Shape } from "./shapes.ts";
import type { SsaInstruction, Value } from "./ssa.ts";

/** The lanes that take part, where not all do: a mask for each vector, and the same as bits in an i32. */
export interface Mask {
  readonly vectors: readonly number[];
  readonly bits: number;
}

/**
 * Writes code for several threads at a time. A value of one bit or up to 32 is a number of vectors of four 32-bit lanes (a
 * predicate is all ones or zero), one of 64 twice as many; what does not differ between lanes, or only by a constant, is
 * a scalar: that of lane 0.
 */
export class VectorEmitter extends Emitter {
  readonly shapes: Shapes;
  readonly lanes: number;
  /** Vectors of four 32-bit lanes that a group takes. */
  readonly vectors: number;
  readonly #scalars = new Map<Value, number>();
  readonly #vectors = new Map<Value, readonly number[]>();
  readonly #pool = new Map<string, number>();
  readonly #ranges = new Map<string, { base: number; count: number }>();
  #sources: ReadonlyMap<Register, number> = new Map();
  #targets: ReadonlyMap<Register, number> = new Map();
  /** The lanes of the block that is being written; undefined: all. */
  mask: Mask | undefined;

  constructor(f: FunctionBuilder, kernel: KernelContext, locals: ThreadLocals, shapes: Shapes) {
    super(f, kernel, locals);
    this.shapes = shapes;
    this.lanes = kernel.lanes;
    this.vectors = kernel.lanes / 4;
  }

  override source(register: Register): number {
    return this.#sources.get(register) ?? this.register(register);
  }

  override target(register: Register): number {
    return this.#targets.get(register) ?? this.register(register);
  }

  /** A local by name, for vectors. */
  temporary(type: ValueType, name: string): number {
    const key = `${type} ${name}`;
    let local = this.#pool.get(key);
    if (local === undefined) {
      local = this.f.local(type);
      this.#pool.set(key, local);
    }
    return local;
  }

  vectorTemporary(name: string): number {
    return this.temporary(V128, name);
  }

  /** Writes an instruction by its scalar lowering, with registers as they are bound. */
  lowerScalar(i: Instruction): void {
    lower(this, i);
  }

  /** Pushes the mask for vector `j` of 32-bit lanes, or of 64-bit ones. */
  pushMask(mask: Mask, wide: boolean, j: number): void {
    this.f.localGet(mask.vectors[wide ? j >> 1 : j] ?? 0);
    if (wide) this.f.simd((j & 1) === 0 ? SIMD.i64x2_extend_low_i32x4_s : SIMD.i64x2_extend_high_i32x4_s);
  }

  /** Takes the elements of `vectors` into locals, one for each lane: two at a time, from 64 bits, of which the engine makes better addresses. */
  laneAddress(vectors: readonly number[]): (lane: number) => number {
    const { f } = this;
    const pair = this.temporary(I64, "pair of places");
    const place = (lane: number): number => this.temporary(I32, `place of lane ${lane}`);
    for (let lane = 0; lane < this.lanes; lane += 2) {
      f.localGet(vectors[lane >> 2] ?? 0)
        .simdLane(SIMD.i64x2_extract_lane, (lane >> 1) & 1)
        .localSet(pair);
      f.localGet(pair).op(OP.i32_wrap_i64).localSet(place(lane));
      f.localGet(pair)
        .i64Const(32)
        .op(OP.i64_shr_u)
        .op(OP.i32_wrap_i64)
        .localSet(place(lane + 1));
    }
    return place;
  }

  /** The cached range for accesses of `size` bytes by an address root, shortened by `extra` elements. */
  vectorRange(root: string, size: number, extra: number): { base: number; count: number } {
    const form = `${size} ${extra}`;
    const key = this.#ranges.size < 48 || this.#ranges.has(`${root} ${form}`) ? `${root} ${form}` : `overflow ${form}`;
    let range = this.#ranges.get(key);
    if (range === undefined) {
      range = { base: this.f.local(I64), count: this.f.local(I64) };
      this.#ranges.set(key, range);
    }
    return range;
  }

  /** Pushes the 32 bits of the first lane that takes part. */
  pushFirstActive(vectors: readonly number[]): void {
    const { f, locals } = this;
    for (const [j, vector] of vectors.entries())
      f.localGet(locals.worker)
        .localGet(vector)
        .simdStore(SIMD.v128_store, WORKER.lanes + 16 * j, 2);
    f.localGet(locals.worker);
    if (this.mask !== undefined)
      f.localGet(this.mask.bits)
        .op(OP.i32_ctz)
        .i32Const(this.lanes - 1)
        .op(OP.i32_and)
        .i32Const(2)
        .op(OP.i32_shl)
        .op(OP.i32_add);
    f.load(OP.i32_load, WORKER.lanes, 2);
  }

  scalarOf(value: Value): number {
    let local = this.#scalars.get(value);
    if (local === undefined) {
      local = this.f.local(this.localType(value.register));
      this.#scalars.set(value, local);
    }
    return local;
  }

  vectorsOf(value: Value): readonly number[] {
    let locals = this.#vectors.get(value);
    if (locals === undefined) {
      const count = bitsOf(value.register.type) === 64 ? 2 * this.vectors : this.vectors;
      locals = Array.from({ length: count }, () => this.f.local(V128));
      this.#vectors.set(value, locals);
    }
    return locals;
  }

  /** Runs `write`, in which the scalar lowering of an instruction finds its registers in these locals. */
  bound(sources: ReadonlyMap<Register, number>, targets: ReadonlyMap<Register, number>, write: () => void): void {
    const before = [this.#sources, this.#targets] as const;
    this.#sources = sources;
    this.#targets = targets;
    write();
    [this.#sources, this.#targets] = before;
  }

  /** The locals that hold lane 0 of what an instruction reads; registers that differ freely have none. */
  lane0(reads: ReadonlyMap<Register, Value>): Map<Register, number> {
    const sources = new Map<Register, number>();
    for (const [register, value] of reads) if (value.shape?.kind !== "varying") sources.set(register, this.scalarOf(value));
    return sources;
  }

  /** Pushes lane 0 of an operand that is uniform or affine. */
  pushScalar(s: Pick<SsaInstruction, "reads">, i: Instruction, operand: Operand | undefined, type: ScalarType): void {
    this.bound(this.lane0(s.reads), new Map(), () => this.push(i, operand, type, { wide: true }));
  }

  /** Pushes vector `j` of an operand: four lanes of 32 bits or two of 64. A predicate comes as a mask of 32-bit lanes. */
  pushVector(s: Pick<SsaInstruction, "reads">, i: Instruction, operand: Operand | undefined, type: ScalarType, j: number): void {
    if (operand === undefined) throw illegal(i, `too few operands for '${i.opcode}'`);
    const value = operand.kind === "register" ? s.reads.get(operand.register) : undefined;
    const shape = this.shapes.of(s.reads, operand);
    if (value !== undefined && shape.kind === "varying") {
      this.f.localGet(this.vectorsOf(value)[j] ?? 0);
      if (operand.kind === "register" && operand.negated) this.f.simd(SIMD.v128_not);
      return;
    }
    if (operand.kind === "special" && shape.kind === "varying") {
      this.#pushLaneSpecial(i, operand, j);
      return;
    }
    this.pushScalar(s, i, operand, type);
    if (type === "pred") {
      const bit = this.scratch(I32, "splat predicate");
      this.f.localSet(bit).i32Const(0).localGet(bit).op(OP.i32_sub);
    }
    this.spread(shape, valueType(type), j);
  }

  /** A vector from the scalar on the stack, by its shape. */
  spread(shape: Shape, type: ValueType, j: number): void {
    const { f } = this;
    const wide = type === I64 || type === F64;
    f.simd(type === F32 ? SIMD.f32x4_splat : type === F64 ? SIMD.f64x2_splat : type === I64 ? SIMD.i64x2_splat : SIMD.i32x4_splat);
    if (shape.kind === "affine") {
      f.v128Const(steps(shape.stride, wide, j)).simd(wide ? SIMD.i64x2_add : SIMD.i32x4_add);
    } else if (shape.kind === "indexed") {
      f.localGet(this.vectorsOf(shape.index)[j >> 1] ?? 0);
      const low = (j & 1) === 0;
      if (shape.signed) f.simd(low ? SIMD.i64x2_extend_low_i32x4_s : SIMD.i64x2_extend_high_i32x4_s);
      else f.simd(low ? SIMD.i64x2_extend_low_i32x4_u : SIMD.i64x2_extend_high_i32x4_u);
      const shift = Math.log2(shape.scale);
      if (Number.isInteger(shift)) f.i32Const(shift).simd(SIMD.i64x2_shl);
      else f.i64Const(shape.scale).simd(SIMD.i64x2_splat).simd(SIMD.i64x2_mul);
      f.simd(SIMD.i64x2_add);
    }
  }

  /** Sets vector `j` of a result from the stack. */
  setVector(s: Pick<SsaInstruction, "writes">, operand: Operand | undefined, j: number): void {
    const value = operand?.kind === "register" ? s.writes.get(operand.register) : undefined;
    if (value === undefined) this.f.drop();
    else this.f.localSet(this.vectorsOf(value)[j] ?? 0);
  }

  /** Points the scalar emitter `by` lanes further: its thread, its place in the block, its frame. */
  #step(by: number, what: { frame?: boolean }): void {
    const { f, locals } = this;
    const step = (local: number, bytes: number): void => {
      f.localGet(local).i32Const(bytes).op(OP.i32_add).localSet(local);
    };
    step(locals.thread, by);
    step(locals.special.get("tid.x") ?? 0, by);
    const { localBytes } = this.kernel.symbols;
    if (localBytes > 0) step(locals.local, by * localBytes);
    if (!what.frame) return;
    step(locals.frame, by * 4);
    step(locals.frameWide, by * 8);
  }

  /**
   * Runs `write` once for each lane that takes part, with the instruction's registers bound to scalars, and collects its
   * results. Values go through memory, so that the code is there once.
   */
  eachLane(
    reads: ReadonlyMap<Register, Value>,
    writes: ReadonlyMap<Register, Value>,
    write: () => void,
    options: { frame?: boolean; effects?: boolean } = {},
  ): void {
    const { f, locals } = this;
    const lane = this.temporary(I32, "lane");
    const room = new Map<Value, number>();
    let next = WORKER.lanes;
    const reserve = (value: Value): number => {
      const known = room.get(value);
      if (known !== undefined) return known;
      const at = next;
      next += this.lanes * (bitsOf(value.register.type) === 64 ? 8 : 4);
      if (next > WORKER.service) throw new Error("ptx: an instruction with too many operands");
      room.set(value, at);
      return at;
    };
    for (const value of reads.values()) {
      const source = value.shape?.kind === "varying" ? value : value.shape?.kind === "indexed" ? value.shape.index : undefined;
      if (source === undefined || room.has(source)) continue;
      const at = reserve(source);
      for (const [j, vector] of this.vectorsOf(source).entries())
        f.localGet(locals.worker)
          .localGet(vector)
          .simdStore(SIMD.v128_store, at + 16 * j, 2);
    }
    f.i32Const(0).localSet(lane);
    const again = f.loop();
    const masked = this.mask !== undefined && (options.effects ?? true);
    if (masked)
      f.localGet(this.mask?.bits ?? 0)
        .localGet(lane)
        .op(OP.i32_shr_u)
        .i32Const(1)
        .op(OP.i32_and)
        .if();
    const sources = new Map<Register, number>();
    for (const [register, value] of reads) {
      const local = this.temporary(this.localType(register), `in ${sources.size}`);
      this.#pushLaneAt(value, lane, room);
      f.localSet(local);
      sources.set(register, local);
    }
    const targets = new Map<Register, number>();
    for (const register of writes.keys()) targets.set(register, this.temporary(this.localType(register), `out ${targets.size}`));
    this.bound(sources, targets, write);
    for (const [register, value] of writes) {
      const wide = bitsOf(register.type) === 64;
      const at = reserve(value);
      this.#pushPlace(lane, wide);
      f.localGet(targets.get(register) ?? 0).store(STORES[this.localType(register)] ?? OP.i32_store, at, 2);
    }
    if (masked) f.end();
    this.#step(1, options);
    f.localGet(lane).i32Const(1).op(OP.i32_add).localTee(lane).i32Const(this.lanes).op(OP.i32_lt_u).brIf(again);
    f.end();
    this.#step(-this.lanes, options);
    for (const value of writes.values()) {
      for (const [j, vector] of this.vectorsOf(value).entries()) {
        f.localGet(locals.worker).simdLoad(SIMD.v128_load, (room.get(value) ?? 0) + 16 * j, 2);
        if (value.register.type === "pred") f.simd(SIMD.i32x4_neg);
        f.localSet(vector);
      }
    }
  }

  /** Pushes where a lane's element lies, less the place of lane 0's. */
  #pushPlace(lane: number, wide: boolean): void {
    this.f
      .localGet(this.locals.worker)
      .localGet(lane)
      .i32Const(wide ? 3 : 2)
      .op(OP.i32_shl)
      .op(OP.i32_add);
  }

  /** Pushes the element of the lane that a local names. */
  #pushLaneAt(value: Value, lane: number, room: ReadonlyMap<Value, number>): void {
    const { f } = this;
    const { shape } = value;
    const wide = bitsOf(value.register.type) === 64;
    if (shape?.kind === "varying" || shape === undefined) {
      this.#pushPlace(lane, wide);
      f.load(LOADS[this.localType(value.register)] ?? OP.i32_load, room.get(value) ?? 0, 2);
      if (value.register.type === "pred") f.i32Const(1).op(OP.i32_and);
      return;
    }
    const local = this.localType(value.register);
    const isFloat = local === F32 || local === F64;
    f.localGet(this.scalarOf(value));
    // Any register may hold an integer's bits.
    if (isFloat && shape.kind !== "uniform") f.op(wide ? OP.i64_reinterpret_f64 : OP.i32_reinterpret_f32);
    if (shape.kind === "affine") {
      f.localGet(lane).i32Const(shape.stride).op(OP.i32_mul);
      if (wide) f.op(OP.i64_extend_i32_s).op(OP.i64_add);
      else f.op(OP.i32_add);
    } else if (shape.kind === "indexed") {
      this.#pushPlace(lane, false);
      f.load(OP.i32_load, room.get(shape.index) ?? 0, 2).op(shape.signed ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
      f.i64Const(shape.scale).op(OP.i64_mul).op(OP.i64_add);
    }
    if (isFloat && shape.kind !== "uniform") f.op(wide ? OP.f64_reinterpret_i64 : OP.f32_reinterpret_i32);
  }

  #pushLaneSpecial(i: Instruction, operand: Operand & { kind: "special" }, j: number): void {
    for (let lane = 0; lane < 4; lane++) {
      this.f
        .localGet(this.locals.thread)
        .localGet(this.locals.thread)
        .i32Const(4 * j + lane)
        .op(OP.i32_add)
        .localSet(this.locals.thread);
      this.push(i, operand, "u32");
      const pushed = this.temporary(I32, "special");
      this.f.localSet(pushed).localSet(this.locals.thread).localGet(pushed);
      if (lane === 0) this.f.simd(SIMD.i32x4_splat);
      else {
        // The vector lies below the scalar on the stack already.
        this.f.simdLane(SIMD.i32x4_replace_lane, lane);
      }
    }
  }
}

const LOADS: Partial<Record<ValueType, number>> = { [I32]: OP.i32_load, [I64]: OP.i64_load, [F32]: OP.f32_load, [F64]: OP.f64_load };
const STORES: Partial<Record<ValueType, number>> = { [I32]: OP.i32_store, [I64]: OP.i64_store, [F32]: OP.f32_store, [F64]: OP.f64_store };

/** The constant that makes lanes from lane 0: 0, stride, 2 * stride... for vector `j`. */
function steps(stride: number, wide: boolean, j: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let lane = 0; lane < (wide ? 2 : 4); lane++) {
    if (wide) view.setBigInt64(8 * lane, BigInt(stride * (2 * j + lane)), true);
    else view.setInt32(4 * lane, (stride * (4 * j + lane)) | 0, true);
  }
  return bytes;
}
