import { existsSync } from "node:fs";
import { basename } from "node:path";
import {
  GuestPlace,
  type AcceptedOf,
  type AnyType,
  type FunctionDeclaration,
  type HostArgument,
  type Parameters,
  type ValueOf,
} from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { emptyProgram, type GuestGenerator, type Kernel, type Process, type Thread } from "@decant/process";
import { prepareProcess } from "@decant/win32";
import { toGuestPath } from "../guest-paths.ts";
import { readProgram } from "../program-file.ts";
import { setUpGuests } from "../run-program.ts";
import { UsageError } from "../terminal.ts";
import { prepare, type GuestOptions } from "./guest-options.ts";
import { callFunction, type LibraryArguments } from "./library-call.ts";
import { LibraryJobs, type Job } from "./library-jobs.ts";

/** How to load a DLL. */
export interface LoadLibraryOptions extends GuestOptions {
  /** The processor of a built-in DLL's process; a file says itself what it is for. */
  readonly bits?: 32 | 64;
}

/**
 * Loads a DLL of Windows, to call its functions from here: a file by its path, or a built-in DLL by its name. It lives in a guest process of its own, with one thread, in
 * which calls run one after the other. Nothing of it runs before the first call. Throws when there is no such file, or it is none that can be loaded.
 */
export function loadLibrary(name: string, options: LoadLibraryOptions = {}): GuestLibrary {
  const isFile = /[\\/]/.test(name) || existsSync(name);
  const file = isFile ? readProgram(name) : undefined;
  if (file?.image.isDotNet)
    throw new UsageError(`${name}: this is a .NET assembly: it needs the .NET runtime, which Decant does not provide`);
  const bits = file === undefined ? (options.bits ?? 64) : file.image.is64 ? 64 : 32;
  return new GuestLibrary({
    name,
    path: file?.path,
    bytes: file?.bytes,
    bits,
    options: { stdout: "inherit", stderr: "inherit", ...options },
  });
}

interface Source {
  readonly name: string;
  /** On the host; undefined for a built-in DLL. */
  readonly path: string | undefined;
  readonly bytes: Uint8Array | undefined;
  readonly bits: 32 | 64;
  readonly options: LoadLibraryOptions;
}

/** A loaded DLL. */
export class GuestLibrary {
  readonly #source: Source;
  readonly #jobs = new LibraryJobs();
  #guest: Promise<{ kernel: Kernel; process: Process }> | undefined;
  #process: Process | undefined;
  #isRunning = false;
  #module = 0;
  #isClosed = false;
  #failure: string | undefined;
  /** What loading it failed with, which each call is told. */
  #loadError: { readonly error: unknown } | undefined;
  #close: () => Promise<void> = () => Promise.resolve();
  /** GetLastError's value after the last call. */
  lastError = 0;

  /** For loadLibrary. */
  constructor(source: Source) {
    this.#source = source;
  }

  /**
   * Calls an exported function, by its name or ordinal. The signature says its result and parameters: `fn(INT, ["a", INT], ["b", INT])`; 32-bit functions are stdcall unless
   * it is wrapped in `cdecl(…)`. Rejects when there is no such function, or the call ends the process; what a callback of yours throws comes through.
   */
  call<R extends AnyType, const P extends Parameters>(
    name: string | number,
    signature: FunctionDeclaration<R, P>,
    ...args: LibraryArguments<P>
  ): Promise<ValueOf<R>> {
    const given = args as readonly HostArgument[];
    return this.#do((thread) => this.#callByName(thread, name, signature, given)) as Promise<ValueOf<R>>;
  }

  /** Calls a function by its guest address: one that another function gave. */
  callAddress<R extends AnyType, const P extends Parameters>(
    address: number,
    signature: FunctionDeclaration<R, P>,
    ...args: LibraryArguments<P>
  ): Promise<ValueOf<R>> {
    const given = args as readonly HostArgument[];
    return this.#do((thread) => callFunction(thread, address, signature, given, this.#jobs)) as Promise<ValueOf<R>>;
  }

