export * from "./byte-writer.ts";
export * from "./function-builder.ts";
export * from "./module-builder.ts";
export * from "./opcodes.ts";
