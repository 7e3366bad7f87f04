import { PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const { call, allocate, memory, out, wide } = guest();
const buffer = allocate(600);
const canonical = (path: string, flags = 0) =>
  call("PathCchCanonicalizeEx", buffer, 300, path, flags) === 0 ? memory.wstring(buffer) : undefined;

// Windows' answers here and below are what a C program printed under Wine 8.
test.for([
  ["", "\\"], ["C:", "C:\\"], ["C:\\a\\.\\b", "C:\\a\\b"], ["C:\\..\\..\\b", "C:\\b"], ["a\\..", "\\"], ["a\\..\\b", "\\b"], ["C:\\a\\.", "C:\\a"],
  ["C:\\a\\..", "C:\\"], ["C:\\a\\", "C:\\a\\"], ["\\\\s\\h\\..\\x", "\\\\s\\x"], ["\\\\?\\C:\\a\\..\\b", "C:\\b"], ["C:\\a.", "C:\\a"], ["C:/a/../b", "C:/a/../b"],
  ["\\a\\..", "\\"], ["..\\a", "a"], ["..", "\\"], ["\\\\?\\UNC\\s\\h\\..\\x", "\\\\s\\x"], ["C:..\\a", "C:..\\a"], ["C:\\a\\\\b", "C:\\a\\\\b"], ["\\\\s", "\\\\s"],
] as const)("PathCchCanonicalizeEx makes %j %j", ([path, expected]) => expect(canonical(path)).toBe(expected)); // prettier-ignore

test("a path that does not fit is an error, and a trailing separator is added when asked for", () => {
  expect(call("PathCchCanonicalizeEx", buffer, 4, "C:\\ab", 0) >>> 0).toBe(0x8007_007a);
  expect(canonical("C:\\ab", 0x20)).toBe("C:\\ab\\");
  expect([call("PathCchCanonicalizeEx", buffer, 300, "a".repeat(260), 0) >>> 0, canonical("a".repeat(260), 1)?.length]).toEqual([
    0x8007_00ce, 260,
  ]);
});

test("PathAllocCanonicalize gives memory that LocalFree takes", () => {
  const result = out(PVOID);
  expect([call("PathAllocCanonicalize", "C:\\a\\..\\b", 1, result), memory.wstring(result.value), call("LocalFree", result.value)]).toEqual(
    [0, "C:\\b", 0],
  );
});

test.for([
  ["C:\\a", "b", "C:\\a\\b"], ["C:\\a\\", "\\b", "C:\\b"], ["C:\\a", "..\\b", "C:\\b"], ["C:\\a", "D:\\b", "D:\\b"], [undefined, "b", "b"], ["C:\\a", undefined, "C:\\a"],
  ["C:\\a", "", "C:\\a"], ["a", "b\\..\\c", "a\\c"], ["C:\\a", "\\\\s\\h", "\\\\s\\h"],
] as const)("%j and %j make %j", ([folder, more, expected]) => {
  expect([call("PathCchCombineEx", buffer, 300, folder, more, 0), memory.wstring(buffer)]).toEqual([0, expected]);
  expect([call("PathCombineW", buffer, folder, more), memory.wstring(buffer)]).toEqual([buffer, expected]);
}); // prettier-ignore

test.for([
  ["C:\\a\\b", "C:\\a", 0, "b"], ["C:\\a", "C:\\", 0, "a"], ["C:\\", "C:\\", 1, "C:\\"], ["a", "", 0, "a"], ["", "", 1, ""], ["\\\\s\\h\\a", "\\\\s\\h", 0, "a"],
  ["\\\\s\\h", "\\\\s\\h", 1, "h"], ["C:\\a\\", "C:\\a", 0, "a\\"], ["\\a", "\\", 0, "a"], ["C:a", "C:", 0, "a"], ["a/b", "", 0, "b"],
] as const)("the folder of %j is %j", ([path, folder, result, name]) => {
  memory.setWstring(buffer, path);
  expect([call("PathCchRemoveFileSpec", buffer, 300), memory.wstring(buffer)]).toEqual([result, folder]);
  expect(memory.wstring(call("PathFindFileNameW", wide(path)))).toBe(name);
}); // prettier-ignore

test("an extension has no space and no separator, and a relative path no drive", () => {
  const extensions = ["a.b c", "a.b\\c", "a.tar.gz"].map((path) => memory.wstring(call("PathFindExtensionW", wide(path))));
  expect(extensions).toEqual(["", "", ".gz"]);
  expect(["C:a", "\\a", "a/b", ""].map((path) => call("PathIsRelativeW", path))).toEqual([0, 0, 1, 1]);
});
