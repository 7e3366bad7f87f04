import { guest, type Guest } from "@decant/testing";
import { describe, expect, test } from "vitest";

/** An object of a class hierarchy, as Microsoft's compiler lays out the tables for x86, where they hold addresses. */
function makeObject(made: Guest, classes: readonly { name: string; contained: number; offset: number; attributes?: number }[]) {
  const { memory } = made;
  const types = new Map<string, number>();
  const typeOf = (name: string): number => {
    const known = types.get(name);
    if (known !== undefined) return known;
    const type = made.allocate(64);
    memory.write(type + 8, new TextEncoder().encode(`.?AV${name}@@\0`));
    types.set(name, type);
    return type;
  };
  const array = made.allocate(4 * classes.length);
  classes.forEach(({ name, contained, offset, attributes = 0 }, index) => {
    const descriptor = made.allocate(28);
    memory.setU32(array + 4 * index, descriptor);
    [typeOf(name), contained, offset, -1, 0, attributes].forEach((value, word) => memory.setI32(descriptor + 4 * word, value));
  });
  const hierarchy = made.allocate(16);
  [0, 1, classes.length, array].forEach((value, word) => memory.setI32(hierarchy + 4 * word, value));
  const object = made.allocate(64);
  for (const offset of new Set(classes.map((each) => each.offset))) {
    const locator = made.allocate(20);
    [0, offset, 0, typeOf(classes[0]!.name), hierarchy].forEach((value, word) => memory.setI32(locator + 4 * word, value));
    const table = made.allocate(16);
    memory.setU32(table, locator);
    memory.setU32(object + offset, table + 4);
  }
  const cast = (part: number, source: string, target: string): number =>
    made.call("vcruntime140!__RTDynamicCast", object + part, 0, typeOf(source), typeOf(target), 0);
  return { object, typeOf, cast };
}

describe("run-time type information", () => {
  const two = [
    { name: "Derived", contained: 2, offset: 0 },
    { name: "Base", contained: 0, offset: 0 },
    { name: "Other", contained: 0, offset: 8 },
  ];

  test("dynamic_cast goes down, up and across, and gives NULL where there is no such class", () => {
    const made = guest({ bits: 32 });
    const { object, cast } = makeObject(made, two);
    expect(cast(8, "Other", "Derived")).toBe(object);
    expect(cast(0, "Base", "Other")).toBe(object + 8);
    expect(cast(8, "Other", "Base")).toBe(object);
    expect(cast(0, "Base", "Unrelated")).toBe(0);
    expect(made.call("vcruntime140!__RTDynamicCast", 0, 0, 0, 0, 0)).toBe(0);
  });

  test("private bases and ambiguous ones are not reached", () => {
    const made = guest({ bits: 32 });
    const { cast, object } = makeObject(made, [
      { name: "Derived", contained: 4, offset: 0 },
      { name: "Left", contained: 1, offset: 0 },
      { name: "Twice", contained: 0, offset: 0, attributes: 2 },
      { name: "Right", contained: 1, offset: 8, attributes: 1 },
      { name: "Twice", contained: 0, offset: 8, attributes: 3 },
    ]);
    expect(cast(0, "Left", "Derived")).toBe(object);
    expect(cast(0, "Left", "Right")).toBe(0);
    expect(cast(0, "Left", "Twice")).toBe(0);
  });

  test("typeid and dynamic_cast<void *> name the whole object", () => {
    const made = guest({ bits: 32 });
    const { object, typeOf } = makeObject(made, two);
    expect(made.call("vcruntime140!__RTtypeid", object + 8)).toBe(typeOf("Derived"));
    expect(made.call("vcruntime140!__RTCastToVoid", object + 8)).toBe(object);
  });
});

describe("std::exception's data", () => {
  test("a message of the object's own is copied and freed, another one shared", () => {
    const { call, memory, allocate, ansi, process } = guest({ bits: 64 });
    const [from, to] = [allocate(16), allocate(16)];
    memory.setPointer(from, ansi("what"));
    call("vcruntime140!__std_exception_copy", from, to);
    expect([memory.u32(to), memory.u8(to + 8)]).toEqual([memory.u32(from), 0]);
    memory.setU8(from + 8, 1);
    call("vcruntime140!__std_exception_copy", from, to);
    const copy = memory.u32(to);
    expect(copy).not.toBe(memory.u32(from));
    expect(memory.cstring(copy)).toBe("what");
    call("vcruntime140!__std_exception_destroy", to);
    expect([memory.u32(to), process.heap.has(copy)]).toEqual([0, false]);
  });
});

describe("type_info", () => {
  test("types compare and hash by their mangled names", () => {
    const { call, call64, memory, allocate } = guest({ bits: 64 });
    const data = (name: string): number => {
      const at = allocate(64);
      memory.write(at + 8, new TextEncoder().encode(`${name}\0`));
      return at;
    };
    const [a, again, b] = [data(".?AVa@@"), data(".?AVa@@"), data(".?AVb@@")];
    expect(call("vcruntime140!__std_type_info_compare", a, again)).toBe(0);
    expect(call("vcruntime140!__std_type_info_compare", a, b) | 0).toBeLessThan(0);
    // As Microsoft's vcruntime140.dll answers.
    expect(call64("vcruntime140!__std_type_info_hash", data(".?AVexception@std@@"))).toBe(0xf872_bcac_780f_2f1bn);
    expect(call64("vcruntime140!__std_type_info_hash", data(".H"))).toBe(0xaf64_054c_2966_377bn);
    const name = call("vcruntime140!__std_type_info_name", a, 0);
    expect(memory.cstring(name)).toBe("class a");
    expect(call("vcruntime140!__std_type_info_name", a, 0)).toBe(name);
  });
});

test("a null pointer has no type: std::bad_typeid", () => {
  const { call } = guest({ bits: 64 });
  expect(() => call("vcruntime140!__RTtypeid", 0)).toThrow(/bad_typeid/);
});
