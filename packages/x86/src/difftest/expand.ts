import { FORM_LINES, FORM_LINES_32, MMX_FORMS, X87_STATE_FORMS } from "./forms.ts";
import { hash, Random } from "./state.ts";

/** Every form as assembler text (Intel syntax), each once. Registers, addresses and immediates are chosen by the text itself, so they stay. */
export function expandForms(): string[] {
  return [...expand(FORM_LINES, 64), ...MMX_FORMS, ...X87_STATE_FORMS];
}

/** The same for 32-bit mode: the forms that it alone has, and those of both modes with the registers that it has. */
export function expandForms32(): string[] {
  return [...expand(FORM_LINES_32, 32), ...[...expand(FORM_LINES, 32), ...MMX_FORMS, ...X87_STATE_FORMS].filter(isIn32BitMode)];
}

/** Whether an instruction has no register, width or name that is 64-bit mode's only, and no prefix byte of it. */
function isIn32BitMode(text: string): boolean {
  return !(
    /\br(\d|[abcd]x|[sd]i|[sb]p|ip)|\b[sd]il|\b[sb]pl|xmm(8|9|1\d)|gs:|^\.byte|fxsave64/.test(text) ||
    /^(rep\w* )?(movabs|movsxd|cdqe|cqo|\w+sq|pushfq|popfq|cmpxchg16b|pextrq|pinsrq|lods\w*q)\b|^cvtsi2s[sd] .*qword/.test(text) ||
    /\bpush(q)?\b.*qword|\bpop(q)?\b.*qword|0x8[0-9a-f]{15}/.test(text)
  );
}

function expand(lines: string, mode: 64 | 32): string[] {
  const result = new Set<string>();
  for (const line of lines.trim().split("\n")) {
    const [mnemonics, sizes, lists] = line.split(/ *: ?/).map((part) => part.trim());
    const names = mnemonics!.split(/(?<!\b(?:lock|repn?e?)) +/);
    for (const name of names) {
      for (const size of sizes === "" ? [0] : sizes!.split(" ").map(Number)) {
        if (mode === 32 && size === 64 && !name.startsWith("cmpxchg8b")) continue;
        for (const [n, list] of lists!.split("|").entries()) {
          const random = new Random(hash(`${name} ${size} ${list.trim()} ${n}`));
          result.add(`${name} ${operands(list.trim(), size, random, mode)}`.trim());
        }
      }
    }
  }
  return [...result];
}

/** Not rsp, and not rbx, which sequences keep for their memory operands; rcx only where a form asks for it. */
const REGISTERS = [0, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/** For forms with ah to bh, which a REX prefix would rename. */
const LOW_REGISTERS = [0, 2, 5, 6, 7];
/** And those of 8 bits that 32-bit mode has, the lowest four. */
const BYTE_REGISTERS = [0, 2];
const LEGACY = ["a", "c", "d", "b", "sp", "bp", "si", "di"];

function operands(list: string, size: number, random: Random, mode: 64 | 32): string {
  if (list === "") return "";
  const result: string[] = [];
  const hasHigh = /\bh\b/.test(list);
  for (const token of list.split(",")) {
    const [, kind, width] = /^([a-z]+?)(\d*l?)$/.exec(token) ?? [];
    const bits = width === undefined || width === "" ? size : Number.parseInt(width, 10);
    if (token === "=") result.push(result.at(-1)!);
    else if (token.endsWith("$"))
      result.push(
        registerName(
          LEGACY.findIndex((name) => token === `r${name}x$` || token === `r${name}$`),
          bits,
        ),
      );
    else if (token === "a") result.push(registerName(0, size));
    else if (token === "h") result.push(random.pick(["ah", "ch", "dh", "bh"]));
    else if (kind === "r" && (width === "" || /^(8|16|32|64)l?$/.test(width!))) {
      result.push(
        registerName(width === "8l" ? random.pick([0, 1, 2, 3]) : different(result, bits, registersOf(bits, hasHigh, mode), random), bits),
      );
    } else if (kind === "m" && /^\d*$/.test(width!)) result.push(mode === 32 ? memory32(bits, random) : memory(bits, random, hasHigh));
    else if (token === "x") result.push(`xmm${random.below(mode === 32 ? 8 : 16)}`);
    else if (token === "i") result.push(immediate(size, random));
    else if (token === "c") result.push(String(1 + random.below(size === 64 ? 63 : 31)));
    else if (token === "b") result.push(String(random.below(256)));
    else result.push(token.startsWith("[") ? `${pointer(size)}${token}` : token);
  }
  return result.join(", ");
}

function registersOf(bits: number, hasHigh: boolean, mode: 64 | 32): readonly number[] {
  if (mode === 32) return bits === 8 ? BYTE_REGISTERS : LOW_REGISTERS;
  return hasHigh ? LOW_REGISTERS : REGISTERS;
}

function different(taken: readonly string[], bits: number, among: readonly number[], random: Random): number {
  for (;;) {
    const n = random.pick(among);
    if (!taken.includes(registerName(n, bits))) return n;
  }
}

function registerName(n: number, bits: number): string {
  if (n >= 8) return `r${n}${bits === 64 ? "" : bits === 32 ? "d" : bits === 16 ? "w" : "b"}`;
  const name = LEGACY[n]!;
  if (bits === 8) return `${name}l`;
  const wide = n < 4 ? `${name}x` : name;
  return bits === 64 ? `r${wide}` : bits === 32 ? `e${wide}` : wide;
}

function pointer(bits: number): string {
  const names: Readonly<Record<number, string>> = { 8: "byte", 16: "word", 32: "dword", 64: "qword", 80: "tbyte", 128: "xmmword" };
  return bits === 0 ? "" : `${names[bits]} ptr `;
}

function memory(bits: number, random: Random, isLegacy: boolean): string {
  const displacement = 16 * random.below(4);
  const modes = isLegacy
    ? ["[rbx]", `[rsi+${displacement}]`, "[rdi+rax*2]"]
    : [
        "[rbx]",
        `[rbx+${displacement}]`,
        `[rbx-${displacement + 16}]`,
        `[rbp+${displacement}]`,
        `[rsi+r12*${random.pick([1, 2, 4, 8])}-${displacement}]`,
        `[r13+rdi*${random.pick([1, 2, 4, 8])}]`,
        `[r8+0x${(0x1000_0000 + displacement).toString(16)}]`,
        `[r9*4+${displacement}]`,
        `[0x${(0x2000_0440 + displacement).toString(16)}]`,
        `gs:[0x${(0x440 + displacement).toString(16)}]`,
        `gs:[rdx+${displacement}]`,
        `[eax+${displacement}]`,
        bits === 128 ? "[rbx]" : "[rip+0x0f000440]",
      ];
  return pointer(bits) + random.pick(modes);
}

/** 32-bit mode's addresses; those of 16 bits reach nothing that a process of Linux may have. */
function memory32(bits: number, random: Random): string {
  const displacement = 16 * random.below(4);
  const modes = ["[ebx]", `[ebx+${displacement}]`, `[ebx-${displacement + 16}]`, `[ebp+${displacement}]`, `[esi+eax*${random.pick([1, 2, 4, 8])}-${displacement}]`];
  return pointer(bits) + random.pick([...modes, `[edi*4+${displacement}]`, `[0x${(0x2000_0440 + displacement).toString(16)}]`]);
} // prettier-ignore

function immediate(size: number, random: Random): string {
  const bits = Math.min(size, 32);
  const value = random.pick([0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), 7, -100, (random.u32() | 0) >> (32 - bits)]);
  return String(value);
}
