export { Cpu } from "./cpu.ts";
export { holdModules } from "./compile.ts";
export type { Guarding } from "./access-checks.ts";
export type { Exit, Fault, FaultCode } from "./fault.ts";
export { Machine, UNWIND, type MachineOptions, type Statistics } from "./machine.ts";
export type { Intrinsic, StubDetails } from "./stub.ts";
export type { TranslationStorage } from "./storage.ts";
