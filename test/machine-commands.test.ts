import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant, decantCommand } from "./decant.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-machine-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (path: string): string => join(fixturesFolder, path);
const hello = fixture("hello/hello.exe");
const script = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe("decant shim", () => {
  test("writes a launcher for each program, with options of `decant run`", async () => {
    const tools = join(folder, "my tools");
    mkdirSync(tools);
    symlinkSync(hello, join(tools, "hello.exe"));
    symlinkSync(fixture("faults/faults.exe"), join(tools, "Faults.EXE"));
    const bin = join(folder, "bin");
    const ran = await decant(["shim", tools, "--into", bin, "--env", "DECANT_FIXTURE=it's set"]);
    expect(ran.stdout.toString()).toBe(`${join(bin, "Faults")}\n${join(bin, "hello")}\n`);
    const env = { ...process.env, DECANT_CACHE: "off", PATH: `${bin}:${process.env["PATH"]}` };
    const shown = execFileSync(join(bin, "hello"), ["two words", "--help"], {
      env,
      encoding: "utf8",
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(shown).toContain("argv[1] = <two words>\r\nargv[2] = <--help>");
    expect(shown).toContain("|it's set");
    expect(() => execFileSync(join(bin, "Faults"), ["exit", "7"], { env, stdio: "ignore" })).toThrow(
      expect.objectContaining({ status: 7 }),
    );
    // Again is fine; over what is somebody else's is not.
    expect((await decant(["shim", tools, `--into=${bin}`])).exit).toBe(0);
    writeFileSync(join(bin, "hello"), "mine");
    const refused = await decant(["shim", tools, "--into", bin]);
    expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining("decant did not make it")]);
    expect((await decant(["shim", bin])).stderr).toContain("there is no .exe in it");
  });
});

describe("decant install", () => {
  test("--binfmt prints what makes ./program.exe run, as a script that sh takes", async () => {
    const { stdout } = await decant(["install", "--binfmt"]);
    const text = stdout.toString();
    expect(text).toContain(":decant:M::MZ::/usr/local/bin/decant-binfmt:");
    execFileSync("sh", ["-n"], { input: text });
  });

  test("--apply writes it, and the launcher starts what the kernel gives it", async () => {
    const root = join(folder, "root");
    expect((await decant(["install", "--binfmt", "--apply", "--root", root])).exit).toBe(0);
    expect(readFileSync(join(root, "etc/binfmt.d/decant.conf"), "utf8")).toBe(":decant:M::MZ::/usr/local/bin/decant-binfmt:\n");
    const env = { ...process.env, DECANT_CACHE: "off" };
    const shown = execFileSync(join(root, "usr/local/bin/decant-binfmt"), [hello, "word"], { env, encoding: "utf8" });
    expect(shown).toContain("argv[1] = <word>");
  });

  test("--wine writes a wine that answers as Wine does", async () => {
    const bin = join(folder, "wine-bin");
    await decant(["install", "--wine", bin]);
    const wine = (...args: string[]): string =>
      execFileSync(join(bin, "wine"), args, { encoding: "utf8", cwd: folder, env: { ...process.env, DECANT_CACHE: "off" }, stdio: "pipe" });
    expect(wine("--version")).toMatch(/^wine-8\.0 \(Decant \d+\.\d+\.\d+\)\n$/);
    expect(wine("--help")).toMatch(/^Usage: wine PROGRAM \[ARGUMENTS\.\.\.\]/);
    expect(wine(`Z:${hello.replaceAll("/", "\\")}`, "--version")).toContain("argv[1] = <--version>");
    expect(wine("winepath", "-w", "/tmp/a b")).toBe("Z:\\tmp\\a b\n");
    expect(wine("winepath", "Z:\\tmp\\x")).toBe("/tmp/x\n");
    expect(() => wine("start", "/wait", "/unix", fixture("faults/faults.exe"), "exit", "9")).toThrow(
      expect.objectContaining({ status: 9 }),
    );
    expect(() => wine()).toThrow(expect.objectContaining({ status: 1 }));
    expect(readdirSync(bin)).toEqual(["wine", "wine64"]);
  });
});

test("DECANT_OPTIONS come before the options that are given", async () => {
  const ran = await decant(["run", "--json", fixture("loops/loops.exe"), "sleep"], {
    env: { DECANT_OPTIONS: "--timeout 0.5 --env 'A=b c'" },
  });
  expect(ran.exit).toBe(124);
});

