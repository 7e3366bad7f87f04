import { WASM_PAGES, type GuestMemory } from "@decant/memory";
import { ModuleBuilder } from "@decant/wasm";
import { CPU, FLAG, GPR } from "../cpu-block.ts";
import { CC, countBits, MNEMONIC, type Decoder, type Instruction } from "../decode/index.ts";
import { HELPERS, type HelperName } from "../lower/helpers.ts";
import { effects, Emitter, NotTranslated } from "../lower/index.ts";
import { emitAccessCheck, type Guarding, type Refusal } from "./access-checks.ts";
import type { Cpu } from "./cpu.ts";
import { RegisterFile } from "./register-file.ts";

/** TF in EFLAGS: after each instruction comes an exception. */
export const TRAP_FLAG = 0x100;

const FLAG_WORDS: readonly (readonly [bit: number, word: number])[] = [
  [FLAG.CF, CPU.cf / 4],
  [FLAG.PF, CPU.pf / 4],
  [FLAG.ZF, CPU.zf / 4],
  [FLAG.SF, CPU.sf / 4],
  [FLAG.OF, CPU.of / 4],
];

/**
 * Runs one instruction at a time, on the registers in the CPU block: what a guest asks for by the trap flag. A module is made for each, so it is slow,
 * and what has been made is kept while the code does not change.
 */
export class SingleStep {
  readonly #cpu: Cpu;
  readonly #memory: GuestMemory;
  readonly #decoder: Decoder;
  readonly #imports: WebAssembly.Imports;
  readonly #made = new Map<string, () => void>();

  constructor(parts: { cpu: Cpu; memory: GuestMemory; decoder: Decoder; imports: WebAssembly.Imports }) {
    this.#cpu = parts.cpu;
    this.#memory = parts.memory;
    this.#decoder = parts.decoder;
    this.#imports = parts.imports;
  }

  /**
   * Runs the instruction at `rip`, and returns where to go on; undefined when it is one that only faults, or has no lowering. Throws what translated code throws, and
   * MemoryAccessError where a call, a return or a jump reads or writes what it may not.
   */
  step(rip: number, guarding: Guarding): number | undefined {
    const insn = this.#decoder.decode(rip);
    const next = insn.next >>> 0;
    const target = (insn.target ?? 0) >>> 0;
    switch (insn.kind) {
      case "normal": {
        const run = this.#function(insn, guarding);
        run?.();
        return run && next;
      }
      case "jmp":
        return target;
      case "jcc":
        return this.#holds(insn.cc ?? CC.o) ? target : next;
      case "loop":
        return this.#loops(insn) ? target : next;
      case "jcxz":
        return BigInt.asUintN(countBits(insn), this.#cpu.gpr(GPR.rcx)) === 0n ? target : next;
      case "call":
        this.#push(insn, next);
        return target;
      case "call-indirect": {
        const to = this.#operand(insn);
        this.#push(insn, next);
        return to;
      }
      case "jmp-indirect":
        return this.#operand(insn);
      case "ret": {
        const to = this.#memory.u32(this.#cpu.rsp);
        this.#cpu.rsp += insn.mode / 8 + insn.immediate;
        return to;
      }
      default:
        return undefined;
    }
  }

  #function(insn: Instruction, guarding: Guarding): (() => void) | undefined {
    const bytes = this.#memory.read(insn.ip, insn.length);
    const key = `${insn.ip} ${guarding} ${bytes.join(" ")}`;
    const made = this.#made.get(key) ?? this.#make(insn, guarding === "trap" ? "exact" : guarding);
    if (made !== undefined) this.#made.set(key, made);
    return made;
  }

