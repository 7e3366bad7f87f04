import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { memoryFiles, nodeFiles, subtree, type HostFiles } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-subtree-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "drive/inner"), { recursive: true });
writeFileSync(join(folder, "secret.txt"), "secret");
writeFileSync(join(folder, "drive/inner/a.txt"), "a");
symlinkSync(join(folder, "secret.txt"), join(folder, "drive/out"));
symlinkSync("inner/a.txt", join(folder, "drive/in"));

const trees: [string, HostFiles][] = [
  ["on the host", subtree(nodeFiles(), join(folder, "drive"))],
  [
    "in memory",
    subtree(
      memoryFiles({
        files: {
          "/x/secret.txt": "secret",
          "/x/drive/inner/a.txt": "a",
          "/x/drive/out": { link: "/x/secret.txt" },
          "/x/drive/in": { link: "inner/a.txt" },
        },
      }),
      "/x/drive",
    ),
  ],
];

describe.each(trees)("a subtree %s", (_, tree) => {
  const read = (path: string): string => {
    const file = tree.open(path);
    const bytes = new Uint8Array(file.stat().size);
    file.read(bytes, 0);
    file.close();
    return new TextDecoder().decode(bytes);
  };

  test("is a tree of its own", () => {
    expect(tree.list("/").map(({ name }) => name).toSorted()).toEqual(["in", "inner", "out"]); // prettier-ignore
    expect([read("/inner/a.txt"), tree.realPath("/in"), tree.open("/in").path()]).toEqual(["a", "/inner/a.txt", "/inner/a.txt"]);
    tree.makeFolder("/new");
    tree.open("/new/b.txt", { write: true, create: true }).write(new TextEncoder().encode("b"), 0);
    tree.rename("/new/b.txt", "/new/c.txt");
    expect(read("/new/c.txt")).toBe("b");
  });

  test("leads nowhere else", () => {
    expect(() => read("/out")).toThrow(expect.objectContaining({ code: "ENOENT" }));
    expect(() => read("/../secret.txt")).toThrow(expect.objectContaining({ code: "ENOENT" }));
    tree.makeLink("/../secret.txt", "/link");
    expect(tree.readLink("/link")).toBe("/secret.txt");
    expect(() => read("/link")).toThrow();
    tree.remove("/link");
    expect(() => tree.makeLink("../secret.txt", "/link")).toThrow(expect.objectContaining({ code: "EACCES" }));
    expect(tree.realPath("/..")).toBe("/");
  });
});

test.each(trees)("links of a subtree %s lead to where they say, by the tree's own names", (_, tree) => {
  tree.makeFolder("/from");
  tree.makeFolder("/from/deep");
  tree.makeLink("/inner", "/from/deep/absolute");
  tree.makeLink("./../../inner/a.txt", "/from/deep/relative");
  tree.makeLink("/from/deep", "/short");
  tree.makeLink("/", "/short/root");
  expect(["absolute", "relative", "root"].map((name) => tree.readLink(`/from/deep/${name}`))).toEqual(["/inner", "../../inner/a.txt", "/"]);
  expect(tree.readLink("/short/absolute")).toBe("/inner");
  expect(["/short/absolute", "/short/relative", "/short/root"].map((path) => tree.realPath(path))).toEqual(["/inner", "/inner/a.txt", "/"]);
});

test("what is written is on the host", () => {
  expect(readFileSync(join(folder, "drive/new/c.txt"), "utf8")).toBe("b");
});
