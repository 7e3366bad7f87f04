import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { decant, type Ran } from "./decant.ts";

const program = join(import.meta.dirname, "../fixtures/hostile/hostile.exe");
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder with a secret, a program's folder, and one to work in, from which links lead to the secret. */
function prepare(): string {
  const root = mkdtempSync(join(tmpdir(), "decant-hostile-"));
  folders.push(root);
  for (const folder of ["work", "outside", "program"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "secret.txt"), "secret");
  writeFileSync(join(root, "outside/file.txt"), "outside");
  symlinkSync("../secret.txt", join(root, "work/link-out"));
  symlinkSync("..", join(root, "work/dir-link"));
  copyFileSync(program, join(root, "program/hostile.exe"));
  return root;
}

function run(root: string, ...options: readonly string[]): Promise<Ran> {
  return decant(["run", ...options, "../program/hostile.exe"], { cwd: join(root, "work") });
}

/** What lies outside the folder that the program may write to, with content and times. */
function outside(root: string): unknown {
  const describe = (path: string): unknown => [
    path,
    readFileSync(join(root, path), "utf8"),
    statSync(join(root, path)).mtimeMs,
    statSync(join(root, path)).mode,
  ];
  return [readdirSync(root).toSorted(), readdirSync(join(root, "outside")), readdirSync(join(root, "program")), ["secret.txt", "outside/file.txt"].map(describe)]; // prettier-ignore
}

test("a program that tries every way out of its folder finds none", { timeout: 120_000 }, async () => {
  const root = prepare();
  const before = outside(root);
  const ran = await run(root);
  const lines = ran.stdout.toString("latin1").split("\r\n");
  expect(lines.filter((line) => line.endsWith("GOT IN"))).toEqual([]);
  expect(lines.at(-2)).toBe("0 ways out");
  expect(lines.length).toBeGreaterThan(1000);
  expect(ran.exit).toBe(0);
  expect(outside(root)).toEqual(before);
});

test("the same program gets in where it may: its attempts are real ones", { timeout: 120_000 }, async () => {
  const ran = await run(prepare(), "--mount", "..");
  expect(ran.exit).toBe(1);
  expect(ran.stdout.toString("latin1").split("GOT IN").length).toBeGreaterThan(50);
});
