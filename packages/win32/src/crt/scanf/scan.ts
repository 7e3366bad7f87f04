import { parseDouble } from "../numbers/parse-double.ts";
import { digitOf, parseInteger } from "../numbers/parse-integer.ts";
import { parseDirective, type Directive } from "./directive.ts";

/** Where characters come from. */
export interface ScanSource {
  /** The next character, END, or undefined when more must be fetched first. */
  read(): number | undefined;
  /** Gives back the character that was read last. */
  unread(unit: number): void;
}

/** What ScanSource.read gives at the end. */
export const END = -1;

/** Where results go, in the order of the conversions. */
export interface ScanTarget {
  /** Takes the next argument: the address where the next result goes. */
  next(): number;
  /** Takes the size that follows a string's address in the secure functions. */
  nextSize(): number;
  /** Bytes of a pointer. */
  readonly wordBytes: 4 | 8;
  integer(address: number, bytes: 1 | 2 | 4 | 8, value: bigint): void;
  float(address: number, bytes: 4 | 8, value: number): void;
  /** Stores characters, with a NUL when it says so. */
  text(address: number, units: readonly number[], isWide: boolean, terminate: boolean): void;
}

/** What a scanf function works with. */
export interface ScanContext {
  readonly source: ScanSource;
  readonly target: ScanTarget;
  /** Whether format and input are wide. */
  readonly isWide: boolean;
  /** Whether %s in a wide function is a wide string. */
  readonly wideFollowsFunction: boolean;
  /** Whether sizes follow the addresses of strings. */
  readonly isSecure: boolean;
}

/** Reads by a format. Yields when the source must fetch more; the result is how many values were stored, or EOF (-1). */
export function* scan(format: string, context: ScanContext): Generator<undefined, number> {
  const scanner = new Scanner(context);
  let stored = 0;
  let at = 0;
  while (at < format.length) {
    const unit = format.charCodeAt(at);
    if (isSpace(unit)) {
      yield* scanner.skipSpace();
      at++;
    } else if (format[at] !== "%" || format[at + 1] === "%") {
      if (format[at] === "%") {
        yield* scanner.skipSpace();
        at++;
      }
      const read = yield* scanner.read();
      if (read !== format.charCodeAt(at)) {
        scanner.unread(read);
        return read === END && stored === 0 ? END : stored;
      }
      at++;
    } else {
      const directive = parseDirective(format, at + 1);
      const outcome = yield* scanner.convert(directive);
      if (outcome === "input failure") return stored === 0 ? END : stored;
      if (outcome === "mismatch") return stored;
      if (outcome === "stored") stored++;
      at = directive.end;
    }
  }
  return stored;
}

type Outcome = "stored" | "passed" | "mismatch" | "input failure";

const INTEGER_BASES: Readonly<Record<string, number>> = { d: 10, i: 0, u: 10, o: 8, x: 16, X: 16, p: 16 };

class Scanner {
  readonly #context: ScanContext;
  /** Characters read so far, for %n. */
  #count = 0;

  constructor(context: ScanContext) {
    this.#context = context;
  }

  *read(): Generator<undefined, number> {
    for (;;) {
      const unit = this.#context.source.read();
      if (unit === undefined) {
        yield;
        continue;
      }
      if (unit !== END) this.#count++;
      return unit;
    }
  }

  unread(unit: number): void {
    if (unit === END) return;
    this.#context.source.unread(unit);
    this.#count--;
  }

  *skipSpace(): Generator<undefined, void> {
    let unit = yield* this.read();
    while (isSpace(unit)) unit = yield* this.read();
    this.unread(unit);
  }

  *convert(directive: Directive): Generator<undefined, Outcome> {
    const { letter } = directive;
    if (letter === "n") {
      if (!directive.suppressed)
        this.#context.target.integer(
          this.#context.target.next(),
          integerBytes(directive, this.#context.target.wordBytes),
          BigInt(this.#count),
        );
      return "passed";
    }
    const base = INTEGER_BASES[letter];
    if (base !== undefined) return yield* this.#integer(directive, base);
    if (letter !== "" && "aAeEfFgG".includes(letter)) return yield* this.#float(directive);
    if (letter !== "" && "cCsS[".includes(letter)) return yield* this.#text(directive);
    return "mismatch";
  }

  *#integer(directive: Directive, base: number): Generator<undefined, Outcome> {
    yield* this.skipSpace();
    const text = yield* this.#collect(directive.width ?? Infinity, (so) => isIntegerPrefix(so, base));
    if (text === undefined) return "input failure";
    const { magnitude, isNegative, length } = parseInteger(text, base);
    if (length === 0 || isHalfPrefix(text, base)) return "mismatch";
    if (directive.suppressed) return "passed";
    const bytes = directive.letter === "p" ? this.#context.target.wordBytes : integerBytes(directive, this.#context.target.wordBytes);
    this.#context.target.integer(this.#context.target.next(), bytes, isNegative ? -magnitude : magnitude);
    return "stored";
  }

