import { DWORD } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

test("URLs are told from paths, and those of files from others", () => {
  const { call } = guest();
  expect(call("UrlIsW", "file:///C:/a", 3)).toBe(1);
  expect(call("UrlIsW", "C:\\a", 3)).toBe(0);
  expect(call("PathIsURLA", "http://x/")).toBe(1);
  expect(call("PathIsURLW", "C:\\a")).toBe(0);
  expect([call("UrlIsA", "mailto:x", 1), call("UrlIsA", "http://x", 1)]).toEqual([1, 0]);
});

test("a file's URL and its path become each other", () => {
  const { call, out, allocate, memory } = guest();
  const buffer = allocate(200);
  const from = (name: string, text: string, capacity = 90) => {
    const size = out(DWORD, capacity);
    const result = call(name, text, buffer, size, 0) >>> 0;
    return [result, result === 0 ? memory.wstring(buffer) : "", size.value];
  };
  expect(from("PathCreateFromUrlW", "file:///C:/a%20b/%C3%BC")).toEqual([0, "C:\\a b\\\u00fc", 8]);
  expect(from("PathCreateFromUrlW", "file://server/share/x")).toEqual([0, "\\\\server\\share\\x", 16]);
  expect(from("PathCreateFromUrlW", "http://x/")[0]).toBe(0x8007_0057);
  expect(from("UrlCreateFromPathW", "C:\\a b")).toEqual([0, "file:///C:/a%20b", 16]);
  expect(from("UrlCreateFromPathW", "C:\\a b", 5)).toEqual([0x8000_4003, "", 17]);
});
