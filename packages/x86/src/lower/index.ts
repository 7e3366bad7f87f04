export { CC, type Condition, type Instruction, type InstructionKind, type MemoryOperand, type Operand } from "../decode/instruction.ts";
export { effects, type Effects } from "./effects.ts";
export { Emitter, type EmitterOptions, type RegisterLocals } from "./emitter.ts";
export { createHelpers, HELPERS, TRAP, type HelperHost, type HelperName } from "./helpers.ts";
export { NotTranslated } from "./lowering.ts";