  *#float(directive: Directive): Generator<undefined, Outcome> {
    yield* this.skipSpace();
    const text = yield* this.#collect(directive.width ?? Infinity, isFloatPrefix);
    if (text === undefined) return "input failure";
    const { value, length } = parseDouble(text, { c99: true });
    // An exponent that the input's end cuts off is no number.
    if (length < text.length && /[eE][+-]?$/.test(text)) return (yield* this.#isAtEnd()) ? "input failure" : "mismatch";
    if (length === 0) return "mismatch";
    if (directive.suppressed) return "passed";
    const isLong = directive.size === "long" || directive.size === "int64";
    this.#context.target.float(this.#context.target.next(), isLong ? 8 : 4, value);
    return "stored";
  }

  *#text(directive: Directive): Generator<undefined, Outcome> {
    const { isWide, wideFollowsFunction, isSecure, target } = this.#context;
    const kind = directive.letter === "[" ? "[" : directive.letter.toLowerCase();
    if (kind === "s") yield* this.skipSpace();
    const address = directive.suppressed ? 0 : target.next();
    const capacity = directive.suppressed || !isSecure ? Infinity : target.nextSize();
    const limit = directive.width ?? (kind === "c" ? 1 : Infinity);
    const accepts = kind === "[" ? directive.accepts! : kind === "s" ? (unit: number) => !isSpace(unit) : () => true;
    const units: number[] = [];
    let read = END;
    while (units.length < limit) {
      read = yield* this.read();
      if (read === END || !accepts(read)) {
        this.unread(read);
        break;
      }
      units.push(read);
    }
    if (units.length === 0) return read === END ? "input failure" : "mismatch";
    if (kind === "c" && units.length < limit) return "input failure";
    if (directive.suppressed) return "passed";
    const isTerminated = kind !== "c";
    if (units.length + (isTerminated ? 1 : 0) > capacity) {
      if (capacity > 0) target.text(address, [], isWide, true);
      return "mismatch";
    }
    target.text(address, units, isWideText(directive, isWide, wideFollowsFunction), isTerminated);
    return "stored";
  }

  *#isAtEnd(): Generator<undefined, boolean> {
    const unit = yield* this.read();
    this.unread(unit);
    return unit === END;
  }

  /** Characters as long as they can be the start of a number; undefined at the end of the input. */
  *#collect(limit: number, canStart: (text: string) => boolean): Generator<undefined, string | undefined> {
    let text = "";
    while (text.length < limit) {
      const unit = yield* this.read();
      if (unit === END) {
        if (text === "") return undefined;
        break;
      }
      if (!canStart(text + String.fromCharCode(unit))) {
        this.unread(unit);
        break;
      }
      text += String.fromCharCode(unit);
    }
    return text;
  }
}

function isWideText({ size, letter }: Directive, isWide: boolean, followsFunction: boolean): boolean {
  if (size === "short" || size === "char") return false;
  if (size === "long" || size === "int64") return true;
  return (isWide && followsFunction) !== (letter === "S" || letter === "C");
}

function integerBytes({ size }: Directive, wordBytes: 4 | 8): 1 | 2 | 4 | 8 {
  if (size === "word") return wordBytes;
  return size === "int64" ? 8 : size === "short" ? 2 : size === "char" ? 1 : 4;
}

/** "0x" with no digit behind it. */
function isHalfPrefix(text: string, base: number): boolean {
  return (base === 16 || base === 0) && /^[+-]?0[xX]$/.test(text);
}

function isIntegerPrefix(text: string, base: number): boolean {
  const digits = /^[+-]/.test(text) ? text.slice(1) : text;
  if (digits === "") return true;
  if ((base === 16 || base === 0) && /^0[xX]/.test(digits)) return [...digits.slice(2)].every((digit) => digitOf(digit.charCodeAt(0)) < 16);
  const radix = base === 0 ? (digits.startsWith("0") ? 8 : 10) : base;
  return [...digits].every((digit) => digitOf(digit.charCodeAt(0)) < radix);
}

const FLOAT_PREFIX = /^[+-]?(\d*\.?\d*([eE]([+-]?\d*))?|0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*([pP]([+-]?\d*))?)$/;
const WORDS = ["infinity", "nan"];

function isFloatPrefix(text: string): boolean {
  if (FLOAT_PREFIX.test(text)) return !/^[+-]?\.?[eE]/.test(text);
  const word = text.replace(/^[+-]/, "").toLowerCase();
  return WORDS.some((each) => each.startsWith(word));
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 9 && unit <= 13);
}
