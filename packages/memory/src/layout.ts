/** Guest address G is wasm address G - GUEST_BASE, so that the null page (guest 0 to 0xFFFF) lies past the memory's end and traps. */
export const GUEST_BASE = 0x10000;

/** Pages of a guest's WebAssembly memory: 4 GiB less the null page, made whole at the start and never grown. */
export const WASM_PAGES = 65_535;

/** User space ends here at the latest: what programs are told, and all they are given. */
export const USER_END = 0xefff_0000;

/** Where the user space of programs ends whose images are not marked as aware of large addresses: 64 KiB below 2 GiB, as on Windows. */
export const SMALL_USER_END = 0x7fff_0000;

/**
 * The live thread's CPU block and what else translated code looks at all the time (64 KiB), next to KUSER_SHARED_DATA: below 2 GiB, where the host's
 * instructions reach it by a constant. Programs see a reservation. A guest can reach it: read it as hostile input.
 */
export const CPU_BLOCK = 0x7fff_0000;

/** The page-state table: one byte for each 4 KiB page of the 4 GiB, 1 MiB in all. */
export const PAGE_STATE = 0xf000_0000;

/** The translator's code map and batch tables, up to SYSTEM_END. */
export const CODE_MAP = 0xf010_0000;

/** The end of the system area and of the memory, as a guest address. */
export const SYSTEM_END = 0x1_0000_0000;

/** Size of a page in bytes. */
export const PAGE_SIZE = 0x1000;

/** VirtualAlloc's allocation granularity in bytes. */
export const ALLOCATION_GRANULARITY = 0x10000;
