import { FLAG } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { effects } from "../lower/effects.ts";
import type { Form } from "./assemble.ts";
import { makeCases, SEQUENCE_BASE } from "./cases.ts";
import { leavesNanOpen } from "./exactness.ts";
import {
  callThrough,
  COUNTER,
  fillHoles,
  fourBytes,
  patchAt,
  recurse,
  setCounter,
  setRecursions,
  switchTo,
  type Linked,
  type Patch,
} from "./linked.ts";
import { candidatesOf, type Candidate } from "./sequences.ts";
import { Random, STATE, STATE_BYTES, WINDOW, WINDOW_BYTES } from "./state.ts";
import type { Translated } from "./translated.ts";

/**
 * A random program: blocks with forward jumps (also into loops, and by tables), loops that a count bounds, pushes and pops, functions that are called, also by
 * pointers and by themselves, faults that are gone on after, and stores into the code. What the engine's dataflow, structuring, inlining and spilling must get
 * right, where sequences.ts has straight lines only.
 */
export interface Program {
  readonly items: readonly Item[];
  /** Whether it writes to its own code. */
  readonly isChanging: boolean;
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
  | { readonly kind: "jump"; readonly cc: number | undefined; readonly to: number; readonly pair?: number }
  | { readonly kind: "back"; readonly by: "loop" | "memory"; readonly variant: number; readonly to: number }
  | { readonly kind: "call"; readonly to: number; readonly pair?: number }
  | Linked;

/** The top of the program's stack. */
const STACK = 0x2000_0e00;
const RCX = 1 << 1;
const FIXED = (1 << SEQUENCE_BASE) | (1 << 4);

/** What programs are made of. */
export interface Ingredients {
  readonly mode: Mode;
  readonly integer: Pools;
  readonly float: Pools;
  /** Accesses of null pointers have exact registers. */
  readonly hasNulls: boolean;
}

interface Pools {
  readonly all: readonly Candidate[];
  readonly setters: readonly Candidate[];
  readonly readers: readonly Candidate[];
  /** Define every flag. */
  readonly definers: readonly Candidate[];
}

export function ingredientsOf(translated: Translated, forms: readonly Form[], hasNulls = false): Ingredients {
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
  return { mode: translated.mode, integer: poolsOf(integer), float: poolsOf(float), hasNulls };
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
  const { mode, hasNulls } = ingredients;
  const isChanging = random.below(3) === 0;
  const writer = new Writer(ingredients[flavour], random, { flavour, mode, isChanging, hasNulls });
  return { items: writer.program(), flavour, seed, mode, isChanging };
}

interface WriterOptions {
  readonly flavour: Flavour;
  readonly mode: Mode;
  readonly isChanging: boolean;
  readonly hasNulls: boolean;
}

/** What patches may change: a label, where the byte is, and what may be put there. */
interface Patchable {
  readonly label: number;
  readonly offset: number;
  readonly pair: number;
  readonly patches: readonly Patch[];
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
  readonly #isChanging: boolean;
  readonly #hasNulls: boolean;
  readonly #countsInRcx: boolean;
  readonly #items: Item[] = [];
  readonly #patchables: Patchable[] = [];
  #labels = 0;
  #pairs = 0;
  #undefined = 0;

  constructor(pools: Pools, random: Random, { flavour, mode, isChanging, hasNulls }: WriterOptions) {
    this.#mode = mode;
    this.#isChanging = isChanging;
    this.#hasNulls = hasNulls;
    this.#pools = pools;
    this.#random = random;
    this.#flavour = flavour;
    this.#countsInRcx = random.below(2) === 0;
  }

