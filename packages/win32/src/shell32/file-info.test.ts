import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { SHFILEINFO } from "./file-info.api.ts";

const [USEFILEATTRIBUTES, DISPLAYNAME, TYPENAME, ATTRIBUTES, EXETYPE, ATTR_SPECIFIED] = [0x10, 0x200, 0x400, 0x800, 0x2000, 0x2_0000];

/** An image's headers, as far as they are read. */
function image(subsystem: number): string {
  const bytes = new Uint8Array(0x100);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x5a4d, true);
  view.setUint32(0x3c, 0x40, true);
  view.setUint16(0x40, 0x4550, true);
  view.setUint16(0x40 + 24 + 48, 6, true);
  view.setUint16(0x40 + 24 + 50, 1, true);
  view.setUint16(0x40 + 24 + 68, subsystem, true);
  return String.fromCharCode(...bytes);
}

function shell() {
  const files = {
    "/a.txt": "a",
    "/d/sub/x": "",
    "/e/": "",
    "/plain.exe": image(3),
    "/gui.exe": image(2),
    "/dos.exe": "MZ no more",
    "/s.bat": "",
  };
  const { call, allocate, thread } = guest({ files });
  const type = SHFILEINFO.forText(false);
  const at = allocate(type.size(8));
  return {
    thread,
    ask(path: string, flags: number, attributes = 0, specified = 0) {
      type.store(thread, at, { dwAttributes: specified, szDisplayName: "", szTypeName: "" });
      const result = call("SHGetFileInfoA", path, attributes, at, type.size(8), flags);
      const { szDisplayName, szTypeName, dwAttributes } = type.load(thread, at);
      return [result, szDisplayName, szTypeName, dwAttributes];
    },
  };
}

// Attributes, names and types as Wine 8 gives them, but for folders ("File folder" and a subfolder only where there is one, as on Windows) and
// for types that nobody registered ("FOO File").
test("tells a file's name, type and attributes", () => {
  const { ask, thread } = shell();
  const all = DISPLAYNAME! | TYPENAME! | ATTRIBUTES!;
  expect(ask("Z:\\a.txt", all)).toEqual([1, "a.txt", "Text Document", 0x4040_0177]);
  expect(ask("Z:\\d", all)).toEqual([1, "d", "File folder", 0xf080_017f]);
  expect(ask("Z:\\e", all)).toEqual([1, "e", "File folder", 0x7080_017f]);
  expect(ask("Z:\\a.txt", ATTRIBUTES! | ATTR_SPECIFIED!, 0, 0x41)).toEqual([1, "", "", 0x41]);
  expect(ask("Z:\\missing", DISPLAYNAME!)).toEqual([0, "", "", 0]);
  expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
  expect(ask("Z:\\a.txt", 0x100)).toEqual([0, "", "", 0]);
});

test("goes by given attributes alone when it shall, and then has no others", () => {
  const { ask } = shell();
  const flags = USEFILEATTRIBUTES! | DISPLAYNAME! | TYPENAME!;
  expect(ask("no.foo", flags, 0x80)).toEqual([1, "no.foo", "FOO File", 0]);
  expect(ask("no.exe", flags, 0x80)).toEqual([1, "no.exe", "Application", 0]);
  expect(ask("no.x", flags, 0x10)).toEqual([1, "no.x", "File folder", 0]);
  expect(ask("noext", flags, 0x80)).toEqual([1, "noext", "File", 0]);
  expect(ask("no.foo", USEFILEATTRIBUTES! | ATTRIBUTES!, 0x80)).toEqual([0, "", "", 0]);
});

test("tells programs of the console, with windows and of DOS apart", () => {
  const { ask } = shell();
  const names = ["plain.exe", "gui.exe", "dos.exe", "s.bat", "a.txt", "d", "missing"];
  expect(names.map((name) => ask(`Z:\\${name}`, EXETYPE!)[0])).toEqual([0x4550, 0x0601_4550, 0x5a4d, 0x4550, 0, 0, 0]);
  expect(ask("Z:\\plain.exe", EXETYPE! | DISPLAYNAME!)[0]).toBe(0);
});
