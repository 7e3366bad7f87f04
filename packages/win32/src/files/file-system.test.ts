import { ERROR, Win32Error } from "@decant/hook";
import { memoryHost } from "@decant/host";
import { expect, test } from "vitest";
import { FileSystem, windowsPath, type Location } from "./file-system.ts";

const host = memoryHost({
  files: { "/work/Sub/File.txt": "text", "/work/sub2/": "", "/work/same": "1", "/work/SAME": "2", "/work/gone": { link: "/none" } },
});
const fileSystem = new FileSystem(host);
const context = { current: "Z:\\work" };

function located(path: string): Location {
  const location = fileSystem.locate(path, context);
  if (location.kind !== "file") throw new Error(`${path} is a device`);
  return location;
}

test("names are found in any case, and keep the case that they have", () => {
  expect(located("sUB\\fILE.TXT")).toMatchObject({ path: "/work/Sub/File.txt", hasFolder: true, stat: { size: 4 } });
  expect(located("Z:\\WORK\\sub")).toMatchObject({ path: "/work/Sub", stat: { kind: "folder" } });
});

test("where two names differ only in case, the exact one wins", () => {
  expect(located("same").path).toBe("/work/same");
  expect(located("SAME").path).toBe("/work/SAME");
});

test("a name that is not there keeps the case that was asked for, in the folder that is", () => {
  expect(located("SUB\\New.txt")).toMatchObject({ path: "/work/Sub/New.txt", stat: undefined, hasFolder: true });
  expect(located("none\\New.txt")).toMatchObject({ stat: undefined, hasFolder: false });
  expect(located("same\\x")).toMatchObject({ stat: undefined, hasFolder: false });
});

test("a trailing separator asks for a folder", () => {
  expect(located("sub\\").wantsFolder).toBe(true);
  expect(located("Z:\\")).toMatchObject({ wantsFolder: true, path: "/", stat: { kind: "folder" } });
});

test("prefixes for long paths and devices lead to the same files", () => {
  expect(located("\\\\?\\Z:\\work\\sub\\file.txt").path).toBe("/work/Sub/File.txt");
  expect(located("\\\\.\\Z:\\work\\sub").path).toBe("/work/Sub");
});

test("a volume's device leads to its files, by the kernel's name or below GLOBALROOT", () => {
  expect(fileSystem.locateNt("\\Device\\HarddiskVolume26\\work\\sub\\file.txt", undefined, "follow")).toMatchObject({
    path: "/work/Sub/File.txt",
  });
  expect(fileSystem.locateNt("\\Device\\HarddiskVolume1\\Windows", undefined, "follow")).toMatchObject({ full: "C:\\Windows" });
  expect(located("\\\\?\\GLOBALROOT\\Device\\HarddiskVolume26\\work").path).toBe("/work");
  for (const number of [2, 3, 27]) {
    const path = `\\Device\\HarddiskVolume${number}\\work`;
    expect(() => fileSystem.locateNt(path, undefined, "follow")).toThrow(expect.objectContaining({ code: ERROR.PATH_NOT_FOUND }));
  }
});

test("devices are not files", () => {
  expect(fileSystem.locate("sub\\NUL.txt", context)).toMatchObject({ kind: "device", name: "nul" });
  expect(fileSystem.locate("\\\\.\\PhysicalDrive0", context)).toMatchObject({ kind: "device", name: "physicaldrive0" });
});

test.each([
  ["", ERROR.PATH_NOT_FOUND],
  ["D:\\x", ERROR.PATH_NOT_FOUND],
  ["a<b", ERROR.INVALID_NAME],
  ["a?", ERROR.INVALID_NAME],
  ["x.txt:stream:", ERROR.INVALID_NAME],
  ["a\u0001", ERROR.INVALID_NAME],
  ["\\\\server\\share\\x", ERROR.BAD_NETPATH],
  ["\\\\?\\UNC\\server\\share\\x", ERROR.BAD_NETPATH],
])("%j fails with %d", (path, code) => {
  expect(() => fileSystem.locate(path, context)).toThrow(new Win32Error(code));
});

test("the system drive has Windows' folders", () => {
  expect(located("c:\\windows\\system32").stat?.kind).toBe("folder");
  expect(located("C:\\Users\\USER\\appdata\\local\\temp").stat?.kind).toBe("folder");
});

test("the loader reads files, and gets nothing for what is none", () => {
  expect(fileSystem.readFile("Z:\\work\\sub\\file.txt")).toHaveLength(4);
  for (const path of ["Z:\\work\\sub", "Z:\\none", "Q:\\x", "Z:\\work\\gone", "nul"]) expect(fileSystem.readFile(path)).toBeUndefined();
});

test("host paths have Windows names", () => {
  expect(windowsPath("/work/a b")).toBe("Z:\\work\\a b");
  expect(windowsPath("/")).toBe("Z:\\");
});
