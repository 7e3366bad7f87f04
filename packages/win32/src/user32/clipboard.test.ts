import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const CF = { TEXT: 1, OEMTEXT: 7, UNICODETEXT: 13, LOCALE: 16 } as const;

function machine() {
  const made = guest();
  const { call, memory } = made;
  const put = (format: number, text: string, wide: boolean) => {
    const block = call("GlobalAlloc", 2, 64);
    if (wide) memory.setWstring(block, text);
    else memory.write(block, Buffer.from(`${text}\0`, "latin1"));
    return call("SetClipboardData", format, block) === block;
  };
  return { ...made, put };
}

test("text that is put in one format is there in the others", () => {
  const { call, put, memory } = machine();
  expect(call("OpenClipboard", 0)).toBe(1);
  expect(call("EmptyClipboard")).toBe(1);
  expect(put(CF.UNICODETEXT, "gr\u00fcn", true)).toBe(true);
  expect(call("CountClipboardFormats")).toBe(4);
  expect([0, CF.UNICODETEXT, CF.TEXT, CF.OEMTEXT, CF.LOCALE].map((format) => call("EnumClipboardFormats", format))).toEqual([CF.UNICODETEXT, CF.TEXT, CF.OEMTEXT, CF.LOCALE, 0]); // prettier-ignore
  const ansi = call("GetClipboardData", CF.TEXT);
  expect([...memory.read(ansi, 5)]).toEqual([0x67, 0x72, 0xfc, 0x6e, 0]);
  expect(call("GetClipboardData", CF.TEXT)).toBe(ansi);
  expect([...memory.read(call("GetClipboardData", CF.OEMTEXT), 5)]).toEqual([0x67, 0x72, 0x81, 0x6e, 0]);
  expect(memory.u32(call("GetClipboardData", CF.LOCALE))).toBe(0x409);
});

test("what was put there stays when the program frees or changes its memory, until somebody empties it", () => {
  const { call, put, memory } = machine();
  call("OpenClipboard", 0);
  put(CF.TEXT, "kept", false);
  expect(call("CloseClipboard")).toBe(1);
  const sequence = call("GetClipboardSequenceNumber");
  expect(call("IsClipboardFormatAvailable", CF.UNICODETEXT)).toBe(1);
  call("OpenClipboard", 0);
  expect(memory.wstring(call("GetClipboardData", CF.UNICODETEXT))).toBe("kept");
  call("EmptyClipboard");
  expect(call("GetClipboardData", CF.UNICODETEXT)).toBe(0);
  expect(call("IsClipboardFormatAvailable", CF.TEXT)).toBe(0);
  expect(call("GetClipboardSequenceNumber")).toBeGreaterThan(sequence);
});

test("nothing is done by a thread that has not opened it", () => {
  const { call, put, thread } = machine();
  for (const done of [
    call("EmptyClipboard"),
    call("GetClipboardData", CF.TEXT),
    Number(put(CF.TEXT, "x", false)),
    call("CloseClipboard"),
  ]) {
    expect(done).toBe(0);
    expect(thread.lastError).toBe(ERROR.CLIPBOARD_NOT_OPEN);
  }
});

test("formats have numbers by their names, in any case", () => {
  const { call, memory, allocate } = machine();
  const format = call("RegisterClipboardFormatW", "HTML Format");
  expect(format).toBe(0xc000);
  expect(call("RegisterClipboardFormatA", "html format")).toBe(format);
  expect(call("RegisterClipboardFormatA", "other")).toBe(0xc001);
  const buffer = allocate(40);
  expect(call("GetClipboardFormatNameW", format, buffer, 20)).toBe(11);
  expect(memory.wstring(buffer)).toBe("HTML Format");
  expect(call("GetClipboardFormatNameW", CF.TEXT, buffer, 20)).toBe(0);
});
