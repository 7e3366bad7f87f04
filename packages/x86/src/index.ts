export * from "./cpu-block.ts";
export type { Disassembled } from "./decode/disassemble.ts";
export { setDecoderWasm } from "./decode/iced.ts";
export { disassemble } from "./engine/disassemble.ts";
export * from "./engine/index.ts";
export { putX87, x87Image, x87Number } from "./x87-image.ts";
