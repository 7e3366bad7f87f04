import type { layout } from "../compile/layout.ts";

/** A phase function of a compiled kernel. */
export type PhaseFunction = (worker: number, match: number, count: number) => number;

/** The layout constants, as one value that can be sent to a worker. */
export type Layout = typeof layout;

/** One kernel, instantiated, and where its records lie in the memory. */
export interface BlockRun {
  /** Runs whole blocks from the record's block index on; gives how many it has finished. Undefined where there is one phase only. */
  readonly run: ((worker: number, count: number) => number) | undefined;
  readonly layout: Layout;
  /** The whole memory. */
  readonly words: Int32Array<ArrayBufferLike>;
  readonly worker: number;
  readonly phases: readonly PhaseFunction[];
  readonly frameBytes: number;
  /** The threads whose frames are interleaved: 1 for a kernel that has no vector form. */
  readonly lanes: number;
}

/**
 * Runs `count` blocks from linear index `first`. Whatever stops a kernel comes out as an error that is thrown, with the
 * fault record filled: traps, a raised abort word, threads that wait for each other for ever.
 *
 * The text of this function is what workers run: it must not name anything outside of itself.
 */
export function runBlocks(run: BlockRun, first: number, count: number): void {
  const { layout, words, worker, phases, frameBytes, lanes: width } = run;
  const { BARRIER, LAUNCH, WORKER, STATE, WARP_FRAME, WARP_SIZE, FAULT, ABORT_WORD } = layout;
  const word = (address: number): number => words[address >>> 2] ?? 0;
  const launch = word(worker + WORKER.launch);
  const threads = word(launch + LAUNCH.threads);
  const states = word(worker + WORKER.states) >>> 2;
  const frames = word(worker + WORKER.frames);
  const waitOf = (state: number): number => (state >> STATE.waitShift) & 3;
  const call = (phase: number, match: number): number => {
    if (words[ABORT_WORD >>> 2] !== 0) fail(FAULT.stopped);
    return phases[phase]?.(worker, match, 1) ?? STATE.done;
  };
  const fail = (kind: number): never => {
    words[(worker + WORKER.faultKind) >>> 2] = kind;
    throw new Error("kernel stopped");
  };

  // The scalar form runs all threads, unless the vector form says otherwise.
  words[(worker + WORKER.firstThread) >>> 2] = 0;
  words[(worker + WORKER.threadEnd) >>> 2] = threads;

  const place = (index: number): void => {
    const x = word(launch + LAUNCH.gridDim) >>> 0;
    const y = word(launch + LAUNCH.gridDim + 4) >>> 0;
    const at = (worker + WORKER.blockIndex) >>> 2;
    words[at] = index % x;
    words[at + 1] = Math.floor(index / x) % y;
    words[at + 2] = Math.floor(index / x / y);
  };

  /** Where a thread's mask lies, in words. */
  const maskOf = (thread: number): number => {
    const inVector = thread % width;
    return (frames + (thread - inVector) * frameBytes + WARP_FRAME.mask * 8 * width + inVector * 4) >>> 2;
  };

  /** Releases each group of lanes of a warp that met; with `force`, lanes that wait together without the rest of their mask. */
  const releaseWarps = (force: boolean): boolean => {
    let released = false;
    for (let start = 0; start < threads; start += WARP_SIZE) {
      const lanes = Math.min(WARP_SIZE, threads - start);
      for (let lane = 0; lane < lanes; lane++) {
        const state = words[states + start + lane] ?? STATE.done;
        if (state === STATE.done || waitOf(state) !== STATE.warp) continue;
        const mask = words[maskOf(start + lane)] ?? 0;
        let complete = true;
        for (let other = 0; other < lanes && complete; other++) {
          const otherState = words[states + start + other] ?? STATE.done;
          if ((mask >> other) & 1 && otherState !== state && otherState !== STATE.done) complete = false;
        }
        if (!complete && !force) continue;
        let together = 0;
        for (let other = 0; other < lanes; other++)
          if (words[states + start + other] === state && ((mask >> other) & 1 || other === lane)) together |= 1 << other;
        for (let other = 0; other < lanes; other++) {
          if (((together >> other) & 1) === 0) continue;
          words[states + start + other] = state & STATE.phaseMask;
          // Who asked for whoever is there learns who it was.
          const place = maskOf(start + other);
          if (words[place] === -1) words[place] = together;
        }
        released = true;
        if (force) return true;
      }
    }
    return released;
  };

  const releaseBarriers = (): boolean => {
    let alive = 0;
    const arrived = Array.from({ length: 16 }, () => 0);
    const expected = Array.from({ length: 16 }, () => 0);
    for (let thread = 0; thread < threads; thread++) {
      const state = words[states + thread] ?? STATE.done;
      if (state === STATE.done) continue;
      alive++;
      if (waitOf(state) !== STATE.barrier) continue;
      const barrier = (state >> STATE.barrierShift) & 15;
      arrived[barrier] = (arrived[barrier] ?? 0) + 1;
      expected[barrier] = ((state >> STATE.countShift) & 63) * WARP_SIZE;
    }
    let released = false;
    for (let barrier = 0; barrier < 16; barrier++) {
      const passed = (worker + WORKER.barriers + BARRIER.bytes * barrier + BARRIER.arrived) >>> 2;
      const waiting = arrived[barrier] ?? 0;
      const needed = Math.min(expected[barrier] || alive, alive);
      if (waiting === 0 || waiting + (words[passed] ?? 0) < needed) continue;
      released = true;
      words[passed] = 0;
      for (let thread = 0; thread < threads; thread++) {
        const state = words[states + thread] ?? STATE.done;
        if (state !== STATE.done && waitOf(state) === STATE.barrier && ((state >> STATE.barrierShift) & 15) === barrier)
          words[states + thread] = state & STATE.phaseMask;
      }
    }
    return released;
  };

  /** Threads are at different places: runs those that may, a group at a time. */
  const runMixed = (): void => {
    for (;;) {
      let alive = false;
      let ran = false;
      for (let thread = 0; thread < threads; thread++) {
        const state = words[states + thread] ?? STATE.done;
        if (state === STATE.done) continue;
        alive = true;
        if (waitOf(state) !== 0) continue;
        call(state & STATE.phaseMask, state);
        ran = true;
      }
      if (!alive) return;
      if (!ran && !releaseWarps(false) && !releaseBarriers() && !releaseWarps(true)) fail(FAULT.deadlock);
    }
  };

  if (phases.length === 1) {
    place(first);
    phases[0]?.(worker, 0, count);
    return;
  }
  // Kernels whose threads all wait where they arrive keep no counts of their own; what others left here must not count for theirs.
  const counts = (worker + WORKER.barriers) >>> 2;
  words.fill(0, counts, counts + (BARRIER.bytes * BARRIER.count) / 4);
  for (let block = first; block < first + count; block++) {
    place(block);
    block += run.run?.(worker, first + count - block) ?? 0;
    // The usual case: in every block all threads came to the same places. Otherwise one is left in the middle.
    if (block < first + count) runMixed();
  }
}
