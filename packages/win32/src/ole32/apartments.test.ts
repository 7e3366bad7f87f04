import { E, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const S_OK = 0;
const S_FALSE = 1;
const CHANGED_MODE = 0x8001_0106;
const NOT_INITIALISED = 0x8004_01f0;
const [SINGLE, MULTI] = [0, 1];

/** Microsoft's "RoInitialize function" and "CoGetContextToken function". */
test("RoInitialize enters the apartments that CoInitializeEx does", () => {
  const { call } = guest();
  expect(call("RoInitialize", 2) >>> 0).toBe(E.INVALIDARG);
  expect(call("RoInitialize", MULTI)).toBe(S_OK);
  expect(call("RoInitialize", MULTI)).toBe(S_FALSE);
  expect(call("CoInitializeEx", 0, 0)).toBe(S_FALSE);
  expect(call("RoInitialize", SINGLE) >>> 0).toBe(CHANGED_MODE);
  for (let i = 0; i < 3; i++) call("RoUninitialize");
  expect(call("RoInitialize", SINGLE)).toBe(S_OK);
});

test("there is no object for an apartment's context", () => {
  const { call, out } = guest();
  const [token, context] = [out(PVOID), out(PVOID)];
  const iid = { Data1: 0, Data2: 0, Data3: 0, Data4: Uint8Array.of(0xc0, 0, 0, 0, 0, 0, 0, 0x46) };
  const ask = () => [call("CoGetContextToken", token), call("CoGetObjectContext", iid, context)].map((result) => result >>> 0);
  expect(ask()).toEqual([NOT_INITIALISED, NOT_INITIALISED]);
  call("RoInitialize", MULTI);
  expect(ask()).toEqual([E.NOTIMPL, E.NOINTERFACE]);
  expect(call("CoGetContextToken", undefined) >>> 0).toBe(E.POINTER);
});
