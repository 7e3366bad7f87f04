import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement } from "@decant/process";
import { noWindowsApi } from "./no-windows.api.ts";

/** GetSystemMetrics' numbers that are not 0: a screen of 1024 by 768, a mouse with three buttons, sizes in pixels as Windows has them (winuser.h). */
const METRICS: Readonly<Record<number, number>> = {
  0: 1024,
  1: 768,
  2: 17,
  3: 17,
  4: 23,
  5: 1,
  6: 1,
  11: 32,
  12: 32,
  13: 32,
  14: 32,
  15: 20,
  16: 1024,
  17: 745,
  19: 1,
  36: 4,
  37: 4,
  43: 3,
  49: 16,
  50: 16,
  75: 1,
  78: 1024,
  79: 768,
  80: 1,
  81: 1,
  91: 1,
};
const CURSOR_SHOWING = 1;
const US_KEYBOARD = 0x0409_0409n;
const NO_WINDOW = 0 as Handle;

/** There are no windows: questions about them are answered so, and what needs one fails. */
export const noWindows = implement(noWindowsApi, {
  GetSystemMetrics: (_thread, nIndex) => METRICS[nIndex] ?? 0,
  GetForegroundWindow: () => NO_WINDOW,
  GetActiveWindow: () => NO_WINDOW,
  GetFocus: () => NO_WINDOW,
  FindWindow() {
    throw new Win32Error(ERROR.FILE_NOT_FOUND);
  },
  IsWindow: noWindow,
  IsWindowVisible: noWindow,
  EnumWindows: () => true,
  GetWindowThreadProcessId: noWindow,
  ShowWindow: noWindow,
  GetCursorPos(_thread, lpPoint) {
    lpPoint.set({ x: 0, y: 0 });
    return true;
  },
  GetCursorInfo(_thread, pci) {
    pci.update({ flags: CURSOR_SHOWING, hCursor: NO_WINDOW, x: 0, y: 0 });
    return true;
  },
  GetKeyState: () => 0,
  GetAsyncKeyState: () => 0,
  GetKeyboardLayout: () => US_KEYBOARD,
  GetDC: () => NO_WINDOW,
  ReleaseDC: () => 0,
});

function noWindow(): never {
  throw new Win32Error(ERROR.INVALID_WINDOW_HANDLE);
}
