import { GUEST_BASE, MemoryAccessError, type GuestMemory } from "@decant/memory";
import { CPU, GPR } from "../cpu-block.ts";
import { loadModule } from "../load-module.ts";
import { ACCESS_BITS, createHelpers, unpackAccess } from "../lower/helpers.ts";
import { asksOfFloats } from "../lower/mxcsr.ts";
import type { Guarding } from "./access-checks.ts";
import type { Batch } from "./batch.ts";
import type { Range } from "./changing-code.ts";
import { CodeCache } from "./code-cache.ts";
import { codeForm, strictest, type CodeForm } from "./code-form.ts";
import { CodeMap } from "./code-map.ts";
import { Cpu } from "./cpu.ts";
import { GuestTrap, type RefusedAccess, noCode, type Exit, type Fault } from "./fault.ts";
import { EXIT, FOREIGN_STACK, LEAST_STACK_WINDOW, MACHINE, MAX_SLOT, STACK_WINDOW, STALE_ITSELF } from "./layout.ts";
import { linkBatch } from "./link.ts";
import type { Truth } from "./installed-batch.ts";
import type { Site } from "./site-table.ts";
import type { StubDetails } from "./stub.ts";
import { Stubs } from "./stubs.ts";
import type { TranslationStorage } from "./storage.ts";
import { UnitSource, type HashFunction } from "./unit-source.ts";
import { innermostFrame, siteAt } from "./frames.ts";
import { loadTranslation } from "./load-translation.ts";
import { TRAP_FLAG, type SingleStep } from "./single-step.ts";

export interface MachineOptions {
  readonly memory: GuestMemory;
  /** x86-64, which it is unless said, or x86-32. */
  readonly mode?: 64 | 32;
  /**
   * Answers the call of a stub: arguments are in the CPU block and on the stack, rsp points at the return address. Sets rax, moves rsp past the
   * return address and returns it; or any other address to go on at; or UNWIND, after `suspend` or having left rip where to go on.
   */
  api(index: number): number;
  /** Whether API functions are replaced by WebAssembly where that is possible; true unless said. */
  readonly intrinsics?: boolean;
  /** How accesses fault in all code from the start; "trap" unless said. */
  readonly guarding?: Guarding;
  /** Whether the function at an address owns a handler that may see its registers at a fault. None does unless said. */
  ownsHandler?(address: number): boolean;
  /** The guest's bytes that decide this for all functions of the allocation at an address; undefined when more than bytes do, or it is not known. */
  handlerData?(address: number): readonly Range[] | undefined;
  /** Where translations are kept from one run to the next; nowhere unless said. */
  readonly translations?: TranslationStorage | undefined;
  /** What the next turn may use of the budget, whatever its milliseconds: for tests, which cut programs anywhere by it. */
  readonly turnBudget?: (() => number) | undefined;
}

/** What `MachineOptions.api` returns to leave all frames: the machine goes on at `cpu.rip`, or `run` returns after `suspend`. */
export const UNWIND = 0;

/** How much was translated, and how much was taken from earlier runs. */
export interface Statistics {
  functions: number;
  instructions: number;
  keptFunctions: number;
  keptInstructions: number;
  /** Modules, of both. */
  batches: number;
  wasmBytes: number;
  translateMs: number;
  /** Batches that were dropped because their bytes or protection changed. */
  invalidations: number;
  /** Times that the host's stack ended before the guest's window of it did. */
  stackTrips: number;
}

/** How long a turn of translated code is, about, unless `run` is told. */
const SLICE_MS = 4;
/** What code uses of the budget in a millisecond: as much as is guessed at first, and at least. */
const FIRST_PACE = 250_000;
const LEAST_PACE = 2500;
const MAX_BUDGET = 2 ** 30;
/** More than is charged in any one place, so that the shortest turn gets on. */
const LEAST_BUDGET = 2 ** 15;
/** API calls take time and little of the budget: after so many the clock is looked at. A power of two. */
const API_CALLS_UNWATCHED = 16;
/** An API function that is called with more than this of the guest's stack used since the dispatcher is called from the dispatcher instead. */
const API_DEPTH_BYTES = 24 * 1024;
/** How far up a guest's stack return addresses are looked for when it has unwound. */
const STACK_SCAN_BYTES = 32 * 1024;
const MAX_RESUMED = 32;

