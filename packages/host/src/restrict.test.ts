import { describe, expect, test } from "vitest";
import { memoryFiles } from "./memory/memory-files.ts";
import { restrict, type Denial } from "./restrict.ts";

function tree(denials: Denial[] = []) {
  const files = memoryFiles({
    files: {
      "/work/here.txt": "here",
      "/work/sub/deep.txt": "deep",
      "/work/out": { link: "/etc" },
      "/work/up": { link: "../etc/passwd" },
      "/work/in": { link: "sub" },
      "/work/dangling": { link: "/etc/new" },
      "/tools/app.exe": "MZ",
      "/etc/passwd": "root",
      "/data/one.txt": "1",
      "/data/two.txt": "2",
    },
  });
  const grants = [
    { path: "/work", access: "write" },
    { path: "/tools", access: "read" },
    { path: "/data/one.txt", access: "write" },
    { path: "/data/new.txt", access: "write" },
  ] as const;
  return { files, granted: restrict(files, grants, (denial) => denials.push(denial)) };
}

const write = { write: true, create: true } as const;

describe("what is granted works", () => {
  test("files below a granted folder are read and written", () => {
    const { granted } = tree();
    expect(granted.stat("/work/sub/deep.txt").size).toBe(4);
    granted.open("/work/sub/new.txt", write).write(new Uint8Array([1, 2]), 0);
    expect(granted.stat("/work/sub/new.txt").size).toBe(2);
    granted.rename("/work/sub/new.txt", "/work/moved.txt");
    granted.remove("/work/moved.txt");
    granted.makeFolder("/work/made");
    granted.removeFolder("/work/made");
  });

  test("a link that stays inside works", () => {
    expect(tree().granted.stat("/work/in/deep.txt").size).toBe(4);
  });

  test("one file is granted without its neighbours, also before it exists", () => {
    const { granted } = tree();
    granted.open("/data/one.txt", write).close();
    granted.open("/data/new.txt", write).close();
    expect(() => granted.open("/data/two.txt")).toThrow("ENOENT");
    expect(() => granted.open("/data/third.txt", write)).toThrow("EACCES");
  });

  test("the folders above a grant show nothing but the way to it", () => {
    const { granted } = tree();
    expect(granted.stat("/data").kind).toBe("folder");
    expect(granted.list("/data")).toEqual([{ name: "one.txt", kind: "file" }]);
    expect(granted.list("/").map(({ name }) => name)).toEqual(["work", "tools", "data"]);
  });
});

