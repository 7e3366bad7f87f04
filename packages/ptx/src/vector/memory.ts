import { I32, I64, OP, SIMD, type Label } from "@decant/wasm";
import type { Operand } from "../parse/ast.ts";
import { bitsOf, bytesOf, isSigned, type ScalarType } from "../parse/types.ts";
import { WORKER } from "../compile/layout.ts";
import { accessForm, elementsOf, type AccessForm } from "../compile/lower/memory.ts";
import { Suffixes } from "../compile/suffixes.ts";
import type { VectorEmitter } from "./emitter.ts";
import type { Shape } from "./shapes.ts";
import type { SsaInstruction } from "./ssa.ts";

/** A load or store of which the lanes' places are known once they are checked together. */
export interface Access extends AccessForm {
  readonly s: SsaInstruction;
  readonly elements: readonly (Operand | undefined)[];
  /** Bytes of one lane's access. */
  readonly size: number;
  readonly shift: number;
  readonly address: Operand & { kind: "address" };
  readonly store: boolean;
}

/**
 * A load or store whose address differs between lanes. All lanes are checked by a few vector instructions; when that fails,
 * the scalar form runs lane by lane, and finds the one that faults. False: there is no such form of this access.
 */
export function vectorAccess(e: VectorEmitter, s: SsaInstruction): boolean {
  const it = accessOf(e, s);
  const { base } = it?.address ?? {};
  if (it === undefined || base?.kind !== "register" || !it.elements.every((element) => fits(element, it.type))) return false;
  const shape = e.shapes.of(s.reads, it.address);
  if (shape.kind === "affine") return affineAccess(e, it, shape.stride);
  if (it.space === "shared") return sharedGather(e, it);
  return isIndexed(shape, it.size) && indexedAccess(e, it, shape);
}

/** A load or store through a register, whose places vectors can check; undefined for others. */
export function accessOf(e: VectorEmitter, s: SsaInstruction): Access | undefined {
  const i = s.instruction;
  const store = i.opcode === "st";
  if ((!store && i.opcode !== "ld") || i.operands.some((operand) => operand.kind === "sink")) return undefined;
  const form = accessForm(i, new Suffixes(i));
  const address = i.operands[store ? 0 : 1];
  if (address?.kind !== "address" || address.base?.kind !== "register") return undefined;
  const size = bytesOf(form.type) * form.count;
  const shift = Math.log2(size);
  if (form.space === "local" || form.space === "param" || !Number.isInteger(shift)) return undefined;
  const narrow = bitsOf(address.base.register.type) === 32;
  if (narrow !== (form.space === "shared") && (narrow || form.space === "shared")) return undefined;
  return { ...form, s, elements: elementsOf(i, i.operands[store ? 1 : 0], form.count), size, shift, address, store };
}

/** Elements that a vector can hold as they are: registers as wide as the type, or 32 bits and narrower ones. */
export function fits(element: Operand | undefined, type: ScalarType): boolean {
  if (element?.kind === "sink") return true;
  if (element?.kind !== "register") return element?.kind === "integer" || element?.kind === "float";
  const have = bitsOf(element.register.type);
  const want = bitsOf(type);
  return have === want || (want < 32 && have <= 32);
}

/** The scalar form for each lane, with its results; what the fast way falls back on. */
function laneByLane(e: VectorEmitter, { s }: Access): void {
  e.eachLane(s.reads, s.writes, () => e.lowerScalar(s.instruction));
}

/** Does `check`, which goes to its label where a lane is out of the range; where it does, the range is looked up at the pointer that `pointer` pushes, and `check` done again. */
export function checkRange(
  e: VectorEmitter,
  it: { range: { base: number; count: number }; size: number; extra: number; check(bad: Label): void; pointer(): void },
  otherwise: Label,
): void {
  const { f } = e;
  const { range, size, extra } = it;
  const good = f.block();
  const bad = f.block();
  it.check(bad);
  f.br(good);
  f.end();
  f.localGet(e.locals.worker);
  it.pointer();
  f.i32Const(size).i32Const(0).localGet(e.locals.thread).call(e.helpers.get("locate"));
  f.localGet(e.locals.worker).load(OP.i64_load, WORKER.rangeBase, 3).localSet(range.base);
  // What is left for lane 0 when the last lane must fit as well.
  f.localGet(e.locals.worker).load(OP.i64_load, WORKER.rangeCount, 3).i64Const(extra).op(OP.i64_sub).i64Const(0);
  f.localGet(e.locals.worker).load(OP.i64_load, WORKER.rangeCount, 3).i64Const(extra).op(OP.i64_gt_u).select().localSet(range.count);
  it.check(otherwise);
  f.end();
}

