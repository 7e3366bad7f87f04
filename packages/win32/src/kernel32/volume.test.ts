import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

function machine() {
  const made = guest({ currentDirectory: "Z:\\w", files: { "/w/ten.txt": "0123456789", "/w/sub/": "" } });
  const buffer = made.allocate(1024);
  return { ...made, buffer, text: () => made.memory.wstring(buffer) };
}

test("volumes are found, and their names lead to their files", () => {
  const { call, buffer, text, thread } = machine();
  const search = call("FindFirstVolumeW", buffer, 100);
  const first = text();
  expect(first).toMatch(/^\\\\\?\\Volume\{[-0-9a-f]{36}\}\\$/);
  expect(call("FindNextVolumeW", search, buffer, 100)).toBe(1);
  const second = text();
  expect(call("FindNextVolumeW", search, buffer, 100)).toBe(0);
  expect(thread.lastError).toBe(ERROR.NO_MORE_FILES);
  expect(call("FindVolumeClose", search)).toBe(1);
  expect(call("GetFileAttributesW", `${first}Windows`)).toBe(0x10);
  expect(call("GetFileAttributesW", `${second}W\\ten.txt`)).toBe(0x20);
  expect(call("GetVolumeNameForVolumeMountPointW", "Z:\\", buffer, 100)).toBe(1);
  expect(text()).toBe(second);
  expect(call("GetVolumePathNamesForVolumeNameW", first, buffer, 100, undefined)).toBe(1);
  expect(text()).toBe("C:\\");
  expect(call("GetVolumeNameForVolumeMountPointW", "Z:\\w\\", buffer, 100)).toBe(0);
  expect(call("GetVolumeNameForVolumeMountPointW", "Z:", buffer, 100)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INVALID_NAME);
});

test("drives are devices by name", () => {
  const { call, buffer, memory, thread } = machine();
  expect(call("QueryDosDeviceW", "z:", buffer, 100)).toBeGreaterThan(2);
  expect(memory.wstring(buffer)).toMatch(/^\\Device\\HarddiskVolume\d+$/);
  expect(call("QueryDosDeviceW", 0, buffer, 500)).toBeGreaterThan(10);
  expect(call("QueryDosDeviceW", "Q:", buffer, 100)).toBe(0);
  expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
  expect(call("QueryDosDeviceW", "Z:", buffer, 3)).toBe(0);
  expect(thread.lastError).toBe(ERROR.INSUFFICIENT_BUFFER);
});

test("what only an administrator may do is refused", () => {
  const { call, thread } = machine();
  expect(call("SetVolumeLabelW", "Z:\\", "x")).toBe(0);
  expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
  expect(call("DefineDosDeviceW", 0, "Q:", "\\Device\\HarddiskVolume1")).toBe(0);
  expect(thread.lastError).toBe(ERROR.ACCESS_DENIED);
});

test("sparse files tell what is used, and zeros can be punched", () => {
  const { call, out, allocate, memory, host } = machine();
  const file = call("CreateFileW", "ten.txt", 0xc000_0000, 0, undefined, 3, 0, 0);
  const control = (code: number, input: Uint8Array | undefined, output?: number, size = 0) => {
    const count = out(DWORD);
    const result = call("DeviceIoControl", file, code, input, input?.length ?? 0, output, size, count, undefined);
    return [result, count.value];
  };
  expect(control(0x900c4, undefined)).toEqual([1, 0]);
  expect(call("GetFileAttributesW", "ten.txt")).toBe(0x220);
  call("SetFilePointer", file, 0x30000, undefined, 0);
  call("WriteFile", file, Uint8Array.of(1), 1, out(DWORD), undefined);
  const range = new Uint8Array(16);
  new DataView(range.buffer).setUint32(8, 0x40000, true);
  const ranges = allocate(64);
  expect(control(0x940cf, range, ranges, 64)).toEqual([1, 32]);
  expect([memory.u64(ranges), memory.u64(ranges + 8), memory.u64(ranges + 16), memory.u64(ranges + 24)]).toEqual([
    0n,
    0x10000n,
    0x30000n,
    1n,
  ]);
  const zeros = new Uint8Array(16);
  new DataView(zeros.buffer).setUint32(8, 4, true);
  expect(control(0x980c8, zeros)[0]).toBe(1);
  const bytes = new Uint8Array(6);
  host.files.open("/w/ten.txt").read(bytes, 0);
  expect([...bytes]).toEqual([0, 0, 0, 0, 0x34, 0x35]);
});
