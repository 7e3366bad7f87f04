import { MemoryAccessError, type GuestMemory } from "@decant/memory";
import { CPU, GPR } from "../cpu-block.ts";
import { MNEMONIC, type Decoder, type Instruction } from "../decode/index.ts";
import { selectorsOf } from "../lower/segments.ts";
import type { Cpu } from "./cpu.ts";
import { noCode, type Fault } from "./fault.ts";
import { describeRefusal, protectionFault } from "./traps.ts";

const {
  Call,
  Cldemote,
  Enter,
  Iret,
  Iretd,
  Iretq,
  Jmp,
  Lar,
  Lds,
  Leave,
  Les,
  Lfs,
  Lgs,
  Lsl,
  Lss,
  Prefetchit0,
  Prefetchit1,
  Ret,
  Retf,
  Sgdt,
  Sidt,
  Sldt,
  Smsw,
  Str,
  Verr,
  Verw,
} = MNEMONIC;
/** What a far pointer's selector goes to: es, cs, ss, ds, fs, gs by number. */
const LOADS: ReadonlyMap<number, number> = new Map([[Les, 0], [Lss, 2], [Lds, 3], [Lfs, 4], [Lgs, 5]]); // prettier-ignore
const CS = 1;
const SS = 2;
/** Rights (lar) and limit (lsl) of Windows' segments by their selector: the code of 32 bits, data, the code of 64 bits, and that of a 32-bit TEB. */
const SEGMENTS: Readonly<Record<number, { readonly rights: number; readonly limit: number }>> = {
  0x23: { rights: 0xcffb00, limit: 0xffff_ffff },
  0x2b: { rights: 0xcff300, limit: 0xffff_ffff },
  0x33: { rights: 0x20fb00, limit: 0 },
  0x53: { rights: 0x40f300, limit: 0x3c00 },
};
/**
 * What says where the system's tables are, and how it set the processor. A processor with UMIP tells no program; Linux, and so Wine, answers these
 * instead, as programs ask. Bases of the descriptor tables, whose limits are 0; selectors and the machine status word.
 */
const TABLES: ReadonlyMap<number, bigint> = new Map([[Sgdt, 0xffff_ffff_fffe_0000n], [Sidt, 0xffff_ffff_ffff_0000n]]); // prettier-ignore
const WORDS: ReadonlyMap<number, number> = new Map([[Sldt, 0], [Str, 0x40], [Smsw, 0x8005_0033]]); // prettier-ignore
/** Bit positions in EFLAGS of the flags that have a word each, and those that are kept in place: TF, AC and ID. */
const FLAG_WORDS = [[CPU.cf, 0], [CPU.pf, 2], [CPU.af, 4], [CPU.zf, 6], [CPU.sf, 7], [CPU.df, 10], [CPU.of, 11]] as const; // prettier-ignore
const KEPT_FLAGS = 0x0024_0100;
const REX_W = 8;

/** What an instruction of these is run with. */
interface Run {
  readonly insn: Instruction;
  readonly cpu: Cpu;
  readonly memory: GuestMemory;
  /** Bytes of an operand: 2, 4 or 8. */
  readonly size: number;
  readonly selectors: readonly number[];
}

/** A selector that names no segment to this program. */
class BadSelector extends Error {}
/** A jump between code of 32 and of 64 bits. */
class OtherMode extends Error {}

/**
 * Runs what is too rare for a lowering: far jumps, calls and returns, iret, loads of far pointers, what asks about segments and tables, hints that no processor has to
 * follow, and what 16 bits of the stack or of an address are used for. The CPU block has all registers. Answers where the program goes on, what the instruction raises, or undefined where it is
 * none of these.
 */
export function runRare(rip: number, cpu: Cpu, memory: GuestMemory, decoder: Decoder): number | Fault | undefined {
  const insn = decoder.decode(rip);
  for (let address = rip; address < rip + insn.length; address++)
    if (!memory.accessible(address, 1, "execute")) return noCode(rip, address);
  const run: Run = { insn, cpu, memory, size: operandSize(insn, memory), selectors: selectorsOf(insn.mode) };
  try {
    const next = go(run);
    return next === undefined ? undefined : next >>> 0;
  } catch (error) {
    if (error instanceof MemoryAccessError) return describeRefusal(rip, error, memory, decoder);
    if (error instanceof BadSelector) return protectionFault(rip, "a selector of no segment", memory, decoder);
    if (error instanceof OtherMode) return undefined;
    throw error;
  }
}

