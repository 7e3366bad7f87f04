import { FORM_LINES, MMX_FORMS, X87_STATE_FORMS } from "./forms.ts";
import { hash, Random } from "./state.ts";

/** Every form as assembler text (Intel syntax), each once. Registers, addresses and immediates are chosen by the text itself, so they stay. */
export function expandForms(): string[] {
  const result = new Set<string>();
  for (const line of FORM_LINES.trim().split("\n")) {
    const [mnemonics, sizes, lists] = line.split(/ *: ?/).map((part) => part.trim());
    const names = mnemonics!.split(/(?<!\b(?:lock|repn?e?)) +/);
    for (const name of names) {
      for (const size of sizes === "" ? [0] : sizes!.split(" ").map(Number)) {
        for (const [n, list] of lists!.split("|").entries()) {
          const random = new Random(hash(`${name} ${size} ${list.trim()} ${n}`));
          result.add(`${name} ${operands(list.trim(), size, random)}`.trim());
        }
      }
    }
  }
  return [...result, ...MMX_FORMS, ...X87_STATE_FORMS];
}

/** Not rsp, and not rbx, which sequences keep for their memory operands; rcx only where a form asks for it. */
const REGISTERS = [0, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/** For forms with ah to bh, which a REX prefix would rename. */
const LOW_REGISTERS = [0, 2, 5, 6, 7];
const LEGACY = ["a", "c", "d", "b", "sp", "bp", "si", "di"];

function operands(list: string, size: number, random: Random): string {
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
        registerName(
          width === "8l" ? random.pick([0, 1, 2, 3]) : different(result, bits, hasHigh ? LOW_REGISTERS : REGISTERS, random),
          bits,
        ),
      );
    } else if (kind === "m" && /^\d*$/.test(width!)) result.push(memory(bits, random, hasHigh));
    else if (token === "x") result.push(`xmm${random.below(16)}`);
    else if (token === "i") result.push(immediate(size, random));
    else if (token === "c") result.push(String(1 + random.below(size === 64 ? 63 : 31)));
    else if (token === "b") result.push(String(random.below(256)));
    else result.push(token.startsWith("[") ? `${pointer(size)}${token}` : token);
  }
  return result.join(", ");
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

function immediate(size: number, random: Random): string {
  const bits = Math.min(size, 32);
  const value = random.pick([0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), 7, -100, (random.u32() | 0) >> (32 - bits)]);
  return String(value);
}
