import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { ConsoleOutput } from "../console/console-handles.ts";
import type { ScreenBuffer } from "../console/screen-buffer.ts";
import { stateOf } from "../process-state.ts";
import { CONSOLE_FONT_INFOEX, CONSOLE_SCREEN_BUFFER_INFOEX, consoleOutputApi } from "./console.api.ts";
import { consoleCodec, coordinates, screenOf } from "./console-handle.ts";

const ATTRIBUTE_MASK = 0xffff;
const CONSOLE_TEXTMODE_BUFFER = 1;
const FONT = { X: 8, Y: 16 };
const FF_MODERN_TRUETYPE = 0x36;
/** The 16 colours of Windows' console ("Campbell"), as COLORREFs. */
const COLOURS = [
  0x0c0c0c, 0xda3700, 0x0ea113, 0xdd963a, 0x1f0fc5, 0x981788, 0x009cc1, 0xcccccc, 0x767676, 0xff783b, 0x0cc616, 0xd6d661, 0x5648e7,
  0x9e00b4, 0xa5f1f9, 0xf2f2f2,
];

/** Screen buffers: text, colours, the cursor. */
export const consoleOutput = implement(consoleOutputApi, {
  WriteConsole(thread, handle, buffer, count, written) {
    const screen = screenOf(thread, handle);
    const isWide = buffer.charSize === 2;
    screen.writeText(isWide ? buffer.text(count) : consoleCodec(thread, "output").decode(thread.memory.read(buffer.address, count)));
    written.set(count);
    return true;
  },

  GetConsoleScreenBufferInfo(thread, handle, info) {
    info.set(describe(screenOf(thread, handle)));
    return true;
  },
  GetConsoleScreenBufferInfoEx(thread, handle, info) {
    const size = CONSOLE_SCREEN_BUFFER_INFOEX.size(thread.pointerSize);
    if (info.get().cbSize !== size) throw new Win32Error(ERROR.INVALID_PARAMETER);
    info.set({
      cbSize: size,
      ...describe(screenOf(thread, handle)),
      wPopupAttributes: 0xf5,
      bFullscreenSupported: false,
      ColorTable: COLOURS,
    });
    return true;
  },

  SetConsoleTextAttribute(thread, handle, attributes) {
    screenOf(thread, handle).setAttributes(attributes & ATTRIBUTE_MASK);
    return true;
  },
  SetConsoleCursorPosition(thread, handle, position) {
    const buffer = screenOf(thread, handle);
    const { x, y } = coordinates(position);
    if (x < 0 || y < 0 || x >= buffer.screen.width || y >= buffer.screen.height) throw new Win32Error(ERROR.INVALID_PARAMETER);
    buffer.moveTo(x, y);
    return true;
  },
  GetConsoleCursorInfo(thread, handle, info) {
    const { cursorSize, screen } = screenOf(thread, handle);
    info.set({ dwSize: cursorSize, bVisible: screen.cursorVisible });
    return true;
  },
  SetConsoleCursorInfo(thread, handle, { dwSize, bVisible }) {
    const buffer = screenOf(thread, handle);
    if (dwSize < 1 || dwSize > 100) throw new Win32Error(ERROR.INVALID_PARAMETER);
    buffer.cursorSize = dwSize;
    if (buffer.screen.cursorVisible !== bVisible) buffer.showCursor(bVisible);
    return true;
  },

  /** The terminal's window is the buffer: it cannot be made another size. */
  SetConsoleScreenBufferSize(thread, handle, dwSize) {
    const { screen } = screenOf(thread, handle);
    const { x, y } = coordinates(dwSize);
    if (x !== screen.width || y !== screen.height) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },
  SetConsoleWindowInfo(thread, handle, isAbsolute, { Left, Top, Right, Bottom }) {
    const { screen } = screenOf(thread, handle);
    const edges = isAbsolute ? [Left, Top, Right - screen.width + 1, Bottom - screen.height + 1] : [Left, Top, Right, Bottom];
    if (edges.some((edge) => edge !== 0)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return true;
  },
  GetLargestConsoleWindowSize(thread, handle) {
    const { screen } = screenOf(thread, handle);
    return (screen.height << 16) | screen.width;
  },

  CreateConsoleScreenBuffer(thread, _dwDesiredAccess, _dwShareMode, lpSecurityAttributes, dwFlags) {
    if (dwFlags !== CONSOLE_TEXTMODE_BUFFER) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const state = stateOf(thread);
    const isInheritable = lpSecurityAttributes !== 0 && thread.memory.u32(lpSecurityAttributes + 2 * thread.pointerSize) !== 0;
    const buffer = state.console.createBuffer();
    // With the last handle of the one that is shown, the first one comes back.
    const onClose = (): void => {
      if (state.console.active === buffer) state.console.show(state.console.primary);
    };
    return thread.process.handles.add(state.openScreen(buffer, onClose), isInheritable);
  },
  SetConsoleActiveScreenBuffer(thread, handle) {
    stateOf(thread).console.show(thread.process.handles.get(handle, ConsoleOutput).buffer);
    return true;
  },

  /** The font is the terminal's: what Windows' own console starts with is told. */
  GetCurrentConsoleFont(thread, handle, _bMaximumWindow, info) {
    screenOf(thread, handle);
    info.set({ nFont: 0, dwFontSize: FONT });
    return true;
  },
  GetCurrentConsoleFontEx(thread, handle, _bMaximumWindow, info) {
    screenOf(thread, handle);
    const size = CONSOLE_FONT_INFOEX.size(thread.pointerSize);
    if (info.get().cbSize !== size) throw new Win32Error(ERROR.INVALID_PARAMETER);
    info.set({ cbSize: size, nFont: 0, dwFontSize: FONT, FontFamily: FF_MODERN_TRUETYPE, FontWeight: 400, FaceName: "Consolas" });
    return true;
  },
  GetConsoleFontSize(thread, handle) {
    screenOf(thread, handle);
    return (FONT.Y << 16) | FONT.X;
  },
});

function describe({ screen }: ScreenBuffer) {
  const { width: X, height: Y } = screen;
  return {
    dwSize: { X, Y },
    dwCursorPosition: { X: screen.x, Y: screen.y },
    wAttributes: screen.attributes,
    srWindow: { Left: 0, Top: 0, Right: X - 1, Bottom: Y - 1 },
    dwMaximumWindowSize: { X, Y },
  };
}
