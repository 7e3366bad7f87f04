/**
 * Writes the type declarations of the published package: those of packages/decant's entries and of all that they name, under one folder, with imports of our packages as relative
 * paths. `node scripts/types.mjs [FOLDER]`; packages/decant/dist/types without one.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "./workspace.mjs";

const ENTRIES = ["decant/index", "decant/api", "decant/testing"];
const target = resolve(process.argv[2] ?? join(root, "packages/decant/dist/types"));
const made = mkdtempSync(join(tmpdir(), "decant-types-"));
try {
  emit(made);
  rmSync(target, { recursive: true, force: true });
  const pending = [...ENTRIES];
  const written = new Set();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (written.has(name)) continue;
    written.add(name);
    pending.push(...write(name));
  }
} finally {
  rmSync(made, { recursive: true, force: true });
}

/** Declarations of the entries and all that they import, as tsc makes them: packages/hook/src/api.d.ts. */
function emit(folder) {
  const options = ["-p", join(root, "tsconfig.types.json"), "--outDir", folder];
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), options, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the type declarations cannot be made:\n${stdout}`);
}

/** Writes one file, "hook/types/text", and returns the names of those that it imports. */
function write(name) {
  const [pack, ...rest] = name.split("/");
  const text = readFileSync(join(made, "packages", pack, "src", `${rest.join("/")}.d.ts`), "utf8");
  const imported = [];
  const changed = text.replaceAll(/(\bfrom |\bimport\()(["'])(@decant\/[a-z0-9]+|\.{1,2}\/[^"']+)\2/g, (_, before, quote, specifier) => {
    const other = specifier.startsWith("@")
      ? `${specifier.slice("@decant/".length)}/index`
      : join(dirname(name), specifier).replace(/\.ts$/, "");
    imported.push(other);
    const path = relative(dirname(name), other);
    return `${before}${quote}${path.startsWith(".") ? path : `./${path}`}.js${quote}`;
  });
  const file = join(target, `${name}.d.ts`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, changed);
  return imported;
}