/**
 * Writes `check` (which goes to `bad` where a lane is out of the known range), the fast way, and the slow one (lane by lane, if not given). The
 * range is looked up once when the check fails, at the pointer that `pointer` pushes.
 */
function guardedAccess(
  e: VectorEmitter,
  it: Access,
  range: { base: number; count: number } | undefined,
  extra: number,
  write: { check(bad: Label): void; pointer(): void; fast(): void; slow?(): void },
): void {
  const { f } = e;
  const done = f.block();
  const good = f.block();
  const bad = f.block();
  if (range === undefined) write.check(bad);
  else checkRange(e, { range, size: it.size, extra, ...write }, bad);
  f.br(good);
  f.end();
  if (write.slow === undefined) laneByLane(e, it);
  else write.slow();
  f.br(done);
  f.end();
  write.fast();
  f.end();
}

/**
 * Pushes at how many places an access of a size may begin that needs `extra` elements more. Where a kernel declares all of its shared memory that is a
 * constant; the rest of what a launch may have given it all the same is left to the slow way.
 */
export function pushSharedCount(e: VectorEmitter, shift: number, extra: number): void {
  const { f } = e;
  const { sharedBytes, hasDynamicShared } = e.kernel.symbols;
  const known = (sharedBytes >> shift) - extra;
  if (!hasDynamicShared && known > 0) {
    f.i32Const(known);
    return;
  }
  const count = e.locals.sharedCounts[shift] ?? 0;
  f.localGet(count).i32Const(extra).op(OP.i32_sub).i32Const(0).localGet(count).i32Const(extra).op(OP.i32_gt_u).select();
}

function affineAccess(e: VectorEmitter, it: Access, stride: number): boolean {
  if (stride <= 0 || stride % it.size !== 0) return false;
  const { f } = e;
  const { base, offset } = it.address;
  if (base?.kind !== "register") return false;
  const extra = ((e.lanes - 1) * stride) / it.size;
  const i = it.s.instruction;
  const physical = e.temporary(I32, "physical");
  const register: Operand = { kind: "register", register: base.register };
  if (it.space === "shared") {
    const at = e.temporary(I32, "window");
    e.pushScalar(it.s, i, register, "b32");
    if (offset !== 0n) f.i32Const(Number(BigInt.asIntN(32, offset))).op(OP.i32_add);
    f.localSet(at);
    guardedAccess(e, it, undefined, extra, {
      check(bad) {
        f.localGet(at);
        if (it.shift > 0) f.i32Const(it.shift).op(OP.i32_rotr);
        pushSharedCount(e, it.shift, extra);
        f.op(OP.i32_ge_u).expect(false).brIf(bad);
      },
      pointer() {},
      fast() {
        f.localGet(at).localGet(e.locals.shared).op(OP.i32_add).localSet(physical);
        transferAffine(e, it, stride, physical);
      },
      // Lanes that take no part may lie before or behind the window, as at the edges of a tile.
      ...(e.mask === undefined ? {} : { slow: () => void sharedGather(e, it) }),
    });
    return true;
  }
  const pointer = e.temporary(I64, "pointer");
  e.pushScalar(it.s, i, register, "b64");
  if (offset !== 0n) f.i64Const(offset).op(OP.i64_add);
  f.localSet(pointer);
  const root = e.kernel.roots.get(base.register) ?? base.register.name;
  const range = e.vectorRange(root, it.size, extra);
  guardedAccess(e, it, range, extra, {
    check(bad) {
      f.localGet(pointer).localGet(range.base).op(OP.i64_sub);
      if (it.shift > 0) f.i64Const(it.shift).op(OP.i64_rotr);
      f.localGet(range.count).op(OP.i64_ge_u).expect(false).brIf(bad);
    },
    pointer: () => void f.localGet(pointer),
    fast() {
      f.localGet(pointer).op(OP.i32_wrap_i64).localSet(physical);
      transferAffine(e, it, stride, physical);
    },
  });
  return true;
}

