import type { GuestMemory } from "@decant/memory";
import { MAX_ENTRIES, type CatchHandler, type FunctionInfo, type TryBlock, type UnwindEntry } from "./function-info.ts";

/** Bits of a function's first byte (FuncInfoHeader, ehdata4.h). */
const HEADER = { IS_CATCH: 1, IS_SEPARATED: 2, BBT: 4, UNWIND_MAP: 8, TRY_BLOCKS: 16, SYNCHRONOUS: 32, NOEXCEPT: 64 } as const;
/** Bits of a clause's first byte (HandlerTypeHeader); above them the number of continuation addresses. */
const CLAUSE = { ADJECTIVES: 1, TYPE: 2, OBJECT: 4, CONTINUATIONS_ARE_RVAS: 8 } as const;
/** What leaving a state runs (UnwindMapEntry4::Type). */
const UNWIND = { NOTHING: 0, OBJECT: 1, POINTER_TO_OBJECT: 2, FUNCLET: 3 } as const;

/**
 * Reads the tables behind __CxxFrameHandler4: those of version 3 in as few bytes as they can be (FuncInfo4 in Microsoft's ehdata4.h). Offsets are
 * relative to the image, places in the code to where the function begins, or the part of it. Catch funclets have tables of their own.
 */
export function readFunctionInfo4(memory: GuestMemory, base: number, address: number, begin: number): FunctionInfo {
  const bytes = new Cursor(memory, address);
  const header = bytes.u8();
  if ((header & HEADER.BBT) !== 0) bytes.unsigned();
  const unwindMap = (header & HEADER.UNWIND_MAP) === 0 ? [] : readUnwindMap(new Cursor(memory, base + bytes.u32()), base);
  const tryBlocks = (header & HEADER.TRY_BLOCKS) === 0 ? [] : readTryBlocks(new Cursor(memory, base + bytes.u32()), base, begin);
  const states =
    (header & HEADER.IS_SEPARATED) === 0 ? base + bytes.u32() : statesOfPart(new Cursor(memory, base + bytes.u32()), base, begin);
  return {
    unwindMap,
    tryBlocks,
    states: states === undefined ? [] : readStates(new Cursor(memory, states), begin),
    isNoexcept: (header & HEADER.NOEXCEPT) !== 0,
    isSynchronous: (header & HEADER.SYNCHRONOUS) !== 0,
    ...((header & HEADER.IS_CATCH) !== 0 && { functionFrameOffset: bytes.unsigned() }),
  };
}

/** Entries say how many bytes before them the state that they lead to is described; before the first there is none. */
function readUnwindMap(bytes: Cursor, base: number): UnwindEntry[] {
  const starts = new Map<number, number>();
  return bytes.list((index) => {
    const start = bytes.at;
    const first = bytes.unsigned();
    const toState = starts.get(start - (first >>> 2)) ?? -1;
    starts.set(start, index);
    const kind = first & 3;
    if (kind === UNWIND.NOTHING) return { toState, action: 0 };
    const action = base + bytes.u32();
    if (kind === UNWIND.FUNCLET) return { toState, action };
    return { toState, action, object: { offset: bytes.unsigned(), isPointer: kind === UNWIND.POINTER_TO_OBJECT } };
  });
}

function readTryBlocks(bytes: Cursor, base: number, begin: number): TryBlock[] {
  return bytes.list(() => ({
    low: bytes.unsigned(),
    high: bytes.unsigned(),
    catchHigh: bytes.unsigned(),
    handlers: readClauses(new Cursor(bytes.memory, base + bytes.u32()), base, begin),
  }));
}

function readClauses(bytes: Cursor, base: number, begin: number): CatchHandler[] {
  return bytes.list(() => {
    const header = bytes.u8();
    const adjectives = (header & CLAUSE.ADJECTIVES) === 0 ? 0 : bytes.unsigned();
    const type = (header & CLAUSE.TYPE) === 0 ? 0 : bytes.u32();
    const objectOffset = (header & CLAUSE.OBJECT) === 0 ? 0 : bytes.unsigned();
    const funclet = base + bytes.u32();
    const continuations = Array.from({ length: (header >>> 4) & 3 }, () =>
      (header & CLAUSE.CONTINUATIONS_ARE_RVAS) === 0 ? begin + bytes.unsigned() : base + bytes.u32(),
    );
    return { adjectives, type: type === 0 ? 0 : base + type, objectOffset, funclet, frameOffset: 0, continuations };
  });
}

/** Where the states of the part of a function lie that begins at an address. */
function statesOfPart(bytes: Cursor, base: number, begin: number): number | undefined {
  return bytes.list(() => ({ begin: base + bytes.u32(), states: base + bytes.u32() })).find((part) => part.begin === begin)?.states;
}

function readStates(bytes: Cursor, begin: number): FunctionInfo["states"] {
  let address = begin;
  return bytes.list(() => {
    address += bytes.unsigned();
    return { address, state: bytes.unsigned() - 1 };
  });
}

class Cursor {
  readonly memory: GuestMemory;
  at: number;

  constructor(memory: GuestMemory, at: number) {
    this.memory = memory;
    this.at = at;
  }

  u8(): number {
    return this.memory.u8(this.at++);
  }

  u32(): number {
    this.at += 4;
    return this.memory.u32(this.at - 4);
  }

  /** A number of 7, 14, 21, 28 or 32 bits: the lowest bits of the first byte, 0, 01, 011, 0111 or 1111, say how many bytes it takes. */
  unsigned(): number {
    const first = this.memory.u8(this.at);
    const length = Math.min(trailingOnes(first), 4) + 1;
    if (length === 5) {
      this.at++;
      return this.u32();
    }
    let value = 0;
    for (let index = 0; index < length; index++) value += this.u8() * 2 ** (8 * index);
    return Math.floor(value / 2 ** length);
  }

  /** A number of entries, and the entries. */
  list<T>(read: (index: number) => T): T[] {
    return Array.from({ length: Math.min(this.unsigned(), MAX_ENTRIES) }, (_, index) => read(index));
  }
}

function trailingOnes(byte: number): number {
  return 31 - Math.clz32(~byte & (byte + 1));
}
