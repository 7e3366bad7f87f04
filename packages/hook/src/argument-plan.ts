import type { Parameters } from "./api.ts";
import { homeRegister, type CallLayout, type Place, type WordPlace } from "./convention.ts";
import { REGISTER, type CallingThread, type PointerSize } from "./thread.ts";
import { GuestOut, type PointerType } from "./types/pointers.ts";
import { KIND, type AnyType, type Kind } from "./types/type.ts";
import { VarArgs, VarArgsType } from "./types/varargs.ts";

/** How one argument is read. */
export interface ArgumentPlan {
  /** U32 and I32 are plain words; OUT and BOOL are made from a word, SIZE from two; OTHER asks `read`. */
  readonly kind: Kind;
  readonly low: WordPlace;
  readonly high: WordPlace;
  readonly type: AnyType;
  readonly read: (thread: CallingThread) => unknown;
}

/** The plans of a signature's arguments. */
export function planArguments(parameters: Parameters, layout: CallLayout, pointerSize: PointerSize): ArgumentPlan[] {
  return parameters.map((parameter, index) => {
    if (parameter instanceof VarArgsType)
      return { kind: KIND.OTHER, low: 0, high: 0, type: parameter, read: varargsReader(layout, pointerSize) };
    const place = layout.places[index];
    if (place === undefined) throw new Error("only the last parameter can be VARARGS");
    return planOne((parameter as readonly [string, AnyType])[1], place, pointerSize);
  });
}

/** Reads one argument that is not a plain word, or any. Hot: out-parameters come here. */
export function readArgument(thread: CallingThread, plan: ArgumentPlan): unknown {
  const { kind } = plan;
  if (kind === KIND.OTHER) return plan.read(thread);
  const word = wordAt(thread, plan.low);
  if (kind === KIND.OUT) return new GuestOut(thread, word, plan.type as unknown as PointerType<unknown, unknown>);
  if (kind === KIND.SIZE) return wordAt(thread, plan.high) * 2 ** 32 + word;
  return kind === KIND.U32 ? word : kind === KIND.I32 ? word | 0 : word !== 0;
}

/** One word of a call. */
export function wordAt(thread: CallingThread, place: WordPlace): number {
  return place >= 0 ? (thread.registers[place] as number) : stackWord(thread, place);
}

/** A word on the stack. */
export function stackWord(thread: CallingThread, place: WordPlace): number {
  return thread.memory.u32((thread.registers[REGISTER.rsp] as number) - place);
}

/** What each kind is as an argument: a handle is a signed word, a pointer an unsigned one. */
const WORD_KINDS: Partial<Record<Kind, Kind>> = {
  [KIND.U32]: KIND.U32,
  [KIND.POINTER]: KIND.U32,
  [KIND.I32]: KIND.I32,
  [KIND.HANDLE]: KIND.I32,
  [KIND.BOOL]: KIND.BOOL,
  [KIND.OUT]: KIND.OUT,
};

function planOne(type: AnyType, place: Place, pointerSize: PointerSize): ArgumentPlan {
  const { low, high } = place;
  if (type.passing === "block") return { kind: KIND.OTHER, low, high: 0, type, read: blockReader(type, place, pointerSize) };
  if (high === undefined || type.size(pointerSize) <= 4) {
    const kind = type.kind === KIND.SIZE ? KIND.U32 : (WORD_KINDS[type.kind] ?? KIND.OTHER);
    return { kind, low, high: 0, type, read: (thread) => type.fromWords(thread, wordAt(thread, low), 0) };
  }
  const kind = type.kind === KIND.SIZE ? KIND.SIZE : (WORD_KINDS[type.kind] ?? KIND.OTHER);
  return { kind, low, high, type, read: (thread) => type.fromWords(thread, wordAt(thread, low), wordAt(thread, high)) };
}

/** A struct by value: behind a pointer, on the stack, or in a register, which goes to its home slot to be read from memory. */
function blockReader(type: AnyType, { low, high, isReference, home }: Place, pointerSize: PointerSize): (thread: CallingThread) => unknown {
  if (isReference) return (thread) => type.load(thread, wordAt(thread, low));
  return (thread) => {
    const address = (thread.registers[REGISTER.rsp] as number) + home;
    if (low >= 0) {
      thread.memory.setU32(address, wordAt(thread, low));
      if (pointerSize === 8 && high !== undefined) thread.memory.setU32(address + 4, wordAt(thread, high));
    }
    return type.load(thread, address);
  };
}

/** "...": register arguments go to their home slots, as a compiled variadic function puts them, so that all lie in memory in a row. */
function varargsReader({ varargsOffset }: CallLayout, pointerSize: PointerSize): (thread: CallingThread) => VarArgs {
  const firstPosition = pointerSize === 8 ? varargsOffset / 8 - 1 : Infinity;
  return (thread) => {
    const { registers, memory } = thread;
    const stack = registers[REGISTER.rsp] as number;
    for (let position = firstPosition; ; position++) {
      const register = homeRegister(position);
      if (register === undefined) break;
      memory.setU32(stack + 8 + 8 * position, registers[register] as number);
      memory.setU32(stack + 12 + 8 * position, registers[register + 1] as number);
    }
    return new VarArgs(thread, stack + varargsOffset);
  };
}
