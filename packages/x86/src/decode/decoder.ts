import { GUEST_BASE, type GuestMemory } from "@decant/memory";
import { iced, type Iced } from "./iced.ts";
import type { Condition, Instruction, InstructionKind, MemoryOperand, Operand } from "./instruction.ts";
import { MNEMONIC, type MnemonicName } from "./mnemonics.ts";

/** An x86 instruction has at most this many bytes (Intel SDM volume 2, 2.3.11). */
const MAX_INSTRUCTION_LENGTH = 15;

/** So many are read at once, in words: most runs of instructions have less. */
const INPUT_BYTES = 48;

/**
 * Decodes single instructions out of guest memory. Hot: once for each distinct guest instruction, and it should cost well under a
 * microsecond (bench/decode). So fields are read from iced-x86's own structure instead of through its getters, each a call.
 */
export class Decoder {
  readonly mode: 64 | 32;
  readonly #memory: Partial<Pick<GuestMemory, "highHalf">>;
  readonly #guest: Uint8Array;
  readonly #guestView: DataView;
  readonly #iced: Iced;
  readonly #decoder: number;
  readonly #instruction: number;
  readonly #input: number;
  readonly #result: number;
  /** All of iced-x86's memory. */
  #bytes: Uint8Array;
  #words: Uint32Array;
  #view: DataView;
  /** Where iced-x86 is in its input. */
  #position = 0;

