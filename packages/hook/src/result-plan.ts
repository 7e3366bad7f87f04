import { wordAt } from "./argument-plan.ts";
import type { CallLayout } from "./convention.ts";
import { REGISTER, type CallingThread, type PointerSize } from "./thread.ts";
import { KIND, type AnyType, type Kind } from "./types/type.ts";

/** How a result is written. */
export interface ResultPlan {
  readonly kind: Kind;
  readonly type: AnyType;
  readonly write: (thread: CallingThread, value: unknown) => void;
  /** For a result that the caller has memory for: the plan for this call, asked at its entry. */
  readonly placed: ((thread: CallingThread) => ResultPlan) | undefined;
}

/** How a signature's result goes to the guest. */
export function planResult(type: AnyType, { resultPlace }: CallLayout, pointerSize: PointerSize): ResultPlan {
  const { kind } = type;
  if (type.passing === "float")
    return { kind: KIND.OTHER, type, write: pointerSize === 8 ? xmm0Writer(type) : x87Writer(type), placed: undefined };
  if (type.passing === "block") return planBlock(type, resultPlace, pointerSize);
  return { kind, type, write: wordsWriter(type, pointerSize), placed: undefined };
}

/** Writes a result. Runs once a call: the common kinds are inline. A result of 32 bits clears the upper half, as a mov to eax does. */
export function writeResult(thread: CallingThread, plan: ResultPlan, value: unknown): void {
  const { kind } = plan;
  if (kind === KIND.U32 || kind === KIND.I32) writeWord(thread, value as number);
  else if (kind === KIND.BOOL) writeWord(thread, value === true ? 1 : value === false ? 0 : (value as number));
  else if (kind === KIND.POINTER) writeAddress(thread, value as number);
  else if (kind !== KIND.VOID) plan.write(thread, value);
}

function writeWord({ registers }: CallingThread, word: number): void {
  registers[REGISTER.rax] = word;
  registers[REGISTER.rax + 1] = 0;
}

function writeAddress(thread: CallingThread, address: number): void {
  thread.registers[REGISTER.rax] = address;
  thread.registers[REGISTER.rax + 1] = thread.pointerHigh === undefined ? 0 : thread.pointerHigh(address);
}

/** Integers: rax, or eax and edx. */
function wordsWriter(type: AnyType, pointerSize: PointerSize): ResultPlan["write"] {
  if (type.size(pointerSize) <= 4) return (thread, value) => writeWord(thread, type.low(thread, value));
  const high = pointerSize === 8 ? REGISTER.rax + 1 : REGISTER.rdx;
  return (thread, value) => {
    thread.registers[REGISTER.rax] = type.low(thread, value);
    thread.registers[high] = type.high(thread, value);
  };
}

function xmm0Writer(type: AnyType): ResultPlan["write"] {
  return (thread, value) => {
    thread.registers[REGISTER.xmm0] = type.low(thread, value);
    if (type.size(8) === 8) thread.registers[REGISTER.xmm0 + 1] = type.high(thread, value);
  };
}

function x87Writer(type: AnyType): ResultPlan["write"] {
  return (thread, value) => {
    if (thread.pushFloat === undefined) throw new Error(`this thread cannot return a ${type.name}`);
    thread.pushFloat(Number(value));
  };
}

/** Structs: up to 8 bytes in registers, by way of the free memory below the stack pointer; larger ones where the caller says. */
function planBlock(type: AnyType, resultPlace: number | undefined, pointerSize: PointerSize): ResultPlan {
  if (resultPlace === undefined) {
    const high = pointerSize === 8 ? REGISTER.rax + 1 : REGISTER.rdx;
    const write = (thread: CallingThread, value: unknown) => {
      const scratch = (thread.registers[REGISTER.rsp] as number) - 8;
      type.store(thread, scratch, value);
      thread.registers[REGISTER.rax] = thread.memory.u32(scratch);
      thread.registers[high] = thread.memory.u32(scratch + 4);
    };
    return { kind: KIND.OTHER, type, write, placed: undefined };
  }
  const write = () => {
    throw new Error(`the place of a ${type.name} is known only in a call`);
  };
  const placed = (thread: CallingThread): ResultPlan => {
    const address = wordAt(thread, resultPlace);
    const store = (caller: CallingThread, value: unknown) => {
      type.store(caller, address, value);
      caller.registers[REGISTER.rax] = address;
      caller.registers[REGISTER.rax + 1] = caller.pointerHigh?.(address) ?? 0;
    };
    return { kind: KIND.OTHER, type, write: store, placed: undefined };
  };
  return { kind: KIND.OTHER, type, write, placed };
}
