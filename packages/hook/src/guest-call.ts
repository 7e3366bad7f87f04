import type { Parameter, Parameters, Signature } from "./api.ts";
import { layOutCall, type Convention, type WordPlace } from "./convention.ts";
import { REGISTER, type CallingThread, type PointerSize } from "./thread.ts";
import type { AcceptedOf, AnyType, ValueOf } from "./types/type.ts";

/** What a mapping gives for the parameters of a guest function: values, and guest addresses for whatever is a pointer. */
export type GuestArguments<P extends Parameters> = {
  -readonly [I in keyof P]: P[I] extends readonly [string, infer T] ? ([AcceptedOf<T>] extends [never] ? number : AcceptedOf<T>) : never;
};

/** Places the arguments of a call that a mapping makes to guest code, and reads its result. */
export interface GuestCall<D extends Signature> {
  /** Moves the stack pointer and places arguments and return address, as a call instruction does: the thread may go on at the function. */
  enter(thread: CallingThread, returnAddress: number, args: GuestArguments<D["parameters"]>): void;
  /** What the function returned. */
  result(thread: CallingThread): ValueOf<D["result"]>;
  /** Bytes of arguments that the callee pops, besides the return address. */
  readonly popBytes: number;
}

const STACK_ALIGNMENT = 16;
const HOME_BYTES = 32;

/** Compiles a signature for calls from mappings into guest code. Variadic functions and structs by value cannot be called this way. */
export function guestCall<D extends Signature>(signature: D, pointerSize: PointerSize, convention: Convention = "stdcall"): GuestCall<D> {
  const { result, parameters } = signature;
  const layout = layOutCall(result, parameters, pointerSize, signature.convention ?? convention);
  const types = parameters.map((parameter) => (parameter as Parameter)[1]);
  if (layout.resultPlace !== undefined || types.some((type) => type === undefined || type.passing === "block"))
    throw new Error("this signature cannot be called from a mapping");
  const argumentBytes = Math.max(layout.varargsOffset - pointerSize, pointerSize === 8 ? HOME_BYTES : 0);
  return {
    popBytes: layout.popBytes,
    enter(thread, returnAddress, args) {
      const { registers, memory } = thread;
      // The stack is aligned where the arguments start, as the caller's side of both conventions has it.
      const top = (registers[REGISTER.rsp] as number) - argumentBytes;
      const stack = top - (top % STACK_ALIGNMENT) - pointerSize;
      registers[REGISTER.rsp] = stack;
      memory.setU32(stack, returnAddress);
      if (pointerSize === 8) memory.setU32(stack + 4, thread.pointerHigh?.(returnAddress) ?? 0);
      const values: readonly unknown[] = args;
      types.forEach((type, index) => {
        const { low, high } = layout.places[index] ?? { low: 0, high: undefined };
        writeWord(thread, low, type.low(thread, values[index]));
        if (high !== undefined) writeWord(thread, high, type.high(thread, values[index]));
      });
    },
    result: (thread) => readResult(thread, result, pointerSize) as ValueOf<D["result"]>,
  };
}

function writeWord({ registers, memory }: CallingThread, place: WordPlace, word: number): void {
  if (place >= 0) registers[place] = word;
  else memory.setU32((registers[REGISTER.rsp] as number) - place, word);
}

function readResult(thread: CallingThread, type: AnyType, pointerSize: PointerSize): unknown {
  const { registers } = thread;
  if (type.passing === "float") {
    if (pointerSize === 4) return thread.popFloat?.();
    return type.fromWords(thread, registers[REGISTER.xmm0] as number, registers[REGISTER.xmm0 + 1] as number);
  }
  const high = type.size(pointerSize) <= 4 ? 0 : (registers[pointerSize === 8 ? REGISTER.rax + 1 : REGISTER.rdx] as number);
  return type.fromWords(thread, registers[REGISTER.rax] as number, high);
}
