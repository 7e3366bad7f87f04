import { CODE_MAP, CPU_BLOCK, GUEST_BASE, SYSTEM_END } from "@decant/memory";
import { CPU } from "../cpu-block.ts";

/** The wasm address of a field of the CPU block, as the signed number that i32.const takes. */
export const cpuField = (offset: number): number => (CPU_BLOCK - GUEST_BASE + offset) | 0;

/** The code map's directory: a word for each 4 KiB page of the guest, the wasm address of the page's leaf or 0. */
export const DIRECTORY = CODE_MAP - GUEST_BASE;
/** Leaves: a word for each byte of a page, an entry or 0. */
export const FIRST_LEAF = DIRECTORY + 4 * 2 ** 20;
export const LEAF_BYTES = 4 * 4096;
export const LAST_LEAF = SYSTEM_END - GUEST_BASE - LEAF_BYTES;

/** A code map entry of a translated function: the module's slot, and the function's index in the module's table. Slots start at 1. */
export const codeEntry = (slot: number, index: number): number => (slot << 16) | index;
export const MAX_SLOT = 0x7fff;
/** A code map entry of a stub: the top bit, and the API index. */
export const stubEntry = (index: number): number => (0x8000_0000 | index) >>> 0;

/** What generated code stores in CPU.exitReason when it unwinds. */
export const EXIT = { none: 0, suspend: 1, budget: 2, depth: 3, fault: 4 } as const;

/** Guest stack bytes that may be used between two visits of the dispatcher: bounds the host's stack, of which V8 gives 984 KiB. */
export const STACK_WINDOW = 64 * 1024;

/** Machine fields in the CPU block above the thread's own context. */
export const MACHINE = { budget: CPU.budget, exitReason: CPU.exitReason } as const;
