import type { PtxModule } from "./parse/ast.ts";

/** What does not tell one form of an instruction from another: where and for whom memory is accessed, and how results are rounded off. */
const ASIDE =
  /^(global|shared|local|param|const|generic|cta|cluster|gpu|sys|relaxed|acquire|release|acq_rel|weak|volatile|nc|v[248]|sync|aligned|uni|ftz|sat|noftz)$|::/;
const COMPARISON = /^(eq|ne|[lg][te]u?|equ|neu|num|nan|lo|ls|hi|hs)$/;

/** The forms of a module's instructions: opcode and types, and what else changes what they do. */
export function formsOf(module: PtxModule): ReadonlySet<string> {
  const forms = new Set<string>();
  for (const { body } of module.functions) {
    for (const statement of body?.statements ?? []) {
      if (statement.kind !== "instruction") continue;
      const { opcode, modifiers } = statement;
      const compares = opcode === "setp" || opcode === "set";
      forms.add([opcode, ...modifiers.filter((name) => !ASIDE.test(name) && !(compares && COMPARISON.test(name)))].join("."));
    }
  }
  return forms;
}
