/** ENABLE_* of SetConsoleMode, for screen buffers. */
export const CONSOLE_MODE = {
  PROCESSED_OUTPUT: 1,
  WRAP_AT_EOL: 2,
  VIRTUAL_TERMINAL: 4,
  DISABLE_NEWLINE_AUTO_RETURN: 8,
  LVB_GRID: 0x10,
} as const;

/** ENABLE_* of SetConsoleMode, for input. */
export const INPUT_MODE = {
  PROCESSED: 1,
  LINE: 2,
  ECHO: 4,
  WINDOW: 8,
  MOUSE: 0x10,
  INSERT: 0x20,
  QUICK_EDIT: 0x40,
  EXTENDED: 0x80,
  AUTO_POSITION: 0x100,
  VIRTUAL_TERMINAL: 0x200,
} as const;

/** How a console starts on Windows: lines that are edited and shown, the mouse left to the console itself. */
export const DEFAULT_INPUT_MODE = 0x1f7;
