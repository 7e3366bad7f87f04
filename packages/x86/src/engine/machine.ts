import { GUEST_BASE, PAGE_SIZE, type GuestMemory } from "@decant/memory";
import { CPU } from "../cpu-block.ts";
import { Decoder, format } from "../decode/index.ts";
import { createHelpers } from "../lower/index.ts";
import { CodeMap } from "./code-map.ts";
import { Cpu } from "./cpu.ts";
import { GuestTrap, type Exit, type Fault, type FaultCode } from "./fault.ts";
import { codeEntry, EXIT, MAX_SLOT, stubEntry } from "./layout.ts";
import { runtimeModule } from "./runtime-module.ts";
import type { Intrinsic, Stub } from "./stub.ts";
import { Translator, type Batch } from "./translator.ts";

export interface MachineOptions {
  readonly memory: GuestMemory;
  /**
   * Answers the call of a stub: arguments are in the CPU block and on the stack, rsp points at the return address. Sets rax, moves rsp past the
   * return address and returns it; or any other address to go on at; or UNWIND, after `suspend` or having left rip where to go on.
   */
  api(index: number): number;
  /** Whether API functions are replaced by WebAssembly where that is possible; true unless said. */
  readonly intrinsics?: boolean;
}

/** What `MachineOptions.api` returns to leave `Machine.run`. */
export const UNWIND = 0;

/** How much was translated. */
export interface Statistics {
  functions: number;
  instructions: number;
  batches: number;
  wasmBytes: number;
  translateMs: number;
}

/** A turn of translated code ends after about this long, so that the event loop is reached. */
const SLICE_MS = 4;
const FIRST_SLICE = 2_000_000;
const MAX_SLICE = 2 ** 30;
/** How far up a guest's stack return addresses are looked for when it has unwound. */
const STACK_SCAN_BYTES = 32 * 1024;
const MAX_RESUMED = 32;

/** A guest processor: translates x86-64 code to WebAssembly as it is reached, and runs it. */
export class Machine {
  readonly cpu: Cpu;
  readonly statistics: Statistics = { functions: 0, instructions: 0, batches: 0, wasmBytes: 0, translateMs: 0 };
  readonly #memory: GuestMemory;
  readonly #codeMap: CodeMap;
  readonly #options: MachineOptions;
  readonly #stubs = new Map<number, Stub>();
  readonly #modules = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
  readonly #imports: WebAssembly.Imports;
  readonly #runGuest: (rip: number) => void;
  readonly #batches = new Map<string, Batch>();
  readonly #codePages = new Map<number, Set<Batch>>();
  /** Return addresses of translated calls, with the target of a direct one. */
  readonly #returnSites = new Map<number, number | undefined>();
  #decoder: Decoder | undefined;
  #translator: Translator | undefined;
  #slice = FIRST_SLICE;
  #fault: Fault | undefined;
  #inApi = false;

  constructor(options: MachineOptions) {
    const { memory } = options;
    this.#options = options;
    this.#memory = memory;
    this.cpu = new Cpu(memory);
    this.#codeMap = new CodeMap(memory);
    const env = {
      memory: memory.wasm,
      modules: this.#modules,
      api: (index: number) => {
        this.#inApi = true;
        const next = options.api(index);
        this.#inApi = false;
        return next;
      },
      translate: (rip: number) => this.#translate(rip >>> 0),
      fault: (rip: number) => this.#cannotRun(rip >>> 0),
      stale: (rip: number) => this.#stale(rip >>> 0),
    };
    const runtime = new WebAssembly.Instance(new WebAssembly.Module(runtimeModule()), { env });
    this.#runGuest = runtime.exports["run"] as (rip: number) => void;
    const helper = createHelpers({
      memory,
      trap: (kind, rip) => {
        throw new GuestTrap(kind, rip);
      },
    });
    this.#imports = { env, runtime: runtime.exports as WebAssembly.ModuleImports, helper: helper as WebAssembly.ModuleImports };
    memory.onProtectionChange = (start, end) => this.invalidate(start, end);
    this.cpu.reset();
  }

  /** Makes an address a function of ours: calling it is `api(index)`. */
  addStub(address: number, index: number, intrinsic?: Intrinsic): void {
    this.#stubs.set(address, { address, index, intrinsic: this.#options.intrinsics === false ? undefined : intrinsic });
    this.#codeMap.set(address, stubEntry(index));
  }

  /** Says, from inside `api`, that the guest waits: return UNWIND after it, with rip where to go on. */
  suspend(): void {
    this.cpu.u32[CPU.exitReason / 4] = EXIT.suspend;
  }

