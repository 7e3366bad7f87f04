import type { GuestMemory } from "@decant/memory";

/** The characters of a kind of string: bytes or UTF-16 units. */
export interface Units {
  readonly size: 1 | 2;
  load(memory: GuestMemory, address: number): number;
  store(memory: GuestMemory, address: number, unit: number): void;
}

export const BYTES: Units = {
  size: 1,
  load: (memory, address) => memory.u8(address),
  store: (memory, address, unit) => memory.setU8(address, unit),
};

export const WIDE: Units = {
  size: 2,
  load: (memory, address) => memory.u16(address),
  store: (memory, address, unit) => memory.setU16(address, unit),
};

/** The units before the NUL, at most `limit`. */
export function length(memory: GuestMemory, units: Units, string: number, limit = Infinity): number {
  return units.size === 1 ? memory.cstringLength(string, limit) : memory.wstringLength(string, limit);
}

export interface CompareOptions {
  /** At most this many units. */
  count?: number;
  fold?: (unit: number) => number;
  /** memcmp's kin go on after a NUL. */
  stopAtNul?: boolean;
}

/** -1, 0 or 1, by unsigned units. */
export function compare(
  memory: GuestMemory,
  units: Units,
  a: number,
  b: number,
  { count = Infinity, fold = same, stopAtNul = true }: CompareOptions = {},
): number {
  for (let i = 0; i < count; i++) {
    const x = fold(units.load(memory, a + i * units.size));
    const y = fold(units.load(memory, b + i * units.size));
    if (x !== y) return x < y ? -1 : 1;
    if (x === 0 && stopAtNul) return 0;
  }
  return 0;
}

/** The address of the first, or last, occurrence of a unit; the NUL counts. 0 when there is none. */
export function find(memory: GuestMemory, units: Units, string: number, unit: number, last = false): number {
  let found = 0;
  for (let at = string; ; at += units.size) {
    const here = units.load(memory, at);
    if (here === unit) {
      if (!last) return at;
      found = at;
    }
    if (here === 0) return found;
  }
}

/** The number of leading units that are, or are not, in a set. */
export function span(memory: GuestMemory, units: Units, string: number, set: number, wanted: boolean): number {
  const members = setOf(memory, units, set);
  for (let i = 0; ; i++) {
    const unit = units.load(memory, string + i * units.size);
    if (unit === 0 || members.has(unit) !== wanted) return i;
  }
}

export function setOf(memory: GuestMemory, units: Units, string: number): Set<number> {
  const members = new Set<number>();
  for (let at = string; ; at += units.size) {
    const unit = units.load(memory, at);
    if (unit === 0) return members;
    members.add(unit);
  }
}

/** The address of the first occurrence of a string in another; 0 when there is none. */
export function search(memory: GuestMemory, units: Units, string: number, wanted: number): number {
  const count = length(memory, units, wanted);
  if (count === 0) return string;
  for (let at = string; ; at += units.size) {
    if (compare(memory, units, at, wanted, { count }) === 0) return at;
    if (units.load(memory, at) === 0) return 0;
  }
}

/** Copies units and returns how many. */
export function copyUnits(memory: GuestMemory, units: Units, to: number, from: number, count: number): void {
  if (count > 0) memory.copy(to, from, count * units.size);
}

/** Lower case in the "C" locale. */
export function asciiLower(unit: number): number {
  return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
}

/** Upper case in the "C" locale. */
export function asciiUpper(unit: number): number {
  return unit >= 0x61 && unit <= 0x7a ? unit - 0x20 : unit;
}

function same(unit: number): number {
  return unit;
}
