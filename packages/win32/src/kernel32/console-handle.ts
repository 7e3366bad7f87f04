import { ERROR, Win32Error, type Handle, type TextCodec } from "@decant/hook";
import type { Thread } from "@decant/process";
import { ConsoleInput, ConsoleOutput } from "../console/console-handles.ts";
import type { ScreenBuffer } from "../console/screen-buffer.ts";
import { stateOf } from "../process-state.ts";
import { ANSI_CODE_PAGE, codePage, textCodec } from "../text/code-pages.ts";

/** Columns and rows from a COORD that is passed by value. */
export function coordinates(coord: number): { x: number; y: number } {
  return { x: (coord << 16) >> 16, y: coord >> 16 };
}

/** The screen buffer of a handle, at the size that its terminal has now. Throws ERROR_INVALID_HANDLE for what is no console. */
export function screenOf({ process }: Thread, handle: Handle): ScreenBuffer {
  const { buffer } = process.handles.get(handle, ConsoleOutput);
  buffer.refresh();
  return buffer;
}

/** The console's input. Throws ERROR_INVALID_HANDLE for what is no console. */
export function inputOf({ process }: Thread, handle: Handle): ConsoleInput {
  return process.handles.get(handle, ConsoleInput);
}

/** Either side of a console. Throws ERROR_INVALID_HANDLE for what is no console. */
export function consoleOf({ process }: Thread, handle: Handle): ConsoleInput | ConsoleOutput {
  const object = process.handles.find(handle);
  if (object instanceof ConsoleInput || object instanceof ConsoleOutput) return object;
  throw new Win32Error(ERROR.INVALID_HANDLE);
}

/** How the A variants of console functions see text: in the console's own code pages, not the process's. */
export function consoleCodec(thread: Thread, side: "input" | "output"): TextCodec {
  const { inputCodePage, outputCodePage } = stateOf(thread).console;
  return textCodec(codePage(side === "input" ? inputCodePage : outputCodePage) ?? codePage(ANSI_CODE_PAGE)!);
}
