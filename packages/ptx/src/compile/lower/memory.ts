import { F32, F64, I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { bitsOf, bytesOf, isSigned, type ScalarType } from "../../parse/types.ts";
import { valueType, type Emitter } from "../emitter.ts";
import { LAUNCH } from "../layout.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { checkedAddress, type AccessSpace } from "./access.ts";
import type { Lowering } from "./table.ts";

const SPACES = ["global", "const", "shared", "local", "param", "shared::cta", "shared::cluster", "param::entry"] as const;
const SCOPES = ["cta", "cluster", "gpu", "sys"] as const;

export interface AccessForm {
  readonly space: AccessSpace;
  readonly type: ScalarType;
  readonly count: number;
}

/** What ld and st share. Blocks run to their barriers one after the other, so ordering and scope ask for nothing more. */
export function accessForm(i: Instruction, suffixes: Suffixes): AccessForm {
  const space = spaceOf(suffixes);
  suffixes.take("mmio");
  suffixes.oneOf(["weak", "relaxed", "acquire", "release", "volatile"]);
  suffixes.oneOf(SCOPES);
  suffixes.drop(/^(nc|ca|cg|cs|cv|lu|wb|wt|L1::.*|L2::.*|unified)$/);
  const vector = suffixes.oneOf(["v2", "v4", "v8"]);
  const type = suffixes.type();
  suffixes.end();
  if (!/^([usbf](8|16|32|64))$/.test(type)) throw notTranslated(i, `type .${type}`);
  const count = vector === undefined ? 1 : Number(vector.slice(1));
  const bytes = count * bytesOf(type);
  if (bytes > 32 || (count === 8 && bytes < 32)) throw illegal(i, `no .${vector} of .${type}`);
  if (bytes === 32 && space !== "global") throw illegal(i, "accesses of 256 bits need .global");
  return { space, type, count };
}

function spaceOf(suffixes: Suffixes): AccessSpace {
  const space = suffixes.oneOf(SPACES);
  if (space === "shared::cta" || space === "shared::cluster") return "shared"; // Each block is a cluster by itself.
  return space === "param::entry" ? "param" : (space ?? "generic");
}

export function elementsOf(i: Instruction, operand: Operand | undefined, count: number): readonly (Operand | undefined)[] {
  if (count === 1) return [operand?.kind === "vector" && operand.elements.length === 1 ? operand.elements[0] : operand];
  if (operand?.kind !== "vector" || operand.elements.length !== count) throw illegal(i, `'${i.opcode}' needs a vector of ${count}`);
  return operand.elements;
}

export const load: Lowering = (e, i) => {
  const it = accessForm(i, new Suffixes(i));
  const size = bytesOf(it.type);
  const elements = elementsOf(i, i.operands[0], it.count);
  const address = checkedAddress(e, i, i.operands[1], it.space, size * it.count);
  for (const [index, element] of elements.entries()) {
    if (element?.kind === "sink") continue;
    e.f.localGet(address);
    pushLoad(e, it.type, index * size);
    e.set(i, element, it.type, { wide: true, clean: true });
  }
};

/** Loads from the address on the stack; narrow values come extended by their type. */
export function pushLoad(e: Emitter, type: ScalarType, offset: number): void {
  const size = bytesOf(type);
  const signed = isSigned(type);
  const align = Math.log2(size);
  const { f } = e;
  if (type === "f32") f.load(OP.f32_load, offset, align);
  else if (type === "f64") f.load(OP.f64_load, offset, align);
  else if (size === 8) f.load(OP.i64_load, offset, align);
  else if (size === 4) f.load(OP.i32_load, offset, align);
  else if (size === 2) f.load(signed ? OP.i32_load16_s : OP.i32_load16_u, offset, align);
  else f.load(signed ? OP.i32_load8_s : OP.i32_load8_u, offset, align);
}

export const store: Lowering = (e, i) => {
  const it = accessForm(i, new Suffixes(i));
  if (it.space === "const" || it.space === "param") throw illegal(i, `.${it.space} cannot be written`);
  const size = bytesOf(it.type);
  const elements = elementsOf(i, i.operands[1], it.count);
  const address = checkedAddress(e, i, i.operands[0], it.space, size * it.count);
  for (const [index, element] of elements.entries()) {
    e.f.localGet(address);
    e.push(i, element, it.type, { wide: true });
    pushStore(e, it.type, index * size);
  }
};

/** Stores the value on the stack to the address below it. */
function pushStore(e: Emitter, type: ScalarType, offset: number): void {
  const size = bytesOf(type);
  const local = valueType(type);
  const op =
    local === F32
      ? OP.f32_store
      : local === F64
        ? OP.f64_store
        : local === I64
          ? OP.i64_store
          : size === 4
            ? OP.i32_store
            : size === 2
              ? OP.i32_store16
              : OP.i32_store8;
  e.f.store(op, offset, Math.log2(size));
}

export const mov: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const type = suffixes.type();
  suffixes.end();
  const [d, a] = i.operands;
  if (d?.kind === "vector" && a?.kind === "vector") {
    throw illegal(i, "mov between vectors");
  }
  if (a?.kind === "symbol") throw notTranslated(i, "the address of a function");
  if (bitsOf(type) === 128) throw notTranslated(i, "type .b128");
  // A variable named with a .b32 or .f32 register is an address all the same.
  e.push(i, a, type);
  e.set(i, d, type);
};

