import { E, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

/** A process with an error object in its memory, which counts its references. */
function machine() {
  const made = guest();
  const { allocate, memory, callback, call } = made;
  let references = 1;
  const table = allocate(24);
  [callback(() => E.NOINTERFACE), callback(() => ++references), callback(() => --references)].forEach((each, index) =>
    memory.setPointer(table + 8 * index, each),
  );
  const object = allocate(8);
  memory.setPointer(object, table);
  const place = made.out(PVOID);
  const get = (reserved = 0) => [call("oleaut32!GetErrorInfo", reserved, place) >>> 0, place.value];
  const set = (given: number, reserved = 0) => call("oleaut32!SetErrorInfo", reserved, given) >>> 0;
  return { object, get, set, references: () => references };
}

/** As oleauto.h's functions are documented, and as under Wine 8. */
test("a thread's error object is handed over once", () => {
  const { object, get, set, references } = machine();
  expect(get()).toEqual([1, 0]);
  expect([set(object), references()]).toEqual([0, 2]);
  expect([get(), get(), references()]).toEqual([[0, object], [1, 0], 2]);
});

test("another error object takes the place of the one before, which is released", () => {
  const { object, get, set, references } = machine();
  set(object);
  expect([set(object), references()]).toEqual([0, 2]);
  expect([set(0), references(), get()]).toEqual([0, 1, [1, 0]]);
  expect([set(object, 1), get(1)[0]]).toEqual([E.INVALIDARG, E.INVALIDARG]);
});
