import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { nodeStore } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "decant-store-"));
afterAll(() => rmSync(root, { recursive: true }));
let count = 0;
const newFolder = (): string => join(root, String(count++), "cache");
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const bytesOf = (value: string): Uint8Array => Buffer.from(value);

test.runIf(existsSync("/proc/self"))(
  "a folder that cannot be made drops what is to be kept, also where the system says that it is not there",
  () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    for (const folder of ["/proc/decant/cache", join(file, "cache")]) {
      const store = nodeStore(folder, { limitBytes: 1000 });
      store.replace("a", bytesOf("one"));
      expect([store.load("a"), store.list()]).toEqual([undefined, []]);
    }
  },
);

test("keeps bytes by name, in a folder for this user alone", () => {
  const folder = newFolder();
  const store = nodeStore(folder, { limitBytes: 1000 });
  expect(store.load("a")).toBe(undefined);
  expect(store.list()).toEqual([]);
  store.replace("a", bytesOf("one"));
  store.append("a", bytesOf(" two"));
  expect(text(store.load("a"))).toBe("one two");
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "a.decant")).mode & 0o777).toBe(0o600);
  expect(store.list()).toMatchObject([{ name: "a", bytes: 7 }]);
  writeFileSync(join(folder, "notes.txt"), "somebody's own");
  store.clear();
  expect(store.load("a")).toBe(undefined);
  expect(existsSync(join(folder, "notes.txt"))).toBe(true);
});

test("adds nothing to what is not there", () => {
  const folder = newFolder();
  const store = nodeStore(folder, { limitBytes: 1000 });
  store.append("a", bytesOf("tail"));
  expect(store.load("a")).toBe(undefined);
});

test("the least recently used goes when there is too much", () => {
  const folder = newFolder();
  const store = nodeStore(folder, { limitBytes: 1000 });
  for (const [age, name] of ["old", "middle", "new"].entries()) {
    store.replace(name, new Uint8Array(300));
    utimesSync(join(folder, `${name}.decant`), age, age);
  }
  expect(store.list().map(({ name }) => name)).toEqual(["new", "middle", "old"]);
  store.load("old");
  store.replace("more", new Uint8Array(300));
  expect(
    store
      .list()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(["more", "new", "old"]);
  // Asking for its size is using it, and where it begins does not matter.
  utimesSync(join(folder, "new.decant"), 1, 1);
  expect(store.size("new")).toBe(300);
  expect(store.list().at(-1)?.name).not.toBe("new");
  expect(store.load("new", 299)).toEqual(new Uint8Array(1));
  expect(store.load("new", 400)).toEqual(new Uint8Array(0));
  expect(store.size("none")).toBe(0);
});

test("exactly the limit is kept", () => {
  const store = nodeStore(newFolder(), { limitBytes: 600 });
  store.replace("a", new Uint8Array(300));
  store.replace("b", new Uint8Array(300));
  expect(store.list()).toHaveLength(2);
  store.append("b", new Uint8Array(1));
  expect(store.list()).toHaveLength(1);
});

describe("a folder that cannot be used is as an empty one", () => {
  test("where it cannot be made", () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    const store = nodeStore(join(file, "cache"), { limitBytes: 1000 });
    store.replace("a", bytesOf("one"));
    expect(store.load("a")).toBe(undefined);
    expect(store.list()).toEqual([]);
    store.clear();
  });

  test("where others may write to it", () => {
    const folder = newFolder();
    const store = nodeStore(folder, { limitBytes: 1000 });
    store.replace("a", bytesOf("one"));
    chmodSync(folder, 0o777);
    expect(store.load("a")).toBe(undefined);
    store.append("a", bytesOf(" two"));
    store.replace("b", bytesOf("three"));
    expect(readFileSync(join(folder, "a.decant"), "utf8")).toBe("one");
    expect(existsSync(join(folder, "b.decant"))).toBe(false);
  });
});

test("several processes that write at once lose no piece, and mix none", async () => {
  const folder = newFolder();
  const store = nodeStore(folder, { limitBytes: 1e8 });
  store.replace("a", new Uint8Array(0));
  const script = `
    import { nodeStore } from ${JSON.stringify(new URL("./node/node-store.ts", import.meta.url).href)};
    const store = nodeStore(${JSON.stringify(folder)}, { limitBytes: 1e8 });
    for (let i = 0; i < 50; i++) store.append("a", new Uint8Array(10_000).fill(Number(process.argv[1])));
  `;
  const run = promisify(execFile);
  await Promise.all([1, 2, 3].map((n) => run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script, String(n)])));
  const bytes = store.load("a") as Uint8Array;
  expect(bytes.length).toBe(3 * 50 * 10_000);
  const counts = [0, 0, 0, 0];
  for (let at = 0; at < bytes.length; at += 10_000) {
    const piece = bytes.subarray(at, at + 10_000);
    expect(piece.every((byte) => byte === piece[0])).toBe(true);
    counts[piece[0] as number]!++;
  }
  expect(counts).toEqual([0, 50, 50, 50]);
});
