import { OP, SIMD } from "@decant/wasm";
import { WORKER } from "../compile/layout.ts";
import type { VectorEmitter } from "./emitter.ts";
import type { SsaInstruction, Value } from "./ssa.ts";

/** Vectors between two fences: as many as the processor has registers for. */
const INTERVAL = 16;
/** Where more vectors live than this, they are spilled in any order, and the engine's own loses less. */
const MOST_LIVE = 24;

/**
 * Keeps the engine from moving the arithmetic of a long block behind all of its loads, where each loaded vector has to be spilled: V8 computes what
 * has no effects as late as its uses allow. A branch that is never taken, after which what has been computed so far could be something else, is such
 * a use. Watched by bench/kernels-cuda.ts (sgemm, monteCarlo, stencil).
 */
export class Fences {
  readonly #e: VectorEmitter;
  readonly #lastUse = new Map<Value, SsaInstruction>();
  readonly #liveAfter: ReadonlySet<Value>;
  /** What has been computed since the last fence, and may still be read. */
  readonly #computed = new Set<Value>();
  #vectors = 0;

  private constructor(e: VectorEmitter, instructions: readonly SsaInstruction[], liveAfter: ReadonlySet<Value>) {
    this.#e = e;
    this.#liveAfter = liveAfter;
    for (const s of instructions) for (const value of s.reads.values()) this.#lastUse.set(value, s);
  }

  /** `live`: the most vectors that live at one place of the block. Undefined when fences would not help it. */
  static find(e: VectorEmitter, instructions: readonly SsaInstruction[], liveAfter: ReadonlySet<Value>, live: number): Fences | undefined {
    return live > MOST_LIVE ? undefined : new Fences(e, instructions, liveAfter);
  }

  /** To be called after each of the block's instructions has been written. */
  after(s: SsaInstruction): void {
    const e = this.#e;
    for (const value of s.reads.values()) if (this.#lastUse.get(value) === s && !this.#liveAfter.has(value)) this.#computed.delete(value);
    for (const value of s.writes.values()) {
      if (value.shape?.kind !== "varying") continue;
      this.#vectors += e.vectorsOf(value).length;
      // Loads keep their order, and masks are mostly used at once.
      const isOrdered = s.instruction.opcode === "ld" || s.instruction.opcode === "atom" || value.register.type === "pred";
      if (!isOrdered && (this.#lastUse.has(value) || this.#liveAfter.has(value))) this.#computed.add(value);
    }
    if (this.#vectors >= INTERVAL && this.#computed.size > 0) this.#write();
  }

  #write(): void {
    const e = this.#e;
    const { f, locals } = e;
    // No record lies at address 0, which the engine does not know.
    f.localGet(locals.worker).op(OP.i32_eqz).expect(false).if();
    for (const value of this.#computed)
      for (const local of e.vectorsOf(value)) f.localGet(locals.worker).simdLoad(SIMD.v128_load, WORKER.lanes, 2).localSet(local);
    f.end();
    this.#computed.clear();
    this.#vectors = 0;
  }
}
