import { DWORD, ERROR, HANDLE, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { dialogs } from "../comdlg32/dialogs.ts";
import { adapters } from "../iphlpapi/adapters.ts";
import { networkDrives } from "../mpr/network-drives.ts";
import { devices } from "../setupapi/devices.ts";
import { sound } from "./sound.ts";

const machine = () => guest({ topics: [sound, dialogs, adapters, networkDrives, devices] });

test("sound devices are counted as none, none opens, and no handle is one", () => {
  const { call, out, thread } = machine();
  expect([call("waveOutGetNumDevs"), call("joyGetNumDevs"), call("midiInGetNumDevs")]).toEqual([0, 0, 0]);
  expect(call("waveOutOpen", out(HANDLE), 0xffff_ffff, 0, 0, 0, 0)).toBe(2); // MMSYSERR_BADDEVICEID
  expect(call("waveOutClose", 4)).toBe(5); // MMSYSERR_INVALHANDLE
  expect(call("joyGetPosEx", 0, 0)).toBe(6); // MMSYSERR_NODRIVER
  expect(call("mciSendStringA", "open cdaudio", 0, 0, 0)).toBe(306); // MCIERR_DEVICE_NOT_INSTALLED
  expect([call("PlaySoundW", "a.wav", 0, 0), thread.lastError]).toEqual([0, ERROR.NOT_FOUND]);
});

test("a dialog cannot be created, which CommDlgExtendedError tells", () => {
  const { call, allocate } = machine();
  expect(call("CommDlgExtendedError")).toBe(0);
  expect([call("GetOpenFileNameW", allocate(152)), call("CommDlgExtendedError")]).toEqual([0, 0xffff]);
});

test("tables of the network are refused, each as its page has it", () => {
  const { call, out, thread } = machine();
  const size = out(DWORD, 0);
  expect(call("GetAdaptersInfo", 0, size)).toBe(ERROR.NO_DATA);
  expect(call("GetTcpTable", 0, size, 0)).toBe(ERROR.NOT_SUPPORTED);
  expect(call("GetIpForwardTable2", 2, out(PVOID))).toBe(ERROR.NOT_FOUND);
  const count = out(DWORD, 9);
  expect([call("GetNumberOfInterfaces", count), count.value]).toEqual([0, 0]);
  expect([BigInt.asIntN(64, BigInt(call("IcmpCreateFile") as number | bigint)), thread.lastError]).toEqual([-1n, ERROR.ACCESS_DENIED]);
});

test("no drive is a network's", () => {
  const { call, out } = machine();
  expect(call("WNetGetConnectionW", "Z:", 0, out(DWORD, 0))).toBe(ERROR.NOT_CONNECTED);
  expect(call("WNetGetUserA", undefined, 0, out(DWORD, 0))).toBe(ERROR.NO_NETWORK);
  expect(call("WNetOpenEnumW", 2, 1, 0, 0, out(HANDLE))).toBe(ERROR.NO_NETWORK);
});

test("lists of devices are empty, and handles", () => {
  const { call, thread } = machine();
  const list = call("SetupDiGetClassDevsW", 0, undefined, 0, 4);
  expect([call("SetupDiEnumDeviceInfo", list, 0, 0), thread.lastError]).toEqual([0, ERROR.NO_MORE_ITEMS]);
  expect([call("SetupDiDestroyDeviceInfoList", list), call("SetupDiDestroyDeviceInfoList", list), thread.lastError]).toEqual([
    1,
    0,
    ERROR.INVALID_HANDLE,
  ]);
});
