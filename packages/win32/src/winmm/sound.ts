import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { soundApi } from "./sound.api.ts";

/** MMRESULTs (mmsyscom.h), joysticks' (joystickapi.h) and MCI's (mciapi.h). */
const MMSYSERR = { BADDEVICEID: 2, INVALHANDLE: 5, NODRIVER: 6 } as const;
const MCIERR_DEVICE_NOT_INSTALLED = 306;

const none = (): number => 0;
const noDevice = (): number => MMSYSERR.BADDEVICEID;
const noHandle = (): number => MMSYSERR.INVALHANDLE;
const noDriver = (): number => MMSYSERR.NODRIVER;
const notInstalled = (): number => MCIERR_DEVICE_NOT_INSTALLED;

function silent(): never {
  throw new Win32Error(ERROR.NOT_FOUND);
}

/** There are no sound devices, instruments or joysticks: none is counted, none can be opened, and so no handle is one. */
export const sound = implement(soundApi, {
  PlaySound: silent,
  sndPlaySound: silent,
  waveOutGetNumDevs: none,
  waveInGetNumDevs: none,
  midiOutGetNumDevs: none,
  midiInGetNumDevs: none,
  mixerGetNumDevs: none,
  auxGetNumDevs: none,
  joyGetNumDevs: none,
  waveOutOpen: noDevice,
  waveInOpen: noDevice,
  midiOutOpen: noDevice,
  midiInOpen: noDevice,
  mixerOpen: noDevice,
  waveOutClose: noHandle,
  waveOutReset: noHandle,
  waveOutPause: noHandle,
  waveOutRestart: noHandle,
  waveInClose: noHandle,
  waveInStart: noHandle,
  waveInStop: noHandle,
  waveInReset: noHandle,
  midiOutClose: noHandle,
  midiOutReset: noHandle,
  midiInClose: noHandle,
  midiInStart: noHandle,
  midiInStop: noHandle,
  mixerClose: noHandle,
  waveOutWrite: noHandle,
  waveOutPrepareHeader: noHandle,
  waveOutUnprepareHeader: noHandle,
  waveInAddBuffer: noHandle,
  waveInPrepareHeader: noHandle,
  waveInUnprepareHeader: noHandle,
  waveOutGetPosition: noHandle,
  midiOutLongMsg: noHandle,
  midiOutShortMsg: noHandle,
  waveOutGetVolume: noHandle,
  waveOutSetVolume: noHandle,
  waveOutGetDevCapsA: noDevice,
  waveOutGetDevCapsW: noDevice,
  waveInGetDevCapsA: noDevice,
  waveInGetDevCapsW: noDevice,
  midiOutGetDevCapsA: noDevice,
  midiOutGetDevCapsW: noDevice,
  midiInGetDevCapsA: noDevice,
  midiInGetDevCapsW: noDevice,
  joyGetDevCapsA: noDriver,
  joyGetDevCapsW: noDriver,
  joyGetPosEx: noDriver,
  mciSendString: notInstalled,
  mciSendCommandA: notInstalled,
  mciSendCommandW: notInstalled,
});
