export * from "./cpu-block.ts";
export { disassemble, setDecoderWasm, type Disassembled } from "./decode/index.ts";
export * from "./engine/index.ts";
