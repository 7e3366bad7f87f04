import type { Process, Thread } from "@decant/process";
import { PAGE } from "@decant/memory";
import { Environment } from "./environment-block.ts";
import { ExitCallbacks } from "./exit-callbacks.ts";
import { Locale } from "./locale-state.ts";
import { Descriptors } from "./stdio/descriptors.ts";
import { fileLayout, FLAG } from "./stdio/file-layout.ts";
import { IoInfo } from "./stdio/io-info.ts";

/** FILEs in msvcrt's _iob. */
const IOB_ENTRIES = 20;
const STATICS_SIZE = 0x10000;

/**
 * The C runtime of one process. msvcrt and the ucrt share it: one set of streams, descriptors, environment and exit functions, where
 * Windows would have two that a program could tell apart only by mixing both runtimes.
 */
export class Runtime {
  readonly process: Process;
  readonly descriptors: Descriptors;
  readonly locale = new Locale();
  readonly environment: Environment;
  readonly exits = new ExitCallbacks();
  /** Open FILEs, by address, the standard ones first. */
  readonly streams = new Set<number>();
  /** Signal handlers: guest addresses, SIG_DFL and SIG_IGN, by signal number. */
  readonly signals = new Map<number, number>();
  /** The address of the first standard fileLayout(this.process.memory). */
  readonly iob: number;
  /** State of strtok and kin belongs to threads; this is what is one for the process: names that functions give out once. */
  readonly #statics = new Map<string, number>();
  #staticsAt = 0;
  #staticsEnd = 0;

  constructor(process: Process) {
    this.process = process;
    this.iob = this.exported("_iob") ?? this.reserve("_iob", IOB_ENTRIES * fileLayout(this.process.memory).SIZE);
    const [arrays, none] = [this.exported("__pioinfo"), this.exported("__badioinfo")];
    this.descriptors = new Descriptors(arrays === undefined || none === undefined ? undefined : new IoInfo(process, { arrays, none }));
    this.environment = new Environment(process.environment);
    for (const fd of [0, 1, 2]) this.#standardStream(fd);
  }

  /** The runtime of the calling thread's process. */
  static of(thread: Thread): Runtime {
    return thread.process.state(Runtime, () => new Runtime(thread.process));
  }

  /** The address of a variable that msvcrt exports; undefined when msvcrt is not loaded. */
  exported(name: string): number | undefined {
    const module = this.process.modules.find("msvcrt.dll");
    return module === undefined ? undefined : this.process.loader.getProcAddress(module, name);
  }

  /** A variable of the runtime: msvcrt's export, or memory of our own, zero at first. */
  variable(name: string, size: number): number {
    return this.#statics.get(name) ?? this.exported(name) ?? this.reserve(name, size);
  }

  /** Memory that has been reserved under a name. */
  reserved(name: string): number | undefined {
    return this.#statics.get(name);
  }

  /** Memory that lives as long as the process, under a name; zero at first. */
  reserve(name: string, size: number): number {
    const known = this.#statics.get(name);
    if (known !== undefined) return known;
    const rounded = Math.ceil(size / 16) * 16;
    if (this.#staticsAt + rounded > this.#staticsEnd) {
      const wanted = Math.max(STATICS_SIZE, rounded);
      this.#staticsAt = this.process.memory.allocate(wanted, PAGE.READWRITE)!;
      this.#staticsEnd = this.#staticsAt + wanted;
    }
    const address = this.#staticsAt;
    this.#staticsAt += rounded;
    this.#statics.set(name, address);
    return address;
  }

  #standardStream(fd: number): void {
    const { memory } = this.process;
    const file = this.iob + fd * fileLayout(this.process.memory).SIZE;
    memory.fill(file, 0, fileLayout(this.process.memory).SIZE);
    memory.setU32(file + fileLayout(this.process.memory).flag, fd === 0 ? FLAG.READ : FLAG.WRITE);
    memory.setU32(file + fileLayout(this.process.memory).fd, fd);
    this.streams.add(file);
  }
}
