import { DWORD, ERROR, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { capi } from "./capi.ts";

const VERIFYCONTEXT = 0xf000_0000;
const [RSA_FULL, RSA_AES] = [1, 24];
const NTE = {
  BAD_TYPE: 0x8009_000a,
  NO_KEY: 0x8009_000d,
  KEYSET_NOT_DEF: 0x8009_0019,
  PROV_TYPE_NO_MATCH: 0x8009_001b,
  BAD_FLAGS: 0x8009_0009,
};

function machine() {
  const made = guest({ topics: [capi] });
  const provider = made.out(PVOID);
  const acquire = (type: number, name?: string) =>
    made.call("CryptAcquireContextA", provider, undefined, name, type, VERIFYCONTEXT) === 1 ? provider.value : [made.thread.lastError];
  return { ...made, acquire };
}

/** As under Wine 8, which lists Diffie-Hellman's and DSS's providers too. */
test("a provider is found by its type, or its name, and tells both", () => {
  const { call, thread, allocate, out, memory, acquire } = machine();
  const buffer = allocate(300);
  const told = (handle: unknown, parameter: number) => {
    const room = out(DWORD, 300);
    return call("CryptGetProvParam", Number(handle), parameter, buffer, room, 0) === 1 ? room.value : [thread.lastError];
  };
  const full = acquire(RSA_FULL);
  expect([told(full, 4), memory.cstring(buffer)]).toEqual([47, "Microsoft Enhanced Cryptographic Provider v1.0"]);
  expect([told(full, 16), memory.u32(buffer), told(full, 5), memory.u32(buffer)]).toEqual([4, 1, 4, 0x200]);
  expect([told(full, 6), memory.u8(buffer), told(full, 99)]).toEqual([1, 0, [NTE.BAD_TYPE]]);
  const short = out(DWORD, 46);
  expect([call("CryptGetProvParam", Number(full), 4, buffer, short, 0), thread.lastError, short.value]).toEqual([0, ERROR.MORE_DATA, 47]);
  told(acquire(RSA_AES), 4);
  expect(memory.cstring(buffer)).toBe("Microsoft Enhanced RSA and AES Cryptographic Provider");
  told(acquire(RSA_FULL, "microsoft base cryptographic provider V1.0"), 4);
  expect(memory.cstring(buffer)).toBe("Microsoft Base Cryptographic Provider v1.0");
  expect(acquire(RSA_FULL, "None")).toEqual([NTE.KEYSET_NOT_DEF]);
  expect(acquire(RSA_AES, "Microsoft Base Cryptographic Provider v1.0")).toEqual([NTE.PROV_TYPE_NO_MATCH]);
});

test("providers are listed up to the last, with the size of each name", () => {
  const { call, thread, allocate, out, memory } = machine();
  const [buffer, type] = [allocate(300), out(DWORD)];
  const listed = (index: number, room: number, flags = 0) => {
    const size = out(DWORD, room);
    return call("CryptEnumProvidersW", index, 0, flags, type, buffer, size) === 1 ? size.value : [thread.lastError, size.value];
  };
  expect([listed(0, 94), type.value, memory.wstring(buffer)]).toEqual([94, 1, "Microsoft Enhanced Cryptographic Provider v1.0"]);
  expect([listed(0, 93), listed(5, 300), listed(0, 94, 1)]).toEqual([
    [ERROR.MORE_DATA, 94],
    [ERROR.NO_MORE_ITEMS, 300],
    [NTE.BAD_FLAGS, 94],
  ]);
});

/** As under Wine 8. */
test("a hash can be given its value, after which nothing can be added", () => {
  const { call, thread, out, acquire, allocate, memory } = machine();
  const hash = out(PVOID);
  call("CryptCreateHash", Number(acquire(RSA_FULL)), 0x8004, 0, 0, hash);
  const value = allocate(20);
  memory.fill(value, 7, 20);
  expect([call("CryptSetHashParam", hash.value, 99, value, 0), thread.lastError]).toEqual([0, NTE.BAD_TYPE]);
  expect([call("CryptSetHashParam", hash.value, 2, 0, 0), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect(call("CryptSetHashParam", hash.value, 2, value, 0)).toBe(1);
  const [read, size] = [allocate(20), out(DWORD, 20)];
  expect([call("CryptGetHashParam", hash.value, 2, read, size, 0), memory.u8(read + 19)]).toEqual([1, 7]);
  expect([call("CryptHashData", hash.value, value, 20, 0), thread.lastError]).toEqual([0, 0x8009_000c]);
  expect([call("CryptSetHashParam", 0x12, 2, value, 0), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
});
