import { api, BOOL, DWORD, fn, HANDLE, infallible, out, PVOID, text, TSTR, UINT, ULONG_PTR } from "@decant/hook";

/** MMRESULT: the code itself. */
const RESULT = infallible(UINT);
const COUNT = infallible(UINT);
const opened = (name: string) =>
  fn(
    RESULT,
    [name, out(HANDLE)],
    ["uDeviceID", UINT],
    ["pwfx", PVOID],
    ["dwCallback", ULONG_PTR],
    ["dwInstance", ULONG_PTR],
    ["fdwOpen", DWORD],
  );
const midiOpened = (name: string) =>
  fn(RESULT, [name, out(HANDLE)], ["uDeviceID", UINT], ["dwCallback", ULONG_PTR], ["dwInstance", ULONG_PTR], ["fdwOpen", DWORD]);
const ofHandle = fn(RESULT, ["handle", HANDLE]);
const ofHeader = fn(RESULT, ["handle", HANDLE], ["header", PVOID], ["size", UINT]);
const capabilities = fn(RESULT, ["uDeviceID", ULONG_PTR], ["caps", PVOID], ["size", UINT]);

/** What console programs ask of sound devices, joysticks and MCI ("Windows Multimedia"). */
export const soundApi = api("winmm", {
  PlaySound: text(BOOL, ["pszSound", TSTR], ["hmod", HANDLE], ["fdwSound", DWORD]),
  sndPlaySound: text(BOOL, ["pszSound", TSTR], ["fuSound", UINT]),
  waveOutGetNumDevs: fn(COUNT),
  waveInGetNumDevs: fn(COUNT),
  midiOutGetNumDevs: fn(COUNT),
  midiInGetNumDevs: fn(COUNT),
  mixerGetNumDevs: fn(COUNT),
  auxGetNumDevs: fn(COUNT),
  joyGetNumDevs: fn(COUNT),
  waveOutOpen: opened("phwo"),
  waveInOpen: opened("phwi"),
  midiOutOpen: midiOpened("phmo"),
  midiInOpen: midiOpened("phmi"),
  mixerOpen: midiOpened("phmx"),
  waveOutClose: ofHandle,
  waveOutReset: ofHandle,
  waveOutPause: ofHandle,
  waveOutRestart: ofHandle,
  waveInClose: ofHandle,
  waveInStart: ofHandle,
  waveInStop: ofHandle,
  waveInReset: ofHandle,
  midiOutClose: ofHandle,
  midiOutReset: ofHandle,
  midiInClose: ofHandle,
  midiInStart: ofHandle,
  midiInStop: ofHandle,
  mixerClose: ofHandle,
  waveOutWrite: ofHeader,
  waveOutPrepareHeader: ofHeader,
  waveOutUnprepareHeader: ofHeader,
  waveInAddBuffer: ofHeader,
  waveInPrepareHeader: ofHeader,
  waveInUnprepareHeader: ofHeader,
  waveOutGetPosition: ofHeader,
  midiOutLongMsg: ofHeader,
  midiOutShortMsg: fn(RESULT, ["hmo", HANDLE], ["dwMsg", DWORD]),
  waveOutGetVolume: fn(RESULT, ["hwo", HANDLE], ["pdwVolume", out(DWORD)]),
  waveOutSetVolume: fn(RESULT, ["hwo", HANDLE], ["dwVolume", DWORD]),
  waveOutGetDevCapsA: capabilities,
  waveOutGetDevCapsW: capabilities,
  waveInGetDevCapsA: capabilities,
  waveInGetDevCapsW: capabilities,
  midiOutGetDevCapsA: capabilities,
  midiOutGetDevCapsW: capabilities,
  midiInGetDevCapsA: capabilities,
  midiInGetDevCapsW: capabilities,
  joyGetDevCapsA: capabilities,
  joyGetDevCapsW: capabilities,
  joyGetPosEx: fn(RESULT, ["uJoyID", UINT], ["pji", PVOID]),
  mciSendString: text(RESULT, ["lpstrCommand", TSTR], ["lpstrReturnString", PVOID], ["uReturnLength", UINT], ["hwndCallback", HANDLE]),
  mciSendCommandA: fn(RESULT, ["mciId", UINT], ["uMsg", UINT], ["dwParam1", ULONG_PTR], ["dwParam2", ULONG_PTR]),
  mciSendCommandW: fn(RESULT, ["mciId", UINT], ["uMsg", UINT], ["dwParam1", ULONG_PTR], ["dwParam2", ULONG_PTR]),
});
