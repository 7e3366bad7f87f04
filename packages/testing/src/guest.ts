import type { CudaDriver } from "@decant/cuda";
import { memoryHost, nodeFiles, subtree } from "@decant/host";
import type { MemoryHost, MemoryHostOptions } from "@decant/host";
import { GuestPlace, Registry, REGISTER } from "@decant/hook";
import type {
  AcceptedOf,
  AnyType,
  ApiFunction,
  ApiTable,
  ArgumentsFor,
  Hooks,
  HostArgument,
  Implementation,
  Signature,
  ValueOf,
} from "@decant/hook";
import { PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import { emptyProgram, Kernel } from "@decant/process";
import type { Process, Thread } from "@decant/process";
import { addCudaDlls } from "@decant/nvcuda/dlls";
import { prepareProcess, win32Registry, type Win32Functions } from "@decant/win32";
import { placeArguments } from "./arguments.ts";
import { StubMachine } from "./stub-machine.ts";
import type { Callback } from "./stub-machine.ts";

const ARENA_BYTES = 0x100000;
const CALL_BYTES = 0x200;

/** What a guest without a program is made of. */
export interface GuestOptions extends MemoryHostOptions {
  /** A folder of this machine's that is Z: in the place of `files`: what the guest writes is there, and nothing of it leads out. */
  readonly folder?: string;
  /** Where CUDA runs, for a guest with an nvcuda.dll. Its calls wait: callAsync. */
  readonly cuda?: CudaDriver;
  /** What it is a process of: 32 for x86. */
  readonly bits?: 32 | 64;
  /** The topics that it has, instead of all of win32. */
  readonly topics?: readonly (Implementation | ApiTable)[];
  /** More topics, besides all of win32. */
  readonly also?: readonly (Implementation | ApiTable)[];
  readonly hooks?: Hooks;
  readonly commandLine?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly currentDirectory?: string;
}

type ArgumentsAt<N> = N extends keyof Win32Functions
  ? Win32Functions[N] extends Signature<AnyType, infer P>
    ? ArgumentsFor<P>
    : HostArgument[]
  : HostArgument[];

/** A process with one thread and no program: tests call API functions on it as guest code would. */
export interface Guest {
  readonly process: Process;
  readonly thread: Thread;
  readonly memory: GuestMemory;
  /** The machine under it, in memory; its clock stands still but for waits. */
  readonly host: MemoryHost;
  /** What the process said when it ended badly. */
  readonly reports: readonly string[];
  /**
   * Calls a function by its export's name ("GetFileSizeEx", "ucrtbase!exit") through its stub. The result is a number by its declared type
   * (FALSE is 0). Waits let the clock run on; what waits for the host's promises needs callAsync. With its DLL's name ("kernel32!GetFileSizeEx") its arguments are typed.
   */
  call<N extends string>(name: N, ...args: ArgumentsAt<N>): number;
  /** The same, for results of 64 bits. */
  call64(name: string, ...args: HostArgument[]): bigint;
  /** The same, for functions that may wait for a promise of the host's. */
  callAsync(name: string, ...args: HostArgument[]): Promise<number>;
  /** Memory for an out-parameter: `const size = out(LARGE_INTEGER); call("GetFileSizeEx", file, size); size.value`. */
  out<T extends AnyType>(type: T, initial?: AcceptedOf<T>): GuestPlace<ValueOf<T>>;
  /** Gives guest memory, 16-byte aligned and zero. */
  allocate(bytes: number): number;
  /** Stores ANSI text with its NUL, and returns its address. */
  ansi(text: string): number;
  /** Stores UTF-16 text with its NUL, and returns its address. */
  wide(text: string): number;
  /** Makes a function of the test's callable by the guest, and returns its address. */
  callback(callback: Callback): number;
  /** The address of an exported function or variable. */
  address(name: string): number;
}

/** What guest() makes when a test does not say: DECANT_TEST_BITS=32 runs a whole suite as x86. */
const defaultBits: 32 | 64 = readDefaultBits();

function readDefaultBits(): 32 | 64 {
  const { process: host } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return host?.env?.["DECANT_TEST_BITS"] === "32" ? 32 : 64;
}

/** Makes a guest on a machine in memory with a fixed clock. */
export function guest(options: GuestOptions = {}): Guest {
  const {
    bits = defaultBits,
    topics,
    also = [],
    hooks,
    commandLine = "test.exe",
    environment = {},
    currentDirectory = "C:\\",
    folder,
    cuda,
    ...machineOptions
  } = options;
  const registry = (topics === undefined ? win32Registry() : new Registry().add(...topics)).add(...also);
  if (cuda !== undefined) addCudaDlls(registry, { driver: cuda });
  const machineHost = memoryHost(machineOptions);
  const host = folder === undefined ? machineHost : { ...machineHost, files: subtree(nodeFiles(), folder) };
  const reports: string[] = [];
  let machine: StubMachine | undefined;
  const kernel = new Kernel({
    host,
    report: (sentence) => reports.push(sentence),
    createMachine: (parts) => {
      machine = new StubMachine(parts, parts.memory.reserve(0x10000) ?? 0);
      return machine;
    },
  });
  const process = kernel.createProcess({
    image: emptyProgram(bits),
    path: "C:\\test.exe",
    commandLine,
    environment: Object.entries(environment),
    currentDirectory,
    registry,
    suspended: true,
    ...(hooks === undefined ? {} : { hooks }),
  });
  if (machine === undefined) throw new Error("the process has no processor");
  prepareProcess(process);
  return makeGuest(process, machine, host, reports, registry);
}

function makeGuest(process: Process, machine: StubMachine, host: MemoryHost, reports: string[], registry: Registry): Guest {
  const { memory, kernel } = process;
  const thread = process.createHostThread(function* () {
    yield { kind: "block", begin: () => () => {} };
    throw new Error("the test's thread was woken");
  });
  let next = 0;
  let end = 0;

  function allocate(bytes: number): number {
    const size = Math.ceil(Math.max(bytes, 1) / 16) * 16;
    if (next + size > end) {
      next = memory.allocate(Math.max(size, ARENA_BYTES), PAGE.READWRITE) ?? 0;
      end = next + Math.max(size, ARENA_BYTES);
    }
    next += size;
    return next - size;
  }

  /** Lets a thread run until it waits, ends or comes home. */
  function runThread(runs: Thread): void {
    runs.status = "running";
    process.runThread(runs);
    if (runs.status === "running") runs.status = "ready";
  }

  function start(target: ApiFunction | undefined, address: number, args: readonly HostArgument[]): void {
    machine.isHome = false;
    machine.thrown = undefined;
    const stack = ((thread.rsp - CALL_BYTES) & ~15) - thread.pointerSize;
    thread.rsp = stack;
    memory.setPointer(stack, machine.home);
    placeArguments({ thread, allocate, addCallback: (callback) => machine.addCallback(callback as Callback) }, target, args);
    thread.rip = address;
    runThread(thread);
  }

  /** Lets other threads and timers run while the call waits; false when nothing of the guest's own can end the wait. */
  function turn(): boolean {
    if (machine.isHome || process.ending !== undefined) return false;
    const ready = [...process.threads].filter(({ status, suspendCount }) => status === "ready" && suspendCount === 0);
    for (const runs of ready) if (runs.status === "ready") runThread(runs);
    if (ready.length > 0) return true;
    const delay = kernel.timers.untilNext();
    if (delay === undefined) return false;
    host.clock.advance(delay);
    kernel.timers.run();
    return true;
  }

  function finish(name: string, target: ApiFunction | undefined, before: number): number | bigint {
    const { thrown } = machine;
    if (thrown !== undefined) throw thrown.error;
    const { ending } = process;
    if (ending !== undefined && ending.kind !== "exit" && ending.kind !== "terminated")
      throw new Error(ending.message ?? `${name} ended the process: ${ending.kind}`);
    if (ending === undefined && !machine.isHome) throw new Error(`${name} waits for ever, or for the host: try callAsync`);
    if (ending === undefined) thread.rsp = before;
    return resultOf(thread, target);
  }

  function prepare(name: string): { target: ApiFunction | undefined; address: number; before: number } {
    if (process.ending !== undefined) throw new Error(`the process has ended (${process.ending.kind}); ${name} cannot be called`);
    return { target: declaredOf(name), address: addressOf(name), before: thread.rsp };
  }

  function dllsOf(name: string): [dlls: string[], symbol: string] {
    const bang = name.indexOf("!");
    return bang < 0 ? [registry.dlls(), name] : [[name.slice(0, bang)], name.slice(bang + 1)];
  }

  function declaredOf(name: string): ApiFunction | undefined {
    const [dlls, symbol] = dllsOf(name);
    const found =
      dlls.find((dll) => registry.find(dll, symbol, thread.pointerSize)?.target.kind === "function") ??
      dlls.find((dll) => registry.declared(dll, symbol, thread.pointerSize) !== undefined);
    return found === undefined ? undefined : registry.declared(found, symbol, thread.pointerSize);
  }

  function addressOf(name: string): number {
    const [dlls, symbol] = dllsOf(name);
    const exporter = dlls.find((dll) => registry.find(dll, symbol, thread.pointerSize) !== undefined);
    if (exporter === undefined) {
      const declared = declaredOf(name);
      throw new Error(declared === undefined ? `no DLL declares ${name}` : `${declared.fullName} is declared but not implemented`);
    }
    return process.loader.getProcAddress(process.loader.require(exporter), symbol) ?? 0;
  }

  function callNow(name: string, args: readonly HostArgument[]): number | bigint {
    const { target, address, before } = prepare(name);
    start(target, address, args);
    while (turn());
    return finish(name, target, before);
  }

  runThread(thread);
  return {
    process,
    thread,
    memory,
    host,
    reports,
    allocate,
    call: (name, ...args) => Number(callNow(name, args)),
    call64: (name, ...args) => BigInt(callNow(name, args)),
    async callAsync(name, ...args) {
      const { target, address, before } = prepare(name);
      start(target, address, args);
      for (let idle = 0; idle < MAX_IDLE_TURNS && !machine.isHome && process.ending === undefined; idle++) {
        while (turn()) idle = 0;
        await (idle > MAX_MICROTASKS && kernel.waitsForHost ? new Promise((resolve) => setTimeout(resolve, 1)) : Promise.resolve());
      }
      return Number(finish(name, target, before));
    },
    out(type, initial) {
      const address = allocate(type.size(thread.pointerSize));
      if (initial !== undefined) type.store(thread, address, initial);
      return new GuestPlace(address, () => type.load(thread, address) as ValueOf<typeof type>);
    },
    ansi(text) {
      const bytes = thread.ansi.encode(`${text}\0`);
      const address = allocate(bytes.length);
      memory.write(address, bytes);
      return address;
    },
    wide(text) {
      const address = allocate(2 * text.length + 2);
      memory.setWstring(address, text);
      return address;
    },
    callback: (callback) => machine.addCallback(callback),
    address: addressOf,
  };
}

/** Turns that a promise of the host's may take: of microtasks, and then, where a thread waits for the host, of a millisecond each. */
const MAX_IDLE_TURNS = 10_000;
const MAX_MICROTASKS = 1000;

/** A result by its declared type; TRUE and FALSE as the numbers that the guest sees. */
function resultOf(thread: Thread, target: ApiFunction | undefined): number | bigint {
  const { registers } = thread;
  const type: AnyType | undefined = target?.result;
  const { pointerSize } = thread;
  const low = registers[REGISTER.rax] as number;
  const high = registers[pointerSize === 8 ? REGISTER.rax + 1 : REGISTER.rdx] as number;
  if (type === undefined) return low;
  if (type.passing === "float" && pointerSize === 4) return thread.popFloat();
  if (type.passing === "float")
    return type.fromWords(thread, registers[REGISTER.xmm0] as number, registers[REGISTER.xmm0 + 1] as number) as number;
  if (type.passing === "block" || type.size(pointerSize) === 0) return low;
  const value: unknown = type.fromWords(thread, low, high);
  return typeof value === "number" || typeof value === "bigint" ? value : low;
}
