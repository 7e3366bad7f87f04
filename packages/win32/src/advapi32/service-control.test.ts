import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { serviceControl } from "./service-control.ts";

const CONNECT = 1;
const CREATE = 2;
const ENUMERATE = 4;
const machine = () => guest({ topics: [serviceControl] });

/** As under Wine 8, but for who may do what: there the user is an administrator. */
test("the manager of services is there, and knows no service", () => {
  const { call, thread } = machine();
  const manager = call("OpenSCManagerW", undefined, "ServicesActive", CONNECT);
  expect(manager).not.toBe(0);
  const opened = (name: string | undefined, of = manager) => [call("OpenServiceW", of, name, 4), thread.lastError];
  expect(opened("nope")).toEqual([0, 1060]);
  expect(opened("")).toEqual([0, ERROR.INVALID_NAME]);
  expect(opened(undefined)).toEqual([0, ERROR.INVALID_ADDRESS]);
  expect(opened("nope", 0)).toEqual([0, ERROR.INVALID_HANDLE]);
  expect(call("CloseServiceHandle", manager)).toBe(1);
  expect([call("CloseServiceHandle", manager), thread.lastError]).toEqual([0, ERROR.INVALID_HANDLE]);
});

test("another machine's manager, another database and an administrator's rights are refused", () => {
  const { call, thread } = machine();
  const open = (name: string | undefined, database: string | undefined, access: number) => [
    call("OpenSCManagerA", name, database, access),
    thread.lastError,
  ];
  expect(open("other", undefined, CONNECT)).toEqual([0, 1722]);
  expect(open(undefined, "ServicesFailed", CONNECT)).toEqual([0, 1065]);
  for (const access of [CREATE, 0xf_003f, 0x1000_0000, 0x4000_0000])
    expect(open(undefined, undefined, access)).toEqual([0, ERROR.ACCESS_DENIED]);
  expect(open("", undefined, 0x8000_0000)[0]).not.toBe(0);
});

test("the list of services is empty, for who may have it", () => {
  const { call, thread, out } = machine();
  const [needed, returned] = [out(DWORD, 9), out(DWORD, 9)];
  const list = (manager: number, level = 0) => call("EnumServicesStatusExW", manager, level, 0x30, 3, 0, 0, needed, returned, 0, undefined);
  const reader = call("OpenSCManagerW", undefined, undefined, ENUMERATE);
  expect([list(reader), needed.value, returned.value]).toEqual([1, 0, 0]);
  expect([list(reader, 1), thread.lastError]).toEqual([0, 124]);
  expect([list(call("OpenSCManagerW", undefined, undefined, CONNECT)), thread.lastError]).toEqual([0, ERROR.ACCESS_DENIED]);
  expect([
    call("CreateServiceW", reader, "x", "x", 0, 0x10, 3, 1, "x.exe", undefined, 0, 0, undefined, undefined),
    thread.lastError,
  ]).toEqual([0, ERROR.ACCESS_DENIED]);
});
