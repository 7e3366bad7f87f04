/**
 * The keyboard of the United States: which key a scan code is, what it is called, and which character it means ("Keyboard Layouts",
 * "Virtual-Key Codes"; the tables were compared with what Wine 8 answers).
 */

/** Virtual keys by scan code, from 1 on; 0 is none. */
const PLAIN = keys(`
  1b 31 32 33 34 35 36 37 38 39 30 bd bb 08 09 51 57 45 52 54 59 55 49 4f 50 db dd 0d a2 41 53 44 46 47 48 4a 4b 4c ba de c0 a0 dc 5a 58 43
  56 42 4e 4d bc be bf a1 6a a4 20 14 70 71 72 73 74 75 76 77 78 79 90 91 24 26 21 6d 25 0c 27 6b 23 28 22 2d 2e 2c 00 e2 7a 7b 0c ee f1 ea
  f9 f5 f3 00 00 fb 2f 7c 7d 7e 7f 80 81 82 83 84 85 86 ed 00 e9 00 c1 00 00 87 00 00 00 00 eb 09 00 c2`);
/** Those behind the prefix E0, as scan code and virtual key. */
const EXTENDED = keys(`
  10 b1 19 b0 1c 0d 1d a3 20 ad 21 b7 22 b3 24 b2 2e ae 30 af 32 ac 35 6f 37 2c 38 a5 46 03 47 24 48 26 49 21 4b 25 4d 27 4f 23 50 28 51 22
  52 2d 53 2e 5b 5b 5c 5c 5d 5d 5f 5f 65 aa 66 ab 67 a8 68 a9 69 a7 6a a6 6b b6 6c b4 6d b5`);
/** Keys that share the scan code of another: Shift, Ctrl and Alt without a side, and the numbers of the number pad. */
const SHARED: readonly (readonly [key: number, scan: number])[] = [
  [0x10, 0x2a], [0x11, 0x1d], [0x12, 0x38], [0x60, 0x52], [0x61, 0x4f], [0x62, 0x50], [0x63, 0x51],
  [0x64, 0x4b], [0x65, 0x4c], [0x66, 0x4d], [0x67, 0x47], [0x68, 0x48], [0x69, 0x49], [0x6e, 0x53],
]; // prettier-ignore
/** Pause, which alone has the prefix E1. */
const PAUSE = { key: 0x13, scan: 0xe11d } as const;

const keysByScan = new Map<number, number>([[PAUSE.scan, PAUSE.key]]);
PLAIN.forEach((key, at) => keysByScan.set(at + 1, key));
for (let at = 0; at < EXTENDED.length; at += 2) keysByScan.set(0xe000 | EXTENDED[at]!, EXTENDED[at + 1]!);
const scansByKey = new Map<number, number>(SHARED);
for (const [scan, key] of [...keysByScan].toSorted(([a], [b]) => a - b)) if (!scansByKey.has(key)) scansByKey.set(key, scan);

/** The keys that mean a character: as they are, with Shift, and with Ctrl ("" for nothing). */
const CHARACTERS: readonly (readonly [key: number, plain: string, shifted: string, withCtrl: string])[] = [
  ...Array.from({ length: 26 }, (_, n) => {
    const letter = String.fromCharCode(0x41 + n);
    return [0x41 + n, letter.toLowerCase(), letter, String.fromCharCode(1 + n)] as const;
  }),
  ...[..."0123456789"].map((digit, n) => [0x30 + n, digit, ")!@#$%^&*("[n]!, ""] as const),
  [0x20, " ", " ", " "],
  [0xba, ";", ":", ""],
  [0xbb, "=", "+", ""],
  [0xbc, ",", "<", ""],
  [0xbd, "-", "_", ""],
  [0xbe, ".", ">", ""],
  [0xbf, "/", "?", ""],
  [0xc0, "`", "~", ""],
  [0xdb, "[", "{", "\u001b"],
  [0xdc, "\\", "|", "\u001c"],
  [0xdd, "]", "}", "\u001d"],
  [0xde, "'", '"', ""],
  [0xe2, "\\", "|", "\u001c"],
  ...[..."0123456789"].map((digit, n) => [0x60 + n, digit, "", ""] as const),
  ...[..."*+-./"].map((sign) => [0x40 + sign.charCodeAt(0), sign, sign, ""] as const),
];
const SHIFT = 0x100;
const CTRL = 0x200;

