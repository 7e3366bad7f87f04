import type { Range } from "./changing-code.ts";
import type { Stub } from "./stub.ts";

/** A module of translated functions, by what is known of it. */
export interface Batch {
  /** Its place among the modules: stack traces name it `guest<slot>`. */
  readonly slot: number;
  /** Entry addresses, by index in the module's table. */
  readonly entries: ArrayLike<number>;
  /** By unit: where its code begins in the module. */
  readonly offsets: ArrayLike<number>;
  /** Guest addresses outside that it calls, by link. */
  readonly links: ArrayLike<number>;
  /** The return addresses of its calls. */
  readonly returnSites: ArrayLike<number>;
  /** All bytes that its units were made from, joined, and all stubs that they call in place of going there. */
  readonly spans: readonly Range[];
  readonly stubs: readonly Stub[];
  /** By unit: the hash of the bytes that it was made from. */
  readonly sources: ArrayLike<bigint>;
  /** The unit that begins at a guest address; -1 if none does. */
  unitAt(entry: number): number;
  /** The bytes that a unit was made from, and the stubs that it calls. */
  rangesOf(unit: number): readonly Range[];
  stubsOf(unit: number): readonly Stub[];
  /** Whether a unit compares its bytes itself. */
  isChanging(unit: number): boolean;
  /** Where a unit's code may trap (site-table.ts). */
  sitesOf(unit: number): Uint8Array;
}

/** Hashes the guest's bytes in ranges, one after another: 64 bits, not negative. */
export type HashRanges = (ranges: readonly Range[]) => bigint;
