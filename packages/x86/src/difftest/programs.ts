import { FLAG } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { effects } from "../lower/effects.ts";
import type { Form } from "./assemble.ts";
import { makeCases, SEQUENCE_BASE } from "./cases.ts";
import { leavesNanOpen } from "./exactness.ts";
import { candidatesOf, type Candidate } from "./sequences.ts";
import { Random, STATE, STATE_BYTES, WINDOW, WINDOW_BYTES } from "./state.ts";
import type { Translated } from "./translated.ts";

/**
 * A random program: blocks with forward jumps (also into loops), loops that a count bounds, pushes and pops, and functions that are called. What the
 * engine's dataflow, structuring, inlining and spilling must get right, where sequences.ts has straight lines only.
 */
export interface Program {
  readonly items: readonly Item[];
  readonly flavour: Flavour;
  readonly seed: number;
  readonly mode: Mode;
}

type Mode = 64 | 32;

/** `float`: xmm registers hold doubles, never a signalling NaN or a NaN with a payload, whose choice is left open. */
type Flavour = "integer" | "float";

/** A piece of a program. What may not be removed alone (a push without its pop) has a common `pair`. */
export type Item =
  | { readonly kind: "code"; readonly candidate: Candidate }
  | { readonly kind: "bytes"; readonly text: string; readonly bytes: readonly number[]; readonly pair?: number; readonly isFixed?: boolean }
  | { readonly kind: "label"; readonly id: number; readonly isFunction?: boolean }
  /** A jump forward, or with no condition code always; `back` jumps back while its count lasts. */
  | { readonly kind: "jump"; readonly cc: number | undefined; readonly to: number }
  | { readonly kind: "back"; readonly by: "loop" | "memory"; readonly variant: number; readonly to: number }
  | { readonly kind: "call"; readonly to: number; readonly pair?: number };

/** Beside the window, and the top of the program's stack. */
const COUNTER = 0x2000_0f80;
const STACK = 0x2000_0e00;
const RCX = 1 << 1;
const FIXED = (1 << SEQUENCE_BASE) | (1 << 4);

/** What programs are made of. */
export interface Ingredients {
  readonly mode: Mode;
  readonly integer: Pools;
  readonly float: Pools;
}

interface Pools {
  readonly all: readonly Candidate[];
  readonly setters: readonly Candidate[];
  readonly readers: readonly Candidate[];
  /** Define every flag. */
  readonly definers: readonly Candidate[];
}

