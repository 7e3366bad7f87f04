/** Bundles packages/decant into packages/decant/dist: the command people run, with no start-up cost for what it does not use. */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./workspace.mjs";

const { build } = await import("esbuild");
const dist = join(root, "packages/decant/dist");

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
await build({
  entryPoints: { decant: join(root, "packages/decant/src/main.ts"), index: join(root, "packages/decant/src/index.ts") },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  // Names stay: the trace shows kernel objects by their classes, and reports of bugs have stacks.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  // bufferutil and utf-8-validate are ws's optional native parts, koffi ours; msgpackr's extractor is native too.
  external: ["bufferutil", "utf-8-validate", "msgpackr-extract", "koffi"],
  // Bundled CommonJS packages still call require for Node's own modules.
  banner: {
    js: 'import { createRequire as decantCreateRequire } from "node:module"; const require = decantCreateRequire(import.meta.url);',
  },
  logLevel: "warning",
});
const fromX86 = createRequire(join(root, "packages/x86/package.json"));
copyFileSync(fromX86.resolve("iced-x86/iced_x86_bg.wasm"), join(dist, "iced_x86_bg.wasm"));