/** A step that changes registers does so when all that it reads is there. */
function go(run: Run): number | undefined {
  const { insn, cpu, memory, size } = run;
  // Those of 32 and 64 bits have lowerings.
  if (insn.kind !== "far" && [Enter, Leave, Ret].includes(insn.mnemonic as typeof Ret)) return undefined;
  switch (insn.mnemonic) {
    case Retf: {
      const target = pop(run, 0);
      checkCode(run, pop(run, 1));
      moveStack(run, 2 * size + (insn.immediate & 0xffff));
      return target;
    }
    case Iret:
    case Iretd:
    case Iretq:
      return returnFromInterrupt(run);
    case Jmp:
    case Call:
      return insn.kind === "far" ? transfer(run) : undefined;
    case Ret: {
      const target = pop(run, 0);
      moveStack(run, size + (insn.immediate & 0xffff));
      return target;
    }
    case Leave: {
      const saved = memory.u16(cpu.gpr32(GPR.rbp));
      cpu.setGpr(GPR.rsp, wrap(run, cpu.gpr(GPR.rbp) + 2n));
      setLow(run, GPR.rbp, saved);
      return insn.next;
    }
    case Enter:
      return enter(run);
    // Nothing on a processor that does not have them.
    case Cldemote:
    case Prefetchit0:
    case Prefetchit1:
      return insn.next;
    case Lar:
    case Lsl:
    case Verr:
    case Verw:
      return ask(run);
    case Sgdt:
    case Sidt:
    case Sldt:
    case Smsw:
    case Str:
      return describeSystem(run);
    default: {
      const register = LOADS.get(insn.mnemonic);
      if (register === undefined || insn.memory === undefined) return undefined;
      const at = addressOf(run);
      const offset = read(run, at);
      if (memory.u16(at + size) !== run.selectors[register]) throw new BadSelector();
      setLow(run, insn.operands[0]!.register, offset);
      return insn.next;
    }
  }
}

/** A far jump or call, or one of 16 bits. */
function transfer(run: Run): number | undefined {
  const { insn, memory, size, cpu } = run;
  const bytes = insn.length;
  const isDirect = insn.memory === undefined && insn.operands[0]?.kind === "branch";
  const isFar = insn.target === undefined && insn.operands[0]?.kind !== "gpr" && (isDirect || ((memory.u8(modrmAt(run)) >> 3) & 1) === 1);
  if (!isFar) return near(run);
  const at = isDirect ? insn.ip + bytes - 2 - size : addressOf(run);
  const target = read(run, at);
  checkCode(run, memory.u16(at + size));
  if (insn.mnemonic === Call) {
    write(run, cpu.rsp - size, run.selectors[CS]!);
    write(run, cpu.rsp - 2 * size, insn.next);
    moveStack(run, -2 * size);
  }
  return target;
}

/** A near jump or call to an address of 16 bits: to the null page, where no code is. */
function near(run: Run): number {
  const { insn, cpu, memory } = run;
  const [operand] = insn.operands;
  const target = insn.target ?? (operand!.kind === "gpr" ? cpu.gpr32(operand!.register) : memory.u16(addressOf(run)));
  if (insn.mnemonic === Call) {
    write(run, cpu.rsp - 2, insn.next);
    moveStack(run, -2);
  }
  return target & 0xffff;
}

function returnFromInterrupt(run: Run): number {
  const { insn, cpu } = run;
  const target = pop(run, 0);
  checkCode(run, pop(run, 1));
  const flags = pop(run, 2);
  if (insn.mode === 64) {
    const rsp = pop(run, 3);
    if (pop(run, 4) !== run.selectors[SS]) throw new BadSelector();
    cpu.setGpr(GPR.rsp, BigInt(rsp));
  } else moveStack(run, 3 * run.size);
  for (const [word, bit] of FLAG_WORDS) cpu.u32[word / 4] = (flags >>> bit) & 1;
  cpu.u32[CPU.eflags / 4] = flags & KEPT_FLAGS;
  return target;
}

/** enter of 16 bits: frame pointers of 16 bits each. */
function enter(run: Run): number {
  const { insn, cpu, memory } = run;
  const level = insn.immediate2 & 31;
  let rsp = cpu.rsp;
  const push = (value: number): void => memory.setU16((rsp -= 2), value & 0xffff);
  push(cpu.gpr32(GPR.rbp));
  const frame = rsp;
  for (let n = 1; n < level; n++) push(memory.u16(cpu.gpr32(GPR.rbp) - 2 * n));
  if (level > 0) push(frame);
  setLow(run, GPR.rbp, frame & 0xffff);
  moveStack(run, rsp - cpu.rsp - insn.immediate);
  return insn.next;
}