describe("decant prefix", () => {
  const env = { DECANT_PREFIXES: join(folder, "prefixes") };
  const prefix = (...args: string[]) => decant(["prefix", ...args], { env });
  /** Leaves a file on C:, by a hook, as a program of its own would. */
  const write = script(
    "write.ts",
    `export default ({ hook }: any) => hook("kernel32!CreateFileW", { enter(call: any) { call.args.lpFileName = "C:\\\\users\\\\kept.txt"; } });`,
  );

  test("a C: drive stays between runs, and can be found, copied and emptied", async () => {
    expect((await prefix()).stdout.toString()).toBe(`There are no prefixes in ${env.DECANT_PREFIXES}.\n`);
    const keep = (name: string) => decant(["run", "--prefix", name, "--hook", write, fixture("sha256/sha256.exe"), "x"], { env });
    expect((await keep("build")).exit).not.toBe(0);
    expect((await prefix("where", "build")).stdout.toString()).toBe(`${join(env.DECANT_PREFIXES, "build")}\n`);
    const drive = join(env.DECANT_PREFIXES, "build/drive_c");
    expect(existsSync(join(drive, "Windows/System32"))).toBe(true);
    writeFileSync(join(drive, "users/kept.txt"), "abc");
    expect((await keep("build")).stdout.toString()).toContain("ba7816bf8f01cfea");
    await prefix("copy", "build", "second");
    expect((await keep("second")).stdout.toString()).toContain("ba7816bf8f01cfea");
    expect((await prefix()).stdout.toString()).toMatch(
      /^prefix +size +last used +in use by\nbuild +[\d.]+ KiB +\d{4}-\d\d-\d\d \d\d:\d\d\nsecond /,
    );
    await prefix("reset", "build");
    expect((await keep("build")).exit).not.toBe(0);
    expect((await prefix("copy", "build", "second")).stderr).toContain("is there already");
    expect((await prefix("reset", "none")).stderr).toContain("there is no prefix none");
    expect((await prefix("where", "../x y/")).stdout.toString()).toContain("x y");
    expect((await prefix("where", "a b")).exit).toBe(2);
  });

  test("several may use it at once; while somebody does it is not emptied", async () => {
    const children = [1, 2, 3].map(() =>
      spawn(process.execPath, [decantCommand, "run", "--prefix", "shared", fixture("loops/loops.exe"), "sleep"], {
        env: { ...process.env, ...env, DECANT_CACHE: "off" },
        stdio: ["ignore", "pipe", "ignore"],
      }),
    );
    await Promise.all(children.map((child) => new Promise((resolve) => child.stdout.once("data", resolve))));
    const listed = JSON.parse((await prefix("list", "--json")).stdout.toString()) as { prefixes: { name: string; users: number[] }[] };
    const users = listed.prefixes.find(({ name }) => name === "shared")?.users ?? [];
    expect(new Set(users)).toEqual(new Set(children.map(({ pid }) => pid)));
    expect((await prefix("reset", "shared")).stderr).toContain("is in use by process");
    for (const child of children) {
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("close", resolve));
    }
    // What a killed process left behind does not hold it.
    expect((await prefix("reset", "shared")).exit).toBe(0);
  });
});

test("decant doctor says what works here, and what would not, and why", async () => {
  const fine = await decant(["doctor"]);
  expect(fine.exit).toBe(0);
  expect(fine.stdout.toString()).toMatch(/^works +Node +v\d+/m);
  expect(fine.stdout.toString()).toMatch(/^limited +cache +off/m);
  const json = JSON.parse((await decant(["doctor", "--json"])).stdout.toString()) as { findings: { what: string; state: string }[] };
  expect(json.findings).toContainEqual(expect.objectContaining({ what: "WebAssembly", state: "works" }));
  const jitless = await decant(["doctor"], { env: { NODE_OPTIONS: "--jitless" } });
  expect([jitless.exit, jitless.stdout.toString()]).toEqual([1, expect.stringMatching(/^fails +WebAssembly +it is off/m)]);
  const narrow = execFileSync("sh", ["-c", `ulimit -v 6000000; "$0" "$1" doctor || true`, process.execPath, decantCommand], {
    encoding: "utf8",
  });
  expect(narrow).toMatch(/^(fails|limited) +address space .*\n.*ulimit -v/m);
});

test("a failure of Decant's own leaves a report for an issue, with nothing in it that is the user's", async () => {
  const planted = script(
    "plant.mjs",
    `export default ({ hook }) => hook("msvcrt!getenv", { enter({ thread }) { thread.returnFromCall = () => { throw new TypeError("planted"); }; } });`,
  );
  const cache = join(folder, "cache");
  const ran = await decant(["run", "--hook", planted, hello, "word"], {
    env: { DECANT_CACHE: cache, SECRET_TOKEN: "s3cret", HOME: folder },
  });
  expect(ran.exit).toBe(70);
  expect(ran.stderr).toContain("this is a bug in Decant");
  const path = /Please report it, with (\S+\.txt)/.exec(ran.stderr)?.[1] ?? "";
  const report = readFileSync(path, "utf8");
  expect(report).toContain("TypeError: planted");
  expect(report).toMatch(/## Versions\ndecant \d+\.\d+\.\d+\nnode v/);
  expect(report).toMatch(/## Program\n\d+ bytes, SHA-256 [0-9a-f]{64}, x86-64\n/);
  expect(report).toMatch(/^KERNEL32\.dll: .*VirtualProtect/m);
  expect(report).not.toContain("s3cret");
  expect(report).not.toContain(folder);
});
