export { Decoder } from "./decoder.ts";
export { format } from "./format.ts";
export { setDecoderWasm } from "./iced.ts";
export { CC, type Condition, type Instruction, type InstructionKind, type MemoryOperand, type Operand } from "./instruction.ts";
export { MNEMONIC, MNEMONIC_NAMES, type MnemonicName } from "./mnemonics.ts";
