export { PtxError, type PtxErrorKind } from "./error.ts";
export * from "./parse/ast.ts";
export { parsePtx } from "./parse/parse.ts";
export { linkPtx } from "./link.ts";
export { STACK_BYTES } from "./calls/join-calls.ts";
export {
  compileModule,
  shiftOf,
  type CompiledKernel,
  type CompiledModule,
  type CompiledVariable,
  type Relocation,
} from "./compile/compile.ts";
export type { Features, Site } from "./compile/emitter.ts";
export type { KernelOptions } from "./compile/kernel.ts";
export * from "./compile/layout.ts";
export { probeFeatures } from "./compile/probe.ts";
export { writeTextureDescriptor, type TextureDescriptor, type TextureLevel } from "./run/texture-descriptor.ts";
export { createTextures, type Textures } from "./run/textures.ts";
export { createServices, takeOutput, type Service } from "./run/services.ts";
export { runBlocks, type BlockRun, type Layout, type PhaseFunction } from "./run/run-blocks.ts";
