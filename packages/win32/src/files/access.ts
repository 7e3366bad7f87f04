/** Rights to a file ("File Access Rights Constants"), and the standard ones. */
export const RIGHT = {
  READ_DATA: 1,
  WRITE_DATA: 2,
  APPEND_DATA: 4,
  EXECUTE: 0x20,
  READ_ATTRIBUTES: 0x80,
  WRITE_ATTRIBUTES: 0x100,
  DELETE: 0x1_0000,
  SYNCHRONIZE: 0x10_0000,
  MAXIMUM_ALLOWED: 0x200_0000,
} as const;

const GENERIC = { READ: 0x8000_0000, WRITE: 0x4000_0000, EXECUTE: 0x2000_0000, ALL: 0x1000_0000 } as const;
const FILE_GENERIC_READ = 0x12_0089;
const FILE_GENERIC_WRITE = 0x12_0116;
const FILE_GENERIC_EXECUTE = 0x12_00a0;
const FILE_ALL_ACCESS = 0x1f_01ff;

/** FILE_SHARE_*. */
export const SHARE = { READ: 1, WRITE: 2, DELETE: 4 } as const;

/** The rights that an access mask asks for: generic ones as what they stand for, MAXIMUM_ALLOWED as all. */
export function mappedRights(access: number): number {
  let rights = access & 0x1ff_ffff;
  if ((access & GENERIC.READ) !== 0) rights |= FILE_GENERIC_READ;
  if ((access & GENERIC.WRITE) !== 0) rights |= FILE_GENERIC_WRITE;
  if ((access & GENERIC.EXECUTE) !== 0) rights |= FILE_GENERIC_EXECUTE;
  if ((access & (GENERIC.ALL | RIGHT.MAXIMUM_ALLOWED)) !== 0) rights |= FILE_ALL_ACCESS;
  return rights;
}

/** Which kinds of sharing, as FILE_SHARE_* bits, rights need from others. */
export function sharedAccess(rights: number): number {
  const has = (bits: number): boolean => (rights & bits) !== 0;
  return (
    (has(RIGHT.READ_DATA | RIGHT.EXECUTE) ? SHARE.READ : 0) |
    (has(RIGHT.WRITE_DATA | RIGHT.APPEND_DATA) ? SHARE.WRITE : 0) |
    (has(RIGHT.DELETE) ? SHARE.DELETE : 0)
  );
}