/** Where lanes access shared memory: their offsets in it, in vectors of 32-bit lanes; 0 for lanes that take no part. */
export interface SharedPlaces {
  readonly vectors: readonly number[];
  /** Each access's size as a power of two. */
  readonly shift: number;
}

/** Computes offsets of shared memory that differ freely; undefined for an address that is no 32-bit register. */
export function setSharedPlaces(
  e: VectorEmitter,
  s: SsaInstruction,
  address: Operand | undefined,
  shift: number,
): SharedPlaces | undefined {
  const { f } = e;
  if (address?.kind !== "address" || address.coordinates !== undefined) return undefined;
  const { base, offset } = address;
  if (base?.kind !== "register" || bitsOf(base.register.type) !== 32) return undefined;
  const vectors = setPlaces(e, (j) => {
    e.pushVector(s, s.instruction, { kind: "register", register: base.register }, "b32", j);
    if (offset !== 0n)
      f.i32Const(Number(BigInt.asIntN(32, offset)))
        .simd(SIMD.i32x4_splat)
        .simd(SIMD.i32x4_add);
  });
  return { vectors, shift };
}

/** Pushes 1 when a lane is out of the window, or not aligned. */
export function checkSharedPlaces(e: VectorEmitter, { vectors, shift }: SharedPlaces): void {
  const { f } = e;
  pushAll(e, vectors, SIMD.i32x4_max_u);
  pushSharedCount(e, shift, 0);
  if (shift > 0) f.i32Const(shift).op(OP.i32_shl);
  f.simd(SIMD.i32x4_splat).simd(SIMD.i32x4_ge_u);
  if (shift > 0) {
    pushAll(e, vectors, SIMD.v128_or);
    f.i32Const((1 << shift) - 1)
      .simd(SIMD.i32x4_splat)
      .simd(SIMD.v128_and)
      .simd(SIMD.v128_or);
  }
  f.simd(SIMD.v128_any_true);
}

function sharedGather(e: VectorEmitter, it: Access): boolean {
  const { f } = e;
  const places = setSharedPlaces(e, it.s, it.address, it.shift);
  if (places === undefined) return false;
  guardedAccess(e, it, undefined, 0, {
    check(bad) {
      checkSharedPlaces(e, places);
      f.expect(false).brIf(bad);
    },
    pointer() {},
    fast() {
      for (const place of places.vectors)
        f.localGet(place).localGet(e.locals.shared).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_add).localSet(place);
      transferApart(e, it, places.vectors);
    },
  });
  return true;
}

/** How many elements a base may lie away from its range, and a range have, so that sums of 32 bits do not wrap around into it. */
const REACH = 2 ** 30;

/** Where lanes access memory: at a 64-bit base and a 32-bit index that differs freely, times a scale. */
export interface IndexedPlaces {
  readonly shape: Shape & { kind: "indexed" };
  /** A local with the base. */
  readonly pointer: number;
  readonly range: { readonly base: number; readonly count: number };
  /** Bytes of an element, of which the scale is a multiple, and the same as a power of two. */
  readonly size: number;
  readonly shift: number;
  /** What the locals are called in which the lanes' places are. */
  readonly name: string;
}

/** A base and an index that vectors can check. */
export function isIndexed(shape: Shape, size: number): shape is Shape & { kind: "indexed" } {
  return shape.kind === "indexed" && shape.scale % size === 0 && shape.scale > 0;
}

/**
 * Goes to `bad` when a lane is out of the range, and gives locals with the numbers of the lanes' elements in it. Lanes are compared by these,
 * which 32 bits hold: the base is at most 2^30 elements away from the range, which has no more than that; what an index adds to it wraps around only
 * to numbers beyond.
 */