  program(): Item[] {
    const random = this.#random;
    const items = this.#items;
    const count = 1 + random.below(6);
    const recursions = 1 + random.below(16);
    items.push({ kind: "bytes", text: `counter = ${count}`, bytes: setCounter(count), isFixed: true });
    items.push({ kind: "bytes", text: `recursions = ${recursions}`, bytes: setRecursions(recursions), isFixed: true });
    if (this.#countsInRcx) items.push({ kind: "bytes", text: `mov ecx, ${count}`, bytes: [0xb9, ...fourBytes(count)], isFixed: true });
    // Up to the end of a page, so that the code lies on both sides of it.
    if (random.below(8) === 0) items.push(padding(0x1000 - items.length - 40 - random.below(200)));
    const main = this.#labels++;
    const functions = Array.from({ length: random.below(3) }, () => this.#labels++);
    if (functions.length > 0) items.push({ kind: "jump", cc: undefined, to: main });
    functions.forEach((label, n) => {
      items.push({ kind: "label", id: label, isFunction: true });
      this.#undefined = FLAG.ALL;
      this.#blocks(1 + random.below(3), functions.slice(0, n), label);
      items.push({ kind: "bytes", text: "ret", bytes: [0xc3], isFixed: true });
    });
    items.push({ kind: "label", id: main });
    this.#undefined = 0;
    this.#blocks(2 + random.below(6), functions);
    // The flags are compared as memory.
    items.push({
      kind: "bytes",
      text: "pushfq; pop qword ptr [window]",
      bytes: [0x9c, 0x8f, 0x04, 0x25, ...fourBytes(WINDOW)],
      isFixed: true,
    });
    return items;
  }

  /** `self` is the function that the blocks are of, if they are of one. */
  #blocks(count: number, callees: readonly number[], self?: number): void {
    const random = this.#random;
    const labels = Array.from({ length: count + 1 }, () => this.#labels++);
    /** Where a switch leads to no flag is defined. */
    const cases = new Set<number>();
    const begin = (id: number): void => {
      const isCase = cases.has(id);
      this.#items.push({ kind: "label", id, ...(isCase && { isFunction: true }) });
      if (isCase) this.#undefined = FLAG.ALL;
    };
    for (let n = 0; n < count; n++) {
      begin(labels[n]!);
      const pops: Item[] = [];
      for (let left = 1 + random.below(6); left > 0; left--) this.#straight(pops);
      if (callees.length > 0 && random.below(3) === 0) this.#call(callees);
      if (self !== undefined && random.below(4) === 0) {
        this.#items.push(recurse(self));
        this.#undefined = FLAG.ALL;
      }
      this.#items.push(...pops.toReversed());
      this.#define();
      switch (random.below(5)) {
        case 0:
          this.#items.push({ kind: "back", by: this.#countsInRcx ? "loop" : "memory", variant: random.below(16), to: labels[random.below(n + 1)]! }); // prettier-ignore
          break;
        case 1:
        case 2:
          this.#jump(labels[n + 1 + random.below(count - n)]!);
          break;
        case 3: {
          if (this.#flavour === "float") break;
          const targets = Array.from({ length: 4 }, () => labels[n + 1 + random.below(count - n)]!);
          for (const target of targets) cases.add(target);
          this.#items.push(switchTo(targets, random.pick([0, 2, 6, 7]), this.#mode, random));
        }
      }
    }
    begin(labels[count]!);
    this.#define();
  }

  #call(callees: readonly number[]): void {
    const random = this.#random;
    const to = random.pick(callees);
    const through = random.below(3) === 0 && this.#flavour === "integer";
    if (through) this.#items.push(callThrough(to, random));
    else if (this.#isChanging && random.below(2) === 0) {
      const pair = this.#patchable(1, callees.map((callee) => ({ callee }))); // prettier-ignore
      this.#items.push({ kind: "call", to, pair });
    } else this.#items.push({ kind: "call", to });
    this.#undefined = FLAG.ALL;
  }

  #jump(to: number): void {
    const random = this.#random;
    const isPatched = this.#isChanging && random.below(2) === 0;
    const conditions = Array.from({ length: 16 }, (_, cc) => ({ value: 0x80 + cc }));
    const pair = isPatched ? { pair: this.#patchable(1, conditions) } : {};
    this.#items.push({ kind: "jump", cc: random.below(16), to, ...pair });
  }

  /** A label for what comes next, of which patches may change the byte, or the bytes, at an offset. */
  #patchable(offset: number, patches: readonly Patch[]): number {
    const label = this.#labels++;
    const pair = this.#pairs++;
    this.#items.push({ kind: "label", id: label });
    this.#patchables.push({ label, offset, pair, patches });
    return pair;
  }

  /** A store into the code behind or before it: an instruction's operand or operation. */
  #change(): void {
    const random = this.#random;
    const to = this.#register();
    const from = this.#register();
    if (random.below(2) === 0) {
      const patched = random.pick(this.#patchables);
      if (patched === undefined) return;
      const { label, offset, pair, patches } = patched;
      return void this.#items.push(patchAt(label, offset, random.pick(patches), pair, random));
    }
    const isOperand = random.below(2) === 0;
    const next = this.#items.length;
    const pair = isOperand
      ? this.#patchable(2, [{ value: "dl" }, { value: random.below(256) }])
      : this.#patchable(
          0,
          [0x01, 0x29, 0x31, 0x21, 0x09, 0x89].map((value) => ({ value })),
        );
    const { label, offset, patches } = this.#patchables.at(-1)!;
    this.#items.push(
      isOperand
        ? { kind: "bytes", text: `add ${NAMES[to]}, (patched)`, bytes: [0x81, 0xc0 | to, ...fourBytes(random.u32())], pair }
        : { kind: "bytes", text: `(patched) ${NAMES[to]}, ${NAMES[from]}`, bytes: [0x01, 0xc0 | (from << 3) | to], pair },
    );
    this.#undefined = FLAG.ALL;
    // At once before it, at times.
    if (random.below(2) === 0) this.#items.splice(next, 0, patchAt(label, offset, random.pick(patches), pair, random));
  }

