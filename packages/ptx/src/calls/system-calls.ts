import { PtxError } from "../error.ts";
import type { Instruction, Operand, Statement } from "../parse/ast.ts";
import { formatInstruction } from "../parse/format.ts";
import { make, reg, type LinkContext } from "./unit.ts";
import { pieceType, type Slot } from "./slots.ts";

/** The functions that CUDA defines for kernels (CUDA C++ Programming Guide, "Formatted Output", "Assertion", "Dynamic Global Memory Allocation"): the bytes of result and arguments. */
const SYSTEM_CALLS: Readonly<Record<string, { readonly result: number; readonly arguments: readonly number[] }>> = {
  vprintf: { result: 4, arguments: [8, 8] },
  __assertfail: { result: 0, arguments: [8, 8, 4, 8, 8] },
  malloc: { result: 8, arguments: [8] },
  free: { result: 0, arguments: [8] },
};

/** A call of a function that the module does not define, as one instruction: result, then arguments. */
export function systemCall(
  linker: LinkContext,
  i: Instruction,
  name: string,
  passed: readonly Slot[],
  results: readonly Slot[],
): Statement[] {
  const known = Object.hasOwn(SYSTEM_CALLS, name) ? SYSTEM_CALLS[name] : undefined;
  const instruction = formatInstruction(i);
  if (known === undefined) throw new PtxError(i.line, `unresolved extern function '${name}'`, { instruction, kind: "unresolved" });
  if (known.arguments.length !== passed.length)
    throw new PtxError(i.line, `'${name}' takes ${known.arguments.length} arguments`, { instruction });
  const out: Statement[] = [];
  const single = (bytes: number): { slot: Slot; operand: Operand } => {
    const register = linker.register(`%${name}`, pieceType(bytes));
    return { slot: { kind: "pieces", pieces: new Map([[0, { offset: 0, bytes, register }]]) }, operand: reg(register) };
  };
  const operands = passed.map((from, index) => {
    const { slot, operand } = single(known.arguments[index] ?? 8);
    out.push(...linker.transfer(i.line, from, slot));
    return operand;
  });
  const result = single(known.result === 0 ? 4 : known.result);
  out.push({ ...make(i.line, "syscall", [name], [result.operand, ...operands]), source: i.source });
  const [to] = results;
  if (to !== undefined && known.result > 0) out.push(...linker.transfer(i.line, result.slot, to));
  return out;
}
