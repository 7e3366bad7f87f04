/** Windows' colour bits are blue, green, red; a terminal's are red, green, blue. */
const SWAPPED = [0, 4, 2, 6, 1, 5, 3, 7];
const REVERSE = 0x4000;
const UNDERSCORE = 0x8000;

/** A console's attributes when nothing was chosen: grey on black. */
export const DEFAULT_ATTRIBUTES = 7;

/** What SetConsoleTextAttribute is for a terminal: Select Graphic Rendition. The default colours are the terminal's own. */
export function renditionOf(attributes: number): string {
  if ((attributes & 0xc0ff) === DEFAULT_ATTRIBUTES) return "\u001b[0m";
  // From nothing: what was set before does not stay.
  const parts: number[] = [0, (attributes & 8 ? 90 : 30) + SWAPPED[attributes & 7]!];
  if ((attributes & 0xf0) !== 0) parts.push((attributes & 0x80 ? 100 : 40) + SWAPPED[(attributes >> 4) & 7]!);
  if ((attributes & REVERSE) !== 0) parts.push(7);
  if ((attributes & UNDERSCORE) !== 0) parts.push(4);
  return `\u001b[${parts.join(";")}m`;
}

/** Attributes after a terminal's Select Graphic Rendition, colours that a console does not have as the nearest of its 16. */
export function attributesAfter(attributes: number, parameters: readonly number[]): number {
  let result = attributes;
  const codes = parameters.length === 0 ? [0] : parameters;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 38 || code === 48) {
      const { colour, used } = extendedColour(codes.slice(at + 1));
      at += used;
      if (colour !== undefined) result = code === 38 ? withForeground(result, colour) : withBackground(result, colour);
    } else result = oneCode(result, code);
  }
  return result;
}

function oneCode(attributes: number, code: number): number {
  if (code === 0) return DEFAULT_ATTRIBUTES;
  if (code === 1) return attributes | 8;
  if (code === 22) return attributes & ~8;
  if (code === 4) return attributes | UNDERSCORE;
  if (code === 24) return attributes & ~UNDERSCORE;
  if (code === 7) return attributes | REVERSE;
  if (code === 27) return attributes & ~REVERSE;
  if (code >= 30 && code <= 37) return withForeground(attributes, SWAPPED[code - 30]! | (attributes & 8));
  if (code === 39) return withForeground(attributes, DEFAULT_ATTRIBUTES);
  if (code >= 40 && code <= 47) return withBackground(attributes, SWAPPED[code - 40]!);
  if (code === 49) return withBackground(attributes, 0);
  if (code >= 90 && code <= 97) return withForeground(attributes, 8 | SWAPPED[code - 90]!);
  if (code >= 100 && code <= 107) return withBackground(attributes, 8 | SWAPPED[code - 100]!);
  return attributes;
}

/** What follows 38 or 48: an index into 256 colours, or red, green and blue. */
function extendedColour(codes: readonly number[]): { colour: number | undefined; used: number } {
  if (codes[0] === 2) return { colour: nearest(codes[1] ?? 0, codes[2] ?? 0, codes[3] ?? 0), used: 4 };
  if (codes[0] !== 5) return { colour: undefined, used: 0 };
  const index = codes[1] ?? 0;
  if (index < 16) return { colour: SWAPPED[index & 7]! | (index & 8), used: 2 };
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return { colour: nearest(grey, grey, grey), used: 2 };
  }
  const level = (step: number): number => (step === 0 ? 0 : 55 + 40 * step);
  const cube = index - 16;
  return { colour: nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)), used: 2 };
}

function nearest(red: number, green: number, blue: number): number {
  const high = Math.max(red, green, blue);
  if (high < 48) return 0;
  const bits = (red > high / 2 ? 4 : 0) | (green > high / 2 ? 2 : 0) | (blue > high / 2 ? 1 : 0);
  if (bits === 7) return high > 224 ? 15 : high > 160 ? 7 : 8;
  return bits | (high > 192 ? 8 : 0);
}

function withForeground(attributes: number, colour: number): number {
  return (attributes & ~0xf) | colour;
}

function withBackground(attributes: number, colour: number): number {
  return (attributes & ~0xf0) | (colour << 4);
}
