import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";

const PATH = "Z:\\lp\\file.txt";

function machine() {
  const { call, allocate, memory, thread } = guest({ files: { "/lp/File.Txt": "" }, currentDirectory: "Z:\\lp" });
  const buffer = allocate(300);
  const ask = (name: "GetLongPathNameA" | "GetShortPathNameA", path: string, room = 300) => {
    memory.fill(buffer, 0, 300);
    return [call(name, path, room === 0 ? 0 : buffer, room), memory.cstring(buffer)];
  };
  return { ask, thread };
}

// What Wine 8 answers.
describe("GetLongPathName", () => {
  test.each([
    ["Z:\\lp\\FILE.TXT", "Z:\\lp\\File.Txt"],
    ["file.txt", "File.Txt"],
    [".\\file.txt", ".\\File.Txt"],
    ["..\\LP\\file.txt", "..\\lp\\File.Txt"],
    ["..\\lp\\..\\lp", "..\\lp\\..\\lp"],
    ["Z:\\lp\\", "Z:\\lp\\"],
    ["Z:\\", "Z:\\"],
    [".", "."],
  ])("%s is %s", (path, long) => {
    expect(machine().ask("GetLongPathNameA", path)).toEqual([long.length, long]);
  });
});

test("a buffer has room for the path and its NUL, or the size that is needed is told", () => {
  const { ask } = machine();
  for (const name of ["GetLongPathNameA", "GetShortPathNameA"] as const) {
    expect(ask(name, PATH, PATH.length + 1)[0]).toBe(PATH.length);
    expect([ask(name, PATH, PATH.length), ask(name, PATH, 0)]).toEqual([[PATH.length + 1, ""], [PATH.length + 1, ""]]); // prettier-ignore
  }
});

test("what is not there has neither name", () => {
  const { ask, thread } = machine();
  for (const name of ["GetLongPathNameA", "GetShortPathNameA"] as const)
    expect([ask(name, "Z:\\lp\\missing")[0], thread.lastError]).toEqual([0, ERROR.FILE_NOT_FOUND]);
});
