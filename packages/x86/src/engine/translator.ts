import { GUEST_BASE, type GuestMemory } from "@decant/memory";
import { ByteWriter, FunctionBuilder } from "@decant/wasm";
import type { Decoder, Instruction } from "../decode/index.ts";
import { NotTranslated } from "../lower/index.ts";
import { isWritable, type Range } from "./changing-code.ts";
import type { CodeForm } from "./code-form.ts";
import { discover, discoverLeaf, MAX_UNIT_INSTRUCTIONS, type Surroundings, type Unit } from "./control-flow-graph.ts";
import { pointersIn } from "./function-pointers.ts";
import { inlineCalls, MAX_LEAF_INSTRUCTIONS } from "./inline.ts";
import { viaOf, type Step } from "./block.ts";
import { findJumpTable, type JumpTable } from "./jump-table.ts";
import type { TranslatedUnit } from "./link.ts";
import { ModuleContext } from "./module-context.ts";
import { KIND_BITS, RELOCATION } from "./relocation.ts";
import { SitePacker } from "./site-table.ts";
import type { ApiTarget, Stub } from "./stub.ts";
import { UnitEmitter } from "./unit-emitter.ts";

export interface TranslatorOptions {
  readonly memory: GuestMemory;
  readonly decoder: Decoder;
  stubAt(address: number): Stub | undefined;
  /** The stub that a syscall instruction calls, and the bytes besides it that say so. */
  stubOfSyscall(address: number): { stub: Stub; bytes: Range } | undefined;
  /** How the unit at an address is to be made. */
  form(entry: number): CodeForm;
  /** True when an address has code already. */
  isTranslated(address: number): boolean;
  /** True of an address that a call in translated code returns to. */
  isReturnSite(address: number): boolean;
}

const MAX_UNITS = 64;
/** With more functions whose addresses are taken, which a pointer leads to is anybody's guess. */
const MAX_GUESSES = 4;
/** A program's start calls little of what it could call: with 4,000, hello.exe took 30 ms longer. */
const MAX_INSTRUCTIONS = 1_000;

/**
 * Of code that is entered in the middle, after an unwinding, and of what it was cut to. A long function that unwinds at each of its calls, as Go's
 * initialisers do where goroutines switch, would otherwise be translated to its end as often. So would what a function larger than a unit was cut to:
 * in one with a loop around it, as an interpreter's, all of it is reached from everywhere.
 */
const MAX_RESUMED_INSTRUCTIONS = 300;
/** A larger switch is not repeated in each of such pieces: they jump to its cases by their addresses, and each case is a piece. */
const MAX_RESUMED_TARGETS = 32;

const MAX_LEAVES = 2_000;
const NO_LEAF = "none";

/** Of a function that belongs to no module yet. */
const NO_INDEX = -1;

/** Translates guest functions: from entries along direct calls. */
export class Translator {
  readonly #options: TranslatorOptions;
  /** Addresses that were called: jumping there is leaving a function. */
  readonly #functions = new Set<number>();
  /** Where calls through pointers may lead, by the address of the call: code that is entered in the middle sees less of what made it known. */
  readonly #guesses = new Map<number, readonly number[]>();
  readonly #untranslatable = new Set<number>();
  /** Where code that was entered in the middle was cut, and functions larger than a unit. */
  readonly #cuts = new Set<number>();
  /** Entries of units that turned out to call helpers. */
  readonly #helped = new Set<number>();
  /** Pages of code that was seen to write to itself. */
  readonly #selfChanging = new Set<number>();
  /**
   * Jump tables by the address of their jump. The base is often loaded far above, so code that is entered in the middle, in a loop, sees none of what
   * made the table known; every jump checks what its table rests on.
   */
  readonly #jumpTables = new Map<number, JumpTable>();
  /** What was found at addresses that were called: a function to put in the place of its calls, or NO_LEAF. Most functions are called from many. */
  readonly #leaves = new Map<number, Unit | typeof NO_LEAF>();
  /** A unit's code, and where it may trap, are written here first. */
  readonly #code = new ByteWriter(1 << 12);
  readonly #sites = new ByteWriter(1 << 10);
  /** Pages that these sets are about: changes elsewhere, which are many, cost nothing. */
  readonly #pages = new Set<number>();
  readonly #surroundings: Surroundings;
  /** Code that is entered in the middle ends where other such code begins. */
  readonly #resumedSurroundings: Surroundings;