/** cvta: windows are parts of the generic space, and .global and .const are the generic space itself. */
export const convertAddress: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const to = suffixes.take("to");
  const space = spaceOf(suffixes);
  const type = suffixes.type();
  suffixes.end();
  if (bitsOf(type) !== 64) throw notTranslated(i, "a 32-bit address");
  const [d, a] = i.operands;
  if (a?.kind === "variable") e.push(i, a, "u64");
  else e.push(i, a, "b64");
  if (space === "shared" || space === "local" || space === "param") {
    e.pushWindow(space);
    e.f.op(to ? OP.i64_sub : OP.i64_add);
  }
  e.set(i, d, "b64");
};

export const isSpace: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const space = spaceOf(suffixes);
  suffixes.end();
  const { f, locals } = e;
  const pointer = e.scratch(I64, "pointer");
  e.push(i, i.operands[1], "b64");
  f.localSet(pointer);
  const inside = (window: "shared" | "local" | "param"): void => {
    f.localGet(pointer);
    e.pushWindow(window);
    f.op(OP.i64_sub);
    if (window === "local") f.i64Const(e.kernel.symbols.localBytes);
    else f.localGet(locals.launch).load(OP.i64_load32_u, window === "shared" ? LAUNCH.sharedBytes : LAUNCH.parameterBytes, 2);
    f.op(OP.i64_lt_u);
  };
  /** Constants lie among the module's variables; a pointer past the end of one still belongs to it, as for a window. */
  const constant = (): void => {
    f.i32Const(0);
    for (const [variable, { offset }] of e.kernel.symbols.placements) {
      if (variable.space !== "const") continue;
      f.localGet(pointer);
      e.pushModuleAddress(BigInt(offset));
      f.op(OP.i64_sub)
        .i64Const(variable.size + 1)
        .op(OP.i64_lt_u)
        .op(OP.i32_or);
    }
  };
  if (space === "shared" || space === "local" || space === "param") inside(space);
  else if (space === "const") constant();
  else if (space === "global") {
    constant();
    for (const window of ["shared", "local", "param"] as const) {
      inside(window);
      f.op(OP.i32_or);
    }
    f.op(OP.i32_eqz);
  } else throw illegal(i, "isspacep needs a space");
  e.set(i, i.operands[0], "pred");
};

/** Hints and fences: nothing to do, as each worker runs its threads in program order. */
export const nothing: Lowering = () => {};

/** A fence orders what other workers see. */
export const fence: Lowering = (e) => {
  e.f.op(0xfe).op(0x03).op(0x00);
};

/** createpolicy: there are no caches to advise. */
export const noPolicy: Lowering = (e, i) => {
  e.f.i64Const(0);
  e.set(i, i.operands[0], "b64");
};

/** mapa: a block is a cluster of its own, so a place in the shared memory of block 0 of the cluster is the same place here. */
export const ownShared: Lowering = (e, i) => {
  const type = i.modifiers.includes("u64") ? "b64" : "b32";
  e.push(i, i.operands[1], type);
  e.set(i, i.operands[0], type);
};

/** getctarank: the block's number in its cluster. */
export const ownRank: Lowering = (e, i) => {
  e.f.i32Const(0);
  e.set(i, i.operands[0], "b32");
};
