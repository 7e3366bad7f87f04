import type { GuestMemory } from "@decant/memory";

/** A state of a function, and what leaving it runs. */
export interface UnwindEntry {
  readonly toState: number;
  /** The address of a clean-up funclet, or of a destructor where there is an object; 0 for none. */
  readonly action: number;
  /** What a destructor is called for: where it lies in the frame, or where a pointer to it lies. */
  readonly object?: { readonly offset: number; readonly isPointer: boolean };
}

/** A catch clause. */
export interface CatchHandler {
  /** Bits of HANDLER. */
  readonly adjectives: number;
  /** The address of the type's descriptor; 0 for catch (...). */
  readonly type: number;
  /** Where in the frame the caught object lies; 0 when the clause does not name one. */
  readonly objectOffset: number;
  /** The address of the clause's funclet. */
  readonly funclet: number;
  /** Where in the funclet's frame the address of the function's own frame lies. */
  readonly frameOffset: number;
  /** Where the function goes on after the clause, by what the funclet returns; without any, that is the address. */
  readonly continuations?: readonly number[];
}

/** A try block: its states, and those of its catch clauses above them. */
export interface TryBlock {
  readonly low: number;
  readonly high: number;
  readonly catchHigh: number;
  readonly handlers: readonly CatchHandler[];
}

/** What the compiler says about a function with C++ exception handling. */
export interface FunctionInfo {
  readonly unwindMap: readonly UnwindEntry[];
  /** Inner blocks first. */
  readonly tryBlocks: readonly TryBlock[];
  /** The state that holds from each address on, ascending. */
  readonly states: readonly { readonly address: number; readonly state: number }[];
  /** An exception that leaves the function ends the program. */
  readonly isNoexcept: boolean;
  /** Compiled for C++ exceptions only (/EHs): faults pass it by, and catch (...) does not see them. */
  readonly isSynchronous: boolean;
  /** For a catch funclet with tables of its own: where in its frame the address of its function's frame lies. */
  readonly functionFrameOffset?: number;
}

/** Bits of a catch clause's adjectives. */
export const HANDLER = { CONST: 1, VOLATILE: 2, UNALIGNED: 4, REFERENCE: 8 } as const;
/** The versions of the tables that are understood: 0x19930520 to 0x19930522. */
const MAGIC = 0x1993_0520;
const MAGIC_LAST = 0x1993_0522;
const MAGIC_MASK = 0x1fff_ffff;
/** Functions have some dozens; what bounds damaged tables. */
export const MAX_ENTRIES = 100_000;
/** Bits of EHFlags, which the latest version of the tables ends with. */
const EH_FLAG = { SYNCHRONOUS: 1, NOEXCEPT: 4 } as const;

/** Reads the tables behind __CxxFrameHandler (FuncInfo, version 3, x64: offsets are relative to the image). Undefined for another version. */
export function readFunctionInfo(memory: GuestMemory, base: number, address: number): FunctionInfo | undefined {
  return readTables(memory, base, address, 20);
}

function readTables(memory: GuestMemory, base: number, address: number, handlerSize: 16 | 20): FunctionInfo | undefined {
  const magic = memory.u32(address) & MAGIC_MASK;
  if (magic < MAGIC || magic > MAGIC_LAST) return undefined;
  const table = <T>(countOffset: number, offset: number, size: number, read: (at: number) => T): T[] => {
    const first = base + memory.u32(address + offset);
    return Array.from({ length: Math.min(memory.u32(address + countOffset), MAX_ENTRIES) }, (_, index) => read(first + index * size));
  };
  const pointer = (at: number): number => (memory.u32(at) === 0 ? 0 : base + memory.u32(at));
  const flags = magic < MAGIC_LAST ? 0 : memory.u32(address + (handlerSize === 20 ? 36 : 32));
  return {
    isNoexcept: (flags & EH_FLAG.NOEXCEPT) !== 0,
    isSynchronous: (flags & EH_FLAG.SYNCHRONOUS) !== 0,
    unwindMap: table(4, 8, 8, (at) => ({ toState: memory.i32(at), action: pointer(at + 4) })),
    tryBlocks: table(12, 16, 20, (at) => ({
      low: memory.i32(at),
      high: memory.i32(at + 4),
      catchHigh: memory.i32(at + 8),
      handlers: Array.from({ length: Math.min(memory.u32(at + 12), MAX_ENTRIES) }, (_, index) =>
        readHandler(base + memory.u32(at + 16) + index * handlerSize),
      ),
    })),
    states: table(20, 24, 8, (at) => ({ address: base + memory.u32(at), state: memory.i32(at + 4) })),
  };

  function readHandler(at: number): CatchHandler {
    return {
      adjectives: memory.u32(at),
      type: pointer(at + 4),
      objectOffset: memory.i32(at + 8),
      funclet: pointer(at + 12),
      frameOffset: handlerSize === 20 ? memory.u32(at + 16) : 0,
    };
  }
}

/** The same for x86, where tables hold addresses, clauses are shorter, and functions keep their state themselves. */
export function readFunctionInfo32(memory: GuestMemory, address: number): FunctionInfo | undefined {
  return readTables(memory, 0, address, 16);
}

/** The state at an address; -1 outside of all. */
export function stateAt({ states }: FunctionInfo, address: number): number {
  let state = -1;
  for (const entry of states) {
    if (entry.address > address) break;
    state = entry.state;
  }
  return state;
}

/** The try block whose catch clause is the funclet at an address, and the clause. */
export function clauseOfFunclet({ tryBlocks }: FunctionInfo, funclet: number): { block: TryBlock; handler: CatchHandler } | undefined {
  for (const block of tryBlocks) {
    const handler = block.handlers.find((each) => each.funclet === funclet);
    if (handler !== undefined) return { block, handler };
  }
  return undefined;
}
