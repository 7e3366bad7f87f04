import { implement } from "@decant/process";
import { ANSI_CODE_PAGE, codePage } from "../text/code-pages.ts";
import { keyboardApi } from "./keyboard.api.ts";
import { characterOf, keyNames, keyOfScan, keyOfCharacter, scanOfKey } from "./keyboard-layout.ts";

/** MAPVK_…: what MapVirtualKey translates. */
const MAP = { KEY_TO_SCAN: 0, SCAN_TO_KEY: 1, KEY_TO_CHARACTER: 2, SCAN_TO_SIDED_KEY: 3, KEY_TO_PREFIXED_SCAN: 4 } as const;
/** Left and right Shift, Ctrl and Alt, from VK_LSHIFT on: two for each key without a side, from VK_SHIFT on. */
const FIRST_SIDED_KEY = 0xa0;
const LAST_SIDED_KEY = 0xa5;
const SHIFT_KEY = 0x10;
/** Bits of a key message's lParam. */
const EXTENDED = 1 << 24;
const NO_SIDES = 1 << 25;
const RIGHT_SHIFT_SCAN = 0x36;
const LEFT_SHIFT_SCAN = 0x2a;
const CTRL_SCAN = 0x1d;
const NO_KEY = -1;

/** Keys, what they are called and what they mean. Each layout that a program names is that of the United States. */
export const keyboard = implement(keyboardApi, {
  MapVirtualKeyA: (_thread, uCode, uMapType) => mapKey(uCode, uMapType),
  MapVirtualKeyW: (_thread, uCode, uMapType) => mapKey(uCode, uMapType),
  MapVirtualKeyExA: (_thread, uCode, uMapType) => mapKey(uCode, uMapType),
  MapVirtualKeyExW: (_thread, uCode, uMapType) => mapKey(uCode, uMapType),
  VkKeyScanA: (_thread, ch) => scanCharacter(ansi(ch)),
  VkKeyScanW: (_thread, ch) => scanCharacter(String.fromCharCode(ch)),
  VkKeyScanExA: (_thread, ch) => scanCharacter(ansi(ch)),
  VkKeyScanExW: (_thread, ch) => scanCharacter(String.fromCharCode(ch)),
  GetKeyNameText(_thread, lParam, lpString, cchSize) {
    if (cchSize <= 0) return 0;
    const name = nameOf((lParam >> 16) & 0xff, (lParam & EXTENDED) !== 0, (lParam & NO_SIDES) !== 0).slice(0, cchSize - 1);
    return lpString.write(name, cchSize).written;
  },
});

function mapKey(code: number, type: number): number {
  switch (type) {
    case MAP.KEY_TO_SCAN: {
      const scan = scanOfKey(code);
      return scan >= 0xe100 ? 0 : scan & 0xff;
    }
    case MAP.SCAN_TO_KEY: {
      const key = keyOfScan(code);
      return key >= FIRST_SIDED_KEY && key <= LAST_SIDED_KEY ? SHIFT_KEY + ((key - FIRST_SIDED_KEY) >> 1) : key;
    }
    case MAP.KEY_TO_CHARACTER:
      return characterOf(code).charCodeAt(0) || 0;
    case MAP.SCAN_TO_SIDED_KEY:
      return keyOfScan(code);
    case MAP.KEY_TO_PREFIXED_SCAN:
      return scanOfKey(code);
    default:
      return 0;
  }
}

function scanCharacter(character: string): number {
  return keyOfCharacter(character) ?? NO_KEY;
}

function ansi(byte: number): string {
  return codePage(ANSI_CODE_PAGE)!.decode(Uint8Array.of(byte)) ?? "";
}

/** Keys without a name of their own are called by their character; "" for none. */
function nameOf(scan: number, isExtended: boolean, hasNoSides: boolean): string {
  if (hasNoSides && scan === CTRL_SCAN) return keyNames.plain.get(CTRL_SCAN)!;
  if (hasNoSides && !isExtended && scan === RIGHT_SHIFT_SCAN) return keyNames.plain.get(LEFT_SHIFT_SCAN)!;
  const name = (isExtended ? keyNames.extended : keyNames.plain).get(scan);
  if (name !== undefined) return name;
  const character = characterOf(keyOfScan(scan));
  return character > " " ? character : "";
}
