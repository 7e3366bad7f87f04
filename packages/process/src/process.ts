import type { Host } from "@decant/host";
import { Binding, ERROR, Registry, singleByteCodec, Win32Error } from "@decant/hook";
import type { ApiFunction, Hooks, TextCodec } from "@decant/hook";
import { GuestMemory, PAGE, SMALL_USER_END, USER_END } from "@decant/memory";
import { STUB_SIZE } from "@decant/pe";
import type { StubDetails } from "@decant/x86";
import { PEB_SIZE, writePeb } from "./blocks/peb.ts";
import { writeProcessParameters } from "./blocks/process-parameters.ts";
import { mapSharedData, refreshClocks } from "./blocks/shared-data.ts";
import { EXIT_STATUS } from "./ending.ts";
import type { Ending } from "./ending.ts";
import { ExceptionHandlers } from "./exceptions/dispatch.ts";
import { handlerData, ownsFaultHandler } from "./exceptions/fault-handlers.ts";
import { handleApiError, raiseFault } from "./exceptions/raise.ts";
import { HandleTable } from "./handle-table.ts";
import { Heap } from "./heap/heap.ts";
import type { GuestMachine, Kernel } from "./kernel.ts";
import { baseName } from "./loader/dll-names.ts";
import { LdrLists } from "./loader/ldr-lists.ts";
import type { ApiEntry, LibraryFunction, LibrarySource } from "./loader/library.ts";
import { DllDirectories } from "./loader/dll-directories.ts";
import { entryOf, registryLibraries } from "./loader/registry-libraries.ts";
import { Loader } from "./loader/loader.ts";
import { ModuleList } from "./loader/module-list.ts";
import { readProcessImage } from "./loader/search.ts";
import { UnknownStubs } from "./loader/unknown-stubs.ts";
import { StaticTls } from "./loader/static-tls.ts";
import { mapCallbackStubs } from "./loader/callback-stubs.ts";
import type { CallbackStubs } from "./loader/callback-stubs.ts";
import { ProcessObject } from "./objects/process-object.ts";
import { StateMap } from "./state-map.ts";
import type { StateKey } from "./state-map.ts";
import type { CallFrame } from "./threads/callback-frames.ts";
import { runConsoleHandlers } from "./console-control.ts";
import type { ProcessOptions } from "./process-options.ts";
import { allocateThread, freeThread } from "./threads/thread-memory.ts";
import { processMain, threadMain } from "./threads/thread-life.ts";
import { Thread } from "./threads/thread.ts";
import { UNWIND } from "./threads/unwind.ts";
import type { EndSuspension, GuestGenerator } from "./waits/suspension.ts";

/** Faults whose handlers go on that a thread's turn may have. */
const MAX_FAULTS_IN_A_TURN = 256;

/** Functions whose stubs lie one after another, and have indices one after another. */
interface StubRow {
  readonly address: number;
  readonly index: number;
  readonly count: number;
  readonly describe: (n: number) => { readonly name: string; readonly function: LibraryFunction };
}

