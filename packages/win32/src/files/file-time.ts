/** 100-nanosecond units from 1601, where FILETIME starts, to 1970. */
const EPOCH_100NS = 116_444_736_000_000_000n;
const MS_PER_100NS = 10_000n;
const EPOCH_MS = 11_644_473_600_000;

/** A time in nanoseconds since 1970 as a FILETIME. */
export function fileTimeFromNs(ns: bigint): bigint {
  // Division rounds to zero: shift first, so that times before 1970 are rounded down as well.
  return (ns + EPOCH_100NS * 100n) / 100n;
}

/** A FILETIME as nanoseconds since 1970. */
export function nsFromFileTime(fileTime: bigint): bigint {
  return (fileTime - EPOCH_100NS) * 100n;
}

/** Milliseconds since 1970, with a fraction, as a FILETIME. */
export function fileTimeFromMs(ms: number): bigint {
  return BigInt(Math.floor(ms)) * MS_PER_100NS + BigInt(Math.floor((ms - Math.floor(ms)) * 10_000)) + EPOCH_100NS;
}

/** A FILETIME as milliseconds since 1970, cut to whole ones. */
export function msFromFileTime(fileTime: bigint): number {
  return Number(fileTime / MS_PER_100NS) - EPOCH_MS;
}