  /** Runs from `cpu.rip` until the guest waits, its turn is over, or it cannot go on. All state is in the CPU block then. */
  run(): Exit {
    const { u32, i32 } = this.cpu;
    const start = performance.now();
    i32[CPU.budget / 4] = this.#slice;
    for (;;) {
      u32[CPU.exitReason / 4] = EXIT.none;
      this.#inApi = false;
      this.#fault = undefined;
      try {
        this.#runGuest(this.cpu.rip);
      } catch (error) {
        const fault = this.#recover(error);
        if (fault === undefined) continue;
        return { kind: "fault", fault };
      }
      switch (u32[CPU.exitReason / 4]) {
        case EXIT.depth: {
          const overflow = this.#stackOverflow();
          if (overflow !== undefined) return { kind: "fault", fault: overflow };
          continue;
        }
        case EXIT.budget:
          this.#adaptSlice(performance.now() - start);
          return { kind: "budget" };
        case EXIT.suspend:
          return { kind: "suspend" };
        default: {
          const fault = this.#fault as Fault | undefined;
          return { kind: "fault", fault: fault ?? this.#noCode(0) };
        }
      }
    }
  }

  /** Drops what was translated from [start, end): the bytes, or whether they may run, have changed. */
  invalidate(start: number, end: number): void {
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.ceil(end / PAGE_SIZE);
    const affected = new Set<Batch>();
    const look = (page: number): void => this.#codePages.get(page)?.forEach((batch) => affected.add(batch));
    if (last - first < this.#codePages.size) for (let page = first; page < last; page++) look(page);
    else for (const page of this.#codePages.keys()) if (page >= first && page < last) look(page);
    for (const batch of affected) {
      if (batch.units.some(({ ranges }) => ranges.some(([from, to]) => from < end && start < to))) this.#drop(batch);
    }
  }

  /** Called by the dispatcher, under live frames, for an address that has no code: returns its entry, or 0 when it cannot have any. */
  #translate(rip: number): number {
    if (!this.#memory.accessible(rip, 1, "execute")) {
      this.#fail(this.#noCode(rip));
      return 0;
    }
    const start = performance.now();
    this.#decoder ??= new Decoder(this.#memory, 64);
    this.#translator ??= new Translator({
      memory: this.#memory,
      decoder: this.#decoder,
      stubAt: (address) => this.#stubs.get(address),
      isTranslated: (address) => this.#codeMap.get(address) !== 0,
    });
    this.#install(this.#translator.translate([rip, ...this.#resumed(rip)]));
    this.statistics.translateMs += performance.now() - start;
    return this.#codeMap.get(rip) | 0;
  }