/** A guest process: its memory, processor, modules, handles and threads. */
export class Process {
  readonly kernel: Kernel;
  readonly id: number;
  /** The program's file name. */
  readonly name: string;
  readonly memory: GuestMemory;
  readonly machine: GuestMachine;
  readonly modules = new ModuleList();
  readonly loader: Loader;
  readonly heap: Heap;
  readonly handles: HandleTable;
  readonly handlers = new ExceptionHandlers();
  readonly object: ProcessObject;
  readonly threads = new Set<Thread>();
  readonly hooks: Hooks | undefined;
  readonly ansi: TextCodec;
  readonly commandLine: string;
  readonly path: string;
  /** What it was started with; children are started with the same libraries and limits. */
  readonly options: ProcessOptions;
  /** The id of the process that started it. */
  readonly parentId: number;
  /** When it was started, in milliseconds since 1970, and when it ended. */
  readonly startedAt: number;
  endedAt: number | undefined;
  /** The environment as it was at the start; the guest may change its own. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** A full Windows path. What it means, and who may change it, is the file API's affair. */
  currentDirectory: string;
  readonly mainThread: Thread;
  readonly peb: number;
  /** The address of its RTL_USER_PROCESS_PARAMETERS. */
  readonly parameters: number;
  /** Where guest functions return that the host has called. */
  readonly callbackStubs: CallbackStubs;
  /** Where it looks for DLLs. */
  readonly dllDirectories: DllDirectories;
  /** SetConsoleCtrlHandler's handlers, oldest first. */
  readonly consoleHandlers: number[] = [];
  /** SetConsoleCtrlHandler(NULL, TRUE): Ctrl-C does nothing at all. */
  /** What its threads have read and written by ReadFile, WriteFile and what stands on them: accesses and bytes. */
  readonly io = { reads: 0, bytesRead: 0, writes: 0, bytesWritten: 0 };
  /** Milliseconds that its threads have run, those that have ended too. */
  busyMs = 0;
  /** Run after each turn of a thread of it. */
  readonly turnListeners = new Set<() => void>();
  ignoresControlC = false;
  isExiting = false;
  /** How it ended; undefined while it runs. */
  ending: Ending | undefined;
  /** By index; of a row of stubs those that have been called. */
  readonly #entries: (ApiEntry | undefined)[] = [];
  readonly #rows: StubRow[] = [];
  /** The stubs that the processor knows of functions that it answers by itself while nobody hooks them. */
  readonly #intrinsics: { address: number; index: number; name: string; function: LibraryFunction; isUsed: boolean }[] = [];
  readonly #tls: StaticTls;
  readonly #unknown: UnknownStubs;
  readonly #states = new StateMap();
  #detachCallbacks: ((thread: Thread) => GuestGenerator<void>)[] = [];
  readonly threadExitCallbacks: ((thread: Thread) => GuestGenerator<void>)[] = [];
  readonly #endCallbacks: (() => void)[] = [];
  #loaded: Thread | undefined;

