import type { Host } from "@decant/host";
import { buildDll, STUB_SIZE } from "@decant/pe";
import { Kernel } from "./kernel.ts";
import type { GuestMachine, KernelOptions } from "./kernel.ts";
import type { Library } from "./loader/library.ts";
import type { Process } from "./process.ts";
import type { ProcessOptions } from "./process-options.ts";
import type { Thread } from "./threads/thread.ts";
import type { GuestGenerator } from "./waits/suspension.ts";

/** A processor that remembers stubs and runs nothing: for tests of everything around it. */
export class IdleMachine implements GuestMachine {
  readonly stubs = new Map<number, number>();

  addStub(...[address, index]: Parameters<GuestMachine["addStub"]>): void {
    this.stubs.set(address, index);
  }

  addStubs(...[address, index, count]: Parameters<GuestMachine["addStubs"]>): void {
    for (let n = 0; n < count; n++) this.stubs.set(address + n * STUB_SIZE, index + n);
  }

  invalidate(): void {}

  guard(): void {}

  makeFloatsExact(): void {}

  suspend(): void {}

  save(): void {}

  run(): never {
    throw new Error("this test has no processor");
  }
}

/** A kernel on this machine's clock whose processes have no processor. */
export function idleKernel(options: Partial<KernelOptions> = {}): { kernel: Kernel; reports: string[] } {
  const reports: string[] = [];
  const host = { clock: { now: () => Date.now(), monotonic: () => performance.now() }, cpuCount: 2 } as Host;
  const kernel = new Kernel({ host, report: (sentence) => reports.push(sentence), createMachine: () => new IdleMachine(), ...options });
  return { kernel, reports };
}

/** Built-in DLLs by name. */
export function libraries(...list: Library[]): { find(key: string): Library | undefined } {
  return { find: (key) => list.find(({ name }) => name.toLowerCase() === key) };
}

/** A process of an image with nothing in it, whose own thread does not start. */
export function idleProcess(kernel: Kernel, options: Partial<ProcessOptions> = {}): Process {
  return kernel.createProcess({
    image: buildDll({ name: "idle.exe", base: 0x40_0000n, machine: "x86-64", symbols: [] }).bytes,
    path: "Z:\\work\\idle.exe",
    commandLine: "idle.exe",
    environment: [],
    currentDirectory: "Z:\\work",
    registry: libraries(),
    suspended: true,
    ...options,
  });
}

/** Runs generators as threads of one process, until all have ended; the result is what they logged, in order. */
export async function runThreads(
  ...bodies: ((thread: Thread, log: (entry: unknown) => void, threads: Thread[]) => GuestGenerator<void>)[]
): Promise<unknown[]> {
  const { kernel } = idleKernel();
  const process = idleProcess(kernel);
  const entries: unknown[] = [];
  const threads: Thread[] = [];
  for (const body of bodies) {
    threads.push(
      process.createHostThread(function* (thread) {
        yield* body(thread, (entry) => entries.push(entry), threads);
        yield { kind: "end", what: "thread", exitCode: 7 };
        throw new Error("unreachable");
      }),
    );
  }
  process.endThread(process.mainThread, 0);
  const ending = await kernel.run(process);
  if (ending.kind !== "exit") throw new Error(ending.message ?? ending.kind);
  return entries;
}
