/** Where the code, the window of memory that instructions may touch, and gs are: the same in the harness and in the translated run. */
export const CODE = 0x1100_0000;
export const WINDOW = 0x2000_0400;
export const WINDOW_BYTES = 256;
export const GS_BASE = 0x2000_0000;

/** Offsets in a state as harness.c lays it out. After a run `x87` holds sixteen bytes a register, st0 first. */
export const STATE = {
  gpr: 0, rflags: 0x80, mxcsr: 0x88, fault: 0x8c, xmm: 0x90, window: 0x190, x87: 0x290, fcw: 0x310, fsw: 0x312, depth: 0x314, ftag: 0x316,
} as const; // prettier-ignore
export const STATE_BYTES = 0x318;

/** Linux's signals that the harness reports, as processor exceptions. */
export const FAULT = { divide: 8, violation: 11 } as const;

/** Positions in RFLAGS of CF PF AF ZF SF OF, in the order of FLAG's bits. */
export const FLAG_POSITIONS = [0, 2, 4, 6, 7, 11] as const;
export const DF_POSITION = 10;

/** A repeatable stream of random numbers (xorshift128, seeded by splitmix). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let z = seed | 0;
    const next = () => {
      z = (z + 0x9e3779b9) | 0;
      let t = z ^ (z >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return t ^ (t >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  u32(): number {
    let t = this.#d;
    const s = this.#a;
    this.#d = this.#c;
    this.#c = this.#b;
    this.#b = s;
    t ^= t << 11;
    t ^= t >>> 8;
    this.#a = t ^ s ^ (s >>> 19);
    return this.#a >>> 0;
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return this.u32() % n;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }
}

/** A repeatable number from a text (FNV-1a). */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