  /** What faults: whoever handles it goes on behind it. */
  #fault(): void {
    const fault = this.#random.pick(FAULTS.slice(0, this.#hasNulls ? FAULTS.length : 3));
    this.#items.push({ kind: "bytes", ...fault });
    if (fault.text.startsWith("div")) this.#undefined = FLAG.ALL;
  }

  #straight(pops: Item[]): void {
    const random = this.#random;
    if (random.below(8) === 0) return this.#pushPop(pops);
    if (this.#isChanging && this.#flavour === "integer" && random.below(6) === 0) return this.#change();
    if (random.below(40) === 0) return this.#fault();
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

/** ud2, int3, a division by what is zero, and accesses of null. */
const FAULTS = [
  { text: "ud2", bytes: [0x0f, 0x0b] },
  { text: "int3", bytes: [0xcc] },
  { text: "div dword ptr [zero]", bytes: [0xf7, 0x34, 0x25, ...fourBytes(COUNTER + 0x40)] },
  { text: "mov eax, [0]", bytes: [0x8b, 0x04, 0x25, ...fourBytes(0)] },
  { text: "mov [0], edx", bytes: [0x89, 0x14, 0x25, ...fourBytes(0)] },
] as const;

/** A jump over so many bytes. */
function padding(count: number): Item {
  return { kind: "bytes", text: `jump over ${count} bytes`, bytes: [0xe9, ...fourBytes(count), ...new Array<number>(count).fill(0xcc)] };
}

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
    else if (item.kind === "linked") {
      if (item.isCall === true) open = FLAG.ALL;
    } else if (item.kind === "jump" || item.kind === "back" || (item.kind === "bytes" && item.text.startsWith("pushfq"))) {
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
  const linked: { item: Linked; start: number }[] = [];
  const relative = (to: number, ...opcode: number[]) => {
    code.push(...opcode, 0, 0, 0, 0);
    patches.push({ at: code.length - 4, to });
  };
  for (const item of items) {
    if (item.kind === "code") code.push(...item.candidate.form.bytes);
    else if (item.kind === "bytes") code.push(...item.bytes);
    else if (item.kind === "label") labels.set(item.id, code.length);
    else if (item.kind === "linked") {
      linked.push({ item, start: code.length });
      code.push(...item.bytes);
    } else if (item.kind === "call") relative(item.to, 0xe8);
    else if (item.kind === "jump") relative(item.to, ...(item.cc === undefined ? [0xe9] : [0x0f, 0x80 + item.cc]));
    else if (item.by === "memory") {
      code.push(0x83, 0x2c, 0x25, ...fourBytes(COUNTER), 1); // sub [COUNTER], 1
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
  for (const { item, start } of linked) fillHoles(code, start, item, labels);
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
      case "linked":
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
