import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

// What Wine 8 answers to most of these is in fixtures/system/settings.c; here are the rules one by one.
const INI =
  '; comment\r\n[One]\r\nkey=value\r\n Spaced  =  two words  \r\nquoted=" in quotes "\r\nnothing\r\nnumber=-0x1F apples\r\n[one]\nkey=again';

function machine(text: string | Uint8Array = INI) {
  const made = guest({ currentDirectory: "Z:\\w", files: { "/w/a.ini": text } });
  const buffer = made.allocate(400);
  const get = (section: string | undefined, key: string | undefined, size = 100, file = "Z:\\w\\a.ini") => {
    const count = made.call("GetPrivateProfileStringW", section, key, "none ", buffer, size, file);
    return made.memory.utf16(buffer, count);
  };
  const set = (section: string | undefined, key: string | undefined, value: string | undefined, file = "Z:\\w\\a.ini") =>
    made.call("WritePrivateProfileStringW", section, key, value, file);
  const files = (path: string) => {
    const bytes = new Uint8Array(made.host.files.stat(path).size);
    made.host.files.open(path).read(bytes, 0);
    return bytes;
  };
  return { ...made, buffer, get, set, files };
}

test("values are found without regard to case, trimmed, and out of their quotation marks", () => {
  const { get } = machine();
  expect([get("ONE", "Key"), get("one", "spaced"), get("One", "quoted")]).toEqual(["value", "two words", " in quotes "]);
  expect([get("One", "nothing"), get("Two", "key"), get("One", "key", 100, "Z:\\w\\no.ini")]).toEqual(["none", "none", "none"]);
});

test("without names the sections or the keys are listed; what does not fit ends with two NULs", () => {
  const { get, memory, buffer } = machine();
  expect(get(undefined, undefined)).toBe("One\0one\0");
  expect(get("One", undefined)).toBe("key\0Spaced\0quoted\0number\0");
  expect(get("One", undefined, 8)).toBe("key\0Sp");
  expect(memory.utf16(buffer, 8)).toBe("key\0Sp\0\0");
  expect(get("One", "key", 4)).toBe("val");
});

test("numbers are decimal or hexadecimal, and end where they end", () => {
  const { call } = machine();
  expect(call("GetPrivateProfileIntA", "One", "number", 7, "Z:\\w\\a.ini") | 0).toBe(-31);
  expect(call("GetPrivateProfileIntA", "One", "key", 7, "Z:\\w\\a.ini")).toBe(0);
  expect(call("GetPrivateProfileIntA", "One", "no", 7, "Z:\\w\\a.ini")).toBe(7);
});

test("a change leaves the other lines as they are, and new keys go to the end of their section", () => {
  const { set, files } = machine();
  expect(set("one", "KEY", " new ")).toBe(1);
  expect(set("One", "more", "1")).toBe(1);
  expect(set("One", "number", undefined)).toBe(1);
  expect(set("Fresh", "a", "b")).toBe(1);
  expect(set(undefined, undefined, undefined)).toBe(0);
  expect(Buffer.from(files("/w/a.ini")).toString()).toBe(
    '; comment\r\n[One]\r\nKEY=new\r\n Spaced  =  two words  \r\nquoted=" in quotes "\r\nnothing\r\nmore=1\r\n[one]\r\nkey=again\r\n[Fresh]\r\na=b\r\n',
  );
  set("One", undefined, undefined);
  set("one", undefined, undefined);
  expect(Buffer.from(files("/w/a.ini")).toString()).toBe("; comment\r\n[Fresh]\r\na=b\r\n");
});

test("a file of UTF-16 stays one", () => {
  const { get, set, files } = machine(new Uint8Array(Buffer.from("\ufeff[s]\r\nk=\u4f60\r\n", "utf16le")));
  expect(get("s", "k")).toBe("\u4f60");
  set("s", "k", "\u597d");
  expect(Buffer.from(files("/w/a.ini")).toString("utf16le")).toBe("\ufeff[s]\r\nk=\u597d\r\n");
});

test("a name without a folder is one of Windows' own folder, and a folder that is not there fails", () => {
  const { get, set, thread } = machine();
  expect(set("s", "k", "v", "own.ini")).toBe(1);
  expect(get("s", "k", 100, "C:\\Windows\\own.ini")).toBe("v");
  expect(set("s", "k", "v", "Z:\\no\\own.ini")).toBe(0);
  expect(thread.lastError).toBe(ERROR.PATH_NOT_FOUND);
});

test("a structure has to have its size and its sum", () => {
  const { call, memory, buffer, set } = machine();
  memory.write(buffer, Uint8Array.from([1, 0xfe, 0xff]));
  expect(call("WritePrivateProfileStructA", "s", "k", buffer, 3, "Z:\\w\\a.ini")).toBe(1);
  expect(call("GetPrivateProfileStructA", "s", "k", buffer + 8, 3, "Z:\\w\\a.ini")).toBe(1);
  expect([...memory.read(buffer + 8, 3)]).toEqual([1, 0xfe, 0xff]);
  expect(call("GetPrivateProfileStructA", "s", "k", buffer + 8, 2, "Z:\\w\\a.ini")).toBe(0);
  set("s", "k", "01FEFF00");
  expect(call("GetPrivateProfileStructA", "s", "k", buffer + 8, 3, "Z:\\w\\a.ini")).toBe(0);
});
