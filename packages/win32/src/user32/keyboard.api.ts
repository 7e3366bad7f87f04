import { api, BYTE, fn, HANDLE, infallible, INT, LONG, SHORT, TBUF, text, UINT, WORD } from "@decant/hook";

const CODE = infallible(UINT);

/** Keys, what they are called and what they mean ("Keyboard Input Functions"), on the keyboard of the United States. */
export const keyboardApi = api("user32", {
  MapVirtualKeyA: fn(CODE, ["uCode", UINT], ["uMapType", UINT]),
  MapVirtualKeyW: fn(CODE, ["uCode", UINT], ["uMapType", UINT]),
  MapVirtualKeyExA: fn(CODE, ["uCode", UINT], ["uMapType", UINT], ["dwhkl", HANDLE]),
  MapVirtualKeyExW: fn(CODE, ["uCode", UINT], ["uMapType", UINT], ["dwhkl", HANDLE]),
  VkKeyScanA: fn(SHORT, ["ch", BYTE]),
  VkKeyScanW: fn(SHORT, ["ch", WORD]),
  VkKeyScanExA: fn(SHORT, ["ch", BYTE], ["dwhkl", HANDLE]),
  VkKeyScanExW: fn(SHORT, ["ch", WORD], ["dwhkl", HANDLE]),
  GetKeyNameText: text(infallible(INT), ["lParam", LONG], ["lpString", TBUF], ["cchSize", INT]),
});