  /** Maps the program and all that it imports; its first thread starts when the kernel runs. Throws LoadError. */
  constructor(kernel: Kernel, options: ProcessOptions) {
    this.kernel = kernel;
    this.options = options;
    this.parentId = options.parent?.id ?? kernel.hostProcessId;
    this.startedAt = kernel.host.clock.now();
    this.id = kernel.newId();
    this.name = baseName(options.path);
    this.path = options.path;
    this.commandLine = options.commandLine;
    this.environment = options.environment;
    this.currentDirectory = options.currentDirectory;
    this.ansi = options.ansi ?? singleByteCodec("windows-1252");
    this.dllDirectories = new DllDirectories({
      programPath: options.path,
      currentDirectory: () => this.currentDirectory,
      path: () => this.environment.find(([name]) => name.toUpperCase() === "PATH")?.[1] ?? "",
    });
    const image = readProcessImage(options.image, this.name);
    this.memory = new GuestMemory({
      pointerSize: image.is64 ? 8 : 4,
      userEnd: (image.characteristics & LARGE_ADDRESS_AWARE) === 0 ? SMALL_USER_END : USER_END,
      executesData: !image.is64 && (image.dllCharacteristics & NX_COMPAT) === 0,
      ...(options.memoryLimitBytes !== undefined && { budget: kernel.memoryBudget(options.memoryLimitBytes) }),
    });
    this.object = new ProcessObject(this);
    this.object.retain();
    this.handles = new HandleTable(
      (handle) => this.#pseudoHandle(handle),
      (limit) => kernel.reportOnce(`${this.name} has ${limit} handles open: it gets no more`),
    );
    this.machine = kernel.createMachine({
      memory: this.memory,
      mode: image.is64 ? 64 : 32,
      api: (index) => this.#api(index),
      ...(options.checked === true && { guarding: "checked" }),
      ownsHandler: (address) => ownsFaultHandler(this, address),
      handlerData: (address) => handlerData(this, address),
      translations: kernel.translations?.(options.image, options.path),
    });
    mapSharedData(this.memory, kernel.host.cpuCount);
    this.heap = new Heap(this.memory);
    const ldr = new LdrLists(this.memory, this.heap);
    this.#tls = new StaticTls(this.memory, this.heap);
    this.hooks = options.hooks;
    const { registry } = options;
    const libraries = registry instanceof Registry ? this.#bind(registry) : registry;
    const stubs = {
      reserve: (entry: ApiEntry) => this.#entries.push(entry) - 1,
      place: (address: number, index: number, details: StubDetails) => this.machine.addStub(address, index, details),
      placeRow: (address: number, count: number, describe: StubRow["describe"]) => this.#placeRow({ address, count, describe }),
    };
    this.callbackStubs = mapCallbackStubs(this.memory, stubs);
    this.#unknown = new UnknownStubs(this, stubs, libraries);
    this.loader = new Loader({
      memory: this.memory,
      modules: this.modules,
      ldr,
      tls: this.#tls,
      stubs,
      threads: () => this.threads,
      unknown: (dll, symbol) => this.#unknown.address(dll, symbol),
      search: {
        libraries,
        machine: image.machine,
        choices: options.dllChoices ?? new Map(),
        readFile: options.readFile ?? (() => undefined),
        directories: this.dllDirectories,
      },
    });
    const program = this.loader.loadProgram(image, options.path);
    if (options.parent !== undefined && options.inherits !== undefined)
      this.handles.inherit(options.parent.handles, options.inherits === "all" ? undefined : options.inherits);
    this.parameters = writeProcessParameters(this.memory, { ...options, imagePath: options.path });
    this.peb = this.memory.allocate(PEB_SIZE, PAGE.READWRITE)!;
    writePeb(this.memory, this.peb, {
      imageBase: program.base,
      ldr: ldr.address,
      parameters: this.parameters,
      heapHandle: PROCESS_HEAP,
      processorCount: kernel.host.cpuCount,
      subsystem: program.image.subsystem,
      subsystemVersion: program.image.subsystemVersion,
    });
    this.mainThread = this.#newThread(program.image.stackReserve, (thread) => processMain(thread), options.suspended);
  }

  get host(): Host {
    return this.kernel.host;
  }

  /** What a mapping keeps for the process, made at its first use. */
  state<T>(key: StateKey<T>, make: () => T): T {
    return this.#states.get(key, make);
  }

  /** Gives a function of the host's an address that guest code can call. */
  addFunction(target: ApiFunction): number {
    const binding = new Binding(new Registry(), this.memory.pointerSize);
    return this.#unknown.add(target.fullName, entryOf(binding.bind(target)));
  }

  /** Starts a thread at a guest function. Throws Win32Error(ERROR_NOT_ENOUGH_MEMORY) when there is no room for its stack. */
  createThread(start: number, argument: bigint, { stackSize = 0, suspended = false } = {}): Thread {
    const size = stackSize === 0 ? this.modules.program.image.stackReserve : stackSize;
    return this.#newThread(size, (thread) => threadMain(thread, start, argument), suspended);
  }

  /** Starts a thread that runs a generator of the host's. */
  createHostThread(main: (thread: Thread) => GuestGenerator<never>): Thread {
    return this.#newThread(0, main);
  }

  /** Runs a generator in the exiting thread when the process ends by itself, after the DllMains: buffers are written here. */
  onDetach(callback: (thread: Thread) => GuestGenerator<void>): void {
    this.#detachCallbacks.push(callback);
  }

  /** Runs a generator in each thread that ends by itself while the process goes on, before the DllMains. */
  onThreadExit(callback: (thread: Thread) => GuestGenerator<void>): void {
    this.threadExitCallbacks.push(callback);
  }

  /** Runs when the process has ended, however it did. */
  onEnd(callback: () => void): void {
    this.#endCallbacks.push(callback);
  }

  takeDetachCallbacks(): ((thread: Thread) => GuestGenerator<void>)[] {
    const callbacks = this.#detachCallbacks;
    this.#detachCallbacks = [];
    return callbacks;
  }

  get liveThreadCount(): number {
    return this.threads.size;
  }

