import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { memoryFiles } from "./memory/memory-files.ts";
import { nodeFiles } from "./node/node-files.ts";
import { restrict } from "./restrict.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-host-"));
afterAll(() => rmSync(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

// The tree in memory has to behave as a real one: both run the same tests.
describe.each([
  ["memory", () => memoryFiles({ files: { "/base/": "" } }), "/base"],
  ["node", () => nodeFiles(), folder],
  ["node, restricted", () => restrict(nodeFiles(), [{ path: folder, access: "write" }]), folder],
] as const)("%s", (name, make, root) => {
  const files = make();
  const base = `${root}/${name.replace(/\W/g, "")}`;
  files.makeFolder(base);

  test("links are other names of a file, or lead to it", () => {
    files.open(`${base}/one`, { write: true, create: true }).close();
    files.link(`${base}/one`, `${base}/two`);
    expect(files.stat(`${base}/two`)).toMatchObject({ links: 2, inode: files.stat(`${base}/one`).inode });
    expect(() => files.link(`${base}/one`, `${base}/two`)).toThrow("EEXIST");
    files.makeLink("one", `${base}/soft`);
    expect([files.readLink(`${base}/soft`), files.lstat(`${base}/soft`).kind, files.stat(`${base}/soft`).kind]).toEqual([
      "one",
      "link",
      "file",
    ]);
    expect(() => files.readLink(`${base}/one`)).toThrow("EINVAL");
    for (const path of ["one", "two", "soft"]) files.remove(`${base}/${path}`);
  });

  test("a file is made, written, read and cut", () => {
    const file = files.open(`${base}/a`, { write: true, create: true });
    file.write(bytes("0123456789"), 0);
    file.write(bytes("end"), 12);
    const into = new Uint8Array(20);
    expect(file.read(into, 8)).toBe(7);
    expect([...into.subarray(0, 7)]).toEqual([...bytes("89\0\0end")]);
    expect(file.read(into, 15)).toBe(0);
    expect(file.read(into, 1000)).toBe(0);
    file.truncate(4);
    expect(file.stat().size).toBe(4);
    file.truncate(6);
    expect(file.read(into, 0)).toBe(6);
    expect([...into.subarray(4, 6)]).toEqual([0, 0]);
    file.close();
    files.remove(`${base}/a`);
  });

  test("failures carry POSIX codes", () => {
    files.makeFolder(`${base}/full`);
    files.open(`${base}/full/x`, { write: true, create: "new" }).close();
    const cases: [code: string, action: () => void][] = [
      ["ENOENT", () => files.open(`${base}/none`)],
      ["ENOENT", () => files.stat(`${base}/none/none`)],
      ["ENOTDIR", () => files.stat(`${base}/full/x/y`)],
      ["EEXIST", () => files.open(`${base}/full/x`, { write: true, create: "new" })],
      ["EEXIST", () => files.makeFolder(`${base}/full`)],
      ["ENOTEMPTY", () => files.removeFolder(`${base}/full`)],
      ["ENOTDIR", () => files.removeFolder(`${base}/full/x`)],
      ["EISDIR", () => files.open(`${base}/full`, { write: true })],
      ["ENOENT", () => files.remove(`${base}/none`)],
      ["ENOENT", () => files.rename(`${base}/none`, `${base}/other`)],
      ["EINVAL", () => files.rename(`${base}/full`, `${base}/full/inside`)],
    ];
    for (const [code, action] of cases) expect(action).toThrow(code);
  });

  test("rename replaces, and names keep their case", () => {
    files.open(`${base}/One`, { write: true, create: true }).write(bytes("1"), 0);
    files.open(`${base}/two`, { write: true, create: true }).write(bytes("22"), 0);
    files.rename(`${base}/One`, `${base}/two`);
    expect(files.stat(`${base}/two`).size).toBe(1);
    files.rename(`${base}/two`, `${base}/Two`);
    expect(files.list(base).map((entry) => entry.name)).toContain("Two");
    expect(() => files.stat(`${base}/two`)).toThrow("ENOENT");
  });

  test("times are kept to the microsecond", () => {
    files.open(`${base}/t`, { write: true, create: true }).close();
    files.setTimes(`${base}/t`, 1_577_836_800_123_456_000n, 1_577_836_801_654_321_000n);
    expect(files.stat(`${base}/t`)).toMatchObject({ accessedNs: 1_577_836_800_123_456_000n, modifiedNs: 1_577_836_801_654_321_000n });
  });

  test("a file that lost write permission says so", () => {
    files.open(`${base}/ro`, { write: true, create: true }).close();
    files.setWritable(`${base}/ro`, false);
    expect(files.stat(`${base}/ro`).writable).toBe(false);
    files.setWritable(`${base}/ro`, true);
    expect(files.stat(`${base}/ro`).writable).toBe(true);
  });

  test("an open file outlives its name", () => {
    const file = files.open(`${base}/gone`, { write: true, create: true });
    files.remove(`${base}/gone`);
    file.write(bytes("still"), 0);
    expect(file.stat().size).toBe(5);
    file.close();
  });
});

test("a file's content is made when somebody first looks at it, and only once", () => {
  const files = memoryFiles({ files: { "/base/": "" } });
  let made = 0;
  const content = (): Uint8Array => bytes(`made ${++made}`);
  for (const name of ["read", "cut", "listed"]) files.addLater?.(`/base/${name}`, content);
  expect(files.list("/base").map(({ name }) => name)).toEqual(["read", "cut", "listed"]);
  expect(made).toBe(0);
  const into = new Uint8Array(10);
  const length = files.open("/base/read").read(into, 0);
  expect(new TextDecoder().decode(into.subarray(0, length))).toBe("made 1");
  expect(files.stat("/base/read").size).toBe(6);
  files.open("/base/cut", { write: true, truncate: true }).write(bytes("x"), 0);
  expect([files.stat("/base/cut").size, made]).toEqual([1, 2]);
  expect(() => files.addLater?.("/base/read", content)).toThrow("EEXIST");
});

test("a real symbolic link out of a grant is refused", () => {
  symlinkSync("/etc", join(folder, "out"));
  const files = restrict(nodeFiles(), [{ path: folder, access: "write" }]);
  expect(() => files.open(`${folder}/out/hostname`)).toThrow("ENOENT");
  expect(() => files.list(`${folder}/out`)).toThrow("ENOENT");
  expect(files.lstat(`${folder}/out`).kind).toBe("link");
});

test.skipIf(process.platform === "win32")("a FIFO at whose other end nobody is holds nothing up", () => {
  const path = join(folder, "fifo");
  execFileSync("mkfifo", [path]);
  const file = nodeFiles().open(path);
  expect(file.stat().kind).toBe("other");
  file.close();
});

test("changes that others make in a folder are told", async () => {
  const path = mkdtempSync(join(folder, "watched-"));
  let stop: (() => void) | undefined;
  const told = new Promise<string>((resolve) => {
    stop = nodeFiles().watch(path, false, ({ name }) => resolve(name));
  });
  writeFileSync(join(path, "new"), "");
  expect(await told).toBe("new");
  stop?.();
});
