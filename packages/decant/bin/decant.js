#!/usr/bin/env node
import { existsSync } from "node:fs";

const bundle = new URL("../dist/decant.js", import.meta.url);
if (!existsSync(bundle)) {
  console.error("decant: this checkout is not built yet. Run `npm run build` in it first.");
  process.exit(1);
}
await import(bundle.href);
