/** CONTROL_KEY_STATE of input records. */
export const KEY_STATE = { RIGHT_ALT: 1, LEFT_ALT: 2, RIGHT_CTRL: 4, LEFT_CTRL: 8, SHIFT: 0x10, ENHANCED_KEY: 0x100 } as const;

/** A key that goes down or up (KEY_EVENT_RECORD). */
export interface KeyEvent {
  readonly kind: "key";
  readonly isDown: boolean;
  readonly virtualKey: number;
  readonly scanCode: number;
  /** The UTF-16 unit that the key means; 0 for none. */
  readonly unit: number;
  readonly state: number;
}

/** What the mouse did (MOUSE_EVENT_RECORD). */
export interface MouseEvent {
  readonly kind: "mouse";
  readonly x: number;
  readonly y: number;
  readonly buttons: number;
  readonly state: number;
  readonly flags: number;
}

/** The screen buffer has another size (WINDOW_BUFFER_SIZE_RECORD), or the window gets the focus or loses it (FOCUS_EVENT_RECORD). */
export interface OtherEvent {
  readonly kind: "size" | "focus" | "menu";
  readonly x: number;
  readonly y: number;
}

/** An input record of a console. */
export type InputEvent = KeyEvent | MouseEvent | OtherEvent;

interface Key {
  readonly virtualKey: number;
  readonly scanCode: number;
  readonly isEnhanced?: boolean;
}

const ENTER: Key = { virtualKey: 0x0d, scanCode: 0x1c };
const TAB: Key = { virtualKey: 0x09, scanCode: 0x0f };
const BACK: Key = { virtualKey: 0x08, scanCode: 0x0e };
const ESCAPE: Key = { virtualKey: 0x1b, scanCode: 1 };

/** The letters that end a sequence of a cursor key, and F1 to F4. */
const FINAL_KEYS = new Map<string, Key>([
  ["A", { virtualKey: 0x26, scanCode: 0x48, isEnhanced: true }],
  ["B", { virtualKey: 0x28, scanCode: 0x50, isEnhanced: true }],
  ["C", { virtualKey: 0x27, scanCode: 0x4d, isEnhanced: true }],
  ["D", { virtualKey: 0x25, scanCode: 0x4b, isEnhanced: true }],
  ["H", { virtualKey: 0x24, scanCode: 0x47, isEnhanced: true }],
  ["F", { virtualKey: 0x23, scanCode: 0x4f, isEnhanced: true }],
  ["P", { virtualKey: 0x70, scanCode: 0x3b }],
  ["Q", { virtualKey: 0x71, scanCode: 0x3c }],
  ["R", { virtualKey: 0x72, scanCode: 0x3d }],
  ["S", { virtualKey: 0x73, scanCode: 0x3e }],
]);

/** The numbers before "~". */
const NUMBERED_KEYS = new Map<number, Key>([
  [1, FINAL_KEYS.get("H")!],
  [2, { virtualKey: 0x2d, scanCode: 0x52, isEnhanced: true }],
  [3, { virtualKey: 0x2e, scanCode: 0x53, isEnhanced: true }],
  [4, FINAL_KEYS.get("F")!],
  [5, { virtualKey: 0x21, scanCode: 0x49, isEnhanced: true }],
  [6, { virtualKey: 0x22, scanCode: 0x51, isEnhanced: true }],
  [7, FINAL_KEYS.get("H")!],
  [8, FINAL_KEYS.get("F")!],
  ...[11, 12, 13, 14, 15, 17, 18, 19, 20, 21].map((number, index): [number, Key] => [
    number,
    { virtualKey: 0x70 + index, scanCode: 0x3b + index },
  ]),
  [23, { virtualKey: 0x7a, scanCode: 0x57 }],
  [24, { virtualKey: 0x7b, scanCode: 0x58 }],
]);

/** A keyboard of the United States: rows of scan codes, plain and shifted. */
const ROWS: readonly (readonly [firstScan: number, plain: string, shifted: string])[] = [
  [0x02, "1234567890-=", "!@#$%^&*()_+"],
  [0x10, "qwertyuiop[]", "QWERTYUIOP{}"],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"],
  [0x39, " ", " "],
];
const PUNCTUATION = new Map<string, number>([
  [";", 0xba], ["=", 0xbb], [",", 0xbc], ["-", 0xbd], [".", 0xbe], ["/", 0xbf], ["`", 0xc0], ["[", 0xdb], ["\\", 0xdc], ["]", 0xdd], ["'", 0xde],
]); // prettier-ignore

/**
 * Turns what a terminal sends into the records of a console: text, control characters, and the sequences of special keys and of the mouse
 * (xterm's control sequences). An escape alone at the end of what has come is the key of that name.
 */
export function keyEvents(text: string): InputEvent[] {
  const events: InputEvent[] = [];
  let at = 0;
  while (at < text.length) {
    const sequence = text[at] === "\u001b" ? specialKey(text.slice(at + 1)) : undefined;
    if (sequence !== undefined) {
      events.push(...sequence.events);
      at += 1 + sequence.length;
    } else if (text[at] === "\u001b" && at + 1 < text.length && text[at + 1] !== "\u001b") {
      events.push(...press(text.charCodeAt(at + 1), KEY_STATE.LEFT_ALT));
      at += 2;
    } else events.push(...press(text.charCodeAt(at++), 0));
  }
  return events;
}