export function checkIndexedPlaces(
  e: VectorEmitter,
  { shape, pointer, range, size, shift, name }: IndexedPlaces,
  bad: Label,
): readonly number[] {
  const { f } = e;
  const index = e.vectorsOf(shape.index);
  const factor = shape.scale / size;
  // Of these no product wraps around; where there is none, that of no sum does.
  const far = shape.signed && factor === 1 ? undefined : Math.floor(REACH / factor);
  const first = e.temporary(I32, "first element");
  const distance = e.temporary(I64, "distance");
  // Rotated, a distance that is no multiple of the size is far away.
  f.localGet(pointer)
    .localGet(range.base)
    .op(OP.i64_sub)
    .i64Const(REACH * size)
    .op(OP.i64_add);
  if (shift > 0) f.i64Const(shift).op(OP.i64_rotr);
  f.localTee(distance)
    .i64Const(2 * REACH)
    .op(OP.i64_ge_u)
    .expect(false)
    .brIf(bad);
  // No more of a larger size have room in the memory.
  if (size < 4) f.localGet(range.count).i64Const(REACH).op(OP.i64_gt_u).expect(false).brIf(bad);
  f.localGet(distance).op(OP.i32_wrap_i64).i32Const(REACH).op(OP.i32_sub).localSet(first);
  const places = setPlaces(
    e,
    (j) => {
      f.localGet(index[j] ?? 0);
      scale(e, factor);
      f.localGet(first).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_add);
    },
    name,
  );
  pushAll(e, places, SIMD.i32x4_max_u);
  f.localGet(range.count).op(OP.i32_wrap_i64).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_ge_u);
  if (far !== undefined) {
    const reached = setReached(e, index, shape.signed ? far : 0);
    pushAll(e, reached, SIMD.i32x4_max_u);
    f.i32Const(shape.signed ? 2 * far : far)
      .simd(SIMD.i32x4_splat)
      .simd(SIMD.i32x4_ge_u)
      .simd(SIMD.v128_or);
  }
  // A number of bits, which the engine branches on in fewer instructions than on whether there are any.
  f.simd(SIMD.i32x4_bitmask).expect(false).brIf(bad);
  return places;
}

/** Pushes the pointer of the first lane that takes part. */
export function pushIndexedPointer(e: VectorEmitter, { shape, pointer }: IndexedPlaces): void {
  e.f.localGet(pointer);
  e.pushFirstActive(e.vectorsOf(shape.index));
  e.f
    .op(shape.signed ? OP.i64_extend_i32_s : OP.i64_extend_i32_u)
    .i64Const(shape.scale)
    .op(OP.i64_mul)
    .op(OP.i64_add);
}

/** Makes addresses of the numbers of elements that were found to be good. */
export function setIndexedAddresses({ f }: VectorEmitter, { range, shift }: IndexedPlaces, places: readonly number[]): void {
  for (const place of places) {
    f.localGet(place);
    if (shift > 0) f.i32Const(shift).simd(SIMD.i32x4_shl);
    f.localGet(range.base).op(OP.i32_wrap_i64).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_add).localSet(place);
  }
}

function indexedAccess(e: VectorEmitter, it: Access, shape: Shape & { kind: "indexed" }): boolean {
  const { f } = e;
  const { base, offset } = it.address;
  if (base?.kind !== "register") return false;
  const pointer = e.temporary(I64, "pointer");
  e.pushScalar(it.s, it.s.instruction, { kind: "register", register: base.register }, "b64");
  if (offset !== 0n) f.i64Const(offset).op(OP.i64_add);
  f.localSet(pointer);
  const range = e.vectorRange(e.kernel.roots.get(base.register) ?? base.register.name, it.size, 0);
  const at: IndexedPlaces = { shape, pointer, range, size: it.size, shift: it.shift, name: "place" };
  let places: readonly number[] = [];
  guardedAccess(e, it, range, 0, {
    check: (bad) => void (places = checkIndexedPlaces(e, at, bad)),
    pointer: () => pushIndexedPointer(e, at),
    fast() {
      setIndexedAddresses(e, at, places);
      transferApart(e, it, places);
    },
  });
  return true;
}

