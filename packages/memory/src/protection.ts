/** Page protections, with Windows' values ("Memory Protection Constants"). */
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
} as const;

/** What an access wants of a page. */
export type AccessKind = "read" | "write" | "execute";

/** Bits of a page's state byte. The low three are what an access needs; guard pages have them off. Zero is a page that is not committed. */
export const PAGE_STATE_BIT = { read: 1, write: 2, execute: 4, guard: 8 } as const;

const PROTECTION_SHIFT = 4;
const PROTECTIONS = [
  0,
  PAGE.NOACCESS,
  PAGE.READONLY,
  PAGE.READWRITE,
  PAGE.WRITECOPY,
  PAGE.EXECUTE,
  PAGE.EXECUTE_READ,
  PAGE.EXECUTE_READWRITE,
  PAGE.EXECUTE_WRITECOPY,
];
const ACCESS = [0, 0, 1, 3, 3, 4, 5, 7, 7];

/** The state byte of a committed page with this protection; undefined when the protection is none that Windows has. */
export function pageState(protection: number): number | undefined {
  const index = PROTECTIONS.indexOf(protection & 0xff, 1);
  if (index < 0 || protection > 0x7ff) return undefined;
  const guard = (protection & PAGE.GUARD) !== 0;
  return (index << PROTECTION_SHIFT) | (guard ? PAGE_STATE_BIT.guard : (ACCESS[index] ?? 0));
}

/** The Windows protection that a state byte stands for; 0 when the page is not committed. */
export function pageProtection(state: number): number {
  const protection = PROTECTIONS[state >> PROTECTION_SHIFT] ?? 0;
  return protection | ((state & PAGE_STATE_BIT.guard) !== 0 ? PAGE.GUARD : 0);
}