  #make(insn: Instruction, guarding: Guarding): (() => void) | undefined {
    try {
      const module = new WebAssembly.Module(moduleOf(insn, guarding, this.#memory.farHigh) as Uint8Array<ArrayBuffer>);
      return new WebAssembly.Instance(module, this.#imports).exports["step"] as () => void;
    } catch (error) {
      if (error instanceof NotTranslated) return undefined;
      throw error;
    }
  }

  #push(insn: Instruction, value: number): void {
    const bytes = insn.mode / 8;
    if (bytes === 8) this.#memory.setPointer(this.#cpu.rsp - 8, value);
    else this.#memory.setU32(this.#cpu.rsp - 4, value);
    this.#cpu.rsp -= bytes;
  }

  #operand({ operands, memory }: Instruction): number {
    const [operand] = operands;
    if (operand?.kind === "gpr") return this.#cpu.gpr32(operand.register);
    if (memory === undefined) return 0;
    let address = memory.displacement;
    if (memory.base >= 0) address += this.#cpu.gpr32(memory.base);
    if (memory.index >= 0) address += this.#cpu.gpr32(memory.index) << memory.scale;
    if (memory.segment !== "none") address += this.#cpu.u32[(memory.segment === "fs" ? CPU.fsBase : CPU.gsBase) / 4] as number;
    return this.#memory.u32(address >>> 0);
  }

  #loops(insn: Instruction): boolean {
    const { mnemonic } = insn;
    const bits = countBits(insn);
    const before = this.#cpu.gpr(GPR.rcx);
    const count = BigInt.asUintN(bits, before - 1n);
    // A count of 32 bits clears the half above it, one of 16 bits leaves the rest.
    this.#cpu.setGpr(GPR.rcx, bits === 16 ? ((before >> 16n) << 16n) | count : count);
    if (count === 0n) return false;
    return mnemonic === MNEMONIC.Loop || this.#holds(mnemonic === MNEMONIC.Loope ? CC.e : CC.ne);
  }

  #holds(cc: number): boolean {
    let flags = 0;
    for (const [bit, word] of FLAG_WORDS) if (this.#cpu.u32[word] !== 0) flags |= bit;
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const isLess = has(FLAG.SF) !== has(FLAG.OF);
    const holds = [
      has(FLAG.OF), has(FLAG.CF), has(FLAG.ZF), has(FLAG.CF | FLAG.ZF), has(FLAG.SF), has(FLAG.PF), isLess, isLess || has(FLAG.ZF),
    ][cc >> 1] as boolean; // prettier-ignore
    return holds !== ((cc & 1) === 1);
  }
}

/** A function that loads what an instruction may use, runs it, and stores everything back. */
function moduleOf(insn: Instruction, guarding: Guarding, farHigh: number): Uint8Array {
  const m = new ModuleBuilder();
  m.name = "step";
  m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
  const helpers = new Map<string, number>();
  for (const [name, { parameters, results }] of Object.entries(HELPERS))
    helpers.set(name, m.importFunction("helper", name, m.type(parameters, results)));
  const f = m.function(m.type([], []), "step");
  const registers = new RegisterFile(f, insn.mode);
  const { reads, writes } = effects(insn);
  const spill = (): void => {
    registers.spill(reads | writes);
    e.flushFlags(FLAG.ALL);
    registers.spillFlags(FLAG.ALL);
  };
  const refuse = ({ address, access, pushHigh = () => void f.i32Const(0) }: Refusal): void => {
    spill();
    f.i32Const(insn.ip | 0).localGet(address);
    pushHigh();
    f.i32Const(access);
    e.help("accessFault").f.unreachable();
  };
  const e: Emitter = new Emitter(f, {
    mode: insn.mode,
    registers,
    helper: (name: HelperName) => helpers.get(name) as number,
    onMayFault: () => {},
    hasExactFloats: true,
    spillAll: () => registers.spill(reads | writes),
    reloadAll: () => registers.reload(reads | writes),
    makeExact: spill,
    onAccess: (at, kind, bytes) => emitAccessCheck({ f, e, guarding, farHigh, notNull: 0, refuse }, at, kind, bytes),
  });
  registers.reload(reads | writes);
  registers.reloadFlags(FLAG.ALL);
  e.beginBlock();
  e.lower(insn, FLAG.ALL);
  e.flushStack();
  e.mergeScalars();
  spill();
  m.exportFunction("step", f.index);
  return m.finish();
}
