import { api, BOOL, fn, HANDLE, HMODULE, INT, orElse, RESOURCE_NAME_A, RESOURCE_NAME_W, UINT } from "@decant/hook";

const IMAGE = orElse(HANDLE, 0 as never);

/** Icons and cursors ("Icons", "Cursors"): there is no screen to draw them on, so that a handle is all of them. */
export const imagesApi = api("user32", {
  LoadIconA: fn(IMAGE, ["hInstance", HMODULE], ["lpIconName", RESOURCE_NAME_A]),
  LoadIconW: fn(IMAGE, ["hInstance", HMODULE], ["lpIconName", RESOURCE_NAME_W]),
  LoadCursorA: fn(IMAGE, ["hInstance", HMODULE], ["lpCursorName", RESOURCE_NAME_A]),
  LoadCursorW: fn(IMAGE, ["hInstance", HMODULE], ["lpCursorName", RESOURCE_NAME_W]),
  LoadImageA: fn(IMAGE, ["hInst", HMODULE], ["name", RESOURCE_NAME_A], ["type", UINT], ["cx", INT], ["cy", INT], ["fuLoad", UINT]),
  LoadImageW: fn(IMAGE, ["hInst", HMODULE], ["name", RESOURCE_NAME_W], ["type", UINT], ["cx", INT], ["cy", INT], ["fuLoad", UINT]),
  DestroyIcon: fn(BOOL, ["hIcon", HANDLE]),
  DestroyCursor: fn(BOOL, ["hCursor", HANDLE]),
});
