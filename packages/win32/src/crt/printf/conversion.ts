/** A conversion of a printf format, with its arguments for width and precision not yet read. */
export interface Conversion {
  readonly left: boolean;
  readonly plus: boolean;
  readonly space: boolean;
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly width: number | "argument";
  /** Undefined when the format gives none. */
  readonly precision: number | "argument" | undefined;
  readonly size: Size;
  /** The conversion's letter; "" when the format ends before it. */
  readonly letter: string;
  /** Where the format goes on. */
  readonly end: number;
}

/** A length modifier, by what it makes of an integer. */
export type Size = "none" | "char" | "short" | "long" | "int64" | "word" | "wide";

const FLAGS = " +-#0";
/** Longer prefixes first. "I", "z", "t" and "j" are 64-bit here: guests are. */
const SIZES: readonly (readonly [prefix: string, size: Size])[] = [
  ["I64", "int64"], ["I32", "long"], ["ll", "int64"], ["hh", "char"], ["h", "short"], ["l", "long"], ["L", "long"], ["w", "wide"],
  ["z", "word"], ["t", "word"], ["j", "int64"],
]; // prettier-ignore

/** Reads the conversion behind the percent sign at `at - 1` ("Format specification syntax: printf and wprintf functions"). */
export function parseConversion(format: string, at: number): Conversion {
  const flagsEnd = skip(format, at, FLAGS);
  const flags = format.slice(at, flagsEnd);
  const [width, widthEnd] = parseCount(format, flagsEnd);
  const [precision, precisionEnd] = format[widthEnd] === "." ? parseCount(format, widthEnd + 1) : ([undefined, widthEnd] as const);
  const [size, sizeEnd] = parseSize(format, precisionEnd);
  const letter = format[sizeEnd] ?? "";
  return {
    left: flags.includes("-"),
    plus: flags.includes("+"),
    space: flags.includes(" "),
    alternate: flags.includes("#"),
    zero: flags.includes("0"),
    width,
    precision,
    size,
    letter,
    end: sizeEnd + letter.length,
  };
}

function skip(format: string, at: number, accepted: string): number {
  let end = at;
  while (end < format.length && accepted.includes(format[end]!)) end++;
  return end;
}

function parseCount(format: string, at: number): [count: number | "argument", end: number] {
  if (format[at] === "*") return ["argument", at + 1];
  const end = skip(format, at, "0123456789");
  return [end === at ? 0 : Number(format.slice(at, end)), end];
}

function parseSize(format: string, at: number): [size: Size, end: number] {
  for (const [prefix, size] of SIZES) if (format.startsWith(prefix, at)) return [size, at + prefix.length];
  // A lone "I" is the size of a pointer, but only before an integer conversion.
  if (format[at] === "I" && "diouxX".includes(format[at + 1] ?? "?")) return ["word", at + 1];
  return ["none", at];
}
