import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement, type Kernel } from "@decant/process";
import { rectanglesApi } from "./rectangles.api.ts";

const EMPTY = { left: 0, top: 0, right: 0, bottom: 0 } as const;
const DOTS_PER_INCH = 96;
/** Registered messages have the numbers from here to 0xFFFF. */
const FIRST_MESSAGE = 0xc000;
const messageNumbers = new WeakMap<Kernel, Map<string, number>>();

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const rectangles = implement(rectanglesApi, {
  SetRect(_thread, lprc, left, top, right, bottom) {
    lprc.set({ left, top, right, bottom });
    return true;
  },
  SetRectEmpty(_thread, lprc) {
    lprc.set(EMPTY);
    return true;
  },
  CopyRect(_thread, lprcDst, lprcSrc) {
    lprcDst.set(lprcSrc.get());
    return true;
  },
  IsRectEmpty: (_thread, lprc) => lprc.isNull || isEmpty(lprc.get()),
  EqualRect(_thread, lprc1, lprc2) {
    const [a, b] = [lprc1.get(), lprc2.get()];
    return a.left === b.left && a.top === b.top && a.right === b.right && a.bottom === b.bottom;
  },
  OffsetRect(_thread, lprc, dx, dy) {
    const { left, top, right, bottom } = lprc.get();
    lprc.set({ left: (left + dx) | 0, top: (top + dy) | 0, right: (right + dx) | 0, bottom: (bottom + dy) | 0 });
    return true;
  },
  InflateRect(_thread, lprc, dx, dy) {
    const { left, top, right, bottom } = lprc.get();
    lprc.set({ left: (left - dx) | 0, top: (top - dy) | 0, right: (right + dx) | 0, bottom: (bottom + dy) | 0 });
    return true;
  },
  IntersectRect(_thread, lprcDst, lprcSrc1, lprcSrc2) {
    const [a, b] = [lprcSrc1.get(), lprcSrc2.get()];
    const both = {
      left: Math.max(a.left, b.left),
      top: Math.max(a.top, b.top),
      right: Math.min(a.right, b.right),
      bottom: Math.min(a.bottom, b.bottom),
    };
    const none = isEmpty(a) || isEmpty(b) || isEmpty(both);
    lprcDst.set(none ? EMPTY : both);
    return !none;
  },
  UnionRect(_thread, lprcDst, lprcSrc1, lprcSrc2) {
    const [a, b] = [lprcSrc1.get(), lprcSrc2.get()];
    const whole = isEmpty(a)
      ? b
      : isEmpty(b)
        ? a
        : {
            left: Math.min(a.left, b.left),
            top: Math.min(a.top, b.top),
            right: Math.max(a.right, b.right),
            bottom: Math.max(a.bottom, b.bottom),
          };
    lprcDst.set(isEmpty(whole) ? EMPTY : whole);
    return !isEmpty(whole);
  },
  SetProcessDPIAware: () => true,
  IsProcessDPIAware: () => true,
  SetProcessDpiAwarenessContext: () => true,
  GetDpiForSystem: () => DOTS_PER_INCH,
  RegisterWindowMessage({ kernel }, lpString) {
    if (lpString === undefined || lpString === "") throw new Win32Error(ERROR.INVALID_NAME);
    let numbers = messageNumbers.get(kernel);
    if (numbers === undefined) messageNumbers.set(kernel, (numbers = new Map()));
    const key = lpString.toLowerCase();
    const known = numbers.get(key) ?? FIRST_MESSAGE + numbers.size;
    numbers.set(key, known);
    return known;
  },
  ExitWindowsEx() {
    throw new Win32Error(ERROR.PRIVILEGE_NOT_HELD);
  },
  MessageBeep: () => true,
  SystemParametersInfo() {
    throw new Win32Error(ERROR.NOT_SUPPORTED);
  },
  GetShellWindow: () => 0 as Handle,
  PostMessage() {
    throw new Win32Error(ERROR.INVALID_WINDOW_HANDLE);
  },
});

function isEmpty({ left, top, right, bottom }: Rectangle): boolean {
  return right <= left || bottom <= top;
}
