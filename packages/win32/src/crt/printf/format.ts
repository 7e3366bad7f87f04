import { ERRNO, InvalidParameterError } from "@decant/hook";
import { parseConversion, type Conversion } from "./conversion.ts";
import type { PrintfFlavour } from "./flavour.ts";
import { formatFloating } from "./floating.ts";

/** The arguments behind a format, in order. */
export interface PrintfArguments {
  int(): number;
  uint(): number;
  uint64(): bigint;
  /** A value of a pointer's size, and its bits. */
  word(): bigint;
  readonly wordBits: 32 | 64;
  pointer(): number;
  double(): number;
}

/** The strings that arguments point to, and text between the two kinds of characters. Narrow text is a character a byte. */
export interface PrintfMemory {
  narrow(address: number, maxBytes: number): string;
  wide(address: number, maxUnits: number): string;
  /** Wide text in the locale's encoding; undefined when a character has none. */
  encode(wide: string): string | undefined;
  decode(narrow: string): string;
  storeCount(address: number, bytes: 2 | 4 | 8, count: number): void;
}

/** What a printf function works with. */
export interface PrintfContext {
  readonly flavour: PrintfFlavour;
  /** Whether the format, and what is printed, are wide. */
  readonly isWide: boolean;
  readonly args: PrintfArguments;
  readonly memory: PrintfMemory;
}

/** The text that a format and its arguments make; undefined when a wide character cannot be encoded (EILSEQ). */
export function formatPrintf(format: string, context: PrintfContext): string | undefined {
  let output = "";
  for (const piece of piecesOf(format)) {
    if (typeof piece === "string") {
      output += piece;
      continue;
    }
    const text = convert(readCounts(piece, context), output.length, context);
    if (text === undefined) return undefined;
    output += text;
  }
  return output;
}

/** Programs print with few formats, and often: 10^5 calls a run. */
const MAX_CACHED = 500;
const cache = new Map<string, readonly (string | Conversion)[]>();

function piecesOf(format: string): readonly (string | Conversion)[] {
  const known = cache.get(format);
  if (known !== undefined) return known;
  const pieces = parsePieces(format);
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(format, pieces);
  return pieces;
}

function parsePieces(format: string): (string | Conversion)[] {
  const pieces: (string | Conversion)[] = [];
  let at = 0;
  for (;;) {
    const percent = format.indexOf("%", at);
    if (percent < 0) return [...pieces, format.slice(at)];
    pieces.push(format.slice(at, percent));
    if (format[percent + 1] === "%") {
      pieces.push("%");
      at = percent + 2;
      continue;
    }
    const conversion = parseConversion(format, percent + 1);
    pieces.push(conversion);
    at = conversion.end;
  }
}

/** A conversion whose width and precision are numbers. */
interface Settled extends Conversion {
  readonly width: number;
  readonly precision: number | undefined;
}

function readCounts(conversion: Conversion, { args }: PrintfContext): Settled {
  if (conversion.width !== "argument" && conversion.precision !== "argument") return conversion as Settled; // both were just tested
  let { left, width, precision } = conversion;
  if (width === "argument") {
    width = args.int();
    if (width < 0) {
      left = true;
      width = -width;
    }
  }
  if (precision === "argument") {
    precision = args.int();
    if (precision < 0) precision = undefined;
  }
  return { ...conversion, left, width, precision };
}

function convert(conversion: Settled, printed: number, context: PrintfContext): string | undefined {
  const { args, flavour } = context;
  switch (conversion.letter) {
    case "d":
    case "i":
      return signedInteger(conversion, context);
    case "u":
      return unsignedInteger(conversion, 10, "", context);
    case "o":
      return unsignedInteger(conversion, 8, "0", context);
    case "x":
      return unsignedInteger(conversion, 16, "0x", context);
    case "X":
      return unsignedInteger(conversion, 16, "0X", context);
    case "p":
      return pointer(conversion, args.word(), args.wordBits / 4);
    case "F":
      return flavour.hasF ? floating(conversion, context) : "";
    case "e":
    case "E":
    case "f":
    case "g":
    case "G":
    case "a":
    case "A":
      return floating(conversion, context);
    case "c":
    case "C":
      return character(conversion, context);
    case "s":
    case "S":
      return string(conversion, context);
    case "n":
      return count(conversion, printed, context);
    case "":
      return "";
    default:
      return conversion.letter;
  }
}

function signedInteger(conversion: Settled, { args, flavour }: PrintfContext): string {
  let value: bigint | number;
  if (conversion.size === "int64") value = BigInt.asIntN(64, args.uint64());
  else if (conversion.size === "word") value = BigInt.asIntN(args.wordBits, args.word());
  else value = narrowSigned(args.int(), conversion, flavour);
  const sign = value < 0 ? "-" : conversion.plus ? "+" : conversion.space ? " " : "";
  return integer(conversion, sign, (value < 0 ? -value : value).toString());
}