const plainCharacters = new Map<number, string>([[0x03, "\u0003"], [0x08, "\b"], [0x09, "\t"], [0x0d, "\r"], [0x1b, "\u001b"]]); // prettier-ignore
const keysByCharacter = new Map<string, number>();
for (const [key, character] of plainCharacters) keysByCharacter.set(character, key);
for (const [character, key] of [["\n", CTRL | 0x0d], ["\u007f", CTRL | 0x08]] as const) keysByCharacter.set(character, key); // prettier-ignore
for (const [character, key] of [
  ["\0", 0x32],
  ["\u001e", 0x36],
  ["\u001f", 0xbd],
] as const)
  // prettier-ignore
  keysByCharacter.set(character, SHIFT | CTRL | key);
for (const [key, plain, shifted, withCtrl] of CHARACTERS) {
  plainCharacters.set(key, plain.toUpperCase());
  for (const [character, state] of [
    [plain, 0],
    [shifted, SHIFT],
    [withCtrl, CTRL],
  ] as const)
    // prettier-ignore
    if (character !== "" && !keysByCharacter.has(character)) keysByCharacter.set(character, state | key);
}

/** The virtual key of a scan code, its prefix in the high byte, with its side where it has one; 0 for none. */
export function keyOfScan(scan: number): number {
  return keysByScan.get(scan) ?? 0;
}

/** The scan code of a virtual key, its prefix in the high byte; 0 for none. */
export function scanOfKey(key: number): number {
  return key === 0 ? 0 : (scansByKey.get(key) ?? 0);
}

/** The character of a key without Shift, letters as capitals; "" for none. */
export function characterOf(key: number): string {
  return plainCharacters.get(key) ?? "";
}

/** The key that makes a character, and in the high byte what is held with it: 1 Shift, 2 Ctrl. */
export function keyOfCharacter(character: string): number | undefined {
  return keysByCharacter.get(character);
}

const NUMBER_PAD = ["Num 7", "Num 8", "Num 9", "Num -", "Num 4", "Num 5", "Num 6", "Num +", "Num 1", "Num 2", "Num 3", "Num 0", "Num Del"];

/** What keys are called, by their scan codes. */
export const keyNames = {
  plain: new Map<number, string>([
    [0x01, "Esc"], [0x0e, "Backspace"], [0x0f, "Tab"], [0x1c, "Enter"], [0x1d, "Ctrl"], [0x2a, "Shift"], [0x36, "Right Shift"],
    [0x37, "Num *"], [0x38, "Alt"], [0x39, "Space"], [0x3a, "Caps Lock"], [0x45, "Pause"], [0x46, "Scroll Lock"], [0x54, "Sys Req"],
    ...Array.from({ length: 10 }, (_, n) => [0x3b + n, `F${n + 1}`] as const), [0x57, "F11"], [0x58, "F12"],
    ...Array.from({ length: 4 }, (_, n) => [0x7c + n, `F${n + 13}`] as const),
    ...NUMBER_PAD.map((name, n) => [0x47 + n, name] as const),
  ]),
  extended: new Map<number, string>([
    [0x1c, "Num Enter"], [0x1d, "Right Ctrl"], [0x35, "Num /"], [0x37, "Prnt Scrn"], [0x38, "Right Alt"], [0x45, "Num Lock"],
    [0x46, "Break"], [0x47, "Home"], [0x48, "Up"], [0x49, "Page Up"], [0x4b, "Left"], [0x4d, "Right"], [0x4f, "End"], [0x50, "Down"],
    [0x51, "Page Down"], [0x52, "Insert"], [0x53, "Delete"], [0x54, "<00>"], [0x56, "Help"], [0x5b, "Left Windows"],
    [0x5c, "Right Windows"], [0x5d, "Application"],
  ]),
}; // prettier-ignore

function keys(text: string): number[] {
  return text.trim().split(/\s+/).map((word) => Number.parseInt(word, 16)); // prettier-ignore
}
