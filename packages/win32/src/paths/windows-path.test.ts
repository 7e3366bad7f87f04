import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deviceName, filePartOffset, fullPath, pathForm } from "./windows-path.ts";

const context = { current: "C:\\windows", currentOf: (drive: string) => (drive === "Z" ? "Z:\\work\\sub" : undefined) };
const full = (path: string) => fullPath(path, context);

describe("full paths, as Wine 8 prints them in C:\\windows", () => {
  test.each([
    ["a", "C:\\windows\\a"],
    [".", "C:\\windows"],
    ["..", "C:\\"],
    ["a.", "C:\\windows\\a"],
    ["a ", "C:\\windows\\a"],
    ["a. . ", "C:\\windows\\a"],
    ["a.\\b", "C:\\windows\\a\\b"],
    ["a \\b", "C:\\windows\\a \\b"],
    ["\\x", "C:\\x"],
    ["C:x", "C:\\windows\\x"],
    ["C:\\", "C:\\"],
    ["C:/a//b\\\\c", "C:\\a\\b\\c"],
    ["c:\\a\\..\\..\\b", "c:\\b"],
    ["D:x", "D:\\x"],
    ["...", "C:\\windows\\"],
    ["....", "C:\\windows\\"],
    [".. ", "C:\\windows\\"],
    [" a", "C:\\windows\\ a"],
    ["a\\.", "C:\\windows\\a"],
    ["a\\..", "C:\\windows"],
    ["a\\", "C:\\windows\\a\\"],
    ["a\\\\", "C:\\windows\\a\\"],
    ["\\", "C:\\"],
    ["C:\\a.\\", "C:\\a\\"],
    ["C:\\a...", "C:\\a"],
    ["C:\\a \\ b", "C:\\a \\ b"],
    ["C:..", "C:\\"],
    ["C:.", "C:\\windows"],
    ["a/./b/../c", "C:\\windows\\a\\c"],
    ["C:a\\..\\..\\..\\z", "C:\\z"],
    ["a*b", "C:\\windows\\a*b"],
    ["a<b", "C:\\windows\\a<b"],
    ["x:y", "x:\\y"],
    ["a:b:c", "a:\\b:c"],
    ["\\\\?\\C:\\a\\..\\b", "\\\\?\\C:\\b"],
    ["\\\\?\\Z:\\x", "\\\\?\\Z:\\x"],
    ["\\\\.\\C:\\a\\..\\b", "\\\\.\\C:\\b"],
    ["\\\\.\\NUL", "\\\\.\\NUL"],
    ["\\\\?\\UNC\\s\\h\\x\\..\\y", "\\\\?\\UNC\\s\\h\\y"],
    ["\\\\server\\share\\a\\..\\..\\..\\b", "\\\\server\\share\\b"],
    ["\\\\server\\share", "\\\\server\\share"],
    ["\\\\server", "\\\\server"],
    ["//server/share/x", "\\\\server\\share\\x"],
    ["\\\\?\\", "\\\\?\\"],
    ["\\\\.\\", "\\\\.\\"],
    ["\\??\\C:\\x", "C:\\??\\C:\\x"],
    ["", ""],
    [" ", ""],
  ])("%j is %j", (path, expected) => {
    expect(full(path)).toBe(expected);
  });
});

describe("where Windows differs from Wine", () => {
  test.each([
    ["C:", "C:\\windows", "the current folder has no separator"],
    ["/x/y", "C:\\x\\y", "a leading slash is the current drive's root"],
    ["C:\\...\\x", "C:\\...\\x", "three dots are a name"],
    ["a..\\b", "C:\\windows\\a..\\b", "inside a path only a single dot goes"],
  ])("%j is %j: %s", (path, expected) => {
    expect(full(path)).toBe(expected);
  });
});

test("a drive that is not the current one has a current folder of its own", () => {
  expect(full("Z:x")).toBe("Z:\\work\\sub\\x");
  expect(full("z:")).toBe("z:\\work\\sub");
  expect(full("D:")).toBe("D:\\");
});

describe("devices", () => {
  test.each([
    "NUL",
    "nul",
    "nul.txt",
    "a\\nul",
    "C:\\a\\nul",
    "C:\\nul.txt",
    "C:nul",
    "nul:",
    "nul:x",
    "nul .txt",
    "CON",
    "con:",
    "COM1",
    "LPT9.x",
    "aux ",
    "prn.",
    "CONIN$",
    "CONOUT$",
    "a/b/nul",
  ])("%j names one", (path) => {
    expect(full(path)).toMatch(/^\\\\\.\\(nul|con|com1|lpt9|aux|prn|conin\$|conout\$)$/i);
  });

  test.each(["com0", "nula", "anul", "console", "nul\\x", "lpt10", "\\\\?\\C:\\nul", "\\\\.\\nul"])("%j does not", (path) => {
    expect(deviceName(path)).toBeUndefined();
  });
});

test("the file part is the last name", () => {
  const part = (path: string) => filePartOffset(full(path));
  expect(part("a")).toBe(11);
  expect(part("..")).toBeUndefined();
  expect(part("a\\")).toBeUndefined();
  expect(part("nul")).toBeUndefined();
  expect(part("\\\\server")).toBeUndefined();
  expect(part("\\\\server\\share\\x")).toBe(15);
  expect(part("\\\\?\\C:\\b")).toBe(7);
});

test("forms are told apart by their first characters", () => {
  expect(["C:\\x", "C:/", "C:x", "C:", "\\x", "/", "x", "", "\\\\s\\h", "\\\\?\\x", "\\\\.", "//./x", "1:x"].map(pathForm)).toEqual([
    "drive", "drive", "drive-relative", "drive-relative", "rooted", "rooted", "relative", "relative", "unc", "device", "device", "device", "drive-relative",
  ]); // prettier-ignore
});

test("what .. leaves at the end of a path is trimmed as its end", () => {
  expect([" \\a\\..", "C:\\x. \\y\\..", "C:\\x\\ \\y\\.."].map(full)).toEqual([full("."), "C:\\x", "C:\\x"]);
});

test("separators that are too many stand for a server and a share without names (as under Wine 8)", () => {
  expect(["\\\\\\.\\a", "//\\.\\a\\..\\b", "\\\\\\\\?\\b\\..\\c", "\\\\\\s\\h\\x"].map(full)).toEqual([
    "\\\\\\.\\a",
    "\\\\\\.\\b",
    "\\\\\\\\?\\c",
    "\\\\\\s\\h\\x",
  ]);
});

test("a full path is its own full path", () => {
  const text = fc
    .array(fc.constantFrom("a", "B", ".", "..", " ", "\\", "/", ":", "C:", "\\\\", "?", "\u00ef"), { maxLength: 12 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (path) => {
      const once = full(path);
      expect(fullPath(once, context)).toBe(once);
    }),
  );
});
