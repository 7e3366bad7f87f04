import { api, BOOL, DWORD, fn, HANDLE, infallible, INT, LONG, orElse, PVOID, text, TSTR, UINT } from "@decant/hook";

const NO_HANDLE = orElse(HANDLE, 0 as never);
const COUNT = orElse(INT, 0);
const DC = ["hdc", HANDLE] as const;

/** What console programs ask of displays and pictures of the screen ("Device Contexts", "Bitmaps"). */
export const noDisplaysApi = api("gdi32", {
  CreateDC: text(NO_HANDLE, ["pwszDriver", TSTR], ["pwszDevice", TSTR], ["pszPort", TSTR], ["pdm", PVOID]),
  CreateCompatibleDC: fn(NO_HANDLE, DC),
  CreateCompatibleBitmap: fn(NO_HANDLE, DC, ["cx", INT], ["cy", INT]),
  DeleteDC: fn(BOOL, DC),
  DeleteObject: fn(BOOL, ["ho", HANDLE]),
  GetDeviceCaps: fn(infallible(INT), DC, ["index", INT]),
  SelectObject: fn(NO_HANDLE, DC, ["h", HANDLE]),
  GetObjectA: fn(COUNT, ["h", HANDLE], ["c", INT], ["pv", PVOID]),
  GetObjectW: fn(COUNT, ["h", HANDLE], ["c", INT], ["pv", PVOID]),
  GetBitmapBits: fn(orElse(LONG, 0), ["hbit", HANDLE], ["cb", LONG], ["lpvBits", PVOID]),
  GetDIBits: fn(COUNT, DC, ["hbm", HANDLE], ["start", UINT], ["cLines", UINT], ["lpvBits", PVOID], ["lpbmi", PVOID], ["usage", UINT]),
  BitBlt: fn(BOOL, DC, ["x", INT], ["y", INT], ["cx", INT], ["cy", INT], ["hdcSrc", HANDLE], ["x1", INT], ["y1", INT], ["rop", DWORD]),
});