function scale(e: VectorEmitter, by: number): void {
  const shift = Math.log2(by);
  if (shift === 0) return;
  if (Number.isInteger(shift)) e.f.i32Const(shift).simd(SIMD.i32x4_shl);
  else e.f.i32Const(by).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_mul);
}

/** Puts what `push` pushes for each vector into locals; 0 for lanes that take no part: what is in bounds when any is. */
function setPlaces(e: VectorEmitter, push: (j: number) => void, name = "place"): readonly number[] {
  return Array.from({ length: e.vectors }, (_, j) => {
    const local = e.vectorTemporary(`${name} ${j}`);
    push(j);
    if (e.mask !== undefined) e.f.localGet(e.mask.vectors[j] ?? 0).simd(SIMD.v128_and);
    e.f.localSet(local);
    return local;
  });
}

/** The indices, and `by` more. */
function setReached(e: VectorEmitter, index: readonly number[], by: number): readonly number[] {
  return setPlaces(
    e,
    (j) => {
      e.f.localGet(index[j] ?? 0);
      if (by !== 0) e.f.i32Const(by).simd(SIMD.i32x4_splat).simd(SIMD.i32x4_add);
    },
    "reached",
  );
}

function pushAll(e: VectorEmitter, vectors: readonly number[], op: number): void {
  for (const [j, vector] of vectors.entries()) {
    e.f.localGet(vector);
    if (j > 0) e.f.simd(op);
  }
}

interface Places {
  /** A local with the address of a lane, or with that of lane 0. */
  at(lane: number): number;
  offset(lane: number): number;
}

/** Moves the data of lanes that lie `stride` bytes apart, from a local's address on. */
function transferAffine(e: VectorEmitter, it: Access, stride: number, physical: number): void {
  const { f } = e;
  if (e.mask === undefined || !it.store || isBlended(it, stride)) {
    transfer(e, it, stride, { at: () => physical, offset: (lane) => lane * stride });
    return;
  }
  const places = Array.from({ length: e.vectors }, (_, j) => {
    const place = e.vectorTemporary(`place ${j}`);
    f.localGet(physical);
    e.spread({ kind: "affine", stride }, I32, j);
    f.localSet(place);
    return place;
  });
  transferApart(e, it, places);
}

/** Moves the data of lanes whose addresses lie in vectors. What lanes store that take no part goes where nobody looks: branches on masks are hard to foresee. */
function transferApart(e: VectorEmitter, it: Access, places: readonly number[]): void {
  const { f, mask } = e;
  if (it.store && mask !== undefined) {
    for (const [j, place] of places.entries()) {
      f.localGet(place).localGet(e.locals.worker).i32Const(WORKER.lanes).op(OP.i32_add).simd(SIMD.i32x4_splat);
      e.pushMask(mask, false, j);
      f.simd(SIMD.v128_bitselect).localSet(place);
    }
  }
  transfer(e, it, undefined, { at: e.laneAddress(places), offset: () => 0 });
}

/** A store of whole vectors, into which those that take no part put back what is there: nobody else writes to this block's shared memory. */
function isBlended(it: Access, stride: number | undefined): boolean {
  return isContiguous(it, stride) && bytesOf(it.type) >= 4 && it.space === "shared";
}

function isContiguous(it: Access, stride: number | undefined): boolean {
  return it.count === 1 && stride === it.size;
}

/** Moves the data, all places being known to be good: also those of lanes that take no part. */
export function transfer(e: VectorEmitter, it: Access, stride: number | undefined, places: Places): void {
  const contiguous = isContiguous(it, stride);
  for (const [at, element] of it.elements.entries()) {
    const inner = at * bytesOf(it.type);
    if (element?.kind === "sink") continue;
    if (it.store) storeElement(e, it, element, inner, contiguous, places);
    else loadElement(e, it, element, inner, contiguous, places);
  }
}

