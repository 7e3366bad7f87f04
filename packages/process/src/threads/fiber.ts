import { PAGE } from "@decant/memory";
import { CONTEXT_SIZE } from "@decant/x86";
import { tebLayout } from "../blocks/teb.ts";
import type { GuestGenerator } from "../waits/suspension.ts";
import { FrameStack } from "./frame-stack.ts";
import { guestCall } from "./guest-call.ts";
import { setRegister, WORD } from "./registers.ts";
import { exitThread } from "./thread-life.ts";
import { STACK_RESERVE, type Thread } from "./thread.ts";

const DEFAULT_STACK = 0x10_0000;
const GUARD = 0x1000;
/** The end of the chain of x86 exception registrations. */
const NO_REGISTRATION = 0xffff_ffff;
const GRANULARITY = 0x1_0000;

/** A fiber ("Fibers"): a stack with its registers, and the mappings that wait on it. One that does not run has them here. */
export class Fiber {
  /** What GetCurrentFiber gives: its first word is the fiber's parameter. */
  readonly address: number;
  stackLow: number;
  stackHigh: number;
  #frames: FrameStack | undefined;
  #context: Uint8Array | undefined;
  #exceptionList = 0;
  /** What a new fiber runs first. */
  #start: { readonly address: number; readonly parameter: bigint } | undefined;

  private constructor(address: number, stackLow: number, stackHigh: number) {
    this.address = address;
    this.stackLow = stackLow;
    this.stackHigh = stackHigh;
  }

  /** The fiber that a thread becomes. */
  static ofThread(thread: Thread, address: number): Fiber {
    return new Fiber(address, thread.stackLow, thread.stackHigh);
  }

  /** A new fiber; undefined when there is no room for its stack. */
  static create({ memory }: Thread, address: number, start: number, parameter: bigint, stackSize: number): Fiber | undefined {
    const size = Math.ceil(Math.max(stackSize || DEFAULT_STACK, 2 * GRANULARITY) / GRANULARITY) * GRANULARITY;
    const stack = memory.reserve(size, { protection: PAGE.READWRITE });
    if (stack === undefined) return undefined;
    memory.commit(stack + GUARD, size - GUARD, PAGE.READWRITE);
    const fiber = new Fiber(address, stack + GUARD, stack + size);
    fiber.#start = { address: start, parameter };
    return fiber;
  }

  /** Keeps what the thread is doing: its registers are those with which it goes on. */
  save(thread: Thread): void {
    this.#context = thread.live.slice(0, CONTEXT_SIZE);
    this.#frames = thread.frames;
    this.#exceptionList = thread.memory.pointer(thread.teb + tebLayout(thread.memory).ExceptionList);
  }

  /** Gives the thread this fiber's stack, frames and registers. */
  enter(thread: Thread): void {
    const { memory, teb } = thread;
    const layout = tebLayout(memory);
    [thread.stackLow, thread.stackHigh] = [this.stackLow, this.stackHigh];
    memory.setPointer(teb + layout.StackBase, this.stackHigh);
    memory.setPointer(teb + layout.StackLimit, this.stackLow);
    memory.setPointer(teb + layout.FiberData, this.address);
    memory.setPointer(teb + layout.DeallocationStack, this.stackLow - GUARD);
    const start = this.#start;
    if (start === undefined) {
      thread.frames = this.#frames!;
      thread.live.set(this.#context!);
      memory.setPointer(teb + layout.ExceptionList, this.#exceptionList);
      return;
    }
    this.#start = undefined;
    thread.frames = new FrameStack(thread);
    memory.setPointer(teb + layout.ExceptionList, memory.pointerSize === 8 ? 0 : NO_REGISTRATION);
    setRegister(thread.registers, WORD.rsp, this.stackHigh - 0x28);
    thread.registers[WORD.stackEnd] = this.stackLow + STACK_RESERVE;
    thread.begin(runFiber(thread, start.address, start.parameter));
  }

  /** Gives a fiber's stack back. */
  free({ memory }: Thread): void {
    memory.release(this.stackLow - GUARD);
  }
}

/** A fiber's function that returns ends the thread. */
function* runFiber(thread: Thread, address: number, parameter: bigint): GuestGenerator<never> {
  yield* guestCall(thread, address, parameter);
  return yield* exitThread(thread, 0);
}

/** Goes on in another fiber; the caller has popped its own call. */
export function* switchFiber(thread: Thread, from: Fiber, to: Fiber): GuestGenerator<never> {
  from.save(thread);
  yield { kind: "leave", enter: () => to.enter(thread) };
  throw new Error("a frame that a fiber has left was resumed");
}
