import { ERROR, ULARGE_INTEGER } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

const SELF = 0xffff_ffff;
const SIZE_OF_SYMBOL_INFO = 88;

test("options are given back, and the new ones are the result", () => {
  const { call } = guest();
  expect([call("SymSetOptions", 0x12), call("SymGetOptions")]).toEqual([0x12, 0x12]);
});

test("a session knows modules and exports, and knows nothing after SymCleanup", () => {
  const { call, address, allocate, memory, out, process, thread } = guest();
  const sleep = address("kernel32!Sleep");
  const kernel32 = process.modules.find("kernel32.dll")!;
  expect([call("SymGetModuleBase64", SELF, sleep), thread.lastError]).toEqual([0, ERROR.INVALID_HANDLE]);
  expect(call("SymInitializeW", SELF, "C:\\symbols", 1)).toBe(1);
  expect([call("SymInitialize", SELF, undefined, 1), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([call("SymGetModuleBase64", SELF, sleep), call("SymGetModuleBase64", SELF, 0x10)]).toEqual([kernel32.base, 0]);
  expect(thread.lastError).toBe(ERROR.MOD_NOT_FOUND);

  const [info, displacement] = [allocate(SIZE_OF_SYMBOL_INFO + 64), out(ULARGE_INTEGER)];
  memory.setU32(info, SIZE_OF_SYMBOL_INFO);
  memory.setU32(info + 80, 32);
  expect([call("SymFromAddrW", SELF, sleep, displacement, info), memory.wstring(info + 84), displacement.value]).toEqual([1, "Sleep", 0]);
  expect([memory.u32(info + 32), memory.u32(info + 56), memory.u32(info + 76)]).toEqual([kernel32.base, sleep, 5]);
  memory.setU32(info + 80, 3);
  // A name that is too long is cut, and its length told.
  expect([call("SymFromAddr", SELF, sleep, 0, info), memory.cstring(info + 84), memory.u32(info + 76)]).toEqual([1, "Sl", 5]);
  memory.setU32(info, SIZE_OF_SYMBOL_INFO - 1);
  expect([call("SymFromAddr", SELF, sleep, 0, info), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([call("SymGetLineFromAddrW64", SELF, sleep, 0, allocate(40)), thread.lastError]).toEqual([0, ERROR.INVALID_ADDRESS]);

  expect([call("SymCleanup", SELF), call("SymCleanup", SELF), thread.lastError]).toEqual([1, 0, ERROR.INVALID_HANDLE]);
});

test("without fInvadeProcess no module is known until the list is refreshed", () => {
  const { call, address } = guest();
  const sleep = address("kernel32!Sleep");
  call("SymInitialize", 7, undefined, 0);
  expect(call("SymGetModuleBase64", 7, sleep)).toBe(0);
  call("SymRefreshModuleList", 7);
  expect(call("SymGetModuleBase64", 7, sleep)).not.toBe(0);
});

test("the search path is kept", () => {
  const { call, allocate, memory, thread } = guest();
  const buffer = allocate(64);
  call("SymInitializeW", SELF, "C:\\symbols", 1);
  expect([call("SymGetSearchPathW", SELF, buffer, 32), memory.wstring(buffer)]).toEqual([1, "C:\\symbols"]);
  expect([call("SymGetSearchPathW", SELF, buffer, 10), thread.lastError]).toEqual([0, ERROR.INSUFFICIENT_BUFFER]);
  call("SymSetSearchPathW", SELF, "D:\\x");
  expect([call("SymGetSearchPath", SELF, buffer, 32), memory.cstring(buffer)]).toEqual([1, "D:\\x"]);
});

test("modules are enumerated until the callback says FALSE", () => {
  const { call, memory, process, thread } = guest();
  const paths: string[] = [];
  const note = (name: bigint, base: bigint) => {
    paths.push(`${memory.wstring(Number(name))} ${base}`);
    return paths.length < 2 ? 1 : 0;
  };
  expect(call("EnumerateLoadedModulesW64", SELF, note, 0)).toBe(1);
  expect(paths).toEqual([...process.modules].slice(0, 2).map(({ path, base }) => `${path} ${base}`));
  expect([call("EnumerateLoadedModulesW64", 0xbad, note, 0), thread.lastError]).toEqual([0, ERROR.INVALID_HANDLE]);
});

test("StackWalk64 tells the frame it is given, and wants the machine of the process", () => {
  const { call, allocate, memory, thread, address } = guest();
  const [frame, context] = [allocate(264), allocate(0x4d0)];
  const sleep = address("kernel32!Sleep");
  memory.setU32(context + 0xf8, sleep);
  memory.setU32(context + 0x98, thread.rsp);
  const walk = (machine: number) => call("StackWalk64", machine, SELF, 0xffff_fffe, frame, context, 0, 0, 0, 0);
  expect([walk(0x14c), thread.lastError]).toEqual([0, ERROR.INVALID_PARAMETER]);
  expect([walk(0x8664), memory.u32(frame), memory.u32(frame + 48), memory.u32(frame + 12)]).toEqual([1, sleep, thread.rsp, 3]);
  let steps = 0;
  while (walk(0x8664) !== 0) steps++;
  expect(steps).toBeLessThan(100);
});

test("an image's headers and directories are found by imagehlp as by ntdll", () => {
  const { call, allocate, memory, process } = guest();
  const { base } = process.loader.require("kernel32.dll");
  const headers = base + memory.u32(base + 0x3c);
  expect(call("imagehlp!ImageNtHeader", base)).toBe(headers);
  const size = allocate(4);
  // The export directory is the first of a 64-bit image's.
  expect(call("imagehlp!ImageDirectoryEntryToData", base, 1, 0, size)).toBe(base + memory.u32(headers + 0x88));
  expect(memory.u32(size)).toBe(memory.u32(headers + 0x8c));
  expect(call("dbghelp!ImageDirectoryEntryToData", base, 1, 16, size)).toBe(0);
});
