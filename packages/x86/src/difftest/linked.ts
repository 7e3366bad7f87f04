import { CODE, type Random } from "./state.ts";

/** Code of a program that holds addresses of other places in it. */
export interface Linked {
  readonly kind: "linked";
  readonly text: string;
  readonly bytes: readonly number[];
  readonly holes: readonly Hole[];
  /** No flag is defined behind it. */
  readonly isCall?: boolean;
  readonly pair?: number;
  readonly isFixed?: boolean;
}

/** A label of the program, or HERE for where the code itself begins, and what is added to its address. */
type Place = readonly [label: number, add: number];

const HERE = -1;

/** Four bytes of the code, at an offset, that are the address of a place, or the distance to it from another. */
interface Hole {
  readonly at: number;
  readonly to: Place;
  readonly from?: Place;
}

/** Counts of a program, and a pointer, beside the window. */
export const COUNTER = 0x2000_0f80;
const RECURSIONS = 0x2000_0f88;
const POINTER = 0x2000_0f90;

export const fourBytes = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];

/** The operand bytes of a memory operand without a base, which read alike in both modes. */
const absolute = (address: number, register = 0): number[] => [0x04 | (register << 3), 0x25, ...fourBytes(address)];

/** Sets a count: mov dword ptr [address], value. */
const set = (address: number, value: number): number[] => [0xc7, ...absolute(address), ...fourBytes(value)];
export const setCounter = (count: number): number[] => set(COUNTER, count);
export const setRecursions = (count: number): number[] => set(RECURSIONS, count);

/** A call of the function that it stands in, while the count of recursions lasts. */
export function recurse(to: number): Linked {
  // sub dword ptr [RECURSIONS], 1; jle over the call
  const bytes = [0x83, ...absolute(RECURSIONS, 5), 1, 0x7e, 5, 0xe8, ...fourBytes(0)];
  const holes = [{ at: bytes.length - 4, to: [to, 0], from: [HERE, bytes.length] }] as const;
  return { kind: "linked", text: `recurse to L${to}`, bytes, holes, isCall: true };
}

/** A call by an address that code has put into eax, or into memory, just before. */
export function callThrough(to: number, random: Random): Linked {
  const isInMemory = random.below(2) === 0;
  const bytes = isInMemory ? [...set(POINTER, 0), 0xff, ...absolute(POINTER, 2)] : [0xb8, ...fourBytes(0), 0xff, 0xd0];
  const text = `call L${to} by ${isInMemory ? "memory" : "rax"}`;
  return { kind: "linked", text, bytes, holes: [{ at: isInMemory ? 7 : 1, to: [to, 0] }], isCall: true };
}

/** A jump by a table in the code, and by a register's low bits, to one of four places: as gcc makes a switch, or by whole addresses, as V8 does. */
export function switchTo(targets: readonly number[], register: number, mode: 64 | 32, random: Random): Linked {
  const text = `switch by register ${register} to ${targets.map((to) => `L${to}`).join(" ")}`;
  // mov eax, register; and eax, 3
  const index = [0x89, 0xc0 | (register << 3), 0x83, 0xe0, 3];
  if (mode === 64 && random.below(2) === 0) {
    // lea rdx, [rip+table]; movsxd rax, dword ptr [rdx+rax*4]; add rax, rdx; jmp rax
    const head = [...index, 0x48, 0x8d, 0x15, 9, 0, 0, 0, 0x48, 0x63, 0x04, 0x82, 0x48, 0x01, 0xd0, 0xff, 0xe0];
    const holes = targets.map((to, n): Hole => ({ at: head.length + 4 * n, to: [to, 0], from: [HERE, head.length] }));
    return { kind: "linked", text, bytes: [...head, ...new Array<number>(16).fill(0)], holes, isFixed: true };
  }
  // mov rax, [rax*8+table]; jmp rax; or jmp [eax*4+table]
  const head = [...index, ...(mode === 64 ? [0x48, 0x8b, 0x04, 0xc5, ...fourBytes(0), 0xff, 0xe0] : [0xff, 0x24, 0x85, ...fourBytes(0)])];
  const step = mode / 8;
  const holes: Hole[] = targets.map((to, n) => ({ at: head.length + step * n, to: [to, 0] }));
  holes.push({ at: index.length + (mode === 64 ? 4 : 3), to: [HERE, head.length] });
  return { kind: "linked", text, bytes: [...head, ...new Array<number>(4 * step).fill(0)], holes, isFixed: true };
}

/** What a patch writes: a byte, which may be dl, or the distance to the function that the call there goes to from then on. */
export type Patch = { readonly value: number | "dl" } | { readonly callee: number };

/** A store into the code at an offset from a label: by the address, or by a pointer in eax. */
export function patchAt(label: number, offset: number, patch: Patch, pair: number, random: Random): Linked {
  const to: Place = [label, offset];
  const make = (what: string, bytes: readonly number[], ...holes: Hole[]): Linked => {
    return { kind: "linked", text: `patch L${label}+${offset} with ${what}`, bytes, holes, pair };
  };
  if ("callee" in patch) return make(`L${patch.callee}`, set(0, 0), { at: 3, to }, { at: 7, to: [patch.callee, 0], from: [label, offset + 4] }); // prettier-ignore
  const { value } = patch;
  if (value === "dl") return make("dl", [0x88, ...absolute(0, 2)], { at: 3, to });
  if (random.below(2) === 0) return make(String(value), [0xc6, ...absolute(0), value], { at: 3, to });
  return make(`${value}, by eax`, [0xb8, ...fourBytes(0), 0xc6, 0x00, value], { at: 1, to });
}

/** Fills the holes of code that begins at `start` of a program. */
export function fillHoles(code: number[], start: number, { holes }: Linked, labels: ReadonlyMap<number, number>): void {
  const placeOf = ([label, add]: Place): number => CODE + add + (label === HERE ? start : (labels.get(label) as number));
  for (const { at, to, from } of holes)
    fourBytes(placeOf(to) - (from === undefined ? 0 : placeOf(from))).forEach((byte, n) => (code[start + at + n] = byte));
}
