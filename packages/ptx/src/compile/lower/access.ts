import { I32, I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { bitsOf } from "../../parse/types.ts";
import type { Emitter } from "../emitter.ts";
import { LAUNCH, WORKER } from "../layout.ts";
import { illegal, notTranslated } from "../suffixes.ts";

export type AccessSpace = "generic" | "global" | "const" | "shared" | "local" | "param";

/**
 * Checks an access and leaves its address in the memory in a local.
 *
 * One comparison finds both kinds of bad address: the offset in its range, rotated right by the size's exponent, is
 * below the number of elements only if it is a multiple of the size and the whole element lies inside.
 * Hot: once per access of every thread; bench "kernels".
 */
export function checkedAddress(e: Emitter, i: Instruction, operand: Operand | undefined, space: AccessSpace, size: number): number {
  if (operand?.kind !== "address" || operand.coordinates !== undefined) throw illegal(i, `'${i.opcode}' needs an address`);
  const physical = e.scratch(I32, "physical");
  const { base, offset } = operand;
  if (base?.kind === "variable") {
    variableAddress(e, i, base.variable, offset, space, size, physical);
    return physical;
  }
  if (space === "shared" || space === "local" || space === "param") windowAddress(e, i, operand, space, size, physical);
  else pointerAddress(e, i, operand, size, physical);
  return physical;
}

type AddressOperand = Operand & { kind: "address" };
type Variable = (Operand & { kind: "variable" })["variable"];

/** A named place: what can be is checked now. */
function variableAddress(
  e: Emitter,
  i: Instruction,
  variable: Variable,
  offset: bigint,
  space: AccessSpace,
  size: number,
  physical: number,
): void {
  const { f, locals } = e;
  const placement = e.placement(variable);
  if (placement === undefined) throw notTranslated(i, `a .${variable.space} variable outside of a kernel's parameters`);
  const at = placement.offset + Number(offset);
  if (placement.space === "module") {
    if (space !== "generic" && space !== variable.space) throw illegal(i, `'${variable.name}' is not in .${space}`);
    e.pushModuleAddress(BigInt(placement.offset) + offset);
    const inside =
      offset >= 0n &&
      offset + BigInt(size) <= BigInt(variable.size) &&
      Number(offset) % size === 0 &&
      variable.align % Math.min(size, 16) === 0;
    if (inside) f.op(OP.i32_wrap_i64).localSet(physical);
    else {
      const pointer = e.scratch(I64, "pointer");
      f.localSet(pointer);
      checkPointer(e, i, pointer, `variable ${variable.name}`, size, physical);
    }
    return;
  }
  if (placement.space === "param") {
    if (offset < 0n || Number(offset) + size > variable.size) throw illegal(i, `access outside of parameter '${variable.name}'`);
    f.localGet(locals.parameters).i32Const(at).op(OP.i32_add).localSet(physical);
    return;
  }
  const inside = offset >= 0n && offset + BigInt(size) <= BigInt(variable.size) && at % size === 0;
  if (inside && placement.space !== "dynamic-shared") {
    f.localGet(placement.space === "shared" ? locals.shared : locals.local)
      .i32Const(at)
      .op(OP.i32_add)
      .localSet(physical);
    return;
  }
  const window = e.scratch(I64, "window");
  f.i64Const(BigInt(placement.offset) + offset);
  if (placement.space === "dynamic-shared") f.localGet(locals.launch).load(OP.i64_load32_u, LAUNCH.dynamicShared, 2).op(OP.i64_add);
  f.localSet(window);
  checkWindow(e, i, window, placement.space === "local" ? "local" : "shared", size, physical);
}

/** An offset in a window, in a register. */
function windowAddress(
  e: Emitter,
  i: Instruction,
  { base, offset }: AddressOperand,
  space: "shared" | "local" | "param",
  size: number,
  physical: number,
): void {
  const { f } = e;
  if (base?.kind === "register" && bitsOf(base.register.type) === 32 && space === "shared") {
    const at = e.scratch(I32, "window");
    e.push(i, { kind: "register", register: base.register }, "u32");
    if (offset !== 0n) f.i32Const(Number(BigInt.asIntN(32, offset))).op(OP.i32_add);
    f.localSet(at);
    const shift = Math.log2(size);
    f.localGet(at);
    if (shift > 0) f.i32Const(shift).op(OP.i32_rotr);
    f.localGet(e.locals.sharedCounts[shift] ?? 0)
      .op(OP.i32_ge_u)
      .expect(false)
      .if();
    f.localGet(at).op(OP.i64_extend_i32_u);
    callFault(e, i, size);
    f.end();
    f.localGet(at).localGet(e.locals.shared).op(OP.i32_add).localSet(physical);
    return;
  }
  const window = e.scratch(I64, "window");
  if (base === undefined) f.i64Const(offset);
  else {
    const register = base.kind === "register" ? base.register : undefined;
    if (register === undefined) throw illegal(i, "unexpected address");
    e.push(i, { kind: "register", register }, bitsOf(register.type) === 32 ? "u32" : "u64");
    if (bitsOf(register.type) === 32) f.op(OP.i64_extend_i32_u);
    if (offset !== 0n) f.i64Const(offset).op(OP.i64_add);
  }
  f.localSet(window);
  checkWindow(e, i, window, space, size, physical);
}

function checkWindow(
  e: Emitter,
  i: Instruction,
  window: number,
  space: "shared" | "local" | "param",
  size: number,
  physical: number,
): void {
  const { f, locals } = e;
  const shift = Math.log2(size);
  f.localGet(window);
  if (shift > 0) f.i64Const(shift).op(OP.i64_rotr);
  if (space === "local") f.i64Const(e.kernel.symbols.localBytes >> shift);
  else if (space === "shared") f.localGet(locals.sharedCounts[shift] ?? 0).op(OP.i64_extend_i32_u);
  else {
    f.localGet(locals.launch).load(OP.i64_load32_u, LAUNCH.parameterBytes, 2);
    if (shift > 0) f.i64Const(shift).op(OP.i64_shr_u);
  }
  f.op(OP.i64_ge_u).expect(false).if();
  f.localGet(window);
  callFault(e, i, size);
  f.end();
  f.localGet(window)
    .op(OP.i32_wrap_i64)
    .localGet(space === "shared" ? locals.shared : space === "local" ? locals.local : locals.parameters);
  f.op(OP.i32_add).localSet(physical);
}

/** With the address on the stack. */
function callFault(e: Emitter, i: Instruction, size: number): void {
  const address = e.scratch(I64, "fault");
  e.f.localSet(address).localGet(e.locals.worker).localGet(address).i32Const(size).i32Const(e.site(i)).localGet(e.locals.thread);
  e.f.call(e.helpers.get("fault"));
}

/** A 64-bit generic pointer. */
function pointerAddress(e: Emitter, i: Instruction, { base, offset }: AddressOperand, size: number, physical: number): void {
  const { f } = e;
  const pointer = e.scratch(I64, "pointer");
  let root = "constant";
  if (base?.kind === "register") {
    if (bitsOf(base.register.type) !== 64) throw notTranslated(i, "a 32-bit global address");
    root = e.kernel.roots.get(base.register) ?? base.register.name;
    e.push(i, { kind: "register", register: base.register }, "b64");
    if (offset !== 0n) f.i64Const(offset).op(OP.i64_add);
  } else f.i64Const(offset);
  f.localSet(pointer);
  checkPointer(e, i, pointer, root, size, physical);
}

function checkPointer(e: Emitter, i: Instruction, pointer: number, root: string, size: number, physical: number): void {
  const { f, locals } = e;
  const { base, count } = e.range(root, size);
  const shift = Math.log2(size);
  f.localGet(pointer).localGet(base).op(OP.i64_sub);
  if (shift > 0) f.i64Const(shift).op(OP.i64_rotr);
  f.localGet(count).op(OP.i64_ge_u).expect(false).if();
  f.localGet(locals.worker).localGet(pointer).i32Const(size).i32Const(e.site(i)).localGet(locals.thread).call(e.helpers.get("resolve"));
  f.localGet(locals.worker).load(OP.i64_load, WORKER.rangeBase, 3).localSet(base);
  f.localGet(locals.worker).load(OP.i64_load, WORKER.rangeCount, 3).localSet(count);
  f.end();
  f.localGet(pointer).op(OP.i32_wrap_i64).localSet(physical);
}