export function ingredientsOf(translated: Translated, forms: readonly Form[]): Ingredients {
  // The state of the x87, which MMX shares, is another's: programs do not set it up.
  const all = candidatesOf(translated, forms).filter(({ instructions: [insn] }) => !insn!.operands.some(({ kind }) => kind === "mm"));
  const usesXmm = (insn: Instruction) => insn.operands.some(({ kind, bits }) => kind === "xmm" || bits === 128);
  const integer = all.filter(({ instructions: [insn] }) => !leavesNanOpen(insn!));
  // What could make a NaN with a payload stays out: integers in xmm registers, and integers stored where doubles are loaded.
  const float = all.filter(({ form, instructions: [insn] }) =>
    usesXmm(insn!) || /xmm/.test(form.text)
      ? /^((add|sub|mul|div|sqrt|min|max|comi|ucomi)sd|cvtsi2sd|cvtt?sd2si|movsd|movapd|movupd|unpcklpd|addpd|mulpd) /.test(form.text) &&
        !/\[/.test(form.text.replace("[rbx]", ""))
      : insn!.memory === undefined || insn!.operands[0]!.kind !== "memory",
  );
  return { mode: translated.mode, integer: poolsOf(integer), float: poolsOf(float) };
}

function poolsOf(all: readonly Candidate[]): Pools {
  const touches = all.map((candidate) => ({ candidate, touched: effects(candidate.instructions[0]!) }));
  const where = (test: (n: (typeof touches)[number]) => boolean) => touches.filter(test).map(({ candidate }) => candidate);
  return {
    all,
    setters: where(({ touched }) => touched.flagsWritten !== 0),
    readers: where(({ touched }) => touched.flagsRead !== 0),
    definers: where(
      ({ candidate, touched }) => touched.flagsMust === FLAG.ALL && candidate.undefinedFlags[0] === 0 && touched.flagsRead === 0,
    ),
  };
}

/** The program of a seed. */
export function makeProgram(ingredients: Ingredients, seed: number): Program {
  const random = new Random(seed);
  const flavour = random.below(3) === 0 ? "float" : "integer";
  const { mode } = ingredients;
  const writer = new Writer(ingredients[flavour], random, flavour, mode);
  return { items: writer.program(), flavour, seed, mode };
}

/**
 * Writes a program, item after item. At a block's end every flag is defined, so that whatever follows may read any;
 * behind a call, and where a function begins, none is: Windows' calling conventions keep no arithmetic flag, and neither does the engine.
 */
class Writer {
  readonly #pools: Pools;
  readonly #random: Random;
  readonly #flavour: Flavour;
  readonly #mode: Mode;
  readonly #countsInRcx: boolean;
  readonly #items: Item[] = [];
  #labels = 0;
  #pairs = 0;
  #undefined = 0;

  constructor(pools: Pools, random: Random, flavour: Flavour, mode: Mode) {
    this.#mode = mode;
    this.#pools = pools;
    this.#random = random;
    this.#flavour = flavour;
    this.#countsInRcx = random.below(2) === 0;
  }

  program(): Item[] {
    const random = this.#random;
    const items = this.#items;
    const count = 1 + random.below(6);
    const four = (n: number) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];
    items.push({ kind: "bytes", text: `mov dword ptr [${COUNTER}], ${count}`, bytes: [0xc7, 0x04, 0x25, ...four(COUNTER), ...four(count)], isFixed: true }); // prettier-ignore
    if (this.#countsInRcx) items.push({ kind: "bytes", text: `mov ecx, ${count}`, bytes: [0xb9, ...four(count)], isFixed: true });
    const main = this.#labels++;
    const functions = Array.from({ length: random.below(3) }, () => this.#labels++);
    if (functions.length > 0) items.push({ kind: "jump", cc: undefined, to: main });
    functions.forEach((label, n) => {
      items.push({ kind: "label", id: label, isFunction: true });
      this.#undefined = FLAG.ALL;
      this.#blocks(1 + random.below(3), functions.slice(0, n));
      items.push({ kind: "bytes", text: "ret", bytes: [0xc3], isFixed: true });
    });
    items.push({ kind: "label", id: main });
    this.#undefined = 0;
    this.#blocks(2 + random.below(6), functions);
    // The flags are compared as memory.
    items.push({ kind: "bytes", text: "pushfq; pop qword ptr [window]", bytes: [0x9c, 0x8f, 0x04, 0x25, ...four(WINDOW)], isFixed: true });
    return items;
  }

  #blocks(count: number, callees: readonly number[]): void {
    const random = this.#random;
    const labels = Array.from({ length: count + 1 }, () => this.#labels++);
    for (let n = 0; n < count; n++) {
      this.#items.push({ kind: "label", id: labels[n]! });
      const pops: Item[] = [];
      for (let left = 1 + random.below(6); left > 0; left--) this.#straight(pops);
      if (callees.length > 0 && random.below(3) === 0) {
        this.#items.push({ kind: "call", to: random.pick(callees) });
        this.#undefined = FLAG.ALL;
      }
      this.#items.push(...pops.toReversed());
      this.#define();
      switch (random.below(4)) {
        case 0:
          this.#items.push({ kind: "back", by: this.#countsInRcx ? "loop" : "memory", variant: random.below(16), to: labels[random.below(n + 1)]! }); // prettier-ignore
          break;
        case 1:
        case 2:
          this.#items.push({ kind: "jump", cc: random.below(16), to: labels[n + 1 + random.below(count - n)]! });
          break;
      }
    }
    this.#items.push({ kind: "label", id: labels[count]! });
  }

  #straight(pops: Item[]): void {
    const random = this.#random;
    if (random.below(8) === 0) return this.#pushPop(pops);
    if (random.below(6) === 0 && this.#flavour === "integer") return void this.#items.push(this.#move());
    if (this.#mode === 32 && this.#flavour === "integer" && random.below(16) === 0) return void this.#items.push(this.#farPointer());
    const { all, setters, readers } = this.#pools;
    const candidate = random.pick([all, all, setters, readers][random.below(4)]!);
    const insn = candidate.instructions[0]!;
    const touched = effects(insn);
    if (touched.flagsRead & this.#undefined || (this.#countsInRcx && touched.writes & RCX)) return;
    this.#undefined = (this.#undefined & ~touched.flagsMust) | candidate.undefinedFlags[0]!;
    this.#items.push({ kind: "code", candidate });
  }

  /** A push now, and its pop at the block's end, both of them of 64 bits. */
  #pushPop(pops: Item[]): void {
    const from = this.#random.below(8);
    const to = this.#register();
    const pair = this.#pairs++;
    this.#items.push({ kind: "bytes", text: `push ${NAMES[from]}`, bytes: [0x50 + from], pair });
    pops.push({ kind: "bytes", text: `pop ${NAMES[to]}`, bytes: [0x58 + to], pair });
  }

  /** A load or store of any width at any place around the base: accesses that overlap in part. */
  #move(): Item {
    const random = this.#random;
    const is64 = this.#mode === 64;
    const bits = random.pick(is64 ? [8, 16, 32, 64] : [8, 16, 32]);
    // Without a REX prefix, numbers from 4 on are ah to bh: of those dh only.
    const register = is64 || bits > 8 ? this.#register() : random.pick([0, 2, 6]);
    const displacement = random.below(48) - 24;
    const opcode = (random.below(2) === 0 ? 0x88 : 0x8a) + (bits === 8 ? 0 : 1);
    const prefix = bits === 16 ? [0x66] : bits === 64 ? [0x48] : bits === 8 && is64 ? [0x40] : [];
    const operands = [`${bits} bits of [rbx${displacement < 0 ? "" : "+"}${displacement}]`, NAMES[register]];
    const text = `mov ${(opcode < 0x8a ? operands : operands.toReversed()).join(", ")}`;
    return { kind: "bytes", text, bytes: [...prefix, opcode, 0x43 | (register << 3), displacement & 255] };
  }

  /** lds, les or lss, with the selector that the segment register holds written behind the offset: what the engine leaves to TypeScript. */
  #farPointer(): Item {
    const random = this.#random;
    const { name, segment, opcode } = random.pick(FAR_POINTERS);
    const bits = random.pick([16, 32]);
    const displacement = random.below(48) - 24;
    const register = this.#register();
    const at = (offset: number): string => `[ebx${offset < 0 ? "" : "+"}${offset}]`;
    const selectorAt = displacement + bits / 8;
    return {
      kind: "bytes",
      text: `mov word ptr ${at(selectorAt)}, ${name.slice(1)}; ${name} ${bits} bits of ${NAMES[register]}, ${at(displacement)}`,
      bytes: [
        0x8c,
        0x43 | (segment << 3),
        selectorAt & 255,
        ...(bits === 16 ? [0x66] : []),
        ...opcode,
        0x43 | (register << 3),
        displacement & 255,
      ],
    };
  }

  #register(): number {
    return this.#random.pick(this.#countsInRcx ? [0, 2, 5, 6, 7] : [0, 1, 2, 5, 6, 7]);
  }

  #define(): void {
    if (this.#undefined === 0) return;
    const definers = this.#pools.definers.filter(({ instructions: [insn] }) => !(this.#countsInRcx && effects(insn!).writes & RCX));
    this.#items.push({ kind: "code", candidate: this.#random.pick(definers) });
    this.#undefined = 0;
  }
}

