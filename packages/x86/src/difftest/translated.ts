import { GUEST_BASE, GuestMemory } from "@decant/memory";
import { CPU, CPU_BLOCK, X87_FORM } from "../cpu-block.ts";
import { Decoder } from "../decode/decoder.ts";
import type { Instruction } from "../decode/instruction.ts";
import { createHelpers, TRAP } from "../lower/helpers.ts";
import { UNMASKED } from "../lower/mxcsr.ts";
import { putX87, x87Image } from "../x87-image.ts";
import { CODE, DF_POSITION, FAULT, FLAG_POSITIONS, GS_BASE, STATE, WINDOW, WINDOW_BYTES } from "./state.ts";
import { straightLineModule, type StraightLineOptions } from "./straight-line.ts";

class Trap extends Error {
  readonly fault: number;
  constructor(kind: number) {
    super();
    this.fault = kind === TRAP.divide || kind === TRAP.overflow || kind >= UNMASKED.sse ? FAULT.divide : FAULT.violation;
  }
}

/** Runs forms through decoder, lowering and wasm, from the same start states as the processor. */
export class Translated {
  readonly memory = new GuestMemory();
  readonly mode: 64 | 32;
  readonly #decoder: Decoder;
  readonly #view = this.memory.view;

  constructor(mode: 64 | 32 = 64) {
    this.mode = mode;
    this.#decoder = new Decoder(this.memory, mode);
  }

  /** The instructions in the bytes, which are left in memory at CODE. */
  decode(bytes: Uint8Array): Instruction[] {
    this.memory.bytes.fill(0x90, CODE - GUEST_BASE, CODE - GUEST_BASE + bytes.length + 16);
    this.memory.bytes.set(bytes, CODE - GUEST_BASE);
    const result: Instruction[] = [];
    for (let ip = CODE; ip < CODE + bytes.length;) {
      const insn = this.#decoder.decode(ip);
      result.push(insn);
      ip = insn.next;
    }
    return result;
  }

  /** Flags that the manual leaves undefined after each instruction of `decode(bytes)`. */
  undefinedFlags(instructions: readonly Instruction[]): number[] {
    return instructions.map(({ ip }) => this.#decoder.undefinedFlags(ip));
  }

  /** Compiles the sequences; the function returned by index runs that sequence on one state, in place. */
  compile(sequences: readonly (readonly Instruction[])[], options?: StraightLineOptions): ((state: DataView) => void)[] {
    const helper = createHelpers({
      memory: this.memory,
      trap(kind): never {
        throw new Trap(kind);
      },
    });
    const module = new WebAssembly.Module(straightLineModule(sequences, options) as Uint8Array<ArrayBuffer>);
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory: this.memory.wasm },
      helper: helper as WebAssembly.ModuleImports,
    });
    return sequences.map((_, n) => (state) => this.#run(exports[String(n)] as () => void, state));
  }

  #run(translated: () => void, state: DataView): void {
    loadState(this.#view, state);
    let fault = 0;
    try {
      translated();
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      fault = error.fault;
    }
    if (fault === 0) storeState(this.#view, state);
    else state.setUint32(STATE.mxcsr, this.#view.getUint32(CPU_BLOCK - GUEST_BASE + CPU.mxcsr, true), true);
    state.setUint32(STATE.fault, fault, true);
  }
}

/** Puts a start state into the CPU block and the window. */
export function loadState(view: DataView, state: DataView): void {
  const block = CPU_BLOCK - GUEST_BASE;
  copy(state, STATE.gpr, view, block + CPU.gpr, 128);
  copy(state, STATE.xmm, view, block + CPU.xmm, 256);
  copy(state, STATE.window, view, WINDOW - GUEST_BASE, WINDOW_BYTES);
  const flags = state.getUint32(STATE.rflags, true);
  FLAG_POSITIONS.forEach((position, n) => view.setUint32(block + CPU.cf + n * 4, (flags >> position) & 1, true));
  view.setUint32(block + CPU.df, (flags >> DF_POSITION) & 1, true);
  view.setUint32(block + CPU.eflags, 0, true);
  view.setUint32(block + CPU.gsBase, GS_BASE, true);
  const depth = state.getUint16(STATE.depth, true);
  view.setUint32(block + CPU.fpTop, -depth & 7, true);
  for (let n = 0; n < 8; n++) {
    const at = block + CPU.x87 + ((n - depth) & 7) * 16;
    if (n < depth) putX87(view, at, state.getBigUint64(STATE.x87 + n * 16, true), state.getUint16(STATE.x87 + n * 16 + 8, true));
    else view.setUint32(at + 8, X87_FORM.empty, true);
  }
  view.setUint32(block + CPU.fpControl, state.getUint16(STATE.fcw, true), true);
  view.setUint32(block + CPU.fpStatus, 0, true);
  view.setUint32(block + CPU.mxcsr, state.getUint32(STATE.mxcsr, true), true);
}

/** Takes an end state from there. */
export function storeState(view: DataView, state: DataView): void {
  const block = CPU_BLOCK - GUEST_BASE;
  copy(view, block + CPU.gpr, state, STATE.gpr, 128);
  copy(view, block + CPU.xmm, state, STATE.xmm, 256);
  copy(view, WINDOW - GUEST_BASE, state, STATE.window, WINDOW_BYTES);
  let flags = 0x202 | (view.getUint32(block + CPU.df, true) << DF_POSITION) | view.getUint32(block + CPU.eflags, true);
  FLAG_POSITIONS.forEach((position, n) => (flags |= view.getUint32(block + CPU.cf + n * 4, true) << position));
  state.setUint32(STATE.rflags, flags, true);
  if (state.getUint16(STATE.depth, true) > 0) {
    const top = view.getUint32(block + CPU.fpTop, true);
    let tags = 0;
    for (let n = 0; n < 8; n++) {
      const physical = (top + n) & 7;
      const at = block + CPU.x87 + physical * 16;
      const isUsed = (view.getUint32(at + 8, true) & X87_FORM.empty) === 0;
      const { significand, exponent } = isUsed ? x87Image(view, at) : { significand: 0n, exponent: 0 };
      state.setBigUint64(STATE.x87 + n * 16, significand, true);
      state.setBigUint64(STATE.x87 + n * 16 + 8, BigInt(exponent), true);
      if (isUsed) tags |= 1 << physical;
    }
    state.setUint16(STATE.ftag, tags, true);
    state.setUint16(STATE.fcw, view.getUint32(block + CPU.fpControl, true), true);
    state.setUint16(STATE.fsw, (view.getUint32(block + CPU.fpStatus, true) & ~0x3800) | (top << 11), true);
  }
  state.setUint32(STATE.mxcsr, view.getUint32(block + CPU.mxcsr, true), true);
}

function copy(from: DataView, fromAt: number, to: DataView, toAt: number, bytes: number): void {
  for (let n = 0; n < bytes; n += 8) to.setBigUint64(toAt + n, from.getBigUint64(fromAt + n, true), true);
}
