import type { AccessKind } from "./protection.ts";

/** An access by an API function to guest memory that is not there, or does not allow it. Addresses are guest addresses, sizes bytes. */
export class MemoryAccessError extends Error {
  readonly address: number;
  readonly size: number;
  readonly kind: AccessKind;

  constructor(address: number, size: number, kind: AccessKind) {
    super(`no ${kind} access to ${size} byte${size === 1 ? "" : "s"} of guest memory at 0x${address.toString(16)}`);
    this.name = "MemoryAccessError";
    this.address = address;
    this.size = size;
    this.kind = kind;
  }
}

/** A commit past the guest's memory limit (`--memory`). */
export class MemoryLimitError extends Error {
  constructor(limitBytes: number) {
    super(`the guest reached its memory limit of ${Math.round(limitBytes / 2 ** 20)} MiB`);
    this.name = "MemoryLimitError";
  }
}
