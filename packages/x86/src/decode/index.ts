export { Decoder } from "./decoder.ts";
export { disassemble, type Disassembled } from "./disassemble.ts";
export { format } from "./format.ts";
export { setDecoderWasm } from "./iced.ts";
export { CC, type Instruction } from "./instruction.ts";
export { MNEMONIC } from "./mnemonics.ts";
