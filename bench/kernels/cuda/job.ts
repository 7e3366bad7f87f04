/** A kernel, and what it is run on. */
export interface Job {
  readonly name: string;
  /** What it is called where the kernel's name alone does not say which job it is. */
  readonly label?: string;
  readonly grid: readonly [number, number];
  readonly block: readonly [number, number];
  readonly args: readonly (ArrayBufferView | { readonly int: number } | { readonly float: number })[];
  /** Which arguments are results. */
  readonly results: readonly number[];
  /** How far a result may be off, of its size (absolute below 1); and how many of all may be further off. */
  readonly tolerance: number;
  readonly mayDiffer?: number;
}

export const int = (value: number): { readonly int: number } => ({ int: value });
export const float = (value: number): { readonly float: number } => ({ float: value });

/** Arrays of random numbers; all of them follow from the seed. */
export function randomArrays(seed: number) {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
  return {
    random,
    floats: (count: number, low = 0, high = 1): Float32Array => Float32Array.from({ length: count }, () => low + (high - low) * random()),
    doubles: (count: number): Float64Array => Float64Array.from({ length: count }, () => random() - 0.5),
    integers: (count: number, range: number): Int32Array => Int32Array.from({ length: count }, () => random() * range),
    words: (count: number): Uint32Array => Uint32Array.from({ length: count }, () => random() * 2 ** 32),
    bytes: (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random() * 256),
  };
}

/** Numbers from 0 up to 1, over and over: for arrays too long to make at random. */
export function ramp(count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = (i & 1023) / 1024;
  return values;
}

export function sha256Constants(): Uint32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Uint32Array.from(primes, (prime) => (Math.cbrt(prime) % 1) * 2 ** 32);
}
