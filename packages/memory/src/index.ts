export * from "./layout.ts";
export { isProtection, PAGE, PAGE_STATE_BIT, STATE_FREE, STATE_RESERVED } from "./protection.ts";
export type { AccessKind } from "./protection.ts";
export { AddressSpaceError, MemoryAccessError } from "./errors.ts";
export type { AddressSpaceFault } from "./errors.ts";
export type { AllocationKind, MemoryRegion, ReserveOptions } from "./address-space.ts";
export type { ByteEncoding } from "./text.ts";
export { GuestMemory } from "./guest-memory.ts";
