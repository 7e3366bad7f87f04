import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { windowStationApi } from "./window-station.api.ts";

/** Handles of user objects are no kernel handles: these are nobody else's. */
const STATION = 0xffff_ff10 | 0;
const DESKTOP = 0xffff_ff14 | 0;
const DESKTOP_WINDOW = 0x1_0010n;
/** The interactive station and its desktop: programs look whether they run as a service. */
const NAMES = new Map<number, { name: string; type: string }>([
  [STATION, { name: "WinSta0", type: "WindowStation" }],
  [DESKTOP, { name: "Default", type: "Desktop" }],
]);
const UOI = { FLAGS: 1, NAME: 2, TYPE: 3, USER_SID: 4 } as const;
/** WSF_VISIBLE, in the third word of USEROBJECTFLAGS. */
const VISIBLE = 1;

export const windowStation = implement(windowStationApi, {
  GetProcessWindowStation: () => STATION as Handle,
  GetThreadDesktop: () => DESKTOP as Handle,
  GetDesktopWindow: () => DESKTOP_WINDOW,
  GetUserObjectInformationA: (thread, hObj, nIndex, pvInfo, nLength, needed) => inform(thread, hObj, nIndex, pvInfo, nLength, needed, 1),
  GetUserObjectInformationW: (thread, hObj, nIndex, pvInfo, nLength, needed) => inform(thread, hObj, nIndex, pvInfo, nLength, needed, 2),
});

function inform(
  thread: Thread,
  object: Handle,
  index: number,
  info: number,
  length: number,
  needed: { set(value: number): void },
  charSize: 1 | 2,
): boolean {
  const known = NAMES.get(object);
  if (known === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
  const bytes = informationOf(known, index, charSize);
  needed.set(bytes.length);
  if (bytes.length > length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  thread.memory.write(info, bytes);
  return true;
}

function informationOf({ name, type }: { name: string; type: string }, index: number, charSize: 1 | 2): Uint8Array {
  if (index === UOI.FLAGS) return new Uint8Array(new Uint32Array([0, 0, VISIBLE]).buffer);
  if (index === UOI.USER_SID) return new Uint8Array(0);
  if (index !== UOI.NAME && index !== UOI.TYPE) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const text = `${index === UOI.NAME ? name : type}\0`;
  const bytes = new Uint8Array(text.length * charSize);
  for (let i = 0; i < text.length; i++) bytes[i * charSize] = text.charCodeAt(i);
  return bytes;
}
