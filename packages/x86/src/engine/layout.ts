import { CODE_MAP, CPU_BLOCK, GUEST_BASE, SYSTEM_END } from "@decant/memory";
import { CPU } from "../cpu-block.ts";

/** The CPU block's wasm address, as the signed number that i32.const takes. Fields are reached by a load's or store's offset: one constant for all. */
export const CPU_ADDRESS = (CPU_BLOCK - GUEST_BASE) | 0;

/** The wasm address of a field of the CPU block, as the signed number that i32.const takes. */
export const cpuField = (offset: number): number => (CPU_ADDRESS + offset) | 0;

/** Machine fields of the CPU block, above what belongs to a thread. */
export const MACHINE = {
  budget: CPU.budget,
  exitReason: CPU.exitReason,
  /** Guest stack bytes that may be used between two visits of the dispatcher. */
  stackWindow: 0x408,
  /** Counts indirect calls that the jump cache did not know. */
  jumpMisses: 0x40c,
  /** rsp at the last visit of the dispatcher with no frame on the host's stack. */
  stackBase: 0x410,
  /** Of a unit that says that it may have changed: its entry. */
  staleEntry: 0x414,
  /** Not 0 when code is about to run that looks at what floating point has raised. */
  wantsExactFloats: 0x418,
  /** As CPU.stackLimit, for code that calls helpers. */
  helperLimit: 0x41c,
} as const;

/**
 * The jump cache, read by translated code itself: words of guest address * 2^32 + slot * 2^16 + index, where the module at `slot` has the function at
 * that guest address, its own or another's, at `index` of its table. The place of an entry depends on address and slot.
 * What a guest could write there is only ever an index into tables whose bounds and types are checked.
 */
export const JUMP_CACHE = CPU_BLOCK - GUEST_BASE + 0x4000;
export const JUMP_CACHE_ENTRIES = 2048;
/** Spreads the modules over the cache. */
export const jumpCacheSalt = (slot: number): number => (slot * 0x9e5) & (JUMP_CACHE_ENTRIES - 1);
/** Functions of others that a module's table has room for. */
export const MAX_BOUND = 1024;

/** The code map's directory: a word for each 4 KiB page of the guest, the wasm address of the page's leaf or 0. */
export const DIRECTORY = CODE_MAP - GUEST_BASE;
/** Leaves: a word for each byte of a page, an entry or 0. */
export const FIRST_LEAF = DIRECTORY + 4 * 2 ** 20;
export const LEAF_BYTES = 4 * 4096;
export const LAST_LEAF = SYSTEM_END - GUEST_BASE - 65_536 - LEAF_BYTES;

/** Room at the memory's end where bytes are put to be hashed. */
export const SCRATCH = SYSTEM_END - GUEST_BASE - 65_536;
export const SCRATCH_BYTES = 65_536;

/** A code map entry of a translated function: the module's slot, and the function's index in the module's table. Slots start at 1. */
export const codeEntry = (slot: number, index: number): number => (slot << 16) | index;
export const MAX_SLOT = 0x7fff;
/** Slots below are those of kept modules, which have their place in their code. */
export const FIRST_FREE_SLOT = 64;
/** Added to the slot for `stale`: the unit has just written to its own bytes. */
export const STALE_ITSELF = 0x10000;
/** A code map entry of a stub: the top bit, and the API index. */
export const stubEntry = (index: number): number => (0x8000_0000 | index) >>> 0;

/** Addresses that no guest has memory at: stubs by index, for calls of those that the guest has patched. */
export const GATES = 0xfffe_0000;

/** What generated code stores in exitReason when it unwinds. `none` goes on at cpu.rip. */
export const EXIT = { none: 0, suspend: 1, budget: 2, fault: 4 } as const;

/**
 * Guest stack bytes that may be used between two visits of the dispatcher: bounds the host's stack, of which V8 gives 984 KiB.
 * Where frames of the guest are small and the host's large it is not enough, and what happens then halves it.
 */
export const STACK_WINDOW = 64 * 1024;
/** Further below the thread's stack than this, rsp is in another one. */
export const FOREIGN_STACK = 64 * 1024;
export const LEAST_STACK_WINDOW = 8 * 1024;
/**
 * The same for units that call helpers, which work while registers are in locals: where the host's stack ended in one, what it was called for would be lost.
 */
export const HELPER_WINDOW = 8 * 1024;
