export type { AllocationKind, CommitBound, MemoryInformation, ReserveOptions } from "./address-space.ts";
export * from "./errors.ts";
export * from "./guest-memory.ts";
export * from "./layout.ts";
export * from "./protection.ts";
export * from "./memory-budget.ts";
