import { PAGE_SIZE } from "./layout.ts";

/** Windows' memory protection constants (Memory Protection Constants, winnt.h). */
export const PAGE = {
  NOACCESS: 0x01,
  READONLY: 0x02,
  READWRITE: 0x04,
  WRITECOPY: 0x08,
  EXECUTE: 0x10,
  EXECUTE_READ: 0x20,
  EXECUTE_READWRITE: 0x40,
  EXECUTE_WRITECOPY: 0x80,
  GUARD: 0x100,
  NOCACHE: 0x200,
  WRITECOMBINE: 0x400,
} as const;

/** How memory is touched. */
export type AccessKind = "read" | "write" | "execute";

/**
 * The byte that the page-state table holds for each page. Bits 0 to 2 say what an access may do now (none on a guard page), bit 3 marks a
 * guard page, bits 4 to 7 hold 0 for a free page, 15 for a reserved one, else 1 + the bit number of the PAGE_* protection.
 */
export const PAGE_STATE_BIT = { READ: 1, WRITE: 2, EXECUTE: 4, GUARD: 8 } as const;

/** The state byte of a page that nobody holds. */
export const STATE_FREE = 0;

/** The state byte of a page that is reserved and not committed. */
export const STATE_RESERVED = 0xf0;

/** The access bit that each kind needs. */
export const ACCESS_BIT: Record<AccessKind, number> = {
  read: PAGE_STATE_BIT.READ,
  write: PAGE_STATE_BIT.WRITE,
  execute: PAGE_STATE_BIT.EXECUTE,
};

const { READ, WRITE, EXECUTE, GUARD } = PAGE_STATE_BIT;

/** Access bits by the bit number of the protection: NOACCESS, READONLY, READWRITE, WRITECOPY and the four EXECUTE forms. */
const ACCESS_BY_PROTECTION = [
  0,
  READ,
  READ | WRITE,
  READ | WRITE,
  // An x86-64 processor cannot make a page that executes and does not read.
  READ | EXECUTE,
  READ | EXECUTE,
  READ | WRITE | EXECUTE,
  READ | WRITE | EXECUTE,
];

/** Whether a number is one PAGE_* protection, with or without the GUARD, NOCACHE and WRITECOMBINE modifiers. */
export function isProtection(protection: number): boolean {
  const base = protection & 0xff;
  if ((protection & ~0x7ff) !== 0 || base === 0 || (base & (base - 1)) !== 0) return false;
  return base !== PAGE.NOACCESS || protection === base;
}

/** The state byte of a committed page with a protection that isProtection accepts. */
export function stateOf(protection: number): number {
  const bit = 31 - Math.clz32(protection & 0xff);
  const access = ACCESS_BY_PROTECTION[bit]!;
  const high = (bit + 1) << 4;
  return (protection & PAGE.GUARD) !== 0 ? high | GUARD : high | access;
}

/** The PAGE_* protection of a committed page's state byte; 0 for a page that is not committed. */
export function protectionOf(state: number): number {
  if (!isCommitted(state)) return 0;
  const base = 1 << ((state >>> 4) - 1);
  return (state & GUARD) !== 0 ? base | PAGE.GUARD : base;
}

/** Whether a state byte is that of a committed page. */
export function isCommitted(state: number): boolean {
  return state !== STATE_FREE && state !== STATE_RESERVED;
}

/** The number of the page that holds an address. */
export function pageOf(address: number): number {
  return address >>> 12;
}

/** An address rounded up to a multiple of `unit`, a power of two; exact above 2^32. */
export function roundUp(value: number, unit: number = PAGE_SIZE): number {
  return Math.ceil(value / unit) * unit;
}