/** lar, lsl, verr and verw: ZF says whether the selector names a segment that may be asked about so. */
function ask(run: Run): number {
  const { insn, cpu, memory } = run;
  const source = insn.operands.at(-1)!;
  const selector = source.kind === "gpr" ? cpu.gpr32(source.register) & 0xffff : memory.u16(addressOf(run));
  const segment = SEGMENTS[selector | 3];
  const isCode = segment !== undefined && (segment.rights & 0x800) !== 0;
  const isFound = segment !== undefined && !(insn.mnemonic === Verw && isCode);
  cpu.u32[CPU.zf / 4] = isFound ? 1 : 0;
  if (isFound && insn.mnemonic === Lar) setLow(run, insn.operands[0]!.register, segment.rights);
  if (isFound && insn.mnemonic === Lsl) setLow(run, insn.operands[0]!.register, segment.limit);
  return insn.next;
}

/** A table is written with its limit first; a word as 16 bits to memory. */
function describeSystem(run: Run): number {
  const { insn, memory } = run;
  const base = TABLES.get(insn.mnemonic);
  const word = WORDS.get(insn.mnemonic) ?? 0;
  if (base !== undefined) {
    const table = new DataView(new ArrayBuffer(10));
    table.setBigUint64(2, base, true);
    memory.write(addressOf(run), new Uint8Array(table.buffer, 0, insn.mode === 64 ? 10 : 6));
  } else if (insn.memory === undefined) setLow(run, insn.operands[0]!.register, word);
  else memory.setU16(addressOf(run), word & 0xffff);
  return insn.next;
}

/** By its prefixes: 32 bits unless it says otherwise. iret says it by its name. */
function operandSize({ ip, mnemonic, mode }: Instruction, memory: GuestMemory): number {
  if (mnemonic === Iret) return 2;
  if (mnemonic === Iretd) return 4;
  if (mnemonic === Iretq) return 8;
  let isNarrow = false;
  for (let at = ip; ; at++) {
    const byte = memory.u8(at);
    if (byte === 0x66) isNarrow = true;
    else if (mode === 64 && byte >> 4 === 4) return (byte & REX_W) !== 0 ? 8 : isNarrow ? 2 : 4;
    else if (![0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0xf0, 0xf2, 0xf3].includes(byte)) return isNarrow ? 2 : 4;
  }
}

/** Where the byte lies that says which of opcode 0xff's instructions it is. */
function modrmAt({ insn, memory }: Run): number {
  let at = insn.ip;
  while (memory.u8(at) !== 0xff) at++;
  return at + 1;
}

function addressOf({ insn, cpu }: Run): number {
  const { base, index, scale, displacement, segment, addressBits } = insn.memory!;
  const sum = (base < 0 ? 0 : cpu.gpr32(base)) + (index < 0 ? 0 : cpu.gpr32(index) * 2 ** scale) + displacement;
  const offset = addressBits === 16 ? sum & 0xffff : sum % 0x1_0000_0000;
  return (offset + (segment === "none" ? 0 : (cpu.u32[(segment === "fs" ? CPU.fsBase : CPU.gsBase) / 4] as number))) >>> 0;
}

function checkCode({ selectors, insn }: Run, selector: number): void {
  if ((selector & 0xffff) === selectors[CS]) return;
  if ((selector & 0xffff) === selectorsOf(insn.mode === 64 ? 32 : 64)[CS]) throw new OtherMode();
  throw new BadSelector();
}

/** An operand at an address; a pointer is its low 32 bits. */
function read({ memory, size }: Run, at: number): number {
  return size === 2 ? memory.u16(at) : memory.u32(at);
}

function write({ memory, size }: Run, at: number, value: number): void {
  if (size === 2) memory.setU16(at, value & 0xffff);
  else if (size === 4) memory.setU32(at, value);
  else memory.setU64(at, BigInt(value));
}

/** The nth operand on the stack, which stays there. */
function pop(run: Run, n: number): number {
  return read(run, run.cpu.rsp + n * run.size);
}

function moveStack(run: Run, bytes: number): void {
  run.cpu.setGpr(GPR.rsp, wrap(run, run.cpu.gpr(GPR.rsp) + BigInt(bytes)));
}

function wrap({ insn }: Run, value: bigint): bigint {
  return BigInt.asUintN(insn.mode, value);
}

/** Writes a register of the operand's size. */
function setLow({ cpu, size }: Run, register: number, value: number): void {
  if (size === 2) cpu.setGpr(register, (cpu.gpr(register) & ~0xffffn) | BigInt(value & 0xffff));
  else cpu.setGpr(register, BigInt(value));
}
