import { ATOMIC, F32, F64, I32, I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { bitsOf, bytesOf, isFloat, isSigned, type ScalarType } from "../../parse/types.ts";
import { valueType, type Emitter } from "../emitter.ts";
import { WIDE_LOCK_WORD } from "../layout.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { checkedAddress } from "./access.ts";
import { flush, narrowHalf, pushSmaller, widenHalf } from "./float-parts.ts";
import { halfType, type HalfType } from "./half.ts";
import { integerOps, pushConstant } from "./integer.ts";
import { elementsOf } from "./memory.ts";
import type { Lowering } from "./table.ts";

const OPERATIONS = ["add", "and", "or", "xor", "exch", "cas", "min", "max", "inc", "dec"] as const;
type Operation = (typeof OPERATIONS)[number];
/** Those that are of bits or integers only (PTX ISA, "atom"). */
const BITWISE: ReadonlySet<Operation> = new Set(["and", "or", "xor", "exch", "cas", "inc", "dec"]);

/** One operation on one element in memory. */
interface AtomicForm {
  readonly operation: Operation;
  readonly type: ScalarType;
  readonly half: HalfType | undefined;
  /** Other blocks see what is there. */
  readonly global: boolean;
  /** Sums of floats in global memory flush subnormals (PTX ISA, "atom"). */
  readonly ftz: boolean;
  /** A local with the address. */
  readonly physical: number;
}

/** atom and red: the processor's own operation where wasm has it, a compare-exchange loop elsewhere. */
export const atomic: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  suffixes.take("async");
  const space = suffixes.oneOf(["global", "shared", "shared::cta", "shared::cluster"]);
  suffixes.oneOf(["relaxed", "acquire", "release", "acq_rel"]);
  suffixes.oneOf(["cta", "cluster", "gpu", "sys"]);
  const operation = suffixes.oneOf(OPERATIONS);
  suffixes.drop(/^(noftz|L2::.*)$/);
  const vector = suffixes.oneOf(["v2", "v4", "v8"]);
  const type = suffixes.type();
  suffixes.end();
  if (type === "b128") {
    if (operation !== "exch" && operation !== "cas") throw illegal(i, `'.${operation ?? i.opcode}' does not go with .b128`);
    if (i.opcode !== "atom" || vector !== undefined) throw illegal(i, "no such exchange of .b128");
    exchangeWide(e, i, operation, space);
    return;
  }
  const half = halfType(type);
  if (operation === undefined || !(/^[usbf](32|64)$/.test(type) || type === "b16" || half !== undefined)) throw notTranslated(i);
  if (half !== undefined && !["add", "min", "max"].includes(operation)) throw illegal(i, `'.${operation}' does not go with .${type}`);
  if (type === "b16" && operation !== "cas" && operation !== "exch") throw illegal(i, `'.${operation}' does not go with .b16`);
  if (isFloat(type) && BITWISE.has(operation)) throw illegal(i, `'.${operation}' does not go with .${type}`);
  const count = vector === undefined ? 1 : Number(vector.slice(1));
  const returns = i.opcode === "atom";
  const [address, ...values] = returns ? i.operands.slice(1) : i.operands;
  const results = returns ? elementsOf(i, i.operands[0], count) : [];
  const size = bytesOf(type) * count;
  if (size > 16) throw notTranslated(i, `.${vector} of .${type}`);
  const physical = checkedAddress(e, i, address, accessSpace(space), size);
  const global = space === undefined || space === "global";
  const it: AtomicForm = { operation, type, half, global, ftz: space === "global" && type === "f32" && operation === "add", physical };
  const inputs = vector === undefined ? undefined : elementsOf(i, values[0], count);
  for (let index = 0; index < count; index++) {
    if (index > 0) e.f.localGet(physical).i32Const(bytesOf(type)).op(OP.i32_add).localSet(physical);
    one(e, i, it, inputs === undefined ? values : [inputs[index]]);
    e.set(i, results[index] ?? { kind: "sink" }, half === undefined ? type : half.lanes === 2 ? "b32" : "b16");
  }
};

function accessSpace(space: string | undefined): "generic" | "global" | "shared" {
  return space === undefined ? "generic" : space === "global" ? "global" : "shared";
}

