import { ERROR, NULL_HANDLE, Win32Error, type TextBuffer } from "@decant/hook";
import { implement } from "@decant/process";
import { ConsoleInput } from "../console/console-handles.ts";
import { CONSOLE_MODE, INPUT_MODE } from "../console/modes.ts";
import { stateOf } from "../process-state.ts";
import { codePage } from "../text/code-pages.ts";
import { consoleApi } from "./console.api.ts";
import { consoleOf } from "./console-handle.ts";

const OUTPUT_MODES = 0x1f;
const INPUT_MODES = 0x3ff;
const CONTROL = { C: 0, BREAK: 1 } as const;
const ATTACH_PARENT_PROCESS = 0xffff_ffff;
const MOUSE_BUTTONS = 3;

export const consoleCalls = implement(consoleApi, {
  GetConsoleMode(thread, handle, mode) {
    mode.set(consoleOf(thread, handle).mode);
    return true;
  },
  SetConsoleMode(thread, handle, mode) {
    const console = consoleOf(thread, handle);
    if (console instanceof ConsoleInput) {
      const echoesNoLine = (mode & INPUT_MODE.ECHO) !== 0 && (mode & INPUT_MODE.LINE) === 0;
      if ((mode & ~INPUT_MODES) !== 0 || echoesNoLine) throw new Win32Error(ERROR.INVALID_PARAMETER);
      console.device.setInputMode(mode);
    } else {
      const needsProcessing = CONSOLE_MODE.VIRTUAL_TERMINAL | CONSOLE_MODE.PROCESSED_OUTPUT;
      const isUnprocessed = (mode & needsProcessing) === CONSOLE_MODE.VIRTUAL_TERMINAL;
      if ((mode & ~OUTPUT_MODES) !== 0 || isUnprocessed) throw new Win32Error(ERROR.INVALID_PARAMETER);
      console.buffer.setMode(mode);
    }
    return true;
  },

  GetConsoleCP: (thread) => stateOf(thread).console.inputCodePage,
  GetConsoleOutputCP: (thread) => stateOf(thread).console.outputCodePage,
  SetConsoleCP(thread, id) {
    requirePage(id);
    stateOf(thread).console.inputCodePage = id;
    return true;
  },
  SetConsoleOutputCP(thread, id) {
    requirePage(id);
    stateOf(thread).console.outputCodePage = id;
    return true;
  },

  SetConsoleTitle(thread, title) {
    if (title === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    stateOf(thread).console.setTitle(title, true);
    return true;
  },
  GetConsoleTitle: (thread, lpConsoleTitle, nSize) => writeTitle(lpConsoleTitle, nSize, stateOf(thread).console.title),
  GetConsoleOriginalTitle: (thread, lpConsoleTitle, nSize) => writeTitle(lpConsoleTitle, nSize, thread.process.path),

  SetConsoleCtrlHandler({ process }, handler, add) {
    // No handler at all: Ctrl-C itself is ignored, or not.
    if (handler === 0) {
      process.ignoresControlC = add;
      return true;
    }
    const handlers = process.consoleHandlers;
    if (add) handlers.push(handler);
    else {
      const index = handlers.lastIndexOf(handler);
      if (index < 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
      handlers.splice(index, 1);
    }
    return true;
  },
  GenerateConsoleCtrlEvent({ kernel }, dwCtrlEvent, dwProcessGroupId) {
    if (dwCtrlEvent !== CONTROL.C && dwCtrlEvent !== CONTROL.BREAK) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const all = Array.from(kernel.processes);
    // A group is named by its first process. Ctrl-C goes to all, or to none: groups are made deaf to it.
    const meant = dwProcessGroupId === 0 ? all : all.filter(({ id }) => id === dwProcessGroupId && dwCtrlEvent === CONTROL.BREAK);
    if (dwProcessGroupId !== 0 && !all.some(({ id }) => id === dwProcessGroupId)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    for (const process of meant) process.consoleControl(dwCtrlEvent);
    return true;
  },

  // There is a console, and no window that it is in.
  GetConsoleWindow: () => NULL_HANDLE,
  /** The process has the console of its parent. */
  AllocConsole() {
    throw new Win32Error(ERROR.ACCESS_DENIED);
  },
  FreeConsole: () => true,
  AttachConsole(_thread, dwProcessId) {
    throw new Win32Error(dwProcessId === ATTACH_PARENT_PROCESS ? ERROR.ACCESS_DENIED : ERROR.INVALID_PARAMETER);
  },
  GetConsoleProcessList({ kernel }, lpdwProcessList, dwProcessCount) {
    if (dwProcessCount === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const ids = [...kernel.processes].map(({ id }) => id).reverse(); // prettier-ignore
    if (ids.length <= dwProcessCount) lpdwProcessList.write(ids);
    return ids.length;
  },

  GetNumberOfConsoleMouseButtons(_thread, lpNumberOfMouseButtons) {
    lpNumberOfMouseButtons.set(MOUSE_BUTTONS);
    return true;
  },
  GetConsoleDisplayMode(_thread, lpModeFlags) {
    lpModeFlags.set(0);
    return true;
  },
  /** What is selected is the terminal's affair. */
  GetConsoleSelectionInfo(_thread, lpConsoleSelectionInfo) {
    lpConsoleSelectionInfo.set({});
    return true;
  },
});

/** As much of a title as fits; the length of the whole. */
function writeTitle(buffer: TextBuffer, size: number, title: string): number {
  if (size > 0) buffer.writeTruncated(title, size);
  return title.length;
}

function requirePage(id: number): void {
  if (codePage(id) === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
}
