import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { CURSORINFO } from "./no-windows.api.ts";

const QS_POSTMESSAGE = 8;
const QS_KEY = 1;

/** As under Wine 8. */
test("GetQueueStatus tells what is in the queue, and what of it is new", () => {
  const { call, thread, allocate } = guest();
  const status = (flags = 0x4bf) => call("GetQueueStatus", flags);
  expect(status()).toBe(0);
  call("PostThreadMessageW", thread.id, 0x400, 0n, 0n);
  expect([status(), status(), status(QS_KEY)]).toEqual([QS_POSTMESSAGE * 0x1_0001, QS_POSTMESSAGE * 0x1_0000, 0]);
  call("PostQuitMessage", 3);
  expect(status()).toBe(QS_POSTMESSAGE * 0x1_0001);
  const message = allocate(64);
  while (call("PeekMessageW", message, 0, 0, 0, 1) === 1);
  expect(status()).toBe(0);
  expect([status(0xffff_0000), thread.lastError]).toEqual([0, ERROR.INVALID_FLAGS]);
});

test("the cursor is shown, in the corner", () => {
  const { call, out } = guest();
  const info = out(CURSORINFO, { cbSize: CURSORINFO.size(8) });
  expect(call("GetCursorInfo", info)).toBe(1);
  expect(info.value).toMatchObject({ flags: 1, x: 0, y: 0 });
});

test("a message box of parameters says what is in them, as a line, and fails", () => {
  const { call, host, thread, wide } = guest();
  const parameters = { cbSize: 80, lpszText: wide("the text"), lpszCaption: wide("caption") };
  expect([call("MessageBoxIndirectW", parameters), thread.lastError]).toEqual([0, ERROR.INVALID_WINDOW_HANDLE]);
  expect(host.warnings.at(-1)).toMatch(/caption: the text$/);
});
