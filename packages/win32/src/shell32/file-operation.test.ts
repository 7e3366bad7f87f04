import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { SHFILEOPSTRUCT } from "./file-operation.api.ts";

const [MOVE, COPY, DELETE, RENAME] = [1, 2, 3, 4];
const [MULTIDESTFILES, NOCONFIRMATION, FILESONLY] = [1, 0x10, 0x80];
const FILES = { "/a.txt": "a", "/b.txt": "b", "/src/x.txt": "x", "/src/in/y": "y", "/d/": "" };

function shell(bits: 32 | 64 = 64) {
  const machine = guest({ files: FILES, currentDirectory: "Z:\\", bits });
  const { call, allocate, memory, thread } = machine;
  const list = (paths: readonly string[] | undefined): number => {
    if (paths === undefined) return 0;
    const at = allocate(2048);
    memory.write(at, new TextEncoder().encode([...paths, ""].map((path) => `${path}\0`).join(""))); // prettier-ignore
    return at;
  };
  const type = SHFILEOPSTRUCT[thread.pointerSize];
  return {
    exists: (path: string) => call("GetFileAttributesA", path) !== 0xffff_ffff,
    /** Runs an operation: its result, and 1000 more when it was aborted. */
    run(wFunc: number, from: readonly string[] | undefined, to?: readonly string[], fFlags = NOCONFIRMATION) {
      const at = allocate(type.size(thread.pointerSize));
      type.store(thread, at, { wFunc, pFrom: list(from), pTo: list(to), fFlags });
      const result = call("SHFileOperationA", at) as number;
      return result + (type.load(thread, at).fAnyOperationsAborted ? 1000 : 0);
    },
  };
}

// What Wine 8 answers; where it takes all (a folder into itself, many files to be renamed), Microsoft's list of results.
describe.each([32, 64] as const)("SHFileOperation, %i bits", (bits) => {
  test("copies files and folders, into folders and to new names", () => {
    const { run, exists } = shell(bits);
    expect(run(COPY, ["Z:\\a.txt"], ["Z:\\d"])).toBe(0);
    expect(run(COPY, ["a.txt"], ["Z:\\new\\deep\\c.txt"])).toBe(0);
    expect(run(COPY, ["Z:\\src"], ["Z:\\dst"])).toBe(0);
    expect(run(COPY, ["Z:\\src"], ["Z:\\d"])).toBe(0);
    expect(run(COPY, ["Z:\\a.txt", "Z:\\b.txt"], ["Z:\\f"])).toBe(0);
    expect(run(COPY, ["Z:\\a.txt", "Z:\\b.txt"], ["Z:\\m1", "Z:\\m2"], NOCONFIRMATION | MULTIDESTFILES)).toBe(0);
    const made = ["d\\a.txt", "new\\deep\\c.txt", "dst\\in\\y", "d\\src\\in\\y", "f\\a.txt", "f\\b.txt", "m1", "m2", "a.txt"];
    expect(made.filter((path) => !exists(`Z:\\${path}`))).toEqual([]);
  });

  test("moves, renames and deletes", () => {
    const { run, exists } = shell(bits);
    expect(run(MOVE, ["Z:\\a.txt"], ["Z:\\d"])).toBe(0);
    expect(run(MOVE, ["Z:\\src"], ["Z:\\d"])).toBe(0);
    expect(run(RENAME, ["Z:\\b.txt"], ["Z:\\r.txt"])).toBe(0);
    const paths = ["a.txt", "d\\a.txt", "src", "d\\src\\in\\y", "b.txt", "r.txt"];
    expect(paths.map((path) => exists(`Z:\\${path}`))).toEqual([false, true, false, true, false, true]);
    expect(run(DELETE, ["Z:\\*.txt", "Z:\\d"])).toBe(0);
    expect(["r.txt", "d"].map((path) => exists(`Z:\\${path}`))).toEqual([false, false]);
  });
});

test("wildcards reach files, and folders unless only files are wanted", () => {
  const { run, exists } = shell();
  expect(run(COPY, ["Z:\\src\\*"], ["Z:\\one"], NOCONFIRMATION | FILESONLY)).toBe(0);
  expect(run(COPY, ["Z:\\src\\*"], ["Z:\\two"])).toBe(0);
  expect(["one\\x.txt", "one\\in", "two\\x.txt", "two\\in\\y"].map((path) => exists(`Z:\\${path}`))).toEqual([true, false, true, true]);
  expect(run(DELETE, ["Z:\\none*"])).toBe(0);
});

test("what would ask is cancelled without FOF_NOCONFIRMATION, and nothing is done", () => {
  const { run, exists } = shell();
  const cancelled = 1000 + 0x75;
  expect(run(DELETE, ["Z:\\a.txt"], undefined, 0)).toBe(cancelled);
  expect(run(COPY, ["Z:\\a.txt"], ["Z:\\b.txt"], 0)).toBe(cancelled);
  expect(run(COPY, ["Z:\\a.txt"], ["Z:\\x\\b.txt"], 0)).toBe(cancelled);
  expect(run(COPY, ["Z:\\a.txt"], ["Z:\\c.txt"], 0)).toBe(0);
  expect(["a.txt", "x", "c.txt"].map((path) => exists(`Z:\\${path}`))).toEqual([true, false, true]);
});

test("fails with a result of its own or of Windows", () => {
  const { run } = shell();
  expect(run(COPY, ["Z:\\missing"], ["Z:\\c"])).toBe(0x402);
  expect(run(RENAME, ["Z:\\missing"], ["Z:\\c"])).toBe(0x402);
  expect(run(DELETE, ["Z:\\missing"])).toBe(ERROR.FILE_NOT_FOUND);
  expect(run(COPY, ["Z:\\a.txt"], ["Z:\\A.TXT"])).toBe(0x71);
  expect(run(COPY, ["Z:\\src"], ["Z:\\src\\in"])).toBe(0x76);
  expect(run(RENAME, ["Z:\\a.txt", "Z:\\b.txt"], ["Z:\\c"])).toBe(0x72);
  expect(run(RENAME, ["Z:\\a.txt"], ["Z:\\d\\c"])).toBe(0x73);
  expect(run(RENAME, ["Z:\\a.txt"], ["Z:\\b.txt"])).toBe(ERROR.ALREADY_EXISTS);
  for (const [kind, from] of [
    [9, ["Z:\\a.txt"]],
    [DELETE, undefined],
    [COPY, ["Z:\\a.txt"]],
  ] as const)
    // prettier-ignore
    expect(run(kind!, from)).toBe(ERROR.INVALID_PARAMETER);
  expect(run(COPY, ["Z:\\a.txt"], ["Z:\\c"], NOCONFIRMATION | 8)).toBe(ERROR.NOT_SUPPORTED);
});

test("the structure has the size that shellapi.h gives it: packed for x86 only", () => {
  expect([SHFILEOPSTRUCT[4].size(4), SHFILEOPSTRUCT[8].size(8)]).toEqual([30, 56]);
});
