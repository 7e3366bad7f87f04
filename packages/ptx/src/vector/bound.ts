import { I64, OP } from "@decant/wasm";
import type { Operand } from "../parse/ast.ts";
import { ALIASES } from "./compare.ts";
import { plain } from "./forms.ts";
import type { VectorEmitter } from "./emitter.ts";
import type { SsaBlock, SsaInstruction, Value } from "./ssa.ts";

/** A comparison of numbers that grow from lane to lane with one that is the same for all: mostly of a thread's number with a count. */
export interface Bound {
  readonly s: SsaInstruction;
  readonly growing: Operand;
  readonly limit: Operand;
  readonly stride: number;
  readonly signed: boolean;
  /** The comparison holds for numbers below the limit, not for those above it. */
  readonly holdsBelow: boolean;
  /** The limit counts as being below itself. */
  readonly includesLimit: boolean;
}

/** The comparisons that bounds are made of, each with the one that says the same of its operands exchanged. */
const MIRRORED: Readonly<Record<string, "lt" | "le" | "gt" | "ge">> = { lt: "gt", le: "ge", gt: "lt", ge: "le" };

/** The comparison of a block that a condition comes from, when it is such a one. */
export function boundOf(e: VectorEmitter, block: SsaBlock, condition: Value): Bound | undefined {
  const s = block.instructions.find(({ writes }) => writes.get(condition.register) === condition);
  if (s?.instruction.opcode !== "setp" || s.instruction.operands.length !== 3 || s.instruction.operands[0]?.kind !== "register")
    return undefined;
  const [, a, b] = s.instruction.operands;
  const [name = "", type, ...rest] = s.instruction.modifiers;
  const comparison = ALIASES[name] ?? name;
  const mirrored = MIRRORED[comparison];
  if (mirrored === undefined || (type !== "s32" && type !== "u32") || rest.length > 0 || !plain(s.instruction, type, 1)) return undefined;
  const [left, right] = [e.shapes.of(s.reads, a), e.shapes.of(s.reads, b)];
  const [growing, limit, shape, other] = left.kind === "affine" ? [a, b, left, right] : [b, a, right, left];
  if (growing === undefined || limit === undefined || shape.kind !== "affine" || shape.stride <= 0 || other.kind !== "uniform")
    return undefined;
  const holds = growing === a ? comparison : mirrored;
  return {
    s,
    growing,
    limit,
    stride: shape.stride,
    signed: type === "s32",
    holdsBelow: holds === "lt" || holds === "le",
    includesLimit: holds === "le" || holds === "gt",
  };
}

/**
 * Decides a bound for all lanes by the first and the last of them, where these agree: `below` and `above` write where to go then. What they do not
 * decide, lanes on both sides and numbers that wrap around in between, goes on behind. A few scalar instructions instead of some for each vector.
 */
export function decideBound(e: VectorEmitter, bound: Bound, below: () => void, above: () => void): void {
  const { f } = e;
  const { s, signed, includesLimit } = bound;
  const [first, last, limit] = [e.temporary(I64, "first"), e.temporary(I64, "last"), e.temporary(I64, "limit")];
  const push = (operand: Operand): void => {
    e.pushScalar(s, s.instruction, operand, "b32");
    f.op(signed ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
  };
  push(bound.limit);
  f.localSet(limit);
  push(bound.growing);
  f.localTee(first)
    .i64Const((e.lanes - 1) * bound.stride)
    .op(OP.i64_add)
    .localTee(last);
  f.localGet(limit)
    .op(includesLimit ? OP.i64_le_s : OP.i64_lt_s)
    .if();
  below();
  f.end();
  f.localGet(first)
    .localGet(limit)
    .op(includesLimit ? OP.i64_gt_s : OP.i64_ge_s);
  f.localGet(last)
    .i64Const(signed ? 2 ** 31 - 1 : 2 ** 32 - 1)
    .op(OP.i64_le_s)
    .op(OP.i32_and)
    .if();
  above();
  f.end();
}