describe("everything else is refused", () => {
  test.each(["/etc/passwd", "/work/../etc/passwd", "/work/out/passwd", "/work/up", "/work/in/../../etc/passwd", "/data/two.txt"])(
    "%s is not found",
    (path) => {
      const denials: Denial[] = [];
      const { granted } = tree(denials);
      expect(() => granted.open(path)).toThrow("ENOENT");
      expect(denials).toEqual([{ path, access: "read" }]);
    },
  );

  test("what is not there is told to nobody, unless it was to be made", () => {
    const denials: Denial[] = [];
    const { granted } = tree(denials);
    for (const path of ["/worker", "/ETC/passwords", "/etc/none/x"]) expect(() => granted.open(path)).toThrow("ENOENT");
    expect(() => granted.stat("/DATA")).toThrow("ENOENT");
    expect(denials).toEqual([]);
    expect(() => granted.open("/worker", write)).toThrow("EACCES");
    expect(denials).toEqual([{ path: "/worker", access: "write" }]);
  });

  test("what is there is told of by its own name, though it was asked for in another case", () => {
    const denials: Denial[] = [];
    const { granted } = tree(denials);
    for (const path of ["/ETC/Passwd", "/etc/PASSWD", "/Data/Two.txt", "/DATA/three.txt", "/DATA/ONE.txt", "/WORK"])
      expect(() => granted.stat(path), path).toThrow();
    expect(denials.map(({ path }) => path)).toEqual(["/etc/passwd", "/etc/passwd", "/data/two.txt"]);
  });

  test("a read-only grant cannot be changed", () => {
    const { granted } = tree();
    expect(granted.open("/tools/app.exe").read(new Uint8Array(9), 0)).toBe(2);
    for (const change of [
      () => granted.open("/tools/app.exe", { write: true }),
      () => granted.open("/tools/new", { create: true }),
      () => granted.remove("/tools/app.exe"),
      () => granted.rename("/tools/app.exe", "/work/app.exe"),
      () => granted.rename("/work/here.txt", "/tools/here.txt"),
      () => granted.setTimes("/tools/app.exe", 0n, 0n),
      () => granted.setWritable("/tools/app.exe", true),
      () => granted.makeFolder("/tools/x"),
    ])
      expect(change).toThrow("EACCES");
  });

  test("a dangling link cannot be used to make a file outside", () => {
    const { granted, files } = tree();
    expect(() => granted.open("/work/dangling", write)).toThrow(/ELOOP|EACCES/);
    expect(() => files.stat("/etc/new")).toThrow("ENOENT");
  });

  test("a hard link needs both names: what may only be read would be written by it", () => {
    const { granted, files } = tree();
    granted.link("/work/here.txt", "/work/again.txt");
    expect(files.stat("/work/again.txt").links).toBe(2);
    expect(() => granted.link("/tools/app.exe", "/work/app.exe")).toThrow("EACCES");
    expect(() => granted.link("/work/here.txt", "/etc/here.txt")).toThrow("EACCES");
    expect(() => granted.link("/data/two.txt", "/work/two.txt")).toThrow("EACCES");
  });

  test("a symbolic link may lead only to what is granted", () => {
    const { granted, files } = tree();
    granted.makeLink("sub/deep.txt", "/work/l1");
    granted.makeLink("/tools/app.exe", "/work/l2");
    expect(granted.readLink("/work/l1")).toBe("sub/deep.txt");
    for (const target of ["../etc/passwd", "/etc/passwd", "..", "out/passwd", "sub/../../etc"])
      expect(() => granted.makeLink(target, "/work/l3"), target).toThrow("EACCES");
    expect(() => granted.makeLink("/work/here.txt", "/tools/l")).toThrow("EACCES");
    expect(() => files.lstat("/work/l3")).toThrow("ENOENT");
  });

  test("an open file of a grant to read changes nothing, its times neither", () => {
    const { granted, files } = tree();
    const file = granted.open("/tools/app.exe");
    expect(file.read(new Uint8Array(2), 0)).toBe(2);
    for (const change of [() => file.setTimes(1n, 1n), () => file.truncate(0), () => file.write(new Uint8Array(1), 0)])
      expect(change).toThrow("EACCES");
    expect(files.stat("/tools/app.exe").size).toBe(2);
  });

  test("a folder that may not be read is not watched", () => {
    const { granted } = tree();
    expect(() => granted.watch("/data", true, () => {})).toThrow("ENOENT");
    expect(granted.watch("/work", true, () => {})).toBeUndefined(); // in memory nobody else changes anything
  });

  test("removing a link removes the link", () => {
    const { granted, files } = tree();
    granted.remove("/work/up");
    expect(files.stat("/etc/passwd").size).toBe(4);
    expect(() => files.lstat("/work/up")).toThrow("ENOENT");
  });

  test("a folder that becomes a link after the check is caught by the open file's own path", () => {
    const { files } = tree();
    const racing = { ...delegate(files), realPath: (path: string) => path };
    const granted = restrict(racing, [{ path: "/work", access: "write" }]);
    expect(() => granted.open("/work/out/passwd", { write: true, truncate: true })).toThrow("EACCES");
    expect(files.stat("/etc/passwd").size).toBe(4);
  });
});

function delegate(files: ReturnType<typeof memoryFiles>): typeof files {
  return {
    open: (path, options) => files.open(path, options),
    stat: (path) => files.stat(path),
    lstat: (path) => files.lstat(path),
    list: (path) => files.list(path),
    makeFolder: (path) => files.makeFolder(path),
    removeFolder: (path) => files.removeFolder(path),
    remove: (path) => files.remove(path),
    rename: (from, to) => files.rename(from, to),
    setTimes: (path, a, m) => files.setTimes(path, a, m),
    setWritable: (path, w) => files.setWritable(path, w),
    link: (existing, path) => files.link(existing, path),
    makeLink: (target, path) => files.makeLink(target, path),
    readLink: (path) => files.readLink(path),
    watch: (path, recursive, onChange) => files.watch(path, recursive, onChange),
    realPath: (path) => files.realPath(path),
    space: (path) => files.space(path),
  };
}
