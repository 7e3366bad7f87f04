import type { AccessKind } from "./protection.ts";

/** An access to guest memory that the pages do not allow: what an access violation reports. */
export class MemoryAccessError extends Error {
  readonly address: number;
  readonly size: number;
  readonly kind: AccessKind;

  constructor(address: number, size: number, kind: AccessKind) {
    super(`cannot ${kind} ${size} bytes at 0x${address.toString(16)}: the pages do not allow it`);
    this.name = "MemoryAccessError";
    this.address = address;
    this.size = size;
    this.kind = kind;
  }
}

/** Why an operation on the address space was refused. */
export type AddressSpaceFault =
  /** The range is not inside one allocation. */
  | "not-reserved"
  /** A page of the range is not committed. */
  | "not-committed"
  /** Committing it would pass the limit. */
  | "limit"
  /** The address, size or protection makes no sense. */
  | "invalid";

/** An operation on the address space (commit, protect, release …) that was refused; nothing has changed. */
export class AddressSpaceError extends Error {
  readonly reason: AddressSpaceFault;

  constructor(reason: AddressSpaceFault, message: string) {
    super(message);
    this.name = "AddressSpaceError";
    this.reason = reason;
  }
}
