import { ERRNO, InvalidParameterError } from "@decant/hook";
import { parseConversion, type Conversion } from "./conversion.ts";
import type { PrintfArguments } from "./format.ts";

/** What an argument is read as; integers of other sizes are ints. */
type Kind = "int" | "uint64" | "word" | "pointer" | "double";

/** Positions go this far (_ARGMAX). */
const MAX_POSITION = 100;
/** A conversion with a position, a width and a precision; the latter two may be arguments with positions of their own. */
const POSITIONAL = /%(\d+)\$([ +\-#0]*)(?:\*(\d+)\$)?(\d*)(?:\.(?:\*(\d+)\$|(\d*)))?/g;

/**
 * A format of the functions with positions ("printf_p positional parameters"), as one without them, and its arguments in the order in which that takes them. Formats without
 * positions stay as they are. Every position up to the last must be there, as what stands there says how large it is; throws EINVAL otherwise.
 */
export function withoutPositions(format: string, args: PrintfArguments): { format: string; args: PrintfArguments } {
  if (!/%\d+\$/.test(format.replaceAll("%%", ""))) return { format, args };
  const kinds: Kind[] = [];
  const order: number[] = [];
  const take = (position: string, kind: Kind): void => {
    const index = Number(position) - 1;
    if (index < 0 || index >= MAX_POSITION) throw new InvalidParameterError(ERRNO.EINVAL);
    kinds[index] ??= kind;
    if (kinds[index] !== kind) throw new InvalidParameterError(ERRNO.EINVAL);
    order.push(index);
  };
  const plain = format.replace(POSITIONAL, (match: string, position: string, flags: string, widthAt?: string, width = "", precisionAt?: string, precision?: string, ...rest: unknown[]) => {
    const end = (rest[0] as number) + match.length;
    if (widthAt !== undefined) take(widthAt, "int");
    if (precisionAt !== undefined) take(precisionAt, "int");
    take(position, kindOf(parseConversion(format, end)));
    const dot = precisionAt !== undefined ? ".*" : precision !== undefined ? `.${precision}` : "";
    return `%${flags}${widthAt !== undefined ? "*" : ""}${width}${dot}`;
  }); // prettier-ignore
  if (kinds.length !== Object.keys(kinds).length) throw new InvalidParameterError(ERRNO.EINVAL);
  const values = kinds.map((kind) => args[kind]());
  return { format: plain, args: new Replay(args.wordBits, order.map((index) => values[index]!)) }; // prettier-ignore
}

function kindOf({ size, letter }: Conversion): Kind {
  if ("eEfFgGaA".includes(letter)) return "double";
  if ("sSpnZ".includes(letter)) return "pointer";
  return size === "int64" ? "uint64" : size === "word" ? "word" : "int";
}

/** Values that were read before, in the order in which they are asked for. */
class Replay implements PrintfArguments {
  readonly wordBits: 32 | 64;
  readonly #values: Iterator<number | bigint>;

  constructor(wordBits: 32 | 64, values: readonly (number | bigint)[]) {
    this.wordBits = wordBits;
    this.#values = values.values();
  }

  int(): number {
    return Number(this.#next());
  }

  uint(): number {
    return Number(this.#next()) >>> 0;
  }

  uint64(): bigint {
    return BigInt(this.#next());
  }

  word(): bigint {
    return BigInt(this.#next());
  }

  pointer(): number {
    return Number(this.#next());
  }

  double(): number {
    return Number(this.#next());
  }

  #next(): number | bigint {
    return this.#values.next().value ?? 0;
  }
}