  /** Memory of the guest's for a value, until close: for what a function keeps. `place.value` reads it. */
  place<T extends AnyType>(type: T, initial?: AcceptedOf<T>): Promise<GuestPlace<ValueOf<T>>> {
    return this.#do(function* (thread) {
      const address = thread.process.heap.require(Math.max(type.size(thread.pointerSize), 1));
      thread.memory.fill(address, 0, type.size(thread.pointerSize));
      if (initial !== undefined) type.store(thread, address, initial);
      return new GuestPlace(address, () => type.load(thread, address) as ValueOf<T>);
    }) as Promise<GuestPlace<ValueOf<T>>>;
  }

  /** The guest's memory, to look at what addresses point to. Throws before the first call is over. */
  get memory(): GuestMemory {
    if (this.#process === undefined) throw new Error(`${this.#source.name} is loaded by its first call`);
    return this.#process.memory;
  }

  /** Ends the guest process. Calls that wait are rejected. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#fail(`${this.#source.name} is closed`);
    this.#process?.terminate(0);
    await this.#close();
  }

  #do(run: Job["run"]): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(new Error(this.#failure));
    return new Promise((resolve, reject) => {
      this.#jobs.add({ run: (thread) => this.#run(thread, run), resolve, reject });
      if (!this.#isRunning) void this.#runJobs();
    });
  }

  /** Lets the guest run as long as somebody waits for a call. */
  async #runJobs(): Promise<void> {
    this.#isRunning = true;
    try {
      const { kernel, process } = await (this.#guest ??= this.#start());
      const isOver = (): boolean => process.ending !== undefined || this.#jobs.isIdle;
      while (!isOver()) await kernel.runUntil(isOver);
      if (process.ending !== undefined) {
        const { kind, exitCode, message } = process.ending;
        this.#fail(message ?? `${this.#source.name} ended its process (${kind}, exit code 0x${exitCode.toString(16)})`);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
    this.#isRunning = false;
  }

  #fail(sentence: string): void {
    this.#failure ??= sentence;
    this.#jobs.fail(new Error(this.#failure));
  }

  async #start(): Promise<{ kernel: Kernel; process: Process }> {
    const { name, bytes, bits, options } = this.#source;
    const { path, machine, close } = prepare(options, { path: this.#source.path ?? `/${PROGRAM}`, bytes: bytes ?? new Uint8Array(0) });
    this.#close = close;
    const { kernel, common } = await setUpGuests({ ...machine, path, args: [] });
    const process = kernel.createProcess({
      ...common,
      image: emptyProgram(bits),
      path: toGuestPath(`/${PROGRAM}`),
      commandLine: PROGRAM,
      suspended: true,
    });
    this.#process = process;
    prepareProcess(process);
    process.createHostThread((thread) => this.#serve(thread, bytes === undefined ? basename(name) : toGuestPath(path)));
    return { kernel, process };
  }

  /** What the guest's thread does: loads the DLL, then call by call. */
  *#serve(thread: Thread, dll: string): GuestGenerator<never> {
    const { loader } = thread.process;
    try {
      yield* loader.attachPending(thread, true);
      this.#module = loader.require(dll).base;
      yield* loader.attachPending(thread, true);
    } catch (error) {
      this.#loadError = { error };
    }
    return yield* this.#jobs.serve(thread);
  }

  *#run(thread: Thread, run: Job["run"]): GuestGenerator<unknown> {
    if (this.#loadError !== undefined) throw this.#loadError.error;
    const value = yield* run(thread);
    this.lastError = thread.lastError;
    return value;
  }

  *#callByName(
    thread: Thread,
    name: string | number,
    signature: FunctionDeclaration,
    args: readonly HostArgument[],
  ): GuestGenerator<unknown> {
    const { loader, modules } = thread.process;
    const module = modules.at(this.#module);
    const address = module === undefined ? undefined : loader.getProcAddress(module, name);
    if (address === undefined) throw new Error(`${this.#source.name} exports no ${typeof name === "number" ? `ordinal ${name}` : name}`);
    return yield* callFunction(thread, address, signature, args, this.#jobs);
  }
}

/** The name of the process that a DLL is loaded in. */
const PROGRAM = "library-host.exe";
