#!/usr/bin/env node
import { existsSync } from "node:fs";
import module from "node:module";

const bundle = new URL("../dist/decant.js", import.meta.url);
if (!existsSync(bundle)) {
  console.error("decant: this checkout is not built yet. Run `npm run build` in it first.");
  process.exit(1);
}
// From Node 22.1 on V8 keeps the code that it compiled between runs.
module.enableCompileCache?.();
await import(bundle.href);
