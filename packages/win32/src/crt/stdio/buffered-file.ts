import type { Process, Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { BUFFER_SIZE, fileLayout, FLAG } from "./file-layout.ts";
import { descriptor } from "./low-io.ts";

const STDOUT = 1;
const STDERR = 2;
const exitHook = Symbol("streams are written at the end");

/** A FILE in the guest's memory: all its state is there, where inlined getc and putc of old headers work on it too. */
export class FileFields {
  readonly thread: Thread;
  readonly address: number;
  protected readonly layout: ReturnType<typeof fileLayout>;

  constructor(thread: Thread, address: number) {
    // Runtime.of sets the standard streams up, which a program may use before any other function of the runtime.
    Runtime.of(thread);
    this.thread = thread;
    this.address = address;
    this.layout = fileLayout(thread.memory);
  }

  get flags(): number {
    return this.thread.memory.u32(this.address + this.layout.flag);
  }

  set flags(value: number) {
    this.thread.memory.setU32(this.address + this.layout.flag, value);
  }

  get isUnbuffered(): boolean {
    return (this.flags & FLAG.UNBUFFERED) !== 0;
  }

  get fd(): number {
    return this.thread.memory.i32(this.address + this.layout.fd);
  }

  /** The address of the next byte to read or write. */
  get next(): number {
    return this.thread.memory.u32(this.address + this.layout.ptr);
  }

  set next(value: number) {
    this.thread.memory.setPointer(this.address + this.layout.ptr, value);
  }

  /** The buffer's address; 0 while there is none. */
  get base(): number {
    return this.thread.memory.u32(this.address + this.layout.base);
  }

  /** Bytes left to read, or room left to write. */
  get count(): number {
    return this.thread.memory.i32(this.address + this.layout.count);
  }

  set count(value: number) {
    this.thread.memory.setI32(this.address + this.layout.count, value);
  }

  get bufferSize(): number {
    return this.thread.memory.i32(this.address + this.layout.bufferSize);
  }
}

/** A FILE that gets a buffer when it needs one. */
export abstract class BufferedFile extends FileFields {
  /** Registers, once for a process, that its streams are written when it exits. */
  protected abstract flushesAtExit(process: Process): void;

  /** Gives the stream a buffer if it has none: standard error never gets one, standard output not on a console. */
  protected provideBuffer(): void {
    if (this.base !== 0) return;
    const { fd } = this;
    const isUnbuffered = fd === STDERR || (fd === STDOUT && descriptor(this.thread, fd).isDevice);
    if (isUnbuffered) this.useOneByte();
    else this.allocateBuffer(BUFFER_SIZE);
  }

  protected allocateBuffer(size: number): void {
    const address = this.thread.process.heap.allocate(size);
    if (address === 0) this.useOneByte();
    else this.useBuffer(address, size, FLAG.OWN_BUFFER);
  }

  protected useOneByte(): void {
    this.useBuffer(this.address + this.layout.charBuffer, 1, FLAG.UNBUFFERED);
    this.count = 0;
  }

  protected useBuffer(address: number, size: number, flag: number): void {
    const { memory, process } = this.thread;
    process.state(exitHook, () => {
      this.flushesAtExit(process);
      return true;
    });
    memory.setPointer(this.address + this.layout.base, address);
    memory.setI32(this.address + this.layout.bufferSize, size);
    this.next = address;
    this.count = (this.flags & FLAG.WRITE) !== 0 ? size : 0;
    this.flags |= flag;
  }

  protected freeBuffer(): void {
    if ((this.flags & FLAG.OWN_BUFFER) !== 0) this.thread.process.heap.free(this.base);
    this.thread.memory.setPointer(this.address + this.layout.base, 0);
    this.next = 0;
    this.count = 0;
  }
}
