import type { GuestMemory } from "@decant/memory";
import { F64, I32, I64, type ValueType } from "@decant/wasm";
import { loadModule } from "../load-module.ts";
import { cpuid } from "./cpuid.ts";
import { VECTOR_HELPERS } from "./vector-functions.ts";
import { FAST_X87, type FastX87 } from "./x87-functions.ts";
import { sseUnit } from "./sse-unit.ts";
import { x87Unit, type X87Unit } from "./x87-unit.ts";

/** The functions that generated code imports for what is too slow or too rare to emit: name, parameters, results. */
export const HELPERS = {
  /** Ends the instruction at `rip` with a processor exception (TRAP); never returns. */
  trap: { parameters: [I32, I32], results: [] },
  /** (rip, wasm address, upper half of the guest address, bytes + WRITES): ends the instruction with an access violation; never returns. */
  accessFault: { parameters: [I32, I32, I32, I32], results: [] },
  /** (high, low, divisor, isSigned, rip): the 64-bit quotient, or #DE where it does not fit. */
  divide128: { parameters: [I64, I64, I64, I32, I32], results: [I64] },
  /** (leaf, subleaf, register): one register of the leaf. */
  cpuid: { parameters: [I32, I32, I32], results: [I32] },
  timestamp: { parameters: [], results: [I64] },
  /** The x87 (x87-unit.ts). A slot is given by its wasm address. (operation, destination, source) */
  x87Arithmetic: { parameters: [I32, I32, I32], results: [] },
  x87Operation: { parameters: [I32], results: [] },
  /** (slot, is quiet) */
  x87Compare: { parameters: [I32, I32], results: [] },
  x87Order: { parameters: [I32, I32], results: [F64] },
  /** (slot, bits) */
  x87ToFloat: { parameters: [I32, I32], results: [] },
  x87Image: { parameters: [I32], results: [] },
  x87ToInteger: { parameters: [I32, I32, I32], results: [] },
  x87ToDecimal: { parameters: [I32], results: [] },
  x87FromMemory: { parameters: [I32, I32], results: [] },
  /** (slot, is overflow) */
  x87StackFault: { parameters: [I32, I32], results: [] },
  /** (operation, bits, lanes and immediate, rip): sse-unit.ts. */
  sseUnit: { parameters: [I32, I32, I32, I32], results: [] },
  x87Tags: { parameters: [], results: [I32] },
  x87SetTags: { parameters: [I32], results: [] },
  ...VECTOR_HELPERS,
} as const satisfies Record<string, { parameters: readonly ValueType[]; results: readonly ValueType[] }>;

export type HelperName = keyof typeof HELPERS;

/** Exceptions that generated code raises through the helper `trap`; those of floating point are `UNMASKED` and more. */
export const TRAP = { divide: 0, overflow: 1, bounds: 2, into: 3, protection: 4 } as const;
/** Added to the bytes of an access that writes. */
export const WRITES = 0x400;
/** The bits of an access: how many bytes, and whether it writes. */
export const ACCESS_BITS = 11;

/** What the helpers need of the machine. */
export interface HelperHost {
  readonly memory: Pick<GuestMemory, "wasm">;
  /** Ends the instruction at guest address `rip` with a processor exception. Must throw. */
  trap(kind: number, rip: number): never;
  /** Ends it because it may not access `bytes` at a wasm address; `high` is the upper half of the guest address. Must throw. */
  accessFault?(rip: number, address: number, high: number, access: { bytes: number; writes: boolean }): never;
  /** The time stamp counter; by default the host's clock in nanoseconds. */
  timestamp?(): bigint;
}

/** What the low ACCESS_BITS say. */
export function unpackAccess(access: number): { bytes: number; writes: boolean } {
  return { bytes: access & (WRITES - 1), writes: (access & WRITES) !== 0 };
}

/** The implementations of HELPERS, to be imported by generated modules. */
export function createHelpers(host: HelperHost): Record<HelperName, (...values: never[]) => unknown> {
  const slowX87 = x87Unit(host.memory);
  const helpers = {
    trap: (kind: number, rip: number) => host.trap(kind, rip >>> 0),
    accessFault: (rip: number, address: number, high: number, access: number) =>
      host.accessFault?.(rip >>> 0, address >>> 0, high >>> 0, unpackAccess(access)),
    divide128(high: bigint, low: bigint, divisor: bigint, isSigned: number, rip: number): bigint {
      const unsigned = isSigned === 0;
      const dividend = ((unsigned ? BigInt.asUintN(64, high) : high) << 64n) | BigInt.asUintN(64, low);
      const quotient = dividend / (unsigned ? BigInt.asUintN(64, divisor) : divisor);
      const fits = unsigned ? BigInt.asUintN(64, quotient) === quotient : BigInt.asIntN(64, quotient) === quotient;
      if (!fits) host.trap(TRAP.overflow, rip >>> 0);
      return BigInt.asIntN(64, quotient);
    },
    cpuid,
    timestamp: () => host.timestamp?.() ?? BigInt(Math.round(performance.now() * 1e6)),
    ...slowX87,
    sseUnit: sseUnit(host.memory, (unmasked, rip) => host.trap(unmasked, rip >>> 0)),
  };
  let fast: FastX87 | undefined;
  for (const name of FAST_X87)
    Object.defineProperty(helpers, name, { get: () => (fast ??= fastX87(host.memory, slowX87))[name], enumerable: true });
  // Their module takes milliseconds to make: it is there when a module first imports one of them.
  for (const name in VECTOR_HELPERS) Object.defineProperty(helpers, name, { get: () => vectorHelpers()[name], enumerable: true });
  return helpers as typeof helpers & Record<keyof typeof VECTOR_HELPERS, (...values: never[]) => unknown>;
}

/** The module over a guest's memory; half a millisecond. `slow` has the same functions for all that this one leaves. */
function fastX87(memory: Pick<GuestMemory, "wasm">, slow: X87Unit): FastX87 {
  const module = new WebAssembly.Module(loadModule("x87") as Uint8Array<ArrayBuffer>);
  const imports = { env: { memory: memory.wasm }, slow: slow as unknown as WebAssembly.ModuleImports };
  return new WebAssembly.Instance(module, imports).exports as unknown as FastX87;
}

let made: WebAssembly.Exports | undefined;

/** The module of vector-module.ts, made when it is first asked for: what WebAssembly has no instruction for, with tables. */
function vectorHelpers(): WebAssembly.Exports {
  made ??= new WebAssembly.Instance(new WebAssembly.Module(loadModule("vector") as Uint8Array<ArrayBuffer>)).exports;
  return made;
}
