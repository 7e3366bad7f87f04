import type { GuestMemory } from "@decant/memory";
import { guestCallThis, type GuestGenerator, type Thread } from "@decant/process";
import { HANDLER, type CatchHandler } from "./function-info.ts";

/** An object that was thrown; or an exception that is not C++'s, which catch (...) may see. */
export interface Thrown {
  readonly object: number;
  /** Its ThrowInfo; 0 for an exception that is not C++'s. */
  readonly info: number;
  /** What the offsets of that are relative to. */
  readonly base: number;
  /** The EXCEPTION_RECORD and the CONTEXT of the exception, once a handler has it. */
  readonly record?: number;
  readonly context?: number;
}

/** A type as which an object can be caught (CatchableType). */
interface CatchableType {
  readonly properties: number;
  readonly type: number;
  readonly memberOffset: number;
  readonly vtableOffset: number;
  readonly vbaseOffset: number;
  readonly size: number;
  readonly copyFunction: number;
}

const CATCHABLE = { SIMPLE: 1, BY_REFERENCE_ONLY: 2, HAS_VIRTUAL_BASE: 4 } as const;
const THROW_ADJECTIVES = HANDLER.CONST | HANDLER.VOLATILE | HANDLER.UNALIGNED;
/** Where the name starts in a TypeDescriptor: behind two pointers. */
const nameOffset = ({ pointerSize }: GuestMemory): number => 2 * pointerSize;
const MAX_TYPES = 1000;

/** The mangled name of the type that was thrown. */
export function thrownTypeName(memory: GuestMemory, thrown: Thrown): string {
  const [first] = catchableTypes(memory, thrown);
  return first === undefined ? "unknown" : memory.cstring(first.type + nameOffset(memory), "latin1", 256);
}

/** Whether a clause catches an object: undefined when not, and how it sees the object when it does ("any" for catch (...)). */
export function matchClause(memory: GuestMemory, handler: CatchHandler, thrown: Thrown): CatchableType | "any" | undefined {
  const wanted = handler.type === 0 ? "" : memory.cstring(handler.type + nameOffset(memory), "latin1", 4096);
  if (wanted === "") return "any";
  if (thrown.info === 0) return undefined;
  const thrownAdjectives = memory.u32(thrown.info) & THROW_ADJECTIVES;
  for (const candidate of catchableTypes(memory, thrown)) {
    if (candidate.type !== handler.type && memory.cstring(candidate.type + nameOffset(memory), "latin1", 4096) !== wanted) continue;
    if ((candidate.properties & CATCHABLE.BY_REFERENCE_ONLY) !== 0 && (handler.adjectives & HANDLER.REFERENCE) === 0) continue;
    if ((thrownAdjectives & ~handler.adjectives) === 0) return candidate;
  }
  return undefined;
}

/** Puts the caught object, or a reference to it, where the clause expects it. */
export function* provideObject(
  thread: Thread,
  handler: CatchHandler,
  match: CatchableType | "any",
  thrown: Thrown,
  establisher: number,
): GuestGenerator<void> {
  if (match === "any" || handler.objectOffset === 0) return;
  const { memory } = thread;
  const target = (establisher + handler.objectOffset) >>> 0;
  if ((handler.adjectives & HANDLER.REFERENCE) !== 0) {
    memory.setPointer(target, adjust(memory, thrown.object, match));
  } else if ((match.properties & CATCHABLE.SIMPLE) !== 0) {
    memory.copy(target, thrown.object, match.size);
    // Of a pointer to a derived class, the base's part; other values have nothing to adjust.
    if (match.size === memory.pointerSize && isDisplaced(match) && memory.word(target) !== 0n)
      memory.setPointer(target, adjust(memory, memory.u32(target), match));
  } else if (match.copyFunction === 0) {
    memory.copy(target, adjust(memory, thrown.object, match), match.size);
  } else {
    // x86 constructors pop their arguments: they get as many as they have.
    const hasVirtualBase = (match.properties & CATCHABLE.HAS_VIRTUAL_BASE) !== 0;
    const last = hasVirtualBase ? [1] : [];
    yield* guestCallThis(thread, match.copyFunction, target, adjust(memory, thrown.object, match), ...last);
  }
}

/** Runs the destructor of a thrown object that nobody holds any more. */
export function* destroyObject(thread: Thread, { object, info, base }: Thrown): GuestGenerator<void> {
  const destructor = info === 0 ? 0 : thread.memory.u32(info + 4);
  if (destructor !== 0) yield* guestCallThis(thread, base + destructor, object);
}

function catchableTypes(memory: GuestMemory, { info, base }: Thrown): CatchableType[] {
  const array = base + memory.u32(info + 12);
  return Array.from({ length: Math.min(memory.u32(array), MAX_TYPES) }, (_, index) => {
    const at = base + memory.u32(array + 4 + 4 * index);
    const copy = memory.u32(at + 24);
    return {
      properties: memory.u32(at),
      type: base + memory.u32(at + 4),
      memberOffset: memory.i32(at + 8),
      vtableOffset: memory.i32(at + 12),
      vbaseOffset: memory.i32(at + 16),
      size: memory.u32(at + 20),
      copyFunction: copy === 0 ? 0 : base + copy,
    };
  });
}

function isDisplaced({ memberOffset, vtableOffset }: CatchableType): boolean {
  return memberOffset !== 0 || vtableOffset >= 0;
}

/** The address of a base class's part of an object. */
function adjust(memory: GuestMemory, object: number, { memberOffset, vtableOffset, vbaseOffset }: CatchableType): number {
  let address = object + memberOffset;
  if (vtableOffset >= 0) {
    const table = memory.u32(object + vtableOffset);
    address += vtableOffset + memory.i32(table + vbaseOffset);
  }
  return address >>> 0;
}
