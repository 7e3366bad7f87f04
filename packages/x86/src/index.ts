export * from "./cpu-block.ts";
export { disassemble, setDecoderWasm, type Disassembled } from "./decode/index.ts";
export * from "./engine/index.ts";
export { putX87, x87Image, x87Number } from "./x87-image.ts";
