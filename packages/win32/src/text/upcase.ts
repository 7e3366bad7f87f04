const cache = new Map<number, number>();

/** A UTF-16 unit in upper case, as file names compare: one unit for one, so "ß" stays. */
export function upcaseUnit(unit: number): number {
  if (unit < 0x80) return unit >= 0x61 && unit <= 0x7a ? unit - 0x20 : unit;
  return convert(unit, cache, (character) => character.toUpperCase());
}

const lowCache = new Map<number, number>();

/** A UTF-16 unit in lower case, one unit for one. */
export function downcaseUnit(unit: number): number {
  if (unit < 0x80) return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
  return convert(unit, lowCache, (character) => character.toLowerCase());
}

/** Text in upper case, unit by unit. */
export function upcase(text: string): string {
  return mapUnits(text, upcaseUnit);
}

/** Text in lower case, unit by unit. */
export function downcase(text: string): string {
  return mapUnits(text, downcaseUnit);
}

function convert(unit: number, known: Map<number, number>, change: (character: string) => string): number {
  let result = known.get(unit);
  if (result === undefined) {
    const changed = change(String.fromCharCode(unit));
    result = changed.length === 1 ? changed.charCodeAt(0) : unit;
    known.set(unit, result);
  }
  return result;
}

function mapUnits(text: string, change: (unit: number) => number): string {
  let result = "";
  for (let i = 0; i < text.length; i++) result += String.fromCharCode(change(text.charCodeAt(i)));
  return result;
}
