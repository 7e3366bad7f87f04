import type { ApiFunction } from "./api-function.ts";
import { readArgument } from "./argument-plan.ts";
import { REGISTER, type CallingThread } from "./thread.ts";
import { showArguments } from "./show-call.ts";
import { hex } from "./types/type.ts";

const WIN64_ARGUMENTS = [REGISTER.rcx, REGISTER.rdx, REGISTER.r8, REGISTER.r9];
const SHOWN_WORDS = 4;

/** The guest called a function that has no mapping: the program ends with this message. */
export class UnknownFunctionError extends Error {
  readonly dll: string;
  readonly functionName: string;

  constructor(dll: string, functionName: string, message: string) {
    super(message);
    this.name = "UnknownFunctionError";
    this.dll = dll;
    this.functionName = functionName;
  }
}

/** The error for a call, which the thread is just making, of a function that has no mapping: its arguments, and who called it. */
export function unknownFunction(thread: CallingThread, dll: string, name: string, declared: ApiFunction | undefined): UnknownFunctionError {
  const shown = declared === undefined ? rawArguments(thread) : typedArguments(thread, declared);
  const stack = thread.registers[REGISTER.rsp] as number;
  const returnAddress = thread.memory.accessible(stack, 4, "read") ? thread.memory.u32(stack) : 0;
  const caller = thread.describeAddress?.(returnAddress) ?? hex(returnAddress);
  const state = declared === undefined ? "is not mapped" : "is declared but not implemented";
  return new UnknownFunctionError(dll, name, `the program called ${dll}!${name}(${shown}) from ${caller}; this function ${state}`);
}

/** A word of the arguments of the call that the thread is making, all 64 bits of it; for functions whose signature nobody knows. */
export function rawArgument(thread: CallingThread, index: number): bigint {
  const { registers, memory } = thread;
  const stack = registers[REGISTER.rsp] as number;
  if (thread.pointerSize === 4) return BigInt(memory.u32(stack + 4 + 4 * index));
  const register = WIN64_ARGUMENTS[index];
  if (register === undefined) return memory.u64(stack + 8 + 8 * index);
  return (BigInt(registers[register + 1] as number) << 32n) | BigInt(registers[register] as number);
}

function rawArguments(thread: CallingThread): string {
  const words: string[] = [];
  for (let index = 0; index < SHOWN_WORDS; index++) {
    const stack = thread.registers[REGISTER.rsp] as number;
    if (thread.pointerSize === 4 && !thread.memory.accessible(stack + 4 + 4 * index, 4, "read")) break;
    words.push(`0x${rawArgument(thread, index).toString(16)}`);
  }
  return `${words.join(", ")}, …`;
}

function typedArguments(thread: CallingThread, declared: ApiFunction): string {
  try {
    const values = declared.signature(thread.pointerSize).argumentPlans.map((plan) => readArgument(thread, plan));
    return showArguments(thread, declared, values, "before").join(", ");
  } catch {
    // The arguments themselves may be what is wrong: the words say as much as there is.
    return rawArguments(thread);
  }
}