/** Exchanges 128 bits, each value given as two of 64: while a lock is held that all such exchanges take. */
function exchangeWide(e: Emitter, i: Instruction, operation: "exch" | "cas", space: string | undefined): void {
  const { f } = e;
  const [d, address, ...values] = i.operands;
  if (values.length !== (operation === "cas" ? 2 : 1)) throw illegal(i, `wrong operands for '${i.opcode}'`);
  const results = d?.kind === "sink" ? [d, d] : elementsOf(i, d, 2);
  const inputs = values.map((value, index) =>
    elementsOf(i, value, 2).map((element, half) => {
      const local = e.scratch(I64, `value ${index}.${half}`);
      e.push(i, element, "b64");
      f.localSet(local);
      return local;
    }),
  );
  const physical = checkedAddress(e, i, address, accessSpace(space), 16);
  const old = [e.scratch(I64, "low"), e.scratch(I64, "high")];
  const again = f.loop();
  f.i32Const(0).i32Const(0).i32Const(1).atomic(ATOMIC.i32_rmw_cmpxchg, WIDE_LOCK_WORD, 2).brIf(again);
  f.end();
  for (const [half, local] of old.entries())
    f.localGet(physical)
      .load(OP.i64_load, 8 * half, 3)
      .localSet(local);
  const [expected] = operation === "cas" ? inputs : [];
  if (expected !== undefined) {
    for (const [half, local] of old.entries())
      f.localGet(local)
        .localGet(expected[half] ?? 0)
        .op(OP.i64_eq);
    f.op(OP.i32_and).if();
  }
  for (const [half, local] of (inputs.at(-1) ?? []).entries())
    f.localGet(physical)
      .localGet(local)
      .store(OP.i64_store, 8 * half, 3);
  if (expected !== undefined) f.end();
  f.i32Const(0).i32Const(0).atomic(ATOMIC.i32_atomic_store, WIDE_LOCK_WORD, 2);
  for (const [half, local] of old.entries()) {
    f.localGet(local);
    e.set(i, results[half] ?? { kind: "sink" }, "b64");
  }
}

/** Pushes what was in memory before. */
function one(e: Emitter, i: Instruction, it: AtomicForm, values: readonly (Operand | undefined)[]): void {
  const { operation, type, half, global, physical } = it;
  const plain = half === undefined && type !== "f32" && type !== "f64";
  if (operation === "cas") compareExchange(e, i, type, physical, values);
  else if (type === "b16") exchange16(e, i, physical, values[0]);
  else if (plain && ["add", "and", "or", "xor", "exch"].includes(operation)) {
    // Nobody but this block, whose threads run in turn, sees its shared memory.
    if (global) direct(e, i, operation, type, physical, values[0]);
    else inTurn(e, i, operation, type, physical, values[0]);
  } else loop(e, i, it, values[0]);
}

function direct(e: Emitter, i: Instruction, operation: string, type: ScalarType, physical: number, value: Operand | undefined): void {
  const wide = bitsOf(type) === 64;
  const ops: Record<string, number> = {
    add: wide ? ATOMIC.i64_rmw_add : ATOMIC.i32_rmw_add,
    and: wide ? ATOMIC.i64_rmw_and : ATOMIC.i32_rmw_and,
    or: wide ? ATOMIC.i64_rmw_or : ATOMIC.i32_rmw_or,
    xor: wide ? ATOMIC.i64_rmw_xor : ATOMIC.i32_rmw_xor,
    exch: wide ? ATOMIC.i64_rmw_xchg : ATOMIC.i32_rmw_xchg,
  };
  e.f.localGet(physical);
  e.push(i, value, type);
  e.f.atomic(ops[operation] ?? 0, 0, wide ? 3 : 2);
}

function inTurn(e: Emitter, i: Instruction, operation: string, type: ScalarType, physical: number, value: Operand | undefined): void {
  const { f } = e;
  const wide = bitsOf(type) === 64;
  const bits = wide ? I64 : I32;
  const old = e.scratch(bits, "old");
  const ops = integerOps(bits);
  f.localGet(physical)
    .localGet(physical)
    .load(wide ? OP.i64_load : OP.i32_load, 0, 2)
    .localSet(old);
  if (operation !== "exch") f.localGet(old);
  e.push(i, value, type);
  if (operation !== "exch") f.op({ add: ops.add, and: ops.and, or: ops.or, xor: ops.xor }[operation] ?? 0);
  f.store(wide ? OP.i64_store : OP.i32_store, 0, 2).localGet(old);
}

function compareExchange(e: Emitter, i: Instruction, type: ScalarType, physical: number, values: readonly (Operand | undefined)[]): void {
  const bits = bitsOf(type);
  const untyped: ScalarType = bits === 64 ? "b64" : bits === 32 ? "b32" : "b16";
  e.f.localGet(physical);
  e.push(i, values[0], untyped);
  e.push(i, values[1], untyped);
  if (bits === 16) e.f.atomic(ATOMIC.i32_rmw16_cmpxchg_u, 0, 1);
  else e.f.atomic(bits === 64 ? ATOMIC.i64_rmw_cmpxchg : ATOMIC.i32_rmw_cmpxchg, 0, bits === 64 ? 3 : 2);
}

function exchange16(e: Emitter, i: Instruction, physical: number, value: Operand | undefined): void {
  e.f.localGet(physical);
  e.push(i, value, "b16");
  e.f.atomic(ATOMIC.i32_rmw16_xchg_u, 0, 1);
}

