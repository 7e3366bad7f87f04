import type { BlockRun, Layout, PhaseFunction, Service, Textures } from "@decant/ptx";

/** What the pool tells a worker. Modules and memories are sent once, before the first run that needs them. */
export type ToWorker =
  | { readonly kind: "memory"; readonly memory: number; readonly object: WebAssembly.Memory }
  | {
      readonly kind: "module";
      readonly module: number;
      readonly memory: number;
      readonly code: WebAssembly.Module;
      readonly window: bigint;
      readonly symbols: bigint;
    }
  | { readonly kind: "forget"; readonly memory: number }
  | {
      readonly kind: "run";
      readonly module: number;
      readonly phases: readonly string[];
      readonly run: string;
      readonly frameBytes: number;
      readonly lanes: number;
      readonly record: number;
      readonly blocks: number;
      readonly chunk: number;
      /** Blocks that the worker took before it was asked to yield, and did not run. */
      readonly left: BlockRange | undefined;
    };

/** Blocks by linear index, from `first` to before `end`. */
export interface BlockRange {
  readonly first: number;
  readonly end: number;
}

/** What a worker answers to a run. */
export interface FromWorker {
  /** Why it stopped, which the fault record tells in full. */
  readonly failed: string | undefined;
  /** How long it ran blocks, in milliseconds. */
  readonly ms?: number;
  /** It was asked to yield: these blocks are still its own, and there may be more to take. */
  readonly yielded?: BlockRange;
}

/** The imports of a compiled module, but its memory and addresses. */
interface MathImports {
  readonly sin: (x: number) => number;
  readonly cos: (x: number) => number;
  readonly log2: (x: number) => number;
  readonly exp2: (x: number) => number;
  readonly tanh: (x: number) => number;
  readonly clock: () => bigint;
}

/**
 * Runs blocks for a pool, in a worker or in the caller's own thread. The text of this function is the worker's program:
 * it names nothing outside of itself, so that it can run where there are no modules to import.
 */
export function createRunner(
  layout: Layout,
  runBlocks: (run: BlockRun, first: number, count: number) => void,
  createServices: (layout: Layout, buffer: ArrayBufferLike, window: bigint, textures: Textures) => Service,
  createTextures: (layout: Layout, buffer: ArrayBufferLike, window: bigint) => Textures,
  collect: () => void,
): (message: ToWorker) => FromWorker | undefined {
  const memories = new Map<number, { object: WebAssembly.Memory; words: Int32Array; counter: BigInt64Array }>();
  const modules = new Map<number, { exports: WebAssembly.Exports; memory: number }>();
  const math: MathImports = {
    sin: Math.sin,
    cos: Math.cos,
    log2: Math.log2,
    exp2: (x) => 2 ** x,
    tanh: Math.tanh,
    clock: () => process.hrtime.bigint(),
  };
  /** Blocks are run in pieces that take about this long, so that a launch can be put aside. */
  const pieceMs = 1;
  let pieceBlocks = 1;
  const run = (message: ToWorker & { kind: "run" }): FromWorker => {
    const module = modules.get(message.module);
    const memory = module === undefined ? undefined : memories.get(module.memory);
    if (module === undefined || memory === undefined) return { failed: "the module is unknown to the worker" };
    const phases = message.phases.map((name) => module.exports[name] as PhaseFunction);
    const { words, counter } = memory;
    const launch = words[(message.record + layout.WORKER.launch) >>> 2] ?? 0;
    const whole = module.exports[message.run] as BlockRun["run"];
    const blockRun = { layout, words, worker: message.record, phases, run: whole, frameBytes: message.frameBytes, lanes: message.lanes };
    const take = (): { first: number; end: number } => {
      const first = Number(Atomics.add(counter, (launch + layout.LAUNCH.nextBlock) >>> 3, BigInt(message.chunk)));
      return { first, end: Math.min(first + message.chunk, message.blocks) };
    };
    try {
      pieceBlocks = 1;
      for (let range: { first: number; end: number } = { ...(message.left ?? take()) }; range.first < message.blocks; range = take()) {
        while (range.first < range.end) {
          if (Atomics.load(words, layout.ABORT_WORD >>> 2) !== 0) {
            words[(message.record + layout.WORKER.faultKind) >>> 2] = layout.FAULT.stopped;
            return { failed: "the launch was abandoned" };
          }
          if (Atomics.load(words, (launch + layout.LAUNCH.yielding) >>> 2) !== 0) return { failed: undefined, yielded: range };
          const count = Math.min(pieceBlocks, range.end - range.first);
          const start = performance.now();
          runBlocks(blockRun, range.first, count);
          range.first += count;
          pieceBlocks = performance.now() - start < pieceMs ? pieceBlocks * 2 : Math.max(1, pieceBlocks >>> 1);
        }
      }
      return { failed: undefined };
    } catch (error) {
      // The others need not go on.
      Atomics.store(words, layout.ABORT_WORD >>> 2, 1);
      return { failed: String(error) };
    }
  };
  const timed = (message: ToWorker & { kind: "run" }): FromWorker => {
    const start = performance.now();
    return { ...run(message), ms: performance.now() - start };
  };
  return (message) => {
    switch (message.kind) {
      case "memory": {
        const { buffer } = message.object;
        memories.set(message.memory, { object: message.object, words: new Int32Array(buffer), counter: new BigInt64Array(buffer) });
        return undefined;
      }
      case "module": {
        const memory = memories.get(message.memory)?.object;
        if (memory === undefined) return undefined;
        const textures = createTextures(layout, memory.buffer, message.window);
        const service = createServices(layout, memory.buffer, message.window, textures);
        const env = { memory, window: message.window, symbols: message.symbols, service, ...math };
        modules.set(message.module, { exports: new WebAssembly.Instance(message.code, { env }).exports, memory: message.memory });
        return undefined;
      }
      case "forget":
        memories.delete(message.memory);
        for (const [key, { memory }] of modules) if (memory === message.memory) modules.delete(key);
        // A shared memory is given back when no thread refers to it any more, and an idle thread collects nothing of itself.
        collect();
        return undefined;
      case "run":
        return timed(message);
    }
  };
}
