/** The bytes of a shuffle that takes whole lanes, `bytes` wide each, out of two vectors: lanes past the first vector's are the second's. */
export function lanes(bytes: number, list: readonly number[]): number[] {
  return list.flatMap((lane) => range(lane * bytes, bytes));
}

/** `count` numbers from `start` on. */
export function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => start + n);
}
