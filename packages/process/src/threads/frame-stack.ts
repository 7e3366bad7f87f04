import type { CallSuspension, GuestGenerator, Suspension } from "../waits/suspension.ts";
import { readUnwindState } from "../exceptions/unwind-state.ts";
import { CALL_FRAMES } from "./callback-frames.ts";
import { HostFrame } from "./host-frame.ts";
import { ARGUMENT_WORDS, getRegister, setRegister, WORD } from "./registers.ts";
import type { Thread } from "./thread.ts";
import { UNWIND } from "./unwind.ts";

/**
 * The mappings that wait, or call guest code, for a thread: each above the guest's stack frame that it was called from, keyed by its rsp.
 * Methods that run a mapping return where the guest goes on, or UNWIND; what the mapping throws comes through.
 */
export class FrameStack {
  readonly #thread: Thread;
  /** The innermost last: their rsp falls. */
  readonly #frames: HostFrame[] = [];

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  get count(): number {
    return this.#frames.length;
  }

  /** Whether a mapping is what runs or waits: not guest code, and not guest code that a mapping called. */
  get isInMapping(): boolean {
    const frame = this.#frames.at(-1);
    return frame !== undefined && frame.returnRsp === 0;
  }

  /** Begins a frame at the guest's present rsp. `finish` prepares what comes after it. */
  run(generator: GuestGenerator<unknown>, finish: (value: unknown) => number): number {
    const { rip, rsp } = this.#thread;
    // The guest may have left frames without telling anyone, by a longjmp of its own.
    if (this.#frames.length > 0) this.closeBelow(rsp);
    this.#frames.push(new HostFrame(generator, { rip, rsp }, finish));
    return this.resume(undefined);
  }

  /** Hands the innermost frame what it waited for. */
  resume(value: unknown): number {
    const frame = this.#frames.at(-1)!;
    const step = this.#step(frame, value);
    if (this.#thread.status === "ended") return UNWIND;
    if (step.done !== true) return this.#suspend(frame, step.value);
    this.#remove(frame);
    return frame.finish(step.value);
  }

  /** A guest function that a frame called has returned to a callback stub: rsp says to which one. undefined when none waits for that. */
  returnFromGuest(): number | undefined {
    const thread = this.#thread;
    const { rsp } = thread;
    const index = this.#frames.findLastIndex((frame) => frame.returnRsp !== 0 && rsp >= frame.returnRsp && rsp <= frame.lastReturnRsp);
    if (index < 0) return undefined;
    while (this.#frames.length > index + 1) this.#frames.pop()!.close();
    const frame = this.#frames[index]!;
    frame.returnRsp = 0;
    thread.rsp = frame.callBase;
    const result = getRegister(thread.registers, WORD.rax);
    return this.resume(thread.pointerSize === 8 ? result : result & 0xffff_ffffn);
  }

  /** The frame whose generator runs dispatches an exception: its guest calls are made below the exception's records. */
  enterException(callBase: number, context: number): void {
    const frame = this.#frames.at(-1)!;
    frame.callBase = callBase;
    frame.interrupted = readUnwindState(this.#thread.memory, context);
    this.#thread.rsp = callBase;
  }

  /** The frame whose generator runs asks a handler, of an establisher frame or a registration; 0 when it no longer does. */
  ask(establisher: number): void {
    this.#frames.at(-1)!.asked = establisher;
  }

  /** The frame whose generator runs tells a registration's handler of an unwind; 0 when it no longer does. */
  tell(registration: number): void {
    this.#frames.at(-1)!.told = registration;
  }

  /** A registration's handler keeps count of what it has left to do: unwinds that collide with the one that tells it tell it again. */
  tellAgain(registration: number): void {
    for (const frame of this.#frames) if (frame.told === registration) frame.told = 0;
  }

  /** Whether an unwind that another one has interrupted was telling this registration's handler. */
  isTold(registration: number): boolean {
    return this.#frames.some(({ told }) => told === registration);
  }

  /** An unwind has come to this establisher frame: who asked handlers below it does no longer. */
  passUnwind(establisher: number): void {
    for (const frame of this.#frames) if (frame.callBase < establisher) frame.asked = 0;
  }

  /** Whether what is dispatched now was raised by a handler that was asked about another exception, for this establisher frame or one around it. */
  isNested(establisher: number): boolean {
    return this.#frames.slice(0, -1).some(({ asked, callBase }) => callBase < establisher && establisher <= asked);
  }

  /** The frame that called the guest function which returns with this rsp. */
  calledFrom(returnRsp: number): Pick<HostFrame, "interrupted" | "unwinding"> | undefined {
    return this.#frames.findLast((frame) => frame.returnRsp === returnRsp);
  }

  /** The frame whose generator runs calls a handler for a frame that it unwinds; then no longer. */
  enterUnwind(unwinding: HostFrame["unwinding"]): void {
    this.#frames.at(-1)!.unwinding = unwinding;
  }

  leaveUnwind(dispatcher: number): void {
    for (const frame of this.#frames) if (frame.unwinding?.dispatcher === dispatcher) frame.unwinding = undefined;
  }

  /** Closes the frames that a longjmp or an unwind to `rsp` leaves behind, one at `rsp` itself among them: it was the code's that runs there. */
  closeBelow(rsp: number): void {
    while (this.#frames.length > 0 && this.#frames.at(-1)!.rsp <= rsp) this.#frames.pop()!.close();
  }

  /** The same while a mapping runs, which stays: the innermost. */
  abandonBelow(rsp: number): void {
    const current = this.#frames.pop();
    this.closeBelow(rsp);
    if (current !== undefined) this.#frames.push(current);
  }

  closeAll(): void {
    while (this.#frames.length > 0) this.#frames.pop()!.close();
  }

  #suspend(frame: HostFrame, suspension: Suspension): number {
    const thread = this.#thread;
    switch (suspension.kind) {
      case "call":
        return this.#call(frame, suspension);
      case "jump":
        this.#remove(frame);
        frame.close();
        this.closeBelow(thread.rsp);
        return thread.rip;
      case "leave":
        this.#remove(frame);
        frame.close();
        suspension.enter();
        return UNWIND;
      case "block":
        thread.block(suspension);
        return UNWIND;
      case "end":
        thread.process.endFromWithin(thread, suspension);
        return UNWIND;
    }
  }

  /** A generator that throws is done with: the error is its caller's, with the stack as it was when the frame began. */
  #step(frame: HostFrame, value: unknown): ReturnType<HostFrame["resume"]> {
    try {
      return frame.resume(value);
    } catch (error) {
      this.#remove(frame);
      this.#thread.rsp = frame.rsp;
      this.#thread.rip = frame.rip;
      throw error;
    }
  }

  /** Places arguments and return address as a call instruction does. */
  #call(frame: HostFrame, { address, args }: CallSuspension): number {
    const { memory, registers, process, pointerSize } = this.#thread;
    if (pointerSize === 4) return this.#call32(frame, address, args);
    const shape = CALL_FRAMES.find(({ maxArguments }) => args.length <= maxArguments);
    if (shape === undefined) throw new RangeError(`a guest function cannot be called with ${args.length} arguments`);
    const rsp = frame.callBase - shape.frameSize - 8;
    memory.setU64(rsp, BigInt(process.callbackStub(shape)));
    args.forEach((argument, index) => {
      const word = ARGUMENT_WORDS[index];
      if (word !== undefined) setRegister(registers, word, argument);
      else memory.setU64(rsp + 8 + index * 8, BigInt.asUintN(64, BigInt(argument)));
    });
    frame.returnRsp = rsp + 8;
    frame.lastReturnRsp = rsp + 8;
    this.#thread.rsp = rsp;
    return address;
  }

  /** The same for x86: all on the stack. A callee may pop its arguments (stdcall) or not (cdecl); both come back. */
  #call32(frame: HostFrame, address: number, args: CallSuspension["args"]): number {
    const { memory, process } = this.#thread;
    const rsp = ((frame.callBase - args.length * 4) & ~15) - 4;
    memory.setU32(rsp, process.callbackStub(CALL_FRAMES[0]!));
    args.forEach((argument, index) => memory.setU32(rsp + 4 + index * 4, Number(BigInt.asUintN(32, BigInt(argument)))));
    frame.returnRsp = rsp + 4;
    frame.lastReturnRsp = rsp + 4 + args.length * 4;
    this.#thread.rsp = rsp;
    return address;
  }

  /** Takes a frame away, and those inside of it. */
  #remove(frame: HostFrame): void {
    const index = this.#frames.indexOf(frame);
    if (index >= 0) this.#frames.splice(index);
  }
}