  /** The thread whose registers are in the CPU block. */
  get loadedThread(): Thread | undefined {
    return this.#loaded;
  }

  /** Ends the process at once, as TerminateProcess does. */
  terminate(exitCode: number): void {
    this.end({ kind: "terminated", exitCode: exitCode >>> 0 });
  }

  /** Ends the process at once. The first ending counts. */
  end(ending: Ending): void {
    if (this.ending !== undefined) return;
    this.ending = ending;
    this.endedAt = this.kernel.host.clock.now();
    this.isExiting = true;
    for (const thread of Array.from(this.threads)) thread.stop(ending.exitCode);
    this.threads.clear();
    for (const callback of this.#endCallbacks) callback();
    this.machine.save();
    this.handles.closeAll();
    if (this.options.memoryLimitBytes !== undefined)
      this.kernel.memoryBudget(this.options.memoryLimitBytes).give(this.memory.committedBytes);
    this.object.end(ending.exitCode);
    this.object.release();
    this.kernel.processEnded(this);
    if (ending.message !== undefined) this.kernel.report(ending.message);
  }

  /** Ends one thread at once, as TerminateThread does. */
  endThread(thread: Thread, exitCode: number): void {
    thread.stop(exitCode);
    if (!this.threads.delete(thread)) return;
    this.#tls.removeThread(thread);
    // Its frames may still be on the JavaScript stack: the pages go when they cannot be in use.
    if (this.#loaded === thread) this.#loaded = undefined;
    if (this.kernel.currentThread !== thread) freeThread(this.memory, thread.allocation);
    else queueMicrotask(() => this.ending === undefined && freeThread(this.memory, thread.allocation));
    if (this.threads.size === 0) this.end({ kind: "exit", exitCode });
  }

  /** A thread's own generator asked for its end, or the process's. */
  endFromWithin(thread: Thread, { what, exitCode }: EndSuspension): void {
    if (what === "thread") this.endThread(thread, exitCode);
    else this.end({ kind: "exit", exitCode });
  }

  stopOtherThreads(except: Thread, exitCode: number): void {
    for (const thread of Array.from(this.threads)) if (thread !== except) this.endThread(thread, exitCode);
  }

  /** A console event (0: Ctrl-C, 1: Ctrl-Break): handlers run on a thread of their own, newest first; by default the process ends. */
  consoleControl(event: number): void {
    if (this.ending !== undefined || this.isExiting || (event === 0 && this.ignoresControlC)) return;
    if (this.consoleHandlers.length === 0) return this.end({ kind: "interrupt", exitCode: EXIT_STATUS.CONTROL_C_EXIT });
    this.createHostThread((thread) => runConsoleHandlers(thread, event));
  }

  /** Runs a thread until it waits, ends or has used its budget. */
  runThread(thread: Thread): void {
    this.#load(thread);
    const { clock } = this.kernel.host;
    refreshClocks(this.memory.view, clock.now(), clock.monotonic());
    let rip = this.#attempt(thread, () => thread.continue());
    for (let turns = 0; rip !== UNWIND && thread.status === "running"; turns++) {
      thread.rip = rip;
      // A guest that faults for ever, and goes on each time, gives the others their turn too.
      if (turns === MAX_FAULTS_IN_A_TURN) return;
      rip = this.#attempt(thread, () => {
        const exit = this.machine.run(this.kernel.sliceMs());
        return exit.kind === "fault" ? raiseFault(thread, exit.fault) : UNWIND;
      });
    }
  }

  /** The return address of calls into the guest through a frame. */
  callbackStub(frame: CallFrame): number {
    return this.callbackStubs.addresses.get(frame)!;
  }

  #bind(registry: Registry): LibrarySource {
    const libraries = registryLibraries(registry, this.memory.pointerSize, this.hooks);
    const stopListening = this.hooks?.onChange(() => this.#useIntrinsics());
    this.onEnd(() => {
      libraries.close();
      stopListening?.();
    });
    return libraries;
  }

