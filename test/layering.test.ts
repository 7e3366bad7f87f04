import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Who may import whom: the table of docs/architecture.md. A package's own dependencies may be fewer, never more. */
const layers: Record<string, readonly string[]> = {
  wasm: [],
  memory: [],
  pe: [],
  x86: ["wasm", "memory"],
  hook: ["memory"],
  host: [],
  process: ["pe", "x86", "hook", "host", "memory"],
  win32: ["process", "pe", "hook", "host", "memory"],
  cuda: [],
  ptx: ["wasm"],
  compute: ["cuda", "ptx"],
  remoting: ["cuda"],
  nvcuda: ["process", "hook", "cuda", "memory"],
  testing: ["win32", "nvcuda", "cuda", "process", "hook", "memory", "host"],
  server: ["remoting", "compute", "cuda"],
};

const packages = join(import.meta.dirname, "../packages");

const manifest = (name: string): { dependencies?: Record<string, string> } =>
  JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));

const ours = (name: string): string[] =>
  Object.keys(manifest(name).dependencies ?? {})
    .filter((dependency) => dependency.startsWith("@decant/"))
    .map((dependency) => dependency.slice("@decant/".length));

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
}

/** Tests, and what they share. */
const isForTests = (file: string): boolean => /\.(test|fixture)\.ts$/.test(file);

test("the table names every package but the root of all", () => {
  expect(readdirSync(packages).toSorted()).toEqual([...Object.keys(layers), "decant"].toSorted());
});

test.each(Object.entries(layers))("%s depends only on layers below it", (name, allowed) => {
  expect(ours(name).filter((dependency) => !allowed.includes(dependency))).toEqual([]);
});

test.each(Object.keys(layers))("%s imports only what its package.json names", (name) => {
  const declared = new Set(Object.keys(manifest(name).dependencies ?? {}));
  const undeclared: string[] = [];
  for (const file of sources(join(packages, name, "src"))) {
    if (isForTests(file)) continue;
    const text = readFileSync(join(packages, name, "src", file), "utf8");
    for (const [, imported = ""] of text.matchAll(/from "([^."][^"]*)"/g)) {
      const dependency = imported.startsWith("@") ? imported.split("/").slice(0, 2).join("/") : imported.split("/")[0];
      if (!imported.startsWith("node:") && !declared.has(dependency ?? "")) undeclared.push(`${file}: ${imported}`);
    }
  }
  expect(undeclared).toEqual([]);
});

test("only the packages that may touch Node do", () => {
  const mayUseNode = new Set(["host", "remoting", "compute", "server", "decant"]);
  const offenders: string[] = [];
  for (const name of Object.keys(layers)) {
    if (mayUseNode.has(name)) continue;
    for (const file of sources(join(packages, name, "src"))) {
      if (isForTests(file) || file.includes("difftest/")) continue;
      if (/from "node:/.test(readFileSync(join(packages, name, "src", file), "utf8"))) offenders.push(`${name}/${file}`);
    }
  }
  expect(offenders).toEqual([]);
});
