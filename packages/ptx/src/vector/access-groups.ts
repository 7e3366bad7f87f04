import { I32, I64, OP, SIMD, type Label } from "@decant/wasm";
import type { Instruction, Operand, Register } from "../parse/ast.ts";
import { bitsOf, bytesOf } from "../parse/types.ts";
import { ACTS } from "../compile/operands.ts";
import { pushLoad } from "../compile/lower/memory.ts";
import type { VectorEmitter } from "./emitter.ts";
import { words } from "./forms.ts";
import {
  accessOf,
  checkIndexedPlaces,
  checkRange,
  fits,
  isIndexed,
  pushIndexedPointer,
  pushSharedCount,
  setIndexedAddresses,
  transfer,
  type Access,
  type IndexedPlaces,
} from "./memory.ts";
import type { Shape } from "./shapes.ts";
import type { SsaInstruction } from "./ssa.ts";

/** Loads and stores of one block through one address, at several constant offsets. */
interface Group {
  readonly members: Map<SsaInstruction, Access>;
  readonly register: Register;
  readonly shape: GroupShape;
  readonly name: string;
  low: bigint;
  high: bigint;
}

/** Addresses that are the same for all lanes, or grow from lane to lane; or, for loads, that differ by an index. */
type GroupShape = Shape & { kind: "uniform" | "affine" | "indexed" };

const MAX_SPAN = 1n << 20n;
const MAX_INSTRUCTIONS = 800;

/**
 * The accesses of a block whose addresses are known before the first of them. They are checked together there; when all are
 * in bounds, the rest of the block needs no checks.
 */
export class AccessGroups {
  /** The position of the first access. */
  readonly first: number;
  readonly #groups = new Map<SsaInstruction, Group>();
  /** Words in a row that each lane loads at once, by the first of their loads; and those that are loaded with it. */
  readonly #rows = new Map<SsaInstruction, readonly Access[]>();
  readonly #isLoaded = new Set<SsaInstruction>();

  private constructor(first: number) {
    this.first = first;
  }

  /** Undefined when it is not worth having the block twice, with checks and without. */
  static find(e: VectorEmitter, block: number, instructions: readonly SsaInstruction[]): AccessGroups | undefined {
    const first = instructions.findIndex((s) => isMember(e, s));
    if (first < 0 || instructions.length - first > MAX_INSTRUCTIONS) return undefined;
    const groups = new AccessGroups(first);
    const early = new Set<unknown>();
    for (const s of instructions.slice(0, first)) for (const value of s.writes.values()) early.add(value);
    const found = new Map<string, Group>();
    const names = new Map<unknown, number>();
    for (const s of instructions) {
      const member = isMember(e, s);
      if (member === undefined) continue;
      const { access, register, shape } = member;
      // An address is told by the value that its register has here.
      const value = s.reads.get(register);
      if (value !== undefined && value.block === block && value.phi === undefined && !early.has(value)) continue;
      const { offset } = access.address;
      const number = names.get(value ?? register) ?? names.size;
      names.set(value ?? register, number);
      const rest = ((offset % BigInt(access.size)) + BigInt(access.size)) % BigInt(access.size);
      const key = `${number} ${access.space} ${access.size} ${rest}`;
      let group = found.get(key);
      if (group !== undefined && (offset - group.low > MAX_SPAN || group.high - offset > MAX_SPAN)) continue;
      group ??= { members: new Map(), register, shape, name: `group ${found.size}`, low: offset, high: offset };
      found.set(key, group);
      group.members.set(s, access);
      if (offset < group.low) group.low = offset;
      if (offset > group.high) group.high = offset;
      groups.#groups.set(s, group);
    }
    // Indices are checked as well where they are used, unless that saves loads.
    for (const { shape, members } of found.values())
      if (shape.kind === "indexed" && !groups.#findRows(members, instructions)) for (const s of members.keys()) groups.#groups.delete(s);
    return groups.#groups.size > 1 ? groups : undefined;
  }

  /** Finds loads of four words in a row, with nothing between the first and the last of them that could write there. False: there are none. */
  #findRows(members: Group["members"], instructions: readonly SsaInstruction[]): boolean {
    let row: Access[] = [];
    let hasRows = false;
    for (const s of instructions) {
      const access = members.get(s);
      if (access === undefined) {
        if (!isHarmless(s.instruction)) row = [];
        continue;
      }
      const last = row.at(-1);
      if (!isPlainWord(access) || (last !== undefined && access.address.offset !== last.address.offset + 4n)) row = [];
      if (!isPlainWord(access)) continue;
      row.push(access);
      if (row.length < 4) continue;
      const [first, ...others] = row;
      if (first !== undefined) this.#rows.set(first.s, row);
      for (const other of others) this.#isLoaded.add(other.s);
      hasRows = true;
      row = [];
    }
    return hasRows;
  }

