import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant, type Ran } from "./decant.ts";

const hello = join(fixturesFolder, "hello/hello.exe");
const root = mkdtempSync(join(tmpdir(), "decant-cache-"));
afterAll(() => rmSync(root, { recursive: true }));
let count = 0;
const newFolder = (): string => join(root, String(count++));

interface Translation {
  functions: number;
  keptFunctions: number;
}

async function run(cache: string, program = hello): Promise<{ ran: Ran; translation: Translation }> {
  const ran = await decant(["run", "--json", program, "one"], { env: { DECANT_CACHE: cache } });
  const last = ran.stderr.trim().split("\n").at(-1) ?? "";
  return { ran, translation: JSON.parse(last).translation };
}

/** A cache that one run has filled, a copy for each test. */
let filled: Promise<{ folder: string; output: Buffer; functions: number }> | undefined;

async function fill(): Promise<{ folder: string; output: Buffer; functions: number }> {
  const folder = newFolder();
  const { ran, translation } = await run(folder);
  expect(ran.exit).toBe(0);
  expect(translation.functions).toBeGreaterThan(10);
  expect(translation.keptFunctions).toBe(0);
  return { folder, output: ran.stdout, functions: translation.functions };
}

async function cold(): Promise<{ folder: string; output: Buffer; records: string; linked: string; functions: number }> {
  const { folder: original, ...known } = await (filled ??= fill());
  const folder = newFolder();
  cpSync(original, folder, { recursive: true });
  chmodSync(folder, 0o700);
  const names = readdirSync(folder).filter((each) => each.startsWith("hello.exe"));
  expect(names).toHaveLength(2);
  const [linked, records] = [true, false].map((isLinked) =>
    join(folder, names.find((name) => name.includes("-linked.") === isLinked) ?? ""),
  );
  return { ...known, folder, records: records as string, linked: linked as string };
}

