import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "decant-package-"));
const user = join(folder, "user");
const installed = join(user, "node_modules/decant");
const env = {
  ...process.env,
  DECANT_CACHE: "off",
  NO_COLOR: "1",
  npm_config_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
};
const asUser = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: user, env, encoding: "utf8", stdio: "pipe" });
let packed: string[] = [];

/** The package as `npm pack` makes it, installed alone in an empty folder, with no registry at hand. */
beforeAll(() => {
  const copy = join(folder, "decant");
  mkdirSync(copy);
  for (const part of ["package.json", "bin", "dist", "README.md", "LICENSE", "CHANGELOG.md"]) {
    cpSync(join(root, "packages/decant", part), join(copy, part), { recursive: true });
  }
  execFileSync(process.execPath, [join(root, "scripts/types.mjs"), join(copy, "dist/types")]);
  mkdirSync(user);
  writeFileSync(join(user, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const listed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: copy,
    env,
    encoding: "utf8",
    stdio: "pipe",
  });
  const [{ filename, files }] = JSON.parse(listed) as [{ filename: string; files: { path: string }[] }];
  packed = files.map(({ path }) => path);
  asUser("npm", "install", join(folder, filename));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("the published package", () => {
  test("installs alone: no dependency, no build step, no native code, at most 15 MB", () => {
    expect(readdirSync(join(user, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["decant"]);
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<
      string,
      Record<string, string> | undefined
    >;
    expect([manifest["dependencies"], manifest["scripts"]?.["install"], manifest["scripts"]?.["postinstall"]]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const files = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.filter(({ name }) => /\.(node|so|dylib)$/.test(name))).toEqual([]);
    expect(files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)).toBeLessThan(15e6);
    expect(packed).toEqual(
      expect.arrayContaining(["LICENSE", "CHANGELOG.md", "README.md", "bin/decant.js", "dist/THIRD-PARTY-LICENCES.txt"]),
    );
    expect(packed.filter((path) => !/^(bin|dist)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path))).toEqual([]);
  });

  test("says where every bundled file is from", () => {
    const licences = readFileSync(join(installed, "dist/THIRD-PARTY-LICENCES.txt"), "utf8");
    for (const name of ["iced-x86", "ws", "msgpackr", "sucrase", "fzstd"]) expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
    expect(licences).not.toContain("UNLICENSED");
  });

  test("`npx decant run x.exe` works in an empty folder", () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    cpSync(join(fixturesFolder, "hello/hello.exe"), join(empty, "x.exe"));
    const words = ["--no-install", "--prefix", user, "decant", "run", join(empty, "x.exe"), "word"];
    const shown = execFileSync("npx", words, { cwd: empty, env, encoding: "utf8", stdio: "pipe" });
    expect(shown).toContain("argv[1] = <word>");
    expect(asUser("npx", "decant", "--version")).toMatch(/^decant \d+\.\d+\.\d+\n$/);
  });

  test("its library runs programs, calls functions, and makes guests for tests, with types", () => {
    writeFileSync(
      join(user, "use.ts"),
      `import { run, spawn, loadLibrary, cdecl, fn, INT, type RunResult } from "decant";
import { api, BOOL, HANDLE, implement, out, LARGE_INTEGER, Hooks } from "decant/api";
import { guest } from "decant/testing";
const fixtures = process.argv[2] ?? "";
const ran: RunResult = await run(\`\${fixtures}/hello/hello.exe\`, ["word"], {
  hooks: ({ hook }) => hook("kernel32!GetStartupInfoA", { enter(call) { const info: { address: number } = call.args.lpStartupInfo; void info; } }),
});
const sum: number = await loadLibrary(\`\${fixtures}/library/library.dll\`).call("add", cdecl(fn(INT, ["a", INT], ["b", INT])), 40, 2);
const mine = implement(api("mine", { Size: fn(BOOL, ["h", HANDLE], ["size", out(LARGE_INTEGER)]) }), { Size: (_thread, _h, size) => (size.set(5), true) });
const { call, out: place } = guest({ also: [mine], hooks: new Hooks() });
const size = place(LARGE_INTEGER);
call("mine!Size", 1, size);
console.log(ran.exitCode, /argv\\[1\\] = <(\\w+)>/.exec(ran.stdout.toString())?.[1], sum, size.value, typeof spawn);
// @ts-expect-error -- a misspelt option is a mistake
void run("x.exe", [], { timeoutMS: 5 }).catch(() => {});
`,
    );
    const options = [
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--exactOptionalPropertyTypes",
      "--types",
      "node",
      "--typeRoots",
      join(root, "node_modules/@types"),
    ];
    asUser(process.execPath, join(root, "node_modules/typescript/bin/tsc"), "--noEmit", "false", "--outDir", "out", ...options, "use.ts");
    expect(asUser(process.execPath, "out/use.js", fixturesFolder)).toBe("0 word 42 5 function\n");
  });

  test("publint finds nothing wrong", async () => {
    const { messages } = await publint({ pkgDir: installed, level: "warning" });
    expect(messages).toEqual([]);
  });
});
