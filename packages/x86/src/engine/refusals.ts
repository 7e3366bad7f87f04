import { I32, OP, type FunctionBuilder, type Label } from "@decant/wasm";
import { ACCESS_BITS, type Emitter } from "../lower/index.ts";
import type { Refusal } from "./access-checks.ts";
import type { RegisterFile } from "./register-file.ts";

/** Registers, as bits, at an access: those that only their locals have, and those whose locals are right. */
export interface RegistersAt {
  readonly dirty: number;
  readonly valid: number;
}

/** One way out: it spills `least`, and might spill what is in `most`. */
interface Tail {
  least: number;
  most: number;
}

/**
 * Where a unit's failing checks leave it. All registers go to the CPU block first, and which those are differs from access to access; but what is not dirty may be
 * written too if its local is right, so that few ways out do for all: they stand at the unit's end, and a failing access only says which it is.
 */
export class Refusals {
  readonly #f: FunctionBuilder;
  readonly #e: Emitter;
  readonly #registers: RegisterFile;
  readonly #callRefuse: () => void;
  readonly #exit: Label;
  readonly #address: number;
  readonly #place: number;
  #high: number | undefined;
  readonly #tails: Tail[] = [];
  /** By the number of the site. */
  readonly #tailOf: (Tail | undefined)[] = [];

  /** Opens the wasm block that failing checks leave. `callRefuse` calls the runtime's function of that name. */
  constructor(f: FunctionBuilder, e: Emitter, registers: RegisterFile, callRefuse: () => void) {
    this.#f = f;
    this.#e = e;
    this.#registers = registers;
    this.#callRefuse = callRefuse;
    this.#address = f.local(I32);
    this.#place = f.local(I32);
    this.#exit = f.block();
  }

  /** Leaves for the access of the site with this number, the last so far. */
  leave(site: number, { address, access, pushHigh }: Refusal, at: RegistersAt): void {
    const f = this.#f;
    this.#tailOf[site] ??= this.#tailFor(at);
    f.localGet(address).localSet(this.#address);
    if (pushHigh !== undefined) {
      pushHigh();
      f.localSet((this.#high ??= f.local(I32)));
    }
    f.i32Const((site << ACCESS_BITS) | access)
      .localSet(this.#place)
      .br(this.#exit);
  }

  /** Ends the block, with the ways out after it. */
  close(): void {
    const f = this.#f;
    f.end();
    this.#e.beginBlock();
    const last = f.block();
    const labels = this.#tails.map(() => f.block());
    const [first = last] = labels;
    f.localGet(this.#place).i32Const(ACCESS_BITS).op(OP.i32_shr_u);
    f.brTable(
      Array.from(this.#tailOf, (tail) => (tail === undefined ? first : (labels[this.#tails.indexOf(tail)] as Label))),
      first,
    );
    for (const tail of this.#tails.toReversed()) {
      f.end();
      this.#registers.spill(tail.least);
      f.br(last);
    }
    f.end();
    f.localGet(this.#place).localGet(this.#address);
    if (this.#high === undefined) f.i32Const(0);
    else f.localGet(this.#high);
    this.#callRefuse();
    f.unreachable();
  }

  #tailFor({ dirty, valid }: RegistersAt): Tail {
    for (const tail of this.#tails) {
      const least = tail.least | dirty;
      const most = tail.most & (valid | dirty);
      if ((least & ~most) !== 0) continue;
      tail.least = least;
      tail.most = most;
      return tail;
    }
    const tail = { least: dirty, most: valid | dirty };
    this.#tails.push(tail);
    return tail;
  }
}
