import { ATOMIC, F32, F64, I32, I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { bitsOf, bytesOf, isSigned, type ScalarType } from "../../parse/types.ts";
import { valueType, type Emitter } from "../emitter.ts";
import { notTranslated, Suffixes } from "../suffixes.ts";
import { checkedAddress } from "./access.ts";
import { integerOps, pushConstant } from "./integer.ts";
import type { Lowering } from "./table.ts";

const OPERATIONS = ["add", "and", "or", "xor", "exch", "cas", "min", "max", "inc", "dec"] as const;

/** atom and red: the processor's own operation where wasm has it, a compare-exchange loop elsewhere. */
export const atomic: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const space = suffixes.oneOf(["global", "shared", "shared::cta"]);
  suffixes.oneOf(["relaxed", "acquire", "release", "acq_rel"]);
  suffixes.oneOf(["cta", "cluster", "gpu", "sys"]);
  const operation = suffixes.oneOf(OPERATIONS);
  suffixes.drop(/^(noftz|L2::.*)$/);
  const type = suffixes.type();
  suffixes.end();
  if (operation === undefined || !/^[usbf](32|64)$/.test(type)) throw notTranslated(i);
  const result = i.opcode === "atom" ? i.operands[0] : ({ kind: "sink" } as const);
  const [address, ...values] = i.opcode === "atom" ? i.operands.slice(1) : i.operands;
  const physical = checkedAddress(e, i, address, space === undefined ? "generic" : space === "global" ? "global" : "shared", bytesOf(type));
  const float = type === "f32" || type === "f64";
  if (!float && ["add", "and", "or", "xor", "exch"].includes(operation)) {
    // Nobody but this block, whose threads run in turn, sees its shared memory.
    if (space === undefined || space === "global") direct(e, i, operation, type, physical, values[0]);
    else inTurn(e, i, operation, type, physical, values[0]);
  } else if (operation === "cas") compareExchange(e, i, type, physical, values);
  else loop(e, i, operation, type, physical, values[0]);
  e.set(i, result, float ? type : type);
};

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

function compareExchange(e: Emitter, i: Instruction, type: ScalarType, physical: number, values: readonly Operand[]): void {
  const wide = bitsOf(type) === 64;
  const untyped: ScalarType = wide ? "b64" : "b32";
  e.f.localGet(physical);
  e.push(i, values[0], untyped);
  e.push(i, values[1], untyped);
  e.f.atomic(wide ? ATOMIC.i64_rmw_cmpxchg : ATOMIC.i32_rmw_cmpxchg, 0, wide ? 3 : 2);
}

function loop(e: Emitter, i: Instruction, operation: string, type: ScalarType, physical: number, value: Operand | undefined): void {
  const { f } = e;
  const wide = bitsOf(type) === 64;
  const bits = wide ? I64 : I32;
  const old = e.scratch(bits, "old");
  const operand = e.scratch(valueType(type), "atomic value");
  e.push(i, value, type);
  f.localSet(operand);
  f.localGet(physical)
    .atomic(wide ? ATOMIC.i64_atomic_load : ATOMIC.i32_atomic_load, 0, wide ? 3 : 2)
    .localSet(old);
  const again = f.loop();
  f.localGet(physical).localGet(old);
  pushUpdate(e, operation, type, old, operand);
  f.atomic(wide ? ATOMIC.i64_rmw_cmpxchg : ATOMIC.i32_rmw_cmpxchg, 0, wide ? 3 : 2);
  const seen = e.scratch(bits, "seen");
  const ops = integerOps(bits);
  f.localTee(seen).localGet(old).localGet(seen).localSet(old).op(ops.eq).op(OP.i32_eqz).brIf(again);
  f.end();
  f.localGet(old);
  if (type === "f32") f.op(OP.f32_reinterpret_i32);
  if (type === "f64") f.op(OP.f64_reinterpret_i64);
}

/** Pushes the new bits for the old ones. */
function pushUpdate(e: Emitter, operation: string, type: ScalarType, old: number, operand: number): void {
  const { f } = e;
  const local = valueType(type);
  if (local === F32 && operation === "add")
    f.localGet(old).op(OP.f32_reinterpret_i32).localGet(operand).op(OP.f32_add).op(OP.i32_reinterpret_f32);
  else if (local === F64 && operation === "add")
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

function updateInteger(e: Emitter, operation: string, type: ScalarType, old: number, operand: number): void {
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
