export * from "./cpu-block.ts";
export { setDecoderWasm } from "./decode/index.ts";
export * from "./engine/index.ts";
