import { DWORD, E, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const INPROC = 1;
const LOCAL = 4;
const SINGLE_USE = 0;
const MULTIPLE_USE = 1;
const NOT_REGISTERED = 0x8004_0154;
const CLASS = { Data1: 0x1234_5678, Data2: 1, Data3: 2, Data4: Uint8Array.of(3, 4, 5, 6, 7, 8, 9, 10) };
const OBJECT = 0x1234;

/** A process in a single-threaded apartment, and a class factory in its memory that counts its references. */
function machine() {
  const made = guest();
  const { allocate, memory, callback, call } = made;
  const factory = allocate(8);
  let references = 1;
  const give = (place: bigint, object: number): number => (memory.setPointer(Number(place), object), 0);
  const methods = [
    callback((_this: bigint, _iid: bigint, place: bigint) => (references++, give(place, factory))),
    callback(() => ++references),
    callback(() => --references),
    callback((_this: bigint, _outer: bigint, _iid: bigint, place: bigint) => give(place, OBJECT)),
  ];
  const table = allocate(8 * methods.length);
  methods.forEach((method, index) => memory.setPointer(table + 8 * index, method));
  memory.setPointer(factory, table);
  const cookie = made.out(DWORD);
  const register = (context: number, flags: number, object = factory) =>
    call("CoRegisterClassObject", CLASS, object, context, flags, cookie) >>> 0;
  const object = made.out(PVOID);
  const found = (context: number) => [call("CoGetClassObject", CLASS, context, 0, CLASS, object) >>> 0, object.value];
  return { ...made, factory, cookie, register, object, found, references: () => references };
}

/** As under Wine 8. */
test("a class object is found by its process from its registration to its revocation", () => {
  const { call, register, found, factory, cookie, references } = machine();
  expect(register(INPROC, MULTIPLE_USE)).toBe(0x8004_01f0);
  call("CoInitialize", 0);
  expect([register(INPROC, MULTIPLE_USE), references()]).toEqual([0, 2]);
  expect([found(INPROC), found(LOCAL)]).toEqual([
    [0, factory],
    [NOT_REGISTERED, 0],
  ]);
  expect([call("CoRevokeClassObject", cookie.value) >>> 0, call("CoRevokeClassObject", cookie.value) >>> 0]).toEqual([0, E.INVALIDARG]);
  expect(found(INPROC)).toEqual([NOT_REGISTERED, 0]);
});

test("a registered factory makes objects for CoCreateInstance, and is let go", () => {
  const { call, register, object, references } = machine();
  call("CoInitialize", 0);
  register(INPROC, MULTIPLE_USE);
  const before = references();
  expect([call("CoCreateInstance", CLASS, 0, INPROC, CLASS, object), object.value, references()]).toEqual([0, OBJECT, before]);
});

test("a local server for many serves its own process too; one for a single use is registered once", () => {
  const { call, register, found, factory } = machine();
  call("CoInitialize", 0);
  expect([register(LOCAL, SINGLE_USE), found(INPROC)[0], register(LOCAL, SINGLE_USE)]).toEqual([0, NOT_REGISTERED, 0x8004_01fc]);
  const other = machine();
  other.call("CoInitialize", 0);
  expect([other.register(LOCAL, MULTIPLE_USE), other.found(INPROC)]).toEqual([0, [0, other.factory]]);
  expect([other.register(LOCAL, MULTIPLE_USE, 0), factory]).toEqual([E.INVALIDARG, factory]);
});

test("the count of who uses the server goes up and down", () => {
  const { call } = machine();
  expect([call("CoAddRefServerProcess"), call("CoAddRefServerProcess"), call("CoReleaseServerProcess")]).toEqual([1, 2, 1]);
});