/** Text as a console with ENABLE_VIRTUAL_TERMINAL_INPUT hands it on: a record for each unit, whatever it means. */
export function textEvents(text: string): InputEvent[] {
  return Array.from({ length: text.length }, (_, at): KeyEvent => {
    const unit = text.charCodeAt(at);
    return { kind: "key", isDown: true, virtualKey: 0, scanCode: 0, unit, state: 0 };
  });
}

interface Sequence {
  readonly events: readonly InputEvent[];
  readonly length: number;
}

/** A sequence without the escape that begins it. */
function specialKey(text: string): Sequence | undefined {
  const mouse = /^\[<(\d+);(\d+);(\d+)([Mm])/.exec(text);
  if (mouse !== null) return { events: [mouseEvent(mouse)], length: mouse[0].length };
  const focus = /^\[([IO])/.exec(text);
  if (focus !== null) return { events: [{ kind: "focus", x: focus[1] === "I" ? 1 : 0, y: 0 }], length: focus[0].length };
  const match = /^(?:\[(\d*)(?:;(\d+))?([A-HPQRSZ~])|O([A-HPQRS]))/.exec(text);
  if (match === null) return undefined;
  const [whole, number, modifiers, final = match[4]!] = match;
  if (final === "Z") return { events: both(TAB, 9, KEY_STATE.SHIFT), length: whole.length };
  const key = final === "~" ? NUMBERED_KEYS.get(Number(number)) : FINAL_KEYS.get(final);
  if (key === undefined) return { events: [], length: whole.length };
  return { events: both(key, 0, modifierState(Number(modifiers ?? 1) - 1)), length: whole.length };
}

/** xterm's modifiers: shift 1, alt 2, control 4. */
function modifierState(bits: number): number {
  return (bits & 1 ? KEY_STATE.SHIFT : 0) | (bits & 2 ? KEY_STATE.LEFT_ALT : 0) | (bits & 4 ? KEY_STATE.LEFT_CTRL : 0);
}

function press(unit: number, state: number): InputEvent[] {
  switch (unit) {
    case 0x0d:
      return both(ENTER, unit, state);
    case 0x0a:
      return both(ENTER, unit, state | KEY_STATE.LEFT_CTRL);
    case 0x09:
      return both(TAB, unit, state);
    case 0x1b:
      return both(ESCAPE, unit, state);
    case 0x7f:
      return both(BACK, 0x08, state);
    case 0x08:
      return both(BACK, 0x7f, state | KEY_STATE.LEFT_CTRL);
    default:
  }
  if (unit === 0) return both(keyOf(" ").key, unit, state | KEY_STATE.LEFT_CTRL);
  if (unit < 0x20) {
    const { key } = keyOf(unit <= 0x1a ? String.fromCharCode(unit + 0x60) : String.fromCharCode(unit + 0x40));
    return both(key, unit, state | KEY_STATE.LEFT_CTRL);
  }
  const { key, isShifted } = keyOf(String.fromCharCode(unit));
  return both(key, unit, state | (isShifted ? KEY_STATE.SHIFT : 0));
}

function keyOf(character: string): { key: Key; isShifted: boolean } {
  for (const [firstScan, plain, shifted] of ROWS) {
    const at = plain.indexOf(character);
    const shiftedAt = at < 0 ? shifted.indexOf(character) : -1;
    const index = at < 0 ? shiftedAt : at;
    if (index < 0) continue;
    const base = plain[index]!;
    const virtualKey = PUNCTUATION.get(base) ?? base.toUpperCase().charCodeAt(0);
    return { key: { virtualKey, scanCode: firstScan + index }, isShifted: at < 0 };
  }
  return { key: { virtualKey: 0, scanCode: 0 }, isShifted: false };
}

function both({ virtualKey, scanCode, isEnhanced = false }: Key, unit: number, state: number): KeyEvent[] {
  const event = { kind: "key", virtualKey, scanCode, unit, state: state | (isEnhanced ? KEY_STATE.ENHANCED_KEY : 0) } as const;
  return [
    { ...event, isDown: true },
    { ...event, isDown: false },
  ];
}

/** xterm's SGR mouse report: button and modifiers, column, row, pressed or released. */
function mouseEvent([, code = "0", column = "1", row = "1", final]: RegExpExecArray): MouseEvent {
  const bits = Number(code);
  const MOVED = 1;
  const WHEELED = 4;
  const position = { kind: "mouse", x: Number(column) - 1, y: Number(row) - 1, state: modifierState((bits >> 2) & 7) } as const;
  if ((bits & 64) !== 0) return { ...position, buttons: (bits & 1) === 0 ? 0x0078_0000 : 0xff88_0000, flags: WHEELED };
  const button = [1, 4, 2, 0][bits & 3]!;
  return { ...position, buttons: final === "M" ? button : 0, flags: (bits & 32) !== 0 ? MOVED : 0 };
}