const FAR_POINTERS = [
  { name: "les", segment: 0, opcode: [0xc4] },
  { name: "lss", segment: 2, opcode: [0x0f, 0xb2] },
  { name: "lds", segment: 3, opcode: [0xc5] },
] as const;

const NAMES = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"];

/** True if no instruction reads a flag that is undefined, on any way through: what shrinking must keep. */
export function isWellDefined(items: readonly Item[]): boolean {
  let open = 0;
  for (const item of items) {
    if (item.kind === "code") {
      const { flagsRead, flagsMust, writes } = effects(item.candidate.instructions[0]!);
      if (flagsRead & open || writes & FIXED) return false;
      open = (open & ~flagsMust) | item.candidate.undefinedFlags[0]!;
    } else if (item.kind === "call" || (item.kind === "label" && item.isFunction === true)) open = FLAG.ALL;
    else if (item.kind === "jump" || item.kind === "back" || (item.kind === "bytes" && item.text.startsWith("pushfq"))) {
      if (open !== 0) return false;
    } else if (item.kind === "bytes" && item.text === "ret") open = 0;
  }
  return true;
}

/** The machine code of a program, which ends where its last byte does. What addresses memory without a base reads alike in both modes. */
export function encode({ items, mode }: Pick<Program, "items" | "mode">): Uint8Array {
  const labels = new Map<number, number>();
  const code: number[] = [];
  const patches: { at: number; to: number }[] = [];
  const relative = (to: number, ...opcode: number[]) => {
    code.push(...opcode, 0, 0, 0, 0);
    patches.push({ at: code.length - 4, to });
  };
  for (const item of items) {
    if (item.kind === "code") code.push(...item.candidate.form.bytes);
    else if (item.kind === "bytes") code.push(...item.bytes);
    else if (item.kind === "label") labels.set(item.id, code.length);
    else if (item.kind === "call") relative(item.to, 0xe8);
    else if (item.kind === "jump") relative(item.to, ...(item.cc === undefined ? [0xe9] : [0x0f, 0x80 + item.cc]));
    else if (item.by === "memory") {
      code.push(0x83, 0x2c, 0x25, COUNTER & 255, (COUNTER >> 8) & 255, (COUNTER >> 16) & 255, COUNTER >>> 24, 1); // sub [COUNTER], 1
      relative(item.to, 0x0f, 0x8f); // jg
    } else if (item.variant < 6) {
      // jrcxz over it all; loop, loope or loopne over the jump that goes on.
      code.push(0xe3, 9, 0xe0 + (item.variant % 3), 2, 0xeb, 5);
      relative(item.to, 0xe9);
    } else {
      // jrcxz over it all; lea rcx, [rcx-1].
      if (mode === 64) code.push(0xe3, 10, 0x48, 0x8d, 0x49, 0xff);
      else code.push(0xe3, 9, 0x8d, 0x49, 0xff);
      relative(item.to, 0x0f, 0x80 + item.variant);
    }
  }
  for (const { at, to } of patches) {
    const distance = labels.get(to)! - (at + 4);
    for (let n = 0; n < 4; n++) code[at + n] = (distance >> (8 * n)) & 255;
  }
  return Uint8Array.from(code);
}

