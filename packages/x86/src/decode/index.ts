export { Decoder } from "./decoder.ts";
export { disassemble } from "./disassemble.ts";
export { format } from "./format.ts";
export { CC, countBits, type Instruction } from "./instruction.ts";
export { MNEMONIC, MnemonicSet } from "./mnemonics.ts";
