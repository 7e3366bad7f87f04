import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { noDisplaysApi } from "./no-displays.api.ts";

/** There are no displays: no device context can be made, and no handle is one. */
export const noDisplays = implement(noDisplaysApi, {
  CreateDC: none,
  CreateCompatibleDC: none,
  CreateCompatibleBitmap: none,
  DeleteDC: none,
  DeleteObject: none,
  GetDeviceCaps: () => 0,
  SelectObject: none,
  GetObjectA: none,
  GetObjectW: none,
  GetBitmapBits: none,
  GetDIBits: none,
  BitBlt: none,
});

function none(): never {
  throw new Win32Error(ERROR.INVALID_HANDLE);
}
