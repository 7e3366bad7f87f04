import { api, DWORD, fn, out, PVOID, struct, UINT } from "@decant/hook";

export const TIMECAPS = struct("TIMECAPS", { wPeriodMin: UINT, wPeriodMax: UINT });

/** Multimedia time ("Multimedia Timers"). */
export const multimediaTimeApi = api("winmm", {
  timeGetTime: fn(DWORD),
  timeBeginPeriod: fn(UINT, ["uPeriod", UINT]),
  timeEndPeriod: fn(UINT, ["uPeriod", UINT]),
  timeGetDevCaps: fn(UINT, ["ptc", out(TIMECAPS)], ["cbtc", UINT]),
  timeGetSystemTime: fn(UINT, ["pmmt", PVOID], ["cbmmt", UINT]),
});