/** A guest processor: translates x86 code to WebAssembly as it is reached, and runs it. */
export class Machine {
  readonly cpu: Cpu;
  readonly statistics: Statistics = {
    functions: 0,
    instructions: 0,
    keptFunctions: 0,
    keptInstructions: 0,
    batches: 0,
    wasmBytes: 0,
    translateMs: 0,
    invalidations: 0,
    stackTrips: 0,
  };
  readonly #memory: GuestMemory;
  readonly #codeMap: CodeMap;
  readonly #cache: CodeCache;
  readonly #truth: Truth;
  readonly #options: MachineOptions;
  readonly #stubs: Stubs;
  readonly #source: UnitSource;
  readonly #imports: WebAssembly.Imports;
  readonly #runGuest: (rip: number) => void;
  #pace = FIRST_PACE;
  /** When the turn is over; 0 once it was ended before its budget. */
  #turnEnd = 0;
  #apiCalls = 0;
  #fault: Fault | undefined;
  #isInApi = false;
  #mustUnwind = false;
  /** The form that all code has at least. */
  #form: CodeForm;
  #singleStep: SingleStep | undefined;

  constructor(options: MachineOptions) {
    const { memory } = options;
    this.#options = options;
    this.#memory = memory;
    this.#form = codeForm(options.guarding ?? "trap", false);
    this.cpu = new Cpu(memory);
    this.#codeMap = new CodeMap(memory);
    this.#stubs = new Stubs(memory, this.#codeMap);
    this.#truth = {
      memory,
      stubAt: (address) => this.#stubs.intactAt(address),
      hash: (ranges) =>
        BigInt.asUintN(
          64,
          ranges.reduce((hash, [start, end]) => hashBytes((start - GUEST_BASE) | 0, end - start, hash), 0n),
        ),
    };
    this.#cache = new CodeCache(this.#truth, this.#codeMap);
    const env = {
      memory: memory.wasm,
      modules: this.#cache.modules,
      api: (index: number) => this.#api(index),
      translate: (rip: number) => this.#translate(rip >>> 0),
      link: (place: number) => this.#link(place >>> 16, place & 0xffff),
      bind: (rip: number, slot: number) => this.#cache.bind(rip >>> 0, slot),
      fault: (rip: number) => this.#runRare(rip >>> 0),
      stale: (unit: number) => this.#stale(unit),
      refuse(place: number, address: number, high: number): never {
        const access = refusedAccess(address >>> 0, high >>> 0, unpackAccess(place));
        throw new GuestTrap({ kind: 0, site: place >>> ACCESS_BITS, access });
      },
    };
    const runtime = new WebAssembly.Instance(new WebAssembly.Module(loadModule("runtime") as Uint8Array<ArrayBuffer>), { env });
    const hashBytes = runtime.exports["hash"] as HashFunction;
    this.#runGuest = runtime.exports["run"] as (rip: number) => void;
    this.#source = new UnitSource({
      memory,
      mode: options.mode ?? 64,
      stubs: this.#stubs,
      storage: options.translations,
      hash: hashBytes,
      hashGuest: this.#truth.hash,
      form: (entry) => this.#formAt(entry),
      baseForm: () => this.#form,
      handlerData: (address) => options.handlerData?.(address),
      isTranslated: (address) => this.#codeMap.get(address) !== 0,
      isReturnSite: (address) => this.#cache.isReturnSite(address),
    });
    const helper = createHelpers({
      memory,
      trap: (kind, rip) => {
        throw new GuestTrap({ kind, rip });
      },
      accessFault: (rip, address, high, access) => {
        throw new GuestTrap({ kind: 0, rip, access: refusedAccess(address, high, access) });
      },
    });
    this.#imports = { env, runtime: runtime.exports as WebAssembly.ModuleImports, helper: helper as WebAssembly.ModuleImports };
    memory.onProtectionChange = (start, end) => this.invalidate(start, end);
    this.cpu.reset();
    this.cpu.u32[MACHINE.stackWindow / 4] = STACK_WINDOW;
  }

  /** Makes an address a function of ours: calling it is `api(index)`. */
  addStub(address: number, index: number, { intrinsic, name }: StubDetails = {}): void {
    const used = this.#options.intrinsics === false ? undefined : intrinsic;
    const isReplaced = this.#stubs.set({ address, index, intrinsic: used, name });
    this.#source.forgetStubs();
    if (isReplaced) this.invalidate(address, address + 1);
  }

  /** Makes `count` addresses from a page's beginning on, 16 apart, functions of ours with indices from `index` on. What is to be said of one is asked when it is needed. */
  addStubs(address: number, index: number, count: number, describe: (n: number) => StubDetails): void {
    const hasIntrinsics = this.#options.intrinsics !== false;
    this.#stubs.setRow({ address, index, count, describe: hasIntrinsics ? describe : (n) => ({ ...describe(n), intrinsic: undefined }) });
    this.#source.forgetStubs();
  }

  /** Turns a stub's intrinsic off, so that every call reaches `api`: what a hook on the function needs. Code made so far is dropped. */
  removeIntrinsic(address: number): void {
    const stub = this.#stubs.at(address);
    if (stub?.intrinsic === undefined) return;
    this.#stubs.set({ ...stub, intrinsic: undefined });
    this.#source.forgetStubs();
    this.invalidate(address, address + 1);
  }

  /** How accesses fault at least, in all code. */
  get guarding(): Guarding {
    return this.#form.guarding;
  }

  /** From here on all code is guarded so, at least. Code made so far is dropped. */
  guard(guarding: "exact" | "checked"): void {
    this.#require(codeForm(guarding, false));
  }

  /**
   * From here on all code does what MXCSR and the x87's control word ask, and tells in full what floating point raises. Code made so far is dropped. It
   * comes to this by itself where these words ask for anything, and where code looks at what was raised.
   */
  makeFloatsExact(): void {
    this.#require(codeForm("trap", true));
  }

  #require(least: CodeForm): void {
    const form = strictest(this.#form, least);
    if (form === this.#form) return;
    this.#form = form;
    this.#source.startOver();
    this.#cache.clear();
    this.#mustUnwind = true;
  }

  #formAt(entry: number): CodeForm {
    const { guarding, hasExactFloats } = this.#form;
    return guarding === "trap" && this.#options.ownsHandler?.(entry) === true ? codeForm("exact", hasExactFloats) : this.#form;
  }

  #mustMakeFloatsExact(): boolean {
    const { u32 } = this.cpu;
    return !this.#form.hasExactFloats && asksOfFloats(u32[CPU.mxcsr / 4] as number, u32[CPU.fpControl / 4] as number);
  }

  /** Modules of translated code that there is a place for: how many there have been at a time. */
  get moduleCount(): number {
    return this.#cache.slotCount;
  }

  /** Keeps what was translated so far for later runs. */
  save(): void {
    this.#source.save();
  }

  /** Says, from inside `api`, that the guest waits: return UNWIND after it, with rip where to go on. */
  suspend(): void {
    this.cpu.u32[MACHINE.exitReason / 4] = EXIT.suspend;
  }

  /** Runs from `cpu.rip` until the guest waits, its turn of about so many milliseconds is over, or it cannot go on. All state is in the CPU block then. */
  run(sliceMs = SLICE_MS): Exit {
    const { cpu } = this;
    const { u32, i32 } = cpu;
    const start = performance.now();
    const budget = this.#options.turnBudget?.() ?? Math.max(LEAST_BUDGET, Math.min(MAX_BUDGET, Math.round(this.#pace * sliceMs)));
    i32[MACHINE.budget / 4] = budget;
    this.#turnEnd = start + sliceMs;
    for (;;) {
      u32[MACHINE.exitReason / 4] = EXIT.none;
      this.#isInApi = false;
      this.#mustUnwind = false;
      this.#fault = undefined;
      this.#cache.forgetDropped();
      if (u32[MACHINE.wantsExactFloats / 4] !== 0 || this.#mustMakeFloatsExact()) this.makeFloatsExact();
      try {
        if (((u32[CPU.eflags / 4] as number) & TRAP_FLAG) !== 0) return this.#stepOnce();
        this.#runGuest(cpu.rip);
      } catch (error) {
        const fault = this.#recover(error);
        if (fault === undefined) continue;
        cpu.rip = fault.rip;
        return { kind: "fault", fault };
      }
      switch (u32[MACHINE.exitReason / 4]) {
        case EXIT.none:
          continue;
        case EXIT.suspend:
          return { kind: "suspend" };
        case EXIT.fault:
          return { kind: "fault", fault: this.#fault ?? noCode(cpu.rip) };
        default:
          // The same check at a function's entry stands for the budget and for the depth.
          if ((i32[MACHINE.budget / 4] as number) < 0) {
            if (this.#turnEnd > 0) this.#adaptPace(budget / Math.max(performance.now() - start, 0.1));
            return { kind: "budget" };
          }
          if (isPastEnd(cpu.rsp, u32[CPU.stackEnd / 4] as number)) return { kind: "fault", fault: this.#stackOverflow() };
      }
    }
  }

  /** One instruction, or one call of an API function, and the exception that follows it. */
  #stepOnce(): Exit {
    const { cpu } = this;
    const { rip } = cpu;
    const stub = this.#stubs.intactAt(rip);
    let next: number | undefined;
    if (stub !== undefined) {
      next = this.#api(stub.index);
      if (cpu.u32[MACHINE.exitReason / 4] === EXIT.suspend) return { kind: "suspend" };
      if (next === UNWIND) next = cpu.rip;
    } else {
      if (!this.#memory.accessible(rip, 1, "execute")) return { kind: "fault", fault: noCode(rip) };
      const { decoder } = this.#source;
      this.#singleStep ??= new (loadTranslation().SingleStep)({ cpu, memory: this.#memory, decoder, imports: this.#imports });
      next = this.#singleStep.step(rip, this.#form.guarding);
      if (next === undefined) {
        const { runRare, describeInstruction } = loadTranslation();
        const rare = runRare(rip, cpu, this.#memory, decoder) ?? describeInstruction(rip, this.#memory, decoder);
        if (typeof rare !== "number") return { kind: "fault", fault: rare };
        next = rare;
      }
    }
    cpu.rip = next;
    cpu.u32[CPU.eflags / 4] = (cpu.u32[CPU.eflags / 4] as number) & ~TRAP_FLAG;
    const message = `the trap flag was set: the next instruction is at 0x${next.toString(16)}`;
    return { kind: "fault", fault: { code: "single-step", rip: next, isExact: true, message } };
  }

  /** Drops what was translated from [start, end): the bytes, or whether they may run, have changed. Live frames of it unwind when the API call ends. */
  invalidate(start: number, end: number): void {
    this.#source.forget(start, end);
    if (this.#stubs.recheck(start, end)) this.#source.forgetStubs();
    if (!this.#cache.invalidate(start, end)) return;
    this.statistics.invalidations++;
    this.#mustUnwind = true;
  }

  /** Hot: every API call that is no intrinsic. */
  #api(index: number): number {
    const { u32 } = this.cpu;
    if ((u32[MACHINE.stackBase / 4] as number) - (u32[(CPU.gpr + 8 * GPR.rsp) / 4] as number) > API_DEPTH_BYTES) {
      // An API function must not find the host's stack nearly used up, for it cannot be repeated: first everything unwinds.
      this.cpu.rip = this.#stubs.gateOf(index) ?? 0;
      return UNWIND;
    }
    const stub = this.#stubs.addressOf(index);
    if (stub !== undefined) u32[CPU.rip / 4] = stub;
    this.#isInApi = true;
    const next = this.#options.api(index);
    this.#isInApi = false;
    if ((++this.#apiCalls & (API_CALLS_UNWATCHED - 1)) === 0 && performance.now() > this.#turnEnd) this.#endTurn();
    // A handler may have asked for single steps.
    const isStepping = ((u32[CPU.eflags / 4] as number) & TRAP_FLAG) !== 0;
    if ((!this.#mustUnwind && !isStepping && !this.#mustMakeFloatsExact()) || next === UNWIND) return next;
    this.#mustUnwind = false;
    this.cpu.rip = next;
    return UNWIND;
  }

  /** Called by the dispatcher, under live frames, for an address that has no code: returns its entry, or 0 when it cannot have any. */
  #translate(rip: number): number {
    if (!this.#memory.accessible(rip, 1, "execute")) return this.#fail(noCode(rip));
    if (this.#stubs.enter(rip) || this.#cache.wake(rip)) return this.#codeMap.get(rip) | 0;
    const start = performance.now();
    if (!this.#takeModule(rip)) {
      const { units, isKept } = this.#source.get(rip, this.#resumed(rip));
      const sources = units.map(({ ranges }) => this.#truth.hash(ranges));
      const { batch, bytes } = linkBatch(units, this.#cache.takeSlot(), sources);
      const instructions = units.reduce((sum, { instructionCount }) => sum + instructionCount, 0);
      this.#install(batch, new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), { instructions, isKept, bytes: bytes.length });
    }
    const took = performance.now() - start;
    this.statistics.translateMs += took;
    // It is no part of the turn: one that is cut leaves more to translate.
    if (this.#turnEnd > 0) this.#turnEnd += took;
    return this.#codeMap.get(rip) | 0;
  }

  /** Takes the kept module that has a unit here, if there is one. */
  #takeModule(rip: number): boolean {
    // What code had to become in earlier runs it is from the start, before anything is translated twice.
    if (this.statistics.batches === 0) this.#form = strictest(this.#form, this.#source.keptForm);
    const module = this.#source.module(rip, (slot) => this.#cache.isFree(slot));
    if (module === undefined) return false;
    this.#install(module, module.compile(), { instructions: module.instructionCount, isKept: true, bytes: module.code.length });
    return true;
  }

  #install(
    batch: Batch,
    module: WebAssembly.Module,
    { instructions, isKept, bytes }: { instructions: number; isKept: boolean; bytes: number },
  ): void {
    this.#cache.install(batch, module, this.#imports);
    // Old code can be forgotten only where no frame runs it: the turn ends.
    if (this.#cache.isCrowded) this.#endTurn();
    const { statistics } = this;
    statistics[isKept ? "keptFunctions" : "functions"] += batch.entries.length;
    statistics[isKept ? "keptInstructions" : "instructions"] += instructions;
    statistics.batches++;
    statistics.wasmBytes += bytes;
  }

  #endTurn(): void {
    this.cpu.i32[MACHINE.budget / 4] = -1;
    this.#turnEnd = 0;
  }

  /** After an unwinding, the return sites further up the stack will be entered one after another: they are compiled with the first. */
  #resumed(rip: number): number[] {
    if (!this.#cache.isReturnSite(rip)) return [];
    const sites: number[] = [];
    const { rsp } = this.cpu;
    for (
      let at = rsp;
      at < rsp + STACK_SCAN_BYTES && sites.length < MAX_RESUMED && this.#memory.accessible(at, 4, "read");
      at += (this.#options.mode ?? 64) / 8
    ) {
      const address = this.#memory.u32(at);
      if (this.#cache.isReturnSite(address) && this.#codeMap.get(address) === 0 && address !== rip && !sites.includes(address))
        sites.push(address);
    }
    return sites;
  }

  /** The first call through a link: translates its target, and puts it there. */
  #link(slot: number, number: number): number {
    const address = this.cpu.rip;
    if (this.#codeMap.get(address) === 0 && this.#memory.accessible(address, 1, "execute")) this.#translate(address);
    this.#cache.link(slot, number);
    return 0;
  }

  /** Called by a unit whose bytes have changed, or that may have written to them. */
  #stale(unit: number): number {
    const ranges = this.#cache.stale(unit & MAX_SLOT, this.cpu.u32[MACHINE.staleEntry / 4] as number);
    if (ranges === undefined) return 0;
    for (const [start, end] of ranges) this.#source.forget(start, end);
    if (unit & STALE_ITSELF) this.#source.changedItself(this.cpu.rip);
    this.statistics.invalidations++;
    return 0;
  }

  /** What an exception that came through translated code means; undefined when running can go on at `cpu.rip`. */
  #recover(error: unknown): Fault | undefined {
    if (error instanceof GuestTrap) {
      const { raised } = error;
      const site = this.#siteOf(error, raised.site);
      const rip = raised.rip ?? site?.rip ?? this.cpu.rip;
      if (site?.rip === rip) this.#moveStack(site.stackDifference);
      return loadTranslation().faultOfTrap(raised, rip, this.#memory, this.#source.decoder);
    }
    if (error instanceof MemoryAccessError && !this.#isInApi)
      return loadTranslation().describeRefusal(this.cpu.rip, error, this.#memory, this.#source.decoder);
    if (error instanceof WebAssembly.RuntimeError) return this.#fromTrap(error);
    if (error instanceof RangeError && /call stack/.test(error.message) && !this.#isInApi) {
      this.#hostStackEnded(error);
      return undefined;
    }
    throw error;
  }

  /**
   * The host's stack ran out. V8 checks at a function's entry, where the state is exact: of a unit that is its own address, and every other function that
   * runs there is called with the address in cpu.rip.
   */
  #hostStackEnded(error: RangeError): void {
    const { u32 } = this.cpu;
    const top = innermostFrame(error);
    if (top?.isTop === true && top.frame.name.startsWith("x")) this.cpu.rip = parseInt(top.frame.name.slice(1), 16);
    const window = u32[MACHINE.stackWindow / 4] as number;
    u32[MACHINE.stackWindow / 4] = Math.max(LEAST_STACK_WINDOW, Math.min(window, STACK_WINDOW) / 2);
    this.statistics.stackTrips++;
  }

  #fromTrap(error: WebAssembly.RuntimeError): Fault {
    const site = this.#siteOf(error);
    const message = `the dispatcher trapped: ${error.message}`;
    if (site === undefined) return { code: "access-violation", rip: this.cpu.rip, isExact: false, message };
    this.#moveStack(site.stackDifference);
    const { accessAtTrap, describeAccess } = loadTranslation();
    const unit = this.#source.translator.discover(parseInt(innermostFrame(error)?.frame.name.slice(1) ?? "", 16));
    const access = accessAtTrap(unit, this.#source.decoder.decode(site.rip), { memory: this.#memory, register: (n) => this.cpu.gpr(n) });
    return describeAccess(site.rip, access, this.#memory, this.#source.decoder);
  }

  /** The instruction of the innermost translated code that an exception came through: there, or the unit's site of a number. */
  #siteOf(error: Error, number?: number): Site | undefined {
    const frame = innermostFrame(error)?.frame;
    const batch = frame === undefined ? undefined : this.#cache.batchAt(frame.slot);
    return frame === undefined || batch === undefined ? undefined : siteAt(batch, frame.offset, number);
  }

  #moveStack(difference: number): void {
    this.cpu.setGpr(GPR.rsp, this.cpu.gpr(GPR.rsp) + BigInt(difference));
  }

  #stackOverflow(): Fault {
    const { rip } = this.cpu;
    return {
      code: "stack-overflow",
      rip,
      isExact: true,
      address: this.cpu.rsp,
      message: `the stack is used up at 0x${rip.toString(16)} (rsp 0x${this.cpu.gpr(GPR.rsp).toString(16)})`,
    };
  }

  /** Unwinds with a fault. */
  /** What has no lowering: run here, or the exception that it is. */
  #runRare(rip: number): number {
    const { runRare, describeInstruction } = loadTranslation();
    const next = runRare(rip, this.cpu, this.#memory, this.#source.decoder);
    // 0 is UNWIND.
    if (typeof next === "number") return next === 0 ? this.#fail(noCode(0)) : next;
    return this.#fail(next ?? describeInstruction(rip, this.#memory, this.#source.decoder));
  }

  #fail(fault: Fault): number {
    this.#fault = fault;
    this.cpu.rip = fault.rip;
    this.cpu.u32[MACHINE.exitReason / 4] = EXIT.fault;
    return UNWIND;
  }

  /** Follows what was measured, a step at a time: a turn may have been long for the translator, or for other work on the machine. */
  #adaptPace(measured: number): void {
    this.#pace = Math.max(LEAST_PACE, Math.min(2 * this.#pace, Math.max(this.#pace / 4, measured)));
  }
}

function refusedAccess(address: number, high: number, { bytes, writes }: { bytes: number; writes: boolean }): RefusedAccess {
  return { low: (address + GUEST_BASE) >>> 0, high, bytes, kind: writes ? "write" : "read" };
}

function isPastEnd(rsp: number, stackEnd: number): boolean {
  return rsp < stackEnd && rsp + FOREIGN_STACK >= stackEnd;
}