  constructor(options: TranslatorOptions) {
    this.#options = options;
    this.#surroundings = {
      memory: options.memory,
      decoder: options.decoder,
      jumpTable: (jump, steps) => this.#jumpTable(jump, steps),
      apiTarget: (target, insn) => this.#apiTarget(target, insn),
      stubOfSyscall: (address) => options.stubOfSyscall(address),
      isFunction: (address) => this.#functions.has(address),
      changesItself: (address) => this.#selfChanging.has(address >>> 12),
      // Asked for each instruction, and mostly there is none.
      isUntranslatable: (address) => this.#untranslatable.size > 0 && this.#untranslatable.has(address),
    };
    this.#resumedSurroundings = {
      ...this.#surroundings,
      jumpTable: (jump, steps) => this.#smallJumpTable(jump, steps),
      endsBefore: (address) => this.#cuts.has(address) || (this.#isResumed(address) && options.isTranslated(address)),
    };
  }

  /**
   * Translates `entries`, and what they call directly as far as a batch goes. Each unit is emitted as soon as it is found: graphs of a whole batch at a time were what the
   * garbage collector spent most of its time on.
   */
  translate(entries: readonly number[]): TranslatedUnit[] {
    const { memory, isTranslated } = this.#options;
    const translated = new Map<number, TranslatedUnit>();
    const work = [...entries];
    const pointers = new Set<number>();
    let instructions = 0;
    for (let i = 0; i < work.length && translated.size < MAX_UNITS && (i < entries.length || instructions < MAX_INSTRUCTIONS); i++) {
      const entry = work[i] as number;
      if (translated.has(entry)) continue;
      if (i >= entries.length && (isTranslated(entry) || !memory.accessible(entry, 1, "execute"))) continue;
      const unit = this.#discover(entry, pointers);
      const made = this.#emitted(unit);
      if (made === undefined) {
        i--;
        continue;
      }
      translated.set(entry, made);
      instructions += unit.instructionCount;
      this.#follow(unit, work);
    }
    return [...translated.values()];
  }

  /** The blocks of the unit at an address, as they were when it was translated; undefined when the address is none. */
  discover(entry: number): Unit | undefined {
    return this.#options.memory.accessible(entry, 1, "execute") ? this.#discover(entry, new Set()) : undefined;
  }

  /** Called when the code before an address has written to the unit that it belongs to. */
  changedItself(address: number): void {
    this.#selfChanging.add((address - 1) >>> 12);
  }

  /** Called when bytes change: what was learnt from them no longer holds. */
  forget(start: number, end: number): void {
    this.#leaves.clear();
    this.#forgetFunctions(start, end);
    if (!this.#hasLearnt(start >>> 12, (end - 1) >>> 12)) return;
    for (const [address, table] of this.#jumpTables) {
      const tableEnd = table.address + 4 * table.targets.length;
      if ((address >= start && address < end) || (table.address < end && start < tableEnd)) this.#jumpTables.delete(address);
    }
    for (const address of this.#untranslatable) if (address >= start && address < end) this.#untranslatable.delete(address);
    for (const address of this.#cuts) if (address >= start && address < end) this.#cuts.delete(address);
  }

  /** New code may jump, with its flags, to what was a function's entry; a jump to a function keeps none. */
  #forgetFunctions(start: number, end: number): void {
    if (end - start < this.#functions.size) for (let address = start; address < end; address++) this.#functions.delete(address);
    else for (const address of this.#functions) if (address >= start && address < end) this.#functions.delete(address);
  }

  #hasLearnt(first: number, last: number): boolean {
    if (last - first > this.#pages.size) return this.#pages.size > 0;
    for (let page = first; page <= last; page++) if (this.#pages.has(page)) return true;
    return false;
  }

  #learn([start, end]: Range): void {
    for (let page = start >>> 12; page <= (end - 1) >>> 12; page++) this.#pages.add(page);
  }

  /** A unit's code; undefined when it is to be found once more: with a fault in the place of an instruction that has no lowering, or as one that calls helpers. */
  #emitted(unit: Unit): TranslatedUnit | undefined {
    try {
      return this.#emit(unit);
    } catch (error) {
      if (!(error instanceof NotTranslated)) throw error;
      const { ip } = error.instruction;
      this.#untranslatable.add(ip);
      this.#learn([ip, ip + 1]);
      return undefined;
    }
  }

  #emit(unit: Unit): TranslatedUnit | undefined {
    const { memory, decoder } = this.#options;
    const f = new FunctionBuilder(NO_INDEX, NO_INDEX, 0, undefined, this.#code.clear());
    const context = new ModuleContext(f, new SitePacker(this.#sites.clear()));
    const entry = unit.entry.start;
    const form = this.#options.form(entry);
    const callsHelpers = this.#helped.has(entry) || unit.blocks.some(({ ending }) => ending.kind === "intrinsic");
    new UnitEmitter(f, unit, context, { mode: decoder.mode, memory, form, callsHelpers }).emit();
    if (context.callsHelpers && !callsHelpers) {
      this.#helped.add(entry);
      return undefined;
    }
    const { bytes, codeStart } = f.body();
    const { stubs, targets, sites } = context;
    const relocations: number[] = [];
    for (const { offset, tag } of f.holes) {
      const { kind, operand } = context.relocations[tag] as ModuleContext["relocations"][number];
      relocations.push(codeStart + offset, kind | (operand << KIND_BITS));
    }
    for (const { offset, tag } of f.lateCalls) relocations.push(codeStart + offset, RELOCATION.import | (tag << KIND_BITS));
    return {
      entry,
      body: bytes,
      relocations: new Uint32Array(relocations),
      stubs,
      targets,
      ranges: unit.ranges,
      isChanging: unit.isChanging,
      returnSites: returnSitesOf(unit),
      sites: sites.finish(codeStart),
      instructionCount: unit.instructionCount,
      form,
      isPortable: !unit.isChanging && !unit.blocks.some(reachesStub),
    };
  }

  /** Adds to the work what a unit calls and where it goes on, and remembers which of that are functions. */
  #follow(unit: Unit, work: number[]): void {
    const { memory, isTranslated } = this.#options;
    const isInPieces = this.#isResumed(unit.entry.start) || unit.instructionCount >= MAX_UNIT_INSTRUCTIONS;
    for (const { ending } of unit.blocks) {
      // Zeros are no code, most likely: not before they are reached.
      if (ending.kind === "leave" && ending.isCut && isInPieces) {
        // What is translated already is found again as it was.
        if (!isTranslated(ending.target)) this.#cuts.add(ending.target);
      } else if (ending.kind === "leave" && memory.accessible(ending.target, 4, "read") && memory.u32(ending.target) !== 0) {
        work.push(ending.target);
      } else if (ending.kind === "enter") {
        this.#functions.add(ending.target);
      } else if (ending.kind === "call" && ending.via === undefined && ending.target !== undefined) {
        this.#functions.add(ending.target);
        work.push(ending.target);
      }
    }
  }

  /** The unit at an address, with small functions in the place of their calls; `pointers` remembers what addresses are taken. */
  #discover(entry: number, pointers: Set<number>): Unit {
    const { form, memory, decoder } = this.#options;
    const unit = this.#isResumed(entry)
      ? discover(entry, this.#resumedSurroundings, MAX_RESUMED_INSTRUCTIONS)
      : discover(entry, this.#surroundings);
    const leaves = this.#leaves;
    const leafAt = (address: number): Unit | undefined => {
      let leaf = leaves.get(address);
      if (leaf === undefined) {
        if (leaves.size >= MAX_LEAVES) leaves.clear();
        leaf = this.#leafAt(address) ?? NO_LEAF;
        leaves.set(address, leaf);
      }
      return leaf !== NO_LEAF && form(address) === form(entry) ? leaf : undefined;
    };
    const canGuess = form(entry).guarding === "trap" && decoder.mode === 64;
    if (canGuess) for (const address of pointersIn(unit.blocks, memory)) pointers.add(address);
    const guessesFor = ({ ip }: Instruction): readonly number[] => {
      const known = this.#guesses.get(ip);
      if (known !== undefined || !canGuess) return known ?? [];
      const guesses = [...pointers].filter((address) => leafAt(address) !== undefined);
      if (guesses.length === 0 || guesses.length > MAX_GUESSES) return [];
      this.#guesses.set(ip, guesses);
      return guesses;
    };
    return inlineCalls(unit, { leafAt, guessesFor });
  }

  /** True of code in the middle of a function that is entered after an unwinding, or follows what was cut. */
  #isResumed(entry: number): boolean {
    return !this.#functions.has(entry) && (this.#cuts.has(entry) || this.#options.isReturnSite(entry));
  }

  /** The function at an address, if it is one to put in the place of its calls. */
  #leafAt(address: number): Unit | undefined {
    const { memory, stubAt } = this.#options;
    if (!memory.accessible(address, 1, "execute") || stubAt(address) !== undefined) return undefined;
    // What may change is compared at each of its entries, so it must have one.
    return discoverLeaf(address, this.#surroundings, MAX_LEAF_INSTRUCTIONS);
  }

  #jumpTable(jump: Instruction, steps: readonly Step[]): JumpTable | undefined {
    const { memory } = this.#options;
    // Where nobody tells of a change, the jump may be another by now.
    const learnt = isWritable([jump.ip, jump.next >>> 0], memory) ? undefined : this.#jumpTables.get(jump.ip);
    const found = learnt ?? findJumpTable(steps, jump, memory);
    if (found === undefined) return undefined;
    this.#jumpTables.set(jump.ip, found);
    this.#learn([jump.ip, jump.ip + 1]);
    this.#learn([found.address, found.address + 4 * found.targets.length]);
    return found;
  }

  #smallJumpTable(jump: Instruction, steps: readonly Step[]): JumpTable | undefined {
    const table = this.#jumpTable(jump, steps);
    if (table === undefined || table.targets.length <= MAX_RESUMED_TARGETS) return table;
    for (const target of table.targets) if (!this.#options.isTranslated(target)) this.#cuts.add(target);
    return undefined;
  }

  /** The stub that a call or jump reaches: directly, through the import table, or through a function that only jumps through it. */
  #apiTarget(target: number | undefined, insn: Instruction): ApiTarget | undefined {
    const { stubAt, memory, decoder } = this.#options;
    if (target !== undefined) {
      const stub = stubAt(target);
      if (stub !== undefined) return { stub, slot: undefined };
      if (!memory.accessible(target, 16, "execute") || isWritable([target, target + 8], memory)) return undefined;
      // An import thunk: jmp [rip+slot], FF 25, which a REX prefix may precede.
      const first = memory.view.getUint16(target - GUEST_BASE, true);
      if (first !== 0x25ff && first !== 0xff48) return undefined;
      const jump = decoder.decode(target);
      const via = jump.kind === "jmp-indirect" ? this.#apiTarget(undefined, jump) : undefined;
      return via && { ...via, thunk: [target, jump.next >>> 0] };
    }
    if (
      insn.operands[0]?.kind !== "memory" ||
      insn.memory === undefined ||
      insn.memory.base >= 0 ||
      insn.memory.index >= 0 ||
      insn.memory.segment !== "none"
    ) {
      return undefined;
    }
    const slot = insn.memory.displacement >>> 0;
    if (!memory.accessible(slot, 8, "read")) return undefined;
    const stub = stubAt(memory.u32(slot));
    return stub === undefined ? undefined : { stub, slot };
  }
}

function returnSitesOf({ blocks }: Unit): number[] {
  const sites: number[] = [];
  for (const { ending } of blocks)
    if (ending.kind === "call" || ending.kind === "intrinsic" || ending.kind === "enter") sites.push(ending.insn.next >>> 0);
  return sites;
}

/** True when a call or jump goes to a stub's address itself: that address may be another in the next run. */
function reachesStub({ ending }: Unit["blocks"][number]): boolean {
  const via = viaOf(ending);
  return via !== undefined && via.slot === undefined;
}