/** A program's start states. */
export function programCases({ seed, flavour, mode }: Pick<Program, "seed" | "flavour" | "mode">, count: number): Uint8Array {
  const states = makeCases([], seed, count, mode);
  const random = new Random(~seed);
  for (let at = 0; at < states.length; at += STATE_BYTES) {
    const state = new DataView(states.buffer, at, STATE_BYTES);
    state.setBigUint64(STATE.gpr + 4 * 8, BigInt(STACK), true);
    if (flavour === "integer") continue;
    for (let n = 0; n < (mode === 64 ? 256 : 128); n += 8) state.setFloat64(STATE.xmm + n, number(random), true);
    for (let n = 0; n < WINDOW_BYTES; n += 8) state.setFloat64(STATE.window + n, number(random), true);
  }
  return states;
}

function number(random: Random): number {
  return random.pick([0, -0, 1, -1, 0.5, Infinity, random.below(1000) / 8 - 60, (random.u32() / 2 ** 32) * 2 ** (random.below(80) - 40)]);
}

/** A program as text, an item a line. */
export function programText(items: readonly Item[]): string {
  const line = (item: Item): string => {
    switch (item.kind) {
      case "code":
        return `    ${item.candidate.form.text}`;
      case "bytes":
        return `    ${item.text}`;
      case "label":
        return `  L${item.id}:`;
      case "call":
        return `    call L${item.to}`;
      case "jump":
        return `    ${item.cc === undefined ? "jmp" : `j${CONDITIONS[item.cc]!}`} L${item.to}`;
      default:
        return `    back to L${item.to} (${item.by}, ${item.variant})`;
    }
  };
  return `${items.map(line).join("\n")}\n    (window at 0x${WINDOW.toString(16)}, rbx at +96)`;
}

const CONDITIONS = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];