test("a second run translates nothing, and prints the same", async () => {
  const { folder, output, records, linked, functions } = await cold();
  const before = [records, linked].map((file) => readFileSync(file));
  const { ran, translation } = await run(folder);
  expect(translation).toMatchObject({ functions: 0, keptFunctions: functions });
  expect(ran.stdout).toEqual(output);
  expect([records, linked].map((file) => readFileSync(file))).toEqual(before);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("--cache says where, and off keeps nothing", async () => {
  const folder = newFolder();
  const env = { HOME: folder, XDG_CACHE_HOME: join(folder, "xdg"), DECANT_CACHE: "" };
  await decant(["run", "--cache", "off", hello], { env });
  expect(existsSync(folder)).toBe(false);
  await decant(["run", "--cache", join(folder, "own"), hello], { env });
  expect(readdirSync(folder)).toEqual(["own"]);
  await decant(["run", hello], { env });
  expect(readdirSync(join(folder, "xdg/decant")).length).toBeGreaterThan(0);
});

test("a program whose bytes have changed runs as it is now", async () => {
  const { folder } = await cold();
  const changed = join(newFolder() + "-hello.exe");
  const image = readFileSync(hello);
  const at = image.indexOf("Hello from Windows!");
  image.write("jello", at, "latin1");
  writeFileSync(changed, image);
  const { ran } = await run(folder, changed);
  expect(ran.stdout.toString()).toContain("jello from Windows!");
});

describe("what is damaged is not used", () => {
  test.each([
    [
      "a byte in the middle",
      (file: string, bytes: Buffer) =>
        writeFileSync(file, Buffer.concat([bytes.subarray(0, 90_000), Buffer.from([bytes[90_000]! ^ 1]), bytes.subarray(90_001)])),
    ],
    ["a file that was cut", (file: string) => truncateSync(file, 50_001)],
    ["an empty file", (file: string) => truncateSync(file, 0)],
    ["a file of something else", (file: string) => writeFileSync(file, "x".repeat(200_000))],
  ])("%s", async (_, damage) => {
    const { folder, output, records, linked, functions } = await cold();
    for (const file of [records, linked]) damage(file, readFileSync(file));
    const second = await run(folder);
    expect(second.ran).toMatchObject({ exit: 0, stdout: output });
    expect(second.translation.functions).toBeGreaterThan(0);
    // A busy machine cuts more turns, and each leaves more to translate.
    expect(second.translation.functions + second.translation.keptFunctions).toBeGreaterThan(functions / 2);
    const third = await run(folder);
    expect(third.ran.stdout).toEqual(output);
    expect(third.translation.functions).toBe(0);
  });
});

test("compiled code of Decant's own is kept, and not believed when it is damaged", async () => {
  const { folder, output } = await cold();
  const names = readdirSync(folder).filter((name) => name.startsWith("code-decant-"));
  expect(names).toHaveLength(1);
  const file = join(folder, names[0] as string);
  const good = readFileSync(file);
  for (const damage of [
    (bytes: Buffer) => bytes.fill(0, 500_000, 504_096),
    (bytes: Buffer) => bytes.subarray(0, 4),
    (bytes: Buffer) => bytes.subarray(0, bytes.length - 1000),
  ]) {
    writeFileSync(file, damage(Buffer.from(good)));
    const { ran } = await run(folder);
    expect(ran).toMatchObject({ exit: 0, stdout: output });
    expect(readFileSync(file).length).toBeGreaterThan(good.length / 2);
  }
  const before = readFileSync(file);
  await run(folder);
  expect(readFileSync(file)).toEqual(before);
});

test("compiled code is taken from the folder that --cache names", async () => {
  const folder = newFolder();
  const options = ["run", "--cache", folder, hello];
  const env = { DECANT_CACHE: newFolder() };
  await decant(options, { env });
  const file = join(folder, readdirSync(folder).find((name) => name.startsWith("code-decant-")) as string);
  const before = statSync(file).mtimeMs;
  // It would be kept anew if it had not been found.
  await decant(options, { env });
  expect(statSync(file).mtimeMs).toBe(before);
});

test("a program that does other things adds to the compiled code that is kept", async () => {
  const { folder } = await cold();
  const file = join(folder, readdirSync(folder).find((name) => name.startsWith("code-decant-")) as string);
  const before = statSync(file).size;
  const other = await run(folder, join(fixturesFolder, "winapi/winapi.exe"));
  expect(other.translation.functions).toBeGreaterThan(0);
  const after = statSync(file).size;
  expect(after).toBeGreaterThan(before + 50_000);
  await run(folder);
  expect(statSync(file).size).toBe(after);
});

test("several processes that start at once keep a cache that is good", async () => {
  const folder = newFolder();
  const first = await Promise.all([1, 2, 3, 4].map(() => run(folder)));
  for (const { ran } of first) expect(ran).toMatchObject({ exit: 0, stdout: first[0]?.ran.stdout });
  const after = await run(folder);
  expect(after.translation.functions).toBe(0);
  expect(after.ran.stdout).toEqual(first[0]?.ran.stdout);
});

test("a folder that cannot be written to is done without, silently", async () => {
  const file = join(root, "a-file");
  writeFileSync(file, "");
  const { folder } = await cold();
  chmodSync(folder, 0o777);
  for (const unusable of [join(file, "below"), folder]) {
    const { ran, translation } = await run(unusable);
    expect(ran.exit).toBe(0);
    expect(ran.stderr.trim().split("\n").slice(1)).toHaveLength(1);
    expect(translation.keptFunctions).toBe(0);
  }
});

describe("decant cache", () => {
  const cache = (args: readonly string[], folder: string): Promise<Ran> => decant(["cache", ...args], { env: { DECANT_CACHE: folder } });

  test("shows what is kept, and clears it", async () => {
    const { folder } = await cold();
    const shown = await cache([], folder);
    expect(shown.stdout.toString()).toMatch(
      /: [0-9.]+ [KM]iB of 1\.0 GiB\n\nprogram +size +last used\n(.*\n)*hello\.exe +[\d.]+ KiB +\d{4}-/,
    );
    const json = JSON.parse((await cache(["--json"], folder)).stdout.toString());
    expect(json).toMatchObject({ folder, limitBytes: 2 ** 30 });
    expect(json.entries.map(({ name }: { name: string }) => name.split("-")[0])).toContain("hello.exe");
    expect((await cache(["clear"], folder)).stdout.toString()).toMatch(/^Removed \d.* from .*\.\n$/);
    expect((await cache([], folder)).stdout.toString()).toBe(`Nothing is kept in ${folder}.\n`);
    expect((await cache(["clear"], folder)).stdout.toString()).toBe(`Nothing is kept in ${folder}.\n`);
  });

  test("says that it is off", async () => {
    expect((await cache([], "off")).stdout.toString()).toBe("The cache is off (DECANT_CACHE).\n");
  });

  test("has a help text, and refuses what it does not know", async () => {
    expect((await cache(["--help"], "off")).stdout.toString()).toMatch(/^Usage: decant cache/);
    expect(await cache(["wipe"], "off")).toMatchObject({ exit: 2, stderr: 'decant: cache takes show or clear, not "wipe"\n' });
  });
});