function loadElement(e: VectorEmitter, it: Access, element: Operand | undefined, inner: number, contiguous: boolean, places: Places): void {
  const { f } = e;
  const bytes = bytesOf(it.type);
  const wide = bytes === 8;
  const perVector = wide ? 2 : 4;
  const signed = isSigned(it.type);
  // A sign goes as far as the register does.
  const clean = signed && bytes < 4 && element?.kind === "register" && bitsOf(element.register.type) === 16;
  for (let j = 0; j < e.lanes / perVector; j++) {
    const first = j * perVector;
    if (contiguous) {
      f.localGet(places.at(first));
      const at = places.offset(first);
      if (bytes >= 4) f.simdLoad(SIMD.v128_load, at, 2);
      else if (bytes === 2) f.simdLoad(signed ? SIMD.v128_load16x4_s : SIMD.v128_load16x4_u, at, 1);
      else {
        f.simdLoad(SIMD.v128_load32_zero, at, 0);
        f.simd(signed ? SIMD.i16x8_extend_low_i8x16_s : SIMD.i16x8_extend_low_i8x16_u);
        f.simd(signed ? SIMD.i32x4_extend_low_i16x8_s : SIMD.i32x4_extend_low_i16x8_u);
      }
    } else {
      for (let lane = 0; lane < perVector; lane++) {
        const at = places.offset(first + lane) + inner;
        if (bytes >= 4 && lane > 0) {
          // The vector lies below: the address must come first.
          const vector = e.vectorTemporary("loaded");
          f.localSet(vector)
            .localGet(places.at(first + lane))
            .localGet(vector);
          f.simdLoadLane(wide ? SIMD.v128_load64_lane : SIMD.v128_load32_lane, at, lane, 2);
          continue;
        }
        f.localGet(places.at(first + lane));
        if (bytes >= 4) f.simdLoad(wide ? SIMD.v128_load64_splat : SIMD.v128_load32_splat, at, 2);
        else {
          f.load(bytes === 2 ? (signed ? OP.i32_load16_s : OP.i32_load16_u) : signed ? OP.i32_load8_s : OP.i32_load8_u, at, 0);
          if (lane === 0) f.simd(SIMD.i32x4_splat);
          else f.simdLane(SIMD.i32x4_replace_lane, lane);
        }
      }
    }
    if (clean) f.i32Const(0xffff).simd(SIMD.i32x4_splat).simd(SIMD.v128_and);
    e.setVector(it.s, element, j);
  }
}

function storeElement(
  e: VectorEmitter,
  it: Access,
  element: Operand | undefined,
  inner: number,
  contiguous: boolean,
  places: Places,
): void {
  const { f, mask } = e;
  const bytes = bytesOf(it.type);
  const wide = bytes === 8;
  const perVector = wide ? 2 : 4;
  const i = it.s.instruction;
  const type: ScalarType = element?.kind === "register" ? element.register.type : it.type;
  for (let j = 0; j < e.lanes / perVector; j++) {
    const first = j * perVector;
    const vector = e.vectorTemporary("stored");
    e.pushVector(it.s, i, element, type, j);
    f.localSet(vector);
    if (contiguous && bytes >= 4) {
      f.localGet(places.at(first)).localGet(vector);
      if (mask !== undefined) {
        f.localGet(places.at(first)).simdLoad(SIMD.v128_load, places.offset(first), 2);
        e.pushMask(mask, wide, j);
        f.simd(SIMD.v128_bitselect);
      }
      f.simdStore(SIMD.v128_store, places.offset(first), 2);
      continue;
    }
    for (let lane = 0; lane < perVector; lane++) {
      f.localGet(places.at(first + lane)).localGet(vector);
      const at = places.offset(first + lane) + inner;
      if (wide) f.simdStoreLane(SIMD.v128_store64_lane, at, lane, 2);
      else if (bytes === 4) f.simdStoreLane(SIMD.v128_store32_lane, at, lane, 2);
      else if (bytes === 2) f.simdStoreLane(SIMD.v128_store16_lane, at, 2 * lane, 1);
      else f.simdStoreLane(SIMD.v128_store8_lane, at, 4 * lane, 0);
    }
  }
}