  /** After an unwinding, the return sites further up the stack will be entered one after another: they are compiled with the first. */
  #resumed(rip: number): number[] {
    if (!this.#returnSites.has(rip)) return [];
    const sites: number[] = [];
    const { rsp } = this.cpu;
    for (let at = rsp; at < rsp + STACK_SCAN_BYTES && sites.length < MAX_RESUMED && this.#memory.accessible(at, 4, "read"); at += 8) {
      const address = this.#memory.u32(at);
      if (this.#returnSites.has(address) && this.#codeMap.get(address) === 0 && !sites.includes(address)) sites.push(address);
    }
    return sites;
  }

  #install(batch: Batch): void {
    const slot = this.#modules.length;
    if (slot > MAX_SLOT) throw new Error("x86: too many modules of translated code");
    const instance = new WebAssembly.Instance(new WebAssembly.Module(batch.bytes), this.#imports);
    this.#modules.grow(1);
    this.#modules.set(slot, instance.exports["enter"]);
    batch.entries.forEach((entry, index) => this.#codeMap.set(entry, codeEntry(slot, index)));
    this.#batches.set(batch.name, batch);
    for (const unit of batch.units) {
      for (const [start, end] of unit.ranges) {
        for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < end; page++) {
          let batches = this.#codePages.get(page);
          if (batches === undefined) this.#codePages.set(page, (batches = new Set()));
          batches.add(batch);
        }
      }
      for (const { ending } of unit.blocks) {
        if (ending.kind === "call") this.#returnSites.set(ending.next, ending.via === undefined ? ending.target : undefined);
      }
      this.statistics.instructions += unit.instructionCount;
    }
    this.statistics.functions += batch.units.length;
    this.statistics.batches++;
    this.statistics.wasmBytes += batch.bytes.length;
  }

  #drop(batch: Batch): void {
    if (!this.#batches.delete(batch.name)) return;
    for (const entry of batch.entries) this.#codeMap.set(entry, this.#stubs.has(entry) ? stubEntry(this.#stubs.get(entry)?.index ?? 0) : 0);
    for (const batches of this.#codePages.values()) batches.delete(batch);
    // Frames of the stale code may be live: they unwind at their next call or back edge.
    this.cpu.i32[CPU.budget / 4] = -1;
  }

  #stale(rip: number): number {
    for (const batch of this.#codePages.get(Math.floor(rip / PAGE_SIZE)) ?? []) if (batch.entries.includes(rip)) this.#drop(batch);
    return rip;
  }

  /** What an exception that came through translated code means; undefined when running can go on. */
  #recover(error: unknown): Fault | undefined {
    if (error instanceof GuestTrap) return this.#describe("divide-by-zero", error.rip, "integer division by zero, or a quotient that does not fit");
    if (error instanceof WebAssembly.RuntimeError) return this.#fromTrap(error);
    if (error instanceof RangeError && !this.#inApi && /call stack/.test(error.message)) {
      // The host's stack ran out at a function's entry: nothing of it has run, and its return address is on the guest's stack.
      const { rsp } = this.cpu;
      const site = this.#memory.accessible(rsp, 4, "read") ? this.#returnSites.get(this.#memory.u32(rsp)) : undefined;
      if (site !== undefined) this.cpu.rip = site;
      return undefined;
    }
    throw error;
  }

  /** V8's stack trace names the module and the code offset of each frame: `wasm://wasm/guest3-…:wasm-function[12]:0x1234`. */
  #fromTrap(error: Error): Fault {
    for (const [, name = "", offset = "0"] of (error.stack ?? "").matchAll(/wasm:\/\/wasm\/(guest\d+)-[0-9a-f]+:wasm-function\[\d+\]:(0x[0-9a-f]+)/g)) {
      const marks = this.#batches.get(name)?.marks;
      if (marks === undefined) continue;
      let low = 0;
      for (let high = marks.length; low < high; ) {
        const middle = (low + high) >>> 1;
        if ((marks[middle]?.offset ?? 0) <= Number(offset)) low = middle + 1;
        else high = middle;
      }
      const rip = (marks[low - 1]?.tag ?? 0) >>> 0;
      return this.#describe("access-violation", rip, /unreachable/.test(error.message) ? "unreachable code was reached" : "access to memory that is not there");
    }
    return { code: "access-violation", rip: this.cpu.rip, message: `the dispatcher trapped: ${error.message}` };
  }

  #describe(code: FaultCode, rip: number, what: string): Fault {
    const insn = this.#decoder?.decode(rip);
    return { code, rip, message: insn === undefined ? what : `${what}: ${format(this.#memory, insn)}` };
  }

  #stackOverflow(): Fault | undefined {
    const { rsp, rip, u32 } = this.cpu;
    if (rsp >= (u32[CPU.stackEnd / 4] ?? 0)) return undefined;
    return { code: "stack-overflow", rip, message: "the stack is used up" };
  }

  #noCode(rip: number): Fault {
    return { code: "access-violation", rip, address: rip, access: "execute", message: "no code can run there" };
  }

  /** The import that a block calls which cannot go on. */
  #cannotRun(rip: number): number {
    const decoder = this.#decoder as Decoder;
    const insn = decoder.decode(rip);
    const fail = (code: FaultCode, message: string): void => this.#fail({ code, rip, message });
    const text = (): string => format(this.#memory, insn);
    if (insn.kind === "undefined") fail("illegal-instruction", `illegal instruction: ${text()}`);
    else if (insn.kind === "invalid") fail("illegal-instruction", `illegal instruction: byte 0x${this.#memory.bytes[rip - GUEST_BASE]?.toString(16)}`);
    else if (insn.kind === "privileged") fail("privileged-instruction", `privileged instruction: ${text()}`);
    else if (insn.kind === "int" && insn.immediate === 0x29) fail("fast-fail", "the program ended itself (fast fail)");
    else if (insn.kind === "int") fail("breakpoint", `breakpoint: ${text()}`);
    else fail("not-translated", `an instruction that Decant does not translate yet: ${text()}`);
    return 0;
  }

  #fail(fault: Fault): void {
    this.#fault = fault;
    this.cpu.rip = fault.rip;
    this.cpu.u32[CPU.exitReason / 4] = EXIT.fault;
  }

  #adaptSlice(took: number): void {
    const factor = Math.min(2, Math.max(0.25, SLICE_MS / Math.max(took, 0.1)));
    this.#slice = Math.min(MAX_SLICE, Math.max(10_000, Math.round(this.#slice * factor)));
  }
}
