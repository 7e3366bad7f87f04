import type { Instruction, Operand } from "./ast.ts";

/** An instruction as text, for messages. */
export function formatInstruction(instruction: Instruction): string {
  const { guard, opcode, modifiers, operands } = instruction;
  const prefix = guard === undefined ? "" : `@${guard.negated ? "!" : ""}${guard.register.name} `;
  const name = [opcode, ...modifiers].join(".");
  return `${prefix}${name}${operands.length > 0 ? " " : ""}${operands.map(formatOperand).join(", ")}`;
}

function formatOperand(operand: Operand): string {
  switch (operand.kind) {
    case "register":
      return `${operand.negated ? "!" : operand.minus ? "-" : ""}${operand.register.name}${operand.part === undefined ? "" : `.${operand.part}`}`;
    case "integer":
      return String(operand.value);
    case "float":
      return `0${operand.single ? "f" : "d"}${operand.bits
        .toString(16)
        .toUpperCase()
        .padStart(operand.single ? 8 : 16, "0")}`;
    case "special":
      return `%${operand.name}`;
    case "variable":
      return `${operand.variable.name}${offsetText(operand.offset)}`;
    case "label":
    case "symbol":
      return operand.name;
    case "address": {
      const base = operand.base?.kind === "register" ? operand.base.register.name : operand.base?.variable.name;
      const place = base === undefined ? String(operand.offset) : `${base}${offsetText(operand.offset)}`;
      return `[${place}${operand.coordinates === undefined ? "" : `, ${formatOperand(operand.coordinates)}`}]`;
    }
    case "vector":
      return `{${operand.elements.map(formatOperand).join(", ")}}`;
    case "list":
      return `(${operand.elements.map(formatOperand).join(", ")})`;
    case "pair":
      return `${formatOperand(operand.first)}|${formatOperand(operand.second)}`;
    case "sink":
      return "_";
  }
}

function offsetText(offset: bigint): string {
  return offset === 0n ? "" : offset > 0n ? `+${offset}` : String(offset);
}
