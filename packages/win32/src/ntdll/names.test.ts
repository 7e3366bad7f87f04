import { ERROR, STATUS } from "@decant/hook";
import { parametersLayout } from "@decant/process";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

function machine() {
  const made = guest({ files: { "/w/sub/file.txt": "text" }, currentDirectory: "Z:\\w" });
  const string = (text: string) => {
    const place = made.allocate(16);
    made.call("RtlInitUnicodeString", place, made.wide(text));
    return place;
  };
  const field = made.process.parameters + parametersLayout(made.memory).CurrentDirectory + 16;
  return { ...made, string, heldFolder: () => made.memory.u32(field) };
}

/** As under Wine 8. */
test("counted strings are compared by their units, in upper case where case is ignored, then by length", () => {
  const { call, string } = machine();
  const compare = (one: string, other: string, ignoresCase: 0 | 1) =>
    call("RtlCompareUnicodeString", string(one), string(other), ignoresCase);
  expect([compare("abC", "ABd", 0), compare("abC", "ABd", 1), compare("abC", "ABCDE", 1), compare("", "", 0)]).toEqual([32, -1, -2, 0]);
  expect(call("RtlEqualUnicodeString", string("abc"), string("ABC"), 1)).toBe(1);
  expect(call("RtlEqualUnicodeString", string("abc"), string("ABC"), 0)).toBe(0);
});

test("RtlGetFullPathName_U counts bytes: without the NUL where the path fits, with it where it does not", () => {
  const { call, allocate, memory } = machine();
  const [buffer, part] = [allocate(600), allocate(8)];
  const full = (name: string, size = 600) => call("RtlGetFullPathName_U", name, size, buffer, part);
  expect([full("z:\\tmp\\.\\p\\..\\q.txt"), memory.wstring(buffer), memory.u32(part) - buffer]).toEqual([24, "z:\\tmp\\q.txt", 14]);
  expect([full("z:\\tmp\\q.txt", 26), full("z:\\tmp\\q.txt", 25), memory.u32(part), full("")]).toEqual([24, 26, 0, 0]);
  expect([full("z:\\tmp\\"), memory.u32(part)]).toEqual([14, 0]);
});

test("RtlSetCurrentDirectory_U changes the current folder, and says what a name is instead", () => {
  const { call, string, allocate, memory } = machine();
  const buffer = allocate(600);
  const change = (name: string) => call("RtlSetCurrentDirectory_U", string(name)) >>> 0;
  expect(change("sub")).toBe(STATUS.SUCCESS);
  expect([call("RtlGetCurrentDirectory_U", 600, buffer), memory.wstring(buffer)]).toEqual([16, "Z:\\w\\sub"]);
  expect(call("RtlGetCurrentDirectory_U", 16, buffer)).toBe(18);
  expect(change("file.txt")).toBe(STATUS.NOT_A_DIRECTORY);
  expect(change("none")).toBe(STATUS.OBJECT_NAME_NOT_FOUND);
  expect(change("none\\x")).toBe(STATUS.OBJECT_PATH_NOT_FOUND);
});

test("the process parameters hold the current folder open, so that it can be neither deleted nor renamed", () => {
  const { call, thread, process, heldFolder } = machine();
  const first = heldFolder();
  expect(process.handles.find(first as never)?.describe()).toBe("DiskFile w");
  expect(call("SetCurrentDirectoryW", "sub")).toBe(1);
  expect(process.handles.find(heldFolder() as never)?.describe()).toBe("DiskFile sub");
  expect(call("DeleteFileW", "file.txt")).toBe(1);
  expect([call("RemoveDirectoryW", "Z:\\w\\sub"), thread.lastError]).toEqual([0, ERROR.SHARING_VIOLATION]);
  expect([call("MoveFileW", "Z:\\w\\sub", "Z:\\w\\other"), thread.lastError]).toEqual([0, ERROR.SHARING_VIOLATION]);
  expect(call("SetCurrentDirectoryW", "Z:\\w")).toBe(1);
  expect(call("RemoveDirectoryW", "Z:\\w\\sub")).toBe(1);
});
