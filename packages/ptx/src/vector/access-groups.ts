import { I32, I64, OP, type Label } from "@decant/wasm";
import type { Operand, Register } from "../parse/ast.ts";
import { bytesOf } from "../parse/types.ts";
import { WORKER } from "../compile/layout.ts";
import { pushLoad } from "../compile/lower/memory.ts";
import type { VectorEmitter } from "./emitter.ts";
import { accessOf, fits, pushSharedCount, transfer, type Access } from "./memory.ts";
import type { SsaInstruction } from "./ssa.ts";

/** Loads and stores of one block through one address, at several constant offsets. */
interface Group {
  readonly members: Map<SsaInstruction, Access>;
  readonly register: Register;
  /** What the address grows by from lane to lane: 0 when it is the same for all. */
  readonly stride: number;
  readonly name: string;
  low: bigint;
  high: bigint;
}

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
      const { access, register, stride } = member;
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
      group ??= { members: new Map(), register, stride, name: `group ${found.size}`, low: offset, high: offset };
      found.set(key, group);
      group.members.set(s, access);
      if (offset < group.low) group.low = offset;
      if (offset > group.high) group.high = offset;
      groups.#groups.set(s, group);
    }
    return groups.#groups.size > 1 ? groups : undefined;
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
    const physical = e.temporary(I32, `${group.name} place`);
    const at = Number(access.address.offset - group.low);
    if (group.stride > 0) {
      transfer(e, access, group.stride, { at: () => physical, offset: (lane) => at + lane * group.stride });
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

function isMember(e: VectorEmitter, s: SsaInstruction): { access: Access; register: Register; stride: number } | undefined {
  const access = accessOf(e, s);
  const base = access?.address.base;
  if (access === undefined || base?.kind !== "register") return undefined;
  const shape = e.shapes.of(s.reads, access.address);
  const stride = shape.kind === "uniform" ? 0 : shape.kind === "affine" ? shape.stride : -1;
  if (stride < 0 || stride % access.size !== 0 || (stride === 0 && access.store)) return undefined;
  if (stride > 0 && !access.elements.every((element) => fits(element, access.type))) return undefined;
  return { access, register: base.register, stride };
}

/** Goes to `otherwise` when not all accesses of a group are in bounds for all lanes; leaves where the lowest one is in a local. */
function checkGroup(e: VectorEmitter, group: Group, access: Access, otherwise: Label): void {
  const { f } = e;
  const { low, high, stride, register, name } = group;
  const { shift, size, s } = access;
  const physical = e.temporary(I32, `${name} place`);
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
    f.localGet(at).localGet(e.locals.shared).op(OP.i32_add).localSet(physical);
    return;
  }
  const pointer = e.temporary(I64, "pointer");
  e.pushScalar(s, s.instruction, operand, "b64");
  if (low !== 0n) f.i64Const(low).op(OP.i64_add);
  f.localTee(pointer).op(OP.i32_wrap_i64).localSet(physical);
  const range = e.vectorRange(e.kernel.roots.get(register) ?? register.name, size, extra);
  const pushBad = (): void => {
    f.localGet(pointer).localGet(range.base).op(OP.i64_sub);
    if (shift > 0) f.i64Const(shift).op(OP.i64_rotr);
    f.localGet(range.count).op(OP.i64_ge_u);
  };
  pushBad();
  f.expect(false).if();
  f.localGet(e.locals.worker).localGet(pointer).i32Const(size).i32Const(0).localGet(e.locals.thread).call(e.helpers.get("locate"));
  f.localGet(e.locals.worker).load(OP.i64_load, WORKER.rangeBase, 3).localSet(range.base);
  f.localGet(e.locals.worker).load(OP.i64_load, WORKER.rangeCount, 3).i64Const(extra).op(OP.i64_sub).i64Const(0);
  f.localGet(e.locals.worker).load(OP.i64_load, WORKER.rangeCount, 3).i64Const(extra).op(OP.i64_gt_u).select().localSet(range.count);
  pushBad();
  f.expect(false).brIf(otherwise);
  f.end();
}