  /** Goes to `otherwise` when not all of the accesses are in bounds for all lanes. */
  check(e: VectorEmitter, otherwise: Label): void {
    for (const group of new Set(this.#groups.values())) {
      const [access] = group.members.values();
      if (access !== undefined) checkGroup(e, group, access, otherwise);
    }
  }

  /** Writes an access that has been checked. False: it has not. */
  write(e: VectorEmitter, s: SsaInstruction): boolean {
    const group = this.#groups.get(s);
    const access = group?.members.get(s);
    if (group === undefined || access === undefined) return false;
    const at = Number(access.address.offset - group.low);
    if (group.shape.kind === "indexed") {
      const places = placesOf(e, group);
      const row = this.#rows.get(s);
      if (row !== undefined) loadRow(e, row, places, at);
      else if (!this.#isLoaded.has(s)) transfer(e, access, undefined, { at: e.laneAddress(places), offset: () => at });
      return true;
    }
    const physical = e.temporary(I32, `${group.name} place`);
    if (group.shape.kind === "affine") {
      const { stride } = group.shape;
      transfer(e, access, stride, { at: () => physical, offset: (lane) => at + lane * stride });
      return true;
    }
    const targets = new Map([...s.writes].map(([register, value]) => [register, e.scalarOf(value)]));
    e.bound(e.lane0(s.reads), targets, () => {
      for (const [index, element] of access.elements.entries()) {
        e.f.localGet(physical);
        pushLoad(e, access.type, at + index * bytesOf(access.type));
        e.set(s.instruction, element, access.type, { wide: true, clean: true });
      }
    });
    return true;
  }
}

/** Instructions that neither write to memory nor order what others write. */
function isHarmless({ opcode }: Instruction): boolean {
  return !ACTS.has(opcode) && !["st", "membar", "fence"].includes(opcode);
}

/** A load of one word into a register as wide, which may come a little earlier than the text has it. */
function isPlainWord({ s, size, count, elements: [element] }: Access): boolean {
  if (s.instruction.modifiers.some((name) => /^(volatile|relaxed|acquire|mmio)/.test(name))) return false;
  return size === 4 && count === 1 && element?.kind === "register" && bitsOf(element.register.type) === 32;
}

/** The locals in which a group of lanes at indices has the addresses of the lowest access. */
function placesOf(e: VectorEmitter, { name }: Group): readonly number[] {
  return Array.from({ length: e.vectors }, (_, j) => e.vectorTemporary(`${name} place ${j}`));
}

/** Loads four words of each lane at once, and sorts them by lanes. */
function loadRow(e: VectorEmitter, row: readonly Access[], places: readonly number[], at: number): void {
  const { f } = e;
  const place = e.laneAddress(places);
  const lanes = [0, 1, 2, 3].map((lane) => e.vectorTemporary(`row of lane ${lane}`));
  for (let j = 0; j < e.vectors; j++) {
    for (const [lane, local] of lanes.entries())
      f.localGet(place(4 * j + lane))
        .simdLoad(SIMD.v128_load, at, 2)
        .localSet(local);
    const [a = 0, b = 0, c = 0, d = 0] = lanes;
    const pairs = [
      [a, b, [0, 4, 1, 5]],
      [c, d, [0, 4, 1, 5]],
      [a, b, [2, 6, 3, 7]],
      [c, d, [2, 6, 3, 7]],
    ] as const;
    const halves = pairs.map(([low, high, order], index) => {
      const half = e.vectorTemporary(`half ${index}`);
      f.localGet(low)
        .localGet(high)
        .shuffle(words(...order))
        .localSet(half);
      return half;
    });
    for (const [word, access] of row.entries()) {
      f.localGet(halves[word < 2 ? 0 : 2] ?? 0).localGet(halves[word < 2 ? 1 : 3] ?? 0);
      f.shuffle((word & 1) === 0 ? words(0, 1, 4, 5) : words(2, 3, 6, 7));
      e.setVector(access.s, access.elements[0], j);
    }
  }
}

function isMember(e: VectorEmitter, s: SsaInstruction): { access: Access; register: Register; shape: GroupShape } | undefined {
  const access = accessOf(e, s);
  const base = access?.address.base;
  if (access === undefined || base?.kind !== "register") return undefined;
  const shape = e.shapes.of(s.reads, access.address);
  if (shape.kind === "varying") return undefined;
  if (access.store && shape.kind !== "affine") return undefined;
  if (shape.kind === "affine" && (shape.stride <= 0 || shape.stride % access.size !== 0)) return undefined;
  if (shape.kind === "indexed" && (access.space === "shared" || !isIndexed(shape, access.size))) return undefined;
  if (shape.kind !== "uniform" && !access.elements.every((element) => fits(element, access.type))) return undefined;
  return { access, register: base.register, shape };
}

/** Goes to `otherwise` when not all accesses of a group are in bounds for all lanes; leaves where the lowest one is in a local. */
function checkGroup(e: VectorEmitter, group: Group, access: Access, otherwise: Label): void {
  const { f } = e;
  const { low, high, shape, register, name } = group;
  const { shift, size, s } = access;
  const stride = shape.kind === "affine" ? shape.stride : 0;
  const extra = ((e.lanes - 1) * stride) / size + Number(high - low) / size;
  const operand: Operand = { kind: "register", register };
  if (access.space === "shared") {
    const at = e.temporary(I32, "window");
    e.pushScalar(s, s.instruction, operand, "b32");
    if (low !== 0n) f.i32Const(Number(BigInt.asIntN(32, low))).op(OP.i32_add);
    f.localTee(at);
    if (shift > 0) f.i32Const(shift).op(OP.i32_rotr);
    pushSharedCount(e, shift, extra);
    f.op(OP.i32_ge_u).expect(false).brIf(otherwise);
    f.localGet(at)
      .localGet(e.locals.shared)
      .op(OP.i32_add)
      .localSet(e.temporary(I32, `${name} place`));
    return;
  }
  const pointer = e.temporary(I64, "pointer");
  e.pushScalar(s, s.instruction, operand, "b64");
  if (low !== 0n) f.i64Const(low).op(OP.i64_add);
  f.localSet(pointer);
  const range = e.vectorRange(e.kernel.roots.get(register) ?? register.name, size, extra);
  if (shape.kind === "indexed") {
    const places: IndexedPlaces = { shape, pointer, range, size, shift, name: `${name} place` };
    const check = (bad: Label): void => void checkIndexedPlaces(e, places, bad);
    checkRange(e, { range, size, extra, check, pointer: () => pushIndexedPointer(e, places) }, otherwise);
    setIndexedAddresses(e, places, placesOf(e, group));
    return;
  }
  f.localGet(pointer)
    .op(OP.i32_wrap_i64)
    .localSet(e.temporary(I32, `${name} place`));
  const check = (bad: Label): void => {
    f.localGet(pointer).localGet(range.base).op(OP.i64_sub);
    if (shift > 0) f.i64Const(shift).op(OP.i64_rotr);
    f.localGet(range.count).op(OP.i64_ge_u).expect(false).brIf(bad);
  };
  checkRange(e, { range, size, extra, check, pointer: () => void f.localGet(pointer) }, otherwise);
}