function narrowSigned(value: number, { size }: Settled, { hasChar }: PrintfFlavour): number {
  if (size === "char" && hasChar) return (value << 24) >> 24;
  return size === "short" || size === "char" ? (value << 16) >> 16 : value;
}

function unsignedInteger(conversion: Settled, radix: number, prefix: string, { args, flavour }: PrintfContext): string {
  let value: bigint | number;
  if (conversion.size === "int64") value = args.uint64();
  else if (conversion.size === "word") value = args.word();
  else {
    value = args.uint();
    if (conversion.size === "char" && flavour.hasChar) value &= 0xff;
    else if (conversion.size === "short" || conversion.size === "char") value &= 0xffff;
  }
  const lower = value.toString(radix);
  const digits = prefix === "0X" ? lower.toUpperCase() : lower;
  if (!conversion.alternate || prefix === "") return integer(conversion, "", digits);
  if (radix === 16) return integer(conversion, Number(value) === 0 ? "" : prefix, digits);
  // Octal's prefix is a digit: it counts for the precision.
  const isCovered = digits === "0" ? conversion.precision !== 0 : digits.length < (conversion.precision ?? 1);
  return integer(conversion, "", isCovered || digits === "0" ? digits : `0${digits}`);
}

function pointer(conversion: Settled, value: bigint, digits: number): string {
  const prefix = conversion.alternate && value !== 0n ? "0X" : "";
  return pad(conversion, prefix, value.toString(16).toUpperCase().padStart(digits, "0"), false);
}

function integer(conversion: Settled, prefix: string, digits: string): string {
  const { precision } = conversion;
  if (precision === undefined) return pad(conversion, prefix, digits, true);
  return pad(conversion, prefix, precision === 0 && digits === "0" ? "" : digits.padStart(precision, "0"), true);
}

function floating(conversion: Settled, { args, flavour }: PrintfContext): string {
  const value = args.double();
  const { text, canPadWithZeros } = formatFloating(value, conversion, flavour);
  const sign = isNegative(value) ? "-" : conversion.plus ? "+" : conversion.space ? " " : "";
  return pad(conversion, sign, text, canPadWithZeros);
}

const sign = new DataView(new ArrayBuffer(8));

function isNegative(value: number): boolean {
  if (!Number.isNaN(value)) return value < 0 || Object.is(value, -0);
  sign.setFloat64(0, value);
  return sign.getUint8(0) >= 0x80;
}

function character(conversion: Settled, { args, isWide, memory }: PrintfContext): string | undefined {
  const unit = args.uint() & 0xffff;
  const isWideCharacter = isWideArgument(conversion, conversion.letter === "C", isWide, true);
  if (isWideCharacter === isWide) return pad(conversion, "", String.fromCharCode(isWide ? unit : unit & 0xff), true);
  const text = isWideCharacter ? memory.encode(String.fromCharCode(unit)) : memory.decode(String.fromCharCode(unit & 0xff));
  return text === undefined ? "" : pad(conversion, "", text, true);
}

function string(conversion: Settled, context: PrintfContext): string | undefined {
  const { args, isWide, memory, flavour } = context;
  const address = args.pointer();
  const limit = conversion.precision ?? Infinity;
  if (address === 0) return pad(conversion, "", "(null)".slice(0, limit), true);
  const isWideString = isWideArgument(conversion, conversion.letter === "S", isWide, flavour.wideFollowsFunction);
  if (isWideString === isWide) return pad(conversion, "", isWide ? memory.wide(address, limit) : memory.narrow(address, limit), true);
  if (!isWideString) return pad(conversion, "", memory.decode(memory.narrow(address, limit)), true);
  const encoded = memory.encode(memory.wide(address, limit));
  return encoded === undefined ? undefined : pad(conversion, "", encoded.slice(0, limit), true);
}

/** Whether %s or %c means wide: by its size, by its capital, or as the function is. */
function isWideArgument({ size }: Settled, isCapital: boolean, isWide: boolean, followsFunction: boolean): boolean {
  if (size === "short" || size === "char") return false;
  if (size === "long" || size === "wide") return true;
  return (isWide && followsFunction) !== isCapital;
}

function count({ size }: Settled, printed: number, { args, memory, flavour }: PrintfContext): string {
  const address = args.pointer();
  if (!flavour.storesCount) throw new InvalidParameterError(ERRNO.EINVAL);
  memory.storeCount(address, size === "int64" || (size === "word" && args.wordBits === 64) ? 8 : size === "short" ? 2 : 4, printed);
  return "";
}

/** Puts the sign or prefix before the digits, and fills up to the width; zeros go between them. */
function pad({ left, zero, width }: Settled, prefix: string, digits: string, canPadWithZeros: boolean): string {
  const missing = width - prefix.length - digits.length;
  if (missing <= 0) return prefix + digits;
  if (left) return prefix + digits + " ".repeat(missing);
  return zero && canPadWithZeros ? prefix + "0".repeat(missing) + digits : " ".repeat(missing) + prefix + digits;
}