  #placeRow(row: Omit<StubRow, "index">): void {
    const index = this.#entries.length;
    for (let n = 0; n < row.count; n++) this.#entries.push(undefined);
    this.#rows.push({ ...row, index });
    this.machine.addStubs(row.address, index, row.count, (n) => this.#describeStub({ ...row, index }, n));
  }

  /** What the processor is told of a stub when it first looks at it. */
  #describeStub({ address, index, describe }: StubRow, n: number): StubDetails {
    const { name, function: target } = describe(n);
    const { intrinsic } = target;
    if (intrinsic === undefined) return { name };
    const isUsed = target.isHooked !== true;
    this.#intrinsics.push({ address: address + n * STUB_SIZE, index: index + n, name, function: target, isUsed });
    return { name, intrinsic: isUsed ? intrinsic : undefined };
  }

  /** Tells the processor which functions it may answer by itself, now that other hooks are set. */
  #useIntrinsics(): void {
    for (const stub of this.#intrinsics) {
      const isUsed = stub.function.isHooked !== true;
      if (isUsed === stub.isUsed) continue;
      stub.isUsed = isUsed;
      this.machine.addStub(stub.address, stub.index, { intrinsic: isUsed ? stub.function.intrinsic : undefined, name: stub.name });
    }
  }

  /** The first call of a row's function. */
  #makeEntry(index: number): ApiEntry {
    const row = this.#rows.find((one) => index >= one.index && index < one.index + one.count)!;
    return (this.#entries[index] = row.describe(index - row.index).function.entry);
  }

  /** Hot path: every API call comes through here. */
  #api(index: number): number {
    const thread = this.#loaded!;
    try {
      const next = (this.#entries[index] ?? this.#makeEntry(index))(thread);
      if (next !== UNWIND && thread.status === "running") return next;
    } catch (error) {
      const next = this.#apiError(thread, error);
      if (next !== UNWIND && thread.status === "running") return next;
    }
    this.machine.suspend();
    return UNWIND;
  }

  #attempt(thread: Thread, action: () => number): number {
    try {
      return action();
    } catch (error) {
      return this.#apiError(thread, error);
    }
  }

  /** What an API implementation threw becomes the guest's trouble; anything else ends the process. */
  #apiError(thread: Thread, error: unknown): number {
    if (thread.status !== "running") return UNWIND;
    try {
      return handleApiError(thread, error);
    } catch (internal) {
      this.#internalError(internal);
      return UNWIND;
    }
  }

  #internalError(error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.end({ kind: "internal", exitCode: EXIT_STATUS.INTERNAL_ERROR, message: `internal error while running ${this.name}: ${what}` });
  }

  #newThread(stackSize: number, main: (thread: Thread) => GuestGenerator<never>, suspended = false): Thread {
    const id = this.kernel.newId();
    const memory = allocateThread(this.memory, stackSize, { peb: this.peb, processId: this.id, threadId: id });
    if (memory === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    const thread = new Thread(this, id, memory);
    this.#tls.addThread(thread);
    this.threads.add(thread);
    thread.begin(main(thread));
    if (suspended) thread.suspendCount = 1;
    this.kernel.startThread(thread);
    return thread;
  }

  #load(thread: Thread): void {
    if (this.#loaded === thread) return;
    this.#loaded?.save();
    this.#loaded = undefined;
    thread.load();
    this.#loaded = thread;
  }

  #pseudoHandle(handle: number): ProcessObject | Thread["object"] | undefined {
    if (handle === -1) return this.object;
    return handle === -2 ? this.#loaded?.object : undefined;
  }
}

/** IMAGE_FILE_LARGE_ADDRESS_AWARE: the program can handle addresses above 2 GiB. */
const LARGE_ADDRESS_AWARE = 0x20;

/** IMAGE_DLLCHARACTERISTICS_NX_COMPAT: 32-bit programs without it run data, where Windows' policy is its default. */
const NX_COMPAT = 0x100;

/** The handle of the process heap, as GetProcessHeap gives it. */
export const PROCESS_HEAP = 0x0001_0000;