  /** Reads code from the memory's bytes: `memory.bytes[0]` is guest address GUEST_BASE. */
  constructor(memory: Pick<GuestMemory, "bytes"> & Partial<Pick<GuestMemory, "highHalf">>, mode: 64 | 32) {
    this.mode = mode;
    this.#memory = memory;
    this.#guest = memory.bytes;
    this.#guestView = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.length);
    const wasm = (this.#iced = iced());
    this.#result = wasm.__wbindgen_malloc(16, 8);
    this.#input = wasm.__wbindgen_malloc(INPUT_BYTES, 1);
    wasm.decoder_new(this.#result, mode, this.#input, INPUT_BYTES, 0);
    this.#decoder = new DataView(wasm.memory.buffer).getUint32(this.#result, true);
    wasm.decoder_set_ip(this.#decoder, ICED_START);
    this.#instruction = wasm.instruction_new();
    this.#bytes = new Uint8Array(wasm.memory.buffer);
    this.#words = new Uint32Array(wasm.memory.buffer);
    this.#view = new DataView(wasm.memory.buffer);
  }

  /**
   * The instruction at a guest address. Bytes that are no instruction, or not in guest memory, give one of kind "invalid" and length 1. `isNext` says that it
   * follows the one decoded last, and that memory has not changed since.
   */
  decode(ip: number, isNext = false): Instruction {
    this.#read(ip, isNext);
    const bytes = this.#bytes;
    const words = this.#words;
    const at = this.#instruction;
    const code = bytes[at + FIELD.code]! | (bytes[at + FIELD.code + 1]! << 8);
    const form = (FORMS[code] ??= this.#form(code));
    const length = bytes[at + FIELD.length]!;
    const next = ip + length;
    this.#position += length;
    const flags = words[(at + FIELD.flags) >> 2]!;

    // Not one that grows: that would take room for many.
    const operands: Operand[] = blank(form.operandCount);
    let memory: MemoryOperand | undefined;
    let target: number | undefined;
    let immediate = 0;
    let immediate64: bigint | undefined;
    let immediate2 = 0;
    let indirect = false;
    for (let n = 0; n < form.operandCount; n++) {
      const kind = bytes[at + FIELD.operandKinds + n]!;
      switch (kind) {
        case KIND.register:
          operands[n] = REGISTERS[bytes[at + FIELD.registers + n]!]!;
          indirect = true;
          break;
        case KIND.memory:
          operands[n] = form.memory;
          memory = this.#memoryOperand(flags, next);
          indirect = true;
          break;
        case KIND.nearBranch16:
        case KIND.nearBranch32:
        case KIND.nearBranch64:
          operands[n] = BRANCH;
          target = this.#moved(next);
          if (this.mode === 32) target = target >>> 0;
          break;
        case KIND.immediate8Second:
          operands[n] = IMMEDIATES[8]!;
          immediate2 = bytes[at + FIELD.displacement]!;
          break;
        case KIND.immediate64:
          operands[n] = IMMEDIATES[64]!;
          immediate64 = (BigInt(words[(at + FIELD.displacement) >> 2]!) << 32n) | BigInt(words[(at + FIELD.immediate) >> 2]!);
          break;
        case KIND.farBranch16:
        case KIND.farBranch32:
          operands[n] = BRANCH;
          break;
        default:
          if (kind >= KIND.memorySegSi && kind <= KIND.memoryEsRdi) {
            const addressBits = 16 << ((kind - KIND.memorySegSi) % 3);
            operands[n] = STRING_OPERANDS[form.memoryBits + addressBits * 1024] ??= operand("string", addressBits, form.memoryBits);
            memory = this.#memoryOperand(flags, next);
          } else {
            const bits = IMMEDIATE_BITS[kind - KIND.immediate8]!;
            operands[n] = IMMEDIATES[bits]!;
            const raw = words[(at + FIELD.immediate) >> 2]!;
            immediate =
              kind >= KIND.immediate8to16 && kind <= KIND.immediate8to64 ? (raw << 24) >> 24 : kind <= KIND.immediate16 ? raw : raw | 0;
          }
      }
    }
    return {
      ip,
      length: length === 0 ? 1 : length,
      next: length === 0 ? ip + 1 : next,
      code,
      mnemonic: form.mnemonic,
      kind: kindOf(form.kind, indirect, target === next),
      target,
      cc: form.cc,
      operands,
      memory,
      immediate,
      immediate64,
      immediate2,
      prefixes:
        flags < 0x2000_0000
          ? NO_PREFIXES
          : { lock: flags >= 0x8000_0000, rep: (flags & 0x2000_0000) !== 0, repne: (flags & 0x4000_0000) !== 0 },
      mode: this.mode,
    };
  }

  /** The instruction in Intel syntax, for people. */
  format(ip: number): string {
    this.#iced.decoder_set_ip(this.#decoder, BigInt(ip));
    this.#read(ip);
    this.#iced.instruction_toString(this.#result, this.#instruction);
    this.#iced.decoder_set_ip(this.#decoder, ICED_START);
    this.#refresh();
    const text = this.#view.getUint32(this.#result, true);
    const length = this.#view.getUint32(this.#result + 4, true);
    const chars = String.fromCharCode(...this.#bytes.subarray(text, text + length));
    this.#iced.__wbindgen_free(text, length, 1);
    return chars;
  }

  /** Whether the bytes here, which are no instruction, begin one of more than 15: processors refuse that in another way. */
  isTooLong(ip: number): boolean {
    this.#read(ip);
    const wasm = this.#iced;
    // Of all 15 iced-x86 says that they are invalid; of one less, that more are wanted. The decoder owns its bytes.
    const bytes = this.#bytes.slice(this.#input, this.#input + MAX_INSTRUCTION_LENGTH - 1);
    const input = wasm.__wbindgen_malloc(bytes.length, 1);
    wasm.decoder_new(this.#result, this.mode, input, bytes.length, 0);
    this.#refresh();
    this.#bytes.set(bytes, input);
    const shorter = this.#view.getUint32(this.#result, true);
    wasm.decoder_decodeOut(shorter, this.#instruction);
    const error = wasm.decoder_lastError(shorter);
    wasm.__wbg_decoder_free(shorter);
    this.#refresh();
    return error === NO_MORE_BYTES;
  }

  /** Bits (of FLAG) that the manual leaves undefined after the instruction at `ip`. */
  undefinedFlags(ip: number): number {
    this.#read(ip);
    return ICED_FLAG_ORDER.reduce(
      (bits, flag, n) => ((this.#iced.instruction_rflagsUndefined(this.#instruction) >> n) & 1 ? bits | flag : bits),
      0,
    );
  }

  #read(ip: number, isNext = false): void {
    // Another decoder may have made iced-x86's memory grow, which leaves this view of it empty.
    if (this.#bytes.length === 0) this.#refresh();
    if (!isNext || this.#position > INPUT_BYTES - MAX_INSTRUCTION_LENGTH) {
      this.#fill(ip);
      this.#iced.decoder_set_position(this.#result, this.#decoder, 0);
      this.#position = 0;
    }
    this.#iced.decoder_decodeOut(this.#decoder, this.#instruction);
    if (this.#bytes.length === 0) this.#refresh();
  }

  /** Gives iced-x86 the bytes from a guest address on. */
  #fill(ip: number): void {
    const guest = this.#guest;
    const start = (ip - GUEST_BASE) % 0x1_0000_0000;
    const input = this.#input;
    if (start >= 0 && start + INPUT_BYTES <= guest.length) {
      const from = this.#guestView;
      const to = this.#view;
      for (let i = 0; i < INPUT_BYTES; i += 4) to.setUint32(input + i, from.getUint32(start + i, true), true);
    } else {
      for (let i = 0; i < INPUT_BYTES; i++) this.#bytes[input + i] = guest[start + i] ?? 0;
    }
  }

  #refresh(): void {
    this.#bytes = new Uint8Array(this.#iced.memory.buffer);
    this.#words = new Uint32Array(this.#iced.memory.buffer);
    this.#view = new DataView(this.#iced.memory.buffer);
  }

  /** The displacement field as an address: the decoder's own instruction pointer is left to run, and it is moved by the difference to the instruction's end. */
  #moved(next: number): number {
    const at = this.#instruction;
    return u64(this.#words, at + FIELD.displacement) + (next - u64(this.#words, at + FIELD.nextIp));
  }

  #memoryOperand(flags: number, next: number): MemoryOperand {
    const at = this.#instruction;
    const bytes = this.#bytes;
    const base = bytes[at + FIELD.base]!;
    const index = bytes[at + FIELD.index]!;
    const segment = (flags >> 5) & 7;
    let displacement: number;
    let addressBits: 16 | 32 | 64;
    const size = bytes[at + FIELD.displacementSize]!;
    if (base === RIP) {
      displacement = this.#moved(next);
      displacement += (this.#memory.highHalf?.(displacement >>> 0) ?? 0) * 0x1_0000_0000;
      addressBits = 64;
    } else {
      const low = this.#words[(at + FIELD.displacement) >> 2]! | 0;
      const isMoffs = size === WIDE_DISPLACEMENT && (this.#words[(at + FIELD.displacement + 4) >> 2]! | 0) !== low >> 31;
      displacement = isMoffs ? u64(this.#words, at + FIELD.displacement) : low;
      addressBits = addressWidth(base === 0 ? index : base, this.mode, size);
    }
    return {
      base: GENERAL_NUMBERS[base]!,
      index: GENERAL_NUMBERS[index]!,
      scale: bytes[at + FIELD.scale]!,
      displacement,
      segment: segment === 5 ? "fs" : segment === 6 ? "gs" : "none",
      addressBits,
    };
  }

  /** mov from and to control and debug registers. */
  #isOfSystem(mnemonic: number): boolean {
    const at = this.#instruction + FIELD.registers;
    return (
      mnemonic === MNEMONIC.Mov &&
      [0, 1].some((n) => REGISTERS[this.#bytes[at + n]!]!.kind === "other-register" && this.#bytes[at + n] !== 0)
    );
  }

  #isFar(): boolean {
    const { instruction_isCallFar, instruction_isCallFarIndirect, instruction_isJmpFar, instruction_isJmpFarIndirect } = this.#iced;
    return [instruction_isCallFar, instruction_isCallFarIndirect, instruction_isJmpFar, instruction_isJmpFarIndirect].some(
      (is) => is(this.#instruction) !== 0,
    );
  }

  #form(code: number): Form {
    const mnemonic = this.#iced.instruction_mnemonic(this.#instruction);
    const memoryBits = this.#iced.memorysizeext_size(this.#iced.instruction_memorySize(this.#instruction)) * 8;
    return {
      mnemonic,
      operandCount: this.#iced.instruction_opCount(this.#instruction),
      memoryBits,
      memory: operand("memory", 0, memoryBits),
      kind: this.#isFar() || NARROW.has(code) ? "far" : this.#isOfSystem(mnemonic) ? "privileged" : (KINDS.get(mnemonic) ?? "normal"),
      cc: CONDITIONS.get(mnemonic),
    };
  }
}

function blank(operandCount: number): Operand[] {
  switch (operandCount) {
    case 0:
      return [];
    case 1:
      return [BRANCH];
    case 2:
      return [BRANCH, BRANCH];
    default:
      return [BRANCH, BRANCH, BRANCH];
  }
}

/** A call of the next instruction only pushes its address: position-independent code asks so where it is, and keeps its flags meanwhile. */
function kindOf(kind: InstructionKind, isIndirect: boolean, isToNext: boolean): InstructionKind {
  // Not put together: what is compared with others so often is to be one of those that the code names.
  if (kind === "jmp") return isIndirect ? "jmp-indirect" : kind;
  if (kind === "call") return isIndirect ? "call-indirect" : isToNext ? "normal" : kind;
  return kind;
}

/** iced-x86's numbers of ret, enter, leave, call and jmp that an operand-size prefix makes use 16 bits of the stack or of the address. */
const NARROW: ReadonlySet<number> = new Set([391, 394, 408, 411, 691, 757, 763]);

/** iced-x86's DecoderError. */
const NO_MORE_BYTES = 2;

/** What depends on the form only; asked once. */
interface Form {
  readonly mnemonic: number;
  readonly operandCount: number;
  readonly memoryBits: number;
  /** Its memory operand, if it has one. */
  readonly memory: Operand;
  readonly kind: InstructionKind;
  readonly cc: Condition | undefined;
}
/** By iced-x86's numbers, which are below 8,192. As long as that from the start: an array that grows by leaps is kept as a hash table. */
const FORMS = new Array<Form | undefined>(8192).fill(undefined);

/** Offsets in the structure of iced-x86 1.21.0, behind the 8 bytes that its JavaScript binding puts before it. decoder.test.ts holds them. */
const FIELD = {
  nextIp: 8, displacement: 16, operandKinds: 24, flags: 28, immediate: 32, registers: 36,
  code: 40, scale: 42, base: 43, index: 44, displacementSize: 45, length: 46,
} as const; // prettier-ignore

const KIND = {
  register: 0, nearBranch16: 1, nearBranch32: 2, nearBranch64: 3, farBranch16: 4, farBranch32: 5, immediate8: 6, immediate8Second: 7, immediate16: 8,
  immediate32: 9, immediate64: 10, immediate8to16: 11, immediate8to32: 12, immediate8to64: 13, immediate32to64: 14,
  memorySegSi: 15, memoryEsRdi: 23, memory: 24,
} as const; // prettier-ignore

/** The widths of operand kinds 6 to 14. */
const IMMEDIATE_BITS = [8, 8, 16, 32, 64, 16, 32, 64, 64];

/** Where iced-x86's instruction pointer starts: far enough from both ends that targets 2 GiB away are exact doubles. */
const ICED_START = 1n << 40n;

/** The displacement sizes of the structure: 0 none, 1, 2, then 3 for 32 bits and 4 for 64. */
const WIDE_DISPLACEMENT = 4;
const RIP = 70;
const NO_PREFIXES = { lock: false, rep: false, repne: false };
const BRANCH = operand("branch", 0, 0);
const STRING_OPERANDS: Operand[] = [];
const IMMEDIATES: Readonly<Record<number, Operand>> = Object.fromEntries(
  [8, 16, 32, 64].map((bits) => [bits, operand("immediate", 0, bits)]),
);
const REGISTERS: readonly Operand[] = Array.from({ length: 256 }, (_, n) => registerOperand(n));

/** Of iced-x86's registers: the number of a general register, -1 of others. */
const GENERAL_NUMBERS: readonly number[] = REGISTERS.map(({ kind, register }) => (kind === "gpr" ? register : -1));

/** CF PF AF ZF SF OF in the order of iced-x86's RflagsBits: OF SF ZF AF CF PF. */
const ICED_FLAG_ORDER = [32, 16, 8, 4, 1, 2];

function operand(kind: Operand["kind"], register: number, bits: number, high = false): Operand {
  return { kind, register, bits, high };
}

/** iced-x86's register numbers: the 8-bit ones from 1 (ah at 5, spl at 9), then 16, 32 and 64 bits by encoding. */
function registerOperand(n: number): Operand {
  if (n >= 1 && n <= 4) return operand("gpr", n - 1, 8);
  if (n >= 5 && n <= 8) return operand("gpr", n - 5, 8, true);
  if (n >= 9 && n <= 20) return operand("gpr", n - 5, 8);
  if (n >= 21 && n <= 36) return operand("gpr", n - 21, 16);
  if (n >= 37 && n <= 52) return operand("gpr", n - 37, 32);
  if (n >= 53 && n <= 68) return operand("gpr", n - 53, 64);
  if (n >= 71 && n <= 76) return operand("segment", n - 71, 16);
  if (n >= 77 && n <= 92) return operand("xmm", n - 77, 128);
  if (n >= 217 && n <= 224) return operand("st", n - 217, 80);
  if (n >= 225 && n <= 232) return operand("mm", n - 225, 64);
  return operand("other-register", n, 0);
}

function addressWidth(register: number, mode: 64 | 32, size: number): 16 | 32 | 64 {
  if (register >= 53) return 64;
  if (register >= 37) return 32;
  if (register >= 21) return 16;
  if (size === WIDE_DISPLACEMENT) return 64;
  return size === 2 ? 16 : mode === 64 ? 64 : 32;
}

function u64(words: Uint32Array, at: number): number {
  return words[(at + 4) >> 2]! * 0x1_0000_0000 + words[at >> 2]!;
}

const CONDITION_NAMES = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"] as const;
const CONDITIONS: ReadonlyMap<number, Condition> = new Map(
  ["J", "Set", "Cmov"].flatMap((prefix) => CONDITION_NAMES.map((cc, n) => [MNEMONIC[`${prefix}${cc}` as MnemonicName], n as Condition])),
);

const KINDS: ReadonlyMap<number, InstructionKind> = new Map(
  (
    [
      ["invalid", ["INVALID"]],
      ["jmp", ["Jmp"]],
      ["call", ["Call"]],
      ["ret", ["Ret"]],
      ["jcc", CONDITION_NAMES.map((cc) => `J${cc}`)],
      ["loop", ["Loop", "Loope", "Loopne"]],
      ["jcxz", ["Jcxz", "Jecxz", "Jrcxz"]],
      ["int", ["Int", "Int1", "Int3"]],
      ["syscall", ["Syscall", "Sysenter"]],
      ["undefined", ["Ud0", "Ud1", "Ud2", "Monitor", "Mwait"]],
      ["far", ["Retf", "Iret", "Iretd", "Iretq"]],
      [
        "privileged",
        [
          "Hlt",
          "Cli",
          "Sti",
          "In",
          "Out",
          "Insb",
          "Insw",
          "Insd",
          "Outsb",
          "Outsw",
          "Outsd",
          "Rdmsr",
          "Wrmsr",
          "Lgdt",
          "Lidt",
          "Invlpg",
          "Wbinvd",
          "Wbnoinvd",
          "Clts",
          "Lldt",
          "Ltr",
          "Lmsw",
          "Invd",
          "Rdpmc",
          "Sysret",
          "Sysretq",
          "Sysexit",
          "Sysexitq",
          "Swapgs",
          "Xsetbv",
        ],
      ],
    ] as [InstructionKind, MnemonicName[]][]
  ).flatMap(([kind, names]) => names.map((name) => [MNEMONIC[name], kind] as const)),
);
