import { GUEST_BASE, PAGE_SIZE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import type { CallingThread, Handle, Hooks, TextCodec } from "@decant/hook";
import { CONTEXT_SIZE, CPU, CPU_BLOCK, X87_FORM, x87Number } from "@decant/x86";
import { TEB, tebLayout } from "../blocks/teb.ts";
import type { Kernel } from "../kernel.ts";
import type { Mutex } from "../objects/mutex.ts";
import { ThreadObject } from "../objects/thread-object.ts";
import type { Process } from "../process.ts";
import { StateMap } from "../state-map.ts";
import type { StateKey } from "../state-map.ts";
import type { BlockSuspension, GuestGenerator } from "../waits/suspension.ts";
import { FrameStack } from "./frame-stack.ts";
import { UNWIND } from "./unwind.ts";
import type { ThreadMemory } from "./thread-memory.ts";
import { setRegister, WORD } from "./registers.ts";

/** Bytes at the end of a stack that are left for the handlers of its overflow. */
export const STACK_RESERVE = 0x6000;

/** What a thread is doing, as the scheduler sees it. */
export type ThreadStatus = "ready" | "running" | "blocked" | "ended";

/** A guest thread. Its registers are live only while it is the one that its process has loaded: always, while a mapping runs for it. */
export class Thread implements CallingThread {
  readonly id: number;
  readonly process: Process;
  readonly kernel: Kernel;
  readonly memory: GuestMemory;
  readonly teb: number;
  /** What was allocated for it. */
  readonly allocation: ThreadMemory;
  /** The stack that it runs on: of a fiber its own. */
  stackLow: number;
  stackHigh: number;
  readonly object: ThreadObject;
  readonly registers: Uint32Array;
  /** The CPU block as bytes: this thread's registers while it is loaded. */
  readonly live: Uint8Array;
  readonly #x87: DataView;
  readonly pointerSize: 4 | 8;
  /** Guest APCs that wait for an alertable wait, oldest first. */
  readonly apcs: (() => GuestGenerator<void>)[] = [];
  /** Ends the alertable wait that the thread is in. */
  onApc: (() => void) | undefined;
  readonly ownedMutexes = new Set<Mutex>();
  /** The mappings that wait, or call guest code, for this thread. */
  frames: FrameStack = new FrameStack(this);
  status: ThreadStatus = "blocked";
  suspendCount = 0;
  /** Milliseconds of processor time used, for GetThreadTimes. */
  busyMs = 0;
  /** When it started and ended, in milliseconds since 1970. */
  readonly startedAt: number;
  endedAt: number | undefined;
  readonly #context = new Uint8Array(CONTEXT_SIZE);
  readonly #states = new StateMap();
  readonly #lastErrorAt: number;
  #main: GuestGenerator<never> | undefined;
  #resume: { value: unknown } | undefined;
  #cancelBlock: (() => void) | undefined;
  /** What SetThreadContext gave while an API function was waiting. */
  #nextContext: Uint8Array | undefined;

  constructor(process: Process, id: number, memory: ThreadMemory) {
    this.process = process;
    this.kernel = process.kernel;
    this.memory = process.memory;
    this.pointerSize = process.memory.pointerSize;
    this.#lastErrorAt = memory.teb + tebLayout(this.memory).LastErrorValue;
    this.id = id;
    this.startedAt = this.kernel.host.clock.now();
    this.teb = memory.teb;
    this.allocation = memory;
    this.stackLow = memory.stackLow;
    this.stackHigh = memory.stackHigh;
    this.object = new ThreadObject(this);
    this.object.retain();
    const { buffer } = this.memory.wasm;
    this.registers = new Uint32Array(buffer, CPU_BLOCK - GUEST_BASE, CONTEXT_SIZE / 4);
    this.live = new Uint8Array(buffer, CPU_BLOCK - GUEST_BASE, CONTEXT_SIZE);
    this.#x87 = new DataView(buffer, CPU_BLOCK - GUEST_BASE + CPU.x87, 8 * 16);
    this.#initialise();
  }

  /** The hooks that calls among mappings cross. */
  get hooks(): Hooks | undefined {
    return this.process.hooks;
  }

  get ansi(): TextCodec {
    return this.process.ansi;
  }

  /** The class and name of the object behind a handle, for the trace. */
  describeHandle(handle: number): string | undefined {
    return this.process.handles.find(handle as Handle)?.describe();
  }

  /** The high half that a pointer into a program above 4 GiB carries. */
  pointerHigh(address: number): number {
    return this.memory.highHalf(address);
  }

  /** "hello.exe+0x1234". */
  describeAddress(address: number): string {
    return this.process.modules.describe(address);
  }

  /** GetLastError's value, where guest code finds it too. */
  get lastError(): number {
    return this.memory.view.getUint32(this.#lastErrorAt - GUEST_BASE, true);
  }

  set lastError(value: number) {
    this.memory.view.setUint32(this.#lastErrorAt - GUEST_BASE, value, true);
  }

  /** The C run-time library's errno; the guest has its address. */
  get errno(): number {
    return this.memory.view.getInt32(this.errnoAddress - GUEST_BASE, true);
  }

  set errno(value: number) {
    this.memory.view.setInt32(this.errnoAddress - GUEST_BASE, value, true);
  }

  get errnoAddress(): number {
    return this.teb + TEB.OurErrno;
  }

  get rsp(): number {
    return this.registers[WORD.rsp]!;
  }

  set rsp(value: number) {
    setRegister(this.registers, WORD.rsp, value);
  }

  /** Where it is, also while another one is loaded. */
  get contextRip(): number {
    return new Uint32Array(this.context.buffer, this.context.byteOffset)[WORD.rip]!;
  }

  get rip(): number {
    return this.registers[WORD.rip]!;
  }

  set rip(value: number) {
    setRegister(this.registers, WORD.rip, value);
  }

  /** Opens the end of the stack to the handlers of a stack overflow. False when it was open already: no guard page is left. */
  enterStackReserve(): boolean {
    if (this.registers[WORD.stackEnd] === this.stackLow) return false;
    this.registers[WORD.stackEnd] = this.stackLow;
    return true;
  }

  /** Puts the guard page of the stack back (_resetstkoflw). False while the stack is still used beyond it. */
  restoreStackGuard(): boolean {
    const end = this.stackLow + STACK_RESERVE;
    if (this.rsp < end + PAGE_SIZE) return false;
    this.registers[WORD.stackEnd] = end;
    // What runs now goes on by the limit that it was entered with.
    this.registers[WORD.stackLimit] = Math.max(this.registers[WORD.stackLimit] as number, end);
    return true;
  }

  /** What a mapping keeps for the thread, made at its first use. */
  state<T>(key: StateKey<T>, make: () => T): T {
    return this.#states.get(key, make);
  }

  /** Copies the registers out of, or into, the CPU block. */
  save(): void {
    this.#context.set(this.live);
  }

  load(): void {
    this.live.set(this.#context);
  }

  /** The registers as bytes, wherever they are now. */
  get context(): Uint8Array {
    return this.process.loadedThread === this ? this.live : this.#context;
  }

  /** Replaces the registers. A thread that waits in an API function takes them when that returns. */
  setContext(block: Uint8Array): void {
    if (this.frames.isInMapping) this.#nextContext = block;
    else this.context.set(block);
  }

  /** Pops the return address of the API call that is being answered, and the arguments that x86's stdcall leaves to it, in bytes. */
  returnFromCall(argumentBytes: number): number {
    const rsp = this.registers[WORD.rsp]!;
    const address = this.memory.u32(rsp);
    this.rsp = rsp + this.pointerSize + argumentBytes;
    return address;
  }

  /** Pushes a value on the x87 stack. */
  pushFloat(value: number): void {
    const top = (this.registers[WORD.fpTop]! - 1) & 7;
    this.registers[WORD.fpTop] = top;
    this.#x87.setFloat64(top * 16, value, true);
    this.#x87.setUint32(top * 16 + 8, 0, true);
  }

  /** Pops the x87 stack. */
  popFloat(): number {
    const top = this.registers[WORD.fpTop]! & 7;
    this.registers[WORD.fpTop] = (top + 1) & 7;
    const value = x87Number(this.#x87, top * 16);
    this.#x87.setUint32(top * 16 + 8, this.#x87.getUint32(top * 16 + 8, true) | X87_FORM.empty, true);
    return value;
  }

  /** Runs a generator above the guest's present frame. Returns where the guest goes on, or UNWIND. */
  run(generator: GuestGenerator<unknown>, finish: (value: unknown) => number): number {
    return this.frames.run(generator, finish);
  }

  /** What the thread runs first, above an empty stack; it ends with an EndSuspension. */
  begin(main: GuestGenerator<never>): void {
    this.#main = main;
  }

  /** Goes on after a block: with what ended it, or with the guest code that was running. Returns an address or UNWIND. */
  continue(): number {
    const main = this.#main;
    if (main !== undefined) {
      this.#main = undefined;
      return this.run(main, () => UNWIND);
    }
    const resume = this.#resume;
    if (resume === undefined) return this.rip;
    this.#resume = undefined;
    return this.#takeNextContext(this.frames.resume(resume.value));
  }

  #takeNextContext(next: number): number {
    const context = this.#nextContext;
    if (context === undefined || next === UNWIND || this.frames.isInMapping) return next;
    this.#nextContext = undefined;
    this.live.set(context);
    return this.rip;
  }

  /** Makes the next `continue` hand a value to the frame on top. */
  resumeWith(value: unknown): void {
    this.#cancelBlock = undefined;
    this.#resume = { value };
  }

  /** Closes the frames of mappings that a longjmp or an unwind to `rsp` leaves behind. */
  closeFramesBelow(rsp: number): void {
    this.frames.closeBelow(rsp);
  }

  /** Waits until the suspension ends: the kernel wakes the thread then. */
  block(suspension: BlockSuspension): void {
    this.status = "blocked";
    const endHostWait = suspension.waitsForHost === true ? this.kernel.beginHostWait() : undefined;
    const cancel = suspension.begin((value) => {
      endHostWait?.();
      this.kernel.wakeThread(this, value);
    });
    this.#cancelBlock = () => {
      endHostWait?.();
      cancel();
    };
  }

  /** Ends what the thread was waiting for, and closes all its frames. */
  stop(exitCode: number): void {
    if (this.status === "ended") return;
    this.status = "ended";
    this.endedAt = this.kernel.host.clock.now();
    this.#cancelBlock?.();
    this.#cancelBlock = undefined;
    this.frames.closeAll();
    for (const mutex of Array.from(this.ownedMutexes)) mutex.abandon(this);
    this.object.end(exitCode);
    this.object.release();
  }

  /** Queues a guest APC; ends an alertable wait. */
  queueApc(apc: () => GuestGenerator<void>): void {
    this.apcs.push(apc);
    this.onApc?.();
  }

  #initialise(): void {
    const words = new Uint32Array(this.#context.buffer);
    words[this.pointerSize === 8 ? WORD.gsBase : WORD.fsBase] = this.teb;
    words[WORD.mxcsr] = 0x1f80;
    words[WORD.fpControl] = 0x27f;
    for (let n = 0; n < 8; n++) words[(CPU.x87 + 16 * n + 8) / 4] = X87_FORM.empty;
    words[WORD.stackEnd] = this.stackLow + STACK_RESERVE;
    // A thread starts as if called: rsp is 8 modulo 16. The words above it are zero, where unwinders stop.
    words[WORD.rsp] = this.stackHigh - 0x28;
  }
}