/** Where wasm has no such operation: compares and exchanges until nobody has come between. */
function loop(e: Emitter, i: Instruction, it: AtomicForm, value: Operand | undefined): void {
  const { f } = e;
  const { type, half, physical } = it;
  const narrow = half?.lanes === 1;
  const wide = bitsOf(type) === 64;
  const bits = wide ? I64 : I32;
  const old = e.scratch(bits, "old");
  const operand = e.scratch(half === undefined ? valueType(type) : I32, "atomic value");
  e.push(i, value, half === undefined ? type : half.lanes === 2 ? "b32" : "b16");
  f.localSet(operand);
  const align = narrow ? 1 : wide ? 3 : 2;
  f.localGet(physical)
    .atomic(narrow ? ATOMIC.i32_atomic_load16_u : wide ? ATOMIC.i64_atomic_load : ATOMIC.i32_atomic_load, 0, align)
    .localSet(old);
  const again = f.loop();
  f.localGet(physical).localGet(old);
  if (half === undefined) pushUpdate(e, it, old, operand);
  else pushHalves(e, it.operation, half, old, operand);
  f.atomic(narrow ? ATOMIC.i32_rmw16_cmpxchg_u : wide ? ATOMIC.i64_rmw_cmpxchg : ATOMIC.i32_rmw_cmpxchg, 0, align);
  const seen = e.scratch(bits, "seen");
  const ops = integerOps(bits);
  f.localTee(seen).localGet(old).localGet(seen).localSet(old).op(ops.eq).op(OP.i32_eqz).brIf(again);
  f.end();
  f.localGet(old);
  if (type === "f32") f.op(OP.f32_reinterpret_i32);
  if (type === "f64") f.op(OP.f64_reinterpret_i64);
}

/** Pushes the new bits of one half, or of two. */
function pushHalves(e: Emitter, operation: Operation, { element, lanes }: HalfType, old: number, operand: number): void {
  const { f } = e;
  const [a, b] = [e.scratch(F32, "a"), e.scratch(F32, "b")];
  for (let lane = 0; lane < lanes; lane++) {
    for (const [from, to] of [
      [old, a],
      [operand, b],
    ] as const) {
      f.localGet(from);
      if (lane === 0) f.i32Const(0xffff).op(OP.i32_and);
      else f.i32Const(16).op(OP.i32_shr_u);
      widenHalf(e, element);
      f.localSet(to);
    }
    if (operation === "add") f.localGet(a).op(OP.f64_promote_f32).localGet(b).op(OP.f64_promote_f32).op(OP.f64_add);
    else {
      pushSmaller(e, operation === "min", a, b, false);
      f.op(OP.f64_promote_f32);
    }
    narrowHalf(e, element);
    if (lane === 1) f.i32Const(16).op(OP.i32_shl).op(OP.i32_or);
  }
}

/** Pushes the new bits for the old ones. */
function pushUpdate(e: Emitter, { operation, type, ftz }: AtomicForm, old: number, operand: number): void {
  const { f } = e;
  const local = valueType(type);
  if (local === F32 && operation === "add") {
    f.localGet(old).op(OP.f32_reinterpret_i32);
    if (ftz) flush(e);
    f.localGet(operand);
    if (ftz) flush(e);
    f.op(OP.f32_add);
    if (ftz) flush(e);
    f.op(OP.i32_reinterpret_f32);
  } else if (local === F64 && operation === "add")
    f.localGet(old).op(OP.f64_reinterpret_i64).localGet(operand).op(OP.f64_add).op(OP.i64_reinterpret_f64);
  else if (local === F32 || local === F64) {
    // min, max and exch of floats.
    const single = local === F32;
    const reinterpret = single ? OP.i32_reinterpret_f32 : OP.i64_reinterpret_f64;
    if (operation === "exch") f.localGet(operand).op(reinterpret);
    else {
      f.localGet(old)
        .op(single ? OP.f32_reinterpret_i32 : OP.f64_reinterpret_i64)
        .localGet(operand);
      f.op(operation === "min" ? (single ? OP.f32_min : OP.f64_min) : single ? OP.f32_max : OP.f64_max).op(reinterpret);
    }
  } else updateInteger(e, operation, type, old, operand);
}

function updateInteger(e: Emitter, operation: Operation, type: ScalarType, old: number, operand: number): void {
  const { f } = e;
  const local = valueType(type);
  const ops = integerOps(local);
  if (operation === "min" || operation === "max") {
    const less = isSigned(type) ? ops.ltS : ops.ltU;
    f.localGet(old).localGet(operand).localGet(old).localGet(operand).op(less);
    if (operation === "max") f.op(OP.i32_eqz);
    f.select();
    return;
  }
  // inc wraps to 0 above the operand, dec wraps to the operand at 0 and above it.
  if (operation === "inc") {
    pushConstant(e, local, 0);
    f.localGet(old);
    pushConstant(e, local, 1);
    f.op(ops.add).localGet(old).localGet(operand).op(ops.ltU).op(OP.i32_eqz).select();
  } else {
    f.localGet(operand).localGet(old);
    pushConstant(e, local, 1);
    f.op(ops.sub).localGet(old).op(ops.eqz).localGet(old).localGet(operand).op(ops.gtU).op(OP.i32_or).select();
  }
}
