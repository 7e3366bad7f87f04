import { readFileSync } from "node:fs";
import { UsageError } from "./terminal.ts";

/** How the values of one type are given and shown. */
interface ValueType {
  readonly bytes: number;
  readonly kind: "unsigned" | "signed" | "float" | "bits";
}

const unsigned = (bytes: number): ValueType => ({ bytes, kind: "unsigned" });
const signed = (bytes: number): ValueType => ({ bytes, kind: "signed" });
const bits = (bytes: number): ValueType => ({ bytes, kind: "bits" });
const float = (bytes: number): ValueType => ({ bytes, kind: "float" });

/** PTX's names; floats of 16 and 8 bits are given and shown by their bits. */
const valueTypes: Record<string, ValueType> = {
  ...{ u8: unsigned(1), u16: unsigned(2), u32: unsigned(4), u64: unsigned(8) },
  ...{ s8: signed(1), s16: signed(2), s32: signed(4), s64: signed(8) },
  ...{ b8: bits(1), b16: bits(2), b32: bits(4), b64: bits(8) },
  ...{ f32: float(4), f64: float(8), f16: bits(2), bf16: bits(2), e4m3: bits(1), e5m2: bits(1) },
};

/** The types' names, for help texts. */
export const VALUE_TYPE_NAMES = Object.keys(valueTypes).join(" ");

/** Values of one type: what `--in`, `--out` and `--scalar` name. */
export interface TypedValues {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Reads `u32:1,2,0x10`, or `f32:@data.bin` (a file's bytes as they are). `option` is for messages. */
export function parseValues(option: string, text: string): TypedValues {
  const [type, rest] = split(option, text);
  const { bytes: size } = valueTypes[type]!;
  if (rest.startsWith("@")) {
    const bytes = readBytes(option, rest.slice(1));
    if (bytes.length % size !== 0)
      throw new UsageError(`--${option} ${text}: the file has ${bytes.length} bytes, which are no whole number of ${type}`);
    return { type, bytes };
  }
  const words = rest.split(",").map((word) => word.trim());
  const bytes = new Uint8Array(words.length * size);
  for (const [index, word] of words.entries()) store(new DataView(bytes.buffer, index * size, size), type, word, option);
  return { type, bytes };
}

/** Reads `f32:16`: that many zeros. */
export function parseZeros(option: string, text: string, mostBytes = 2 ** 32): TypedValues {
  const [type, rest] = split(option, text);
  const bytes = Number(rest) * valueTypes[type]!.bytes;
  if (!/^\d+$/.test(rest) || bytes < 1 || bytes > mostBytes) throw new UsageError(`--${option} takes TYPE:COUNT, as f32:16, not "${text}"`);
  return { type, bytes: new Uint8Array(bytes) };
}

/** Values as JSON has them exactly: integers of 64 bits, NaN and infinities are text. */
export function valuesForJson({ type, bytes }: TypedValues): (number | string)[] {
  const { bytes: size, kind } = valueTypes[type]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / size }, (_, index) => {
    const value = load(view, index * size, size, kind);
    if (typeof value === "bigint") return String(value);
    return Number.isFinite(value) && !Object.is(value, -0) ? value : specialText(value);
  });
}

/** Values as text that `--in` takes again: the shortest decimals that give the same numbers, bits in hexadecimal. Every NaN is `nan`. */
export function valuesText(values: TypedValues): string {
  const { bytes, kind } = valueTypes[values.type]!;
  const digits = (value: number | string): string =>
    `0x${BigInt(value)
      .toString(16)
      .padStart(2 * bytes, "0")}`;
  return valuesForJson(values)
    .map((value) => (kind === "bits" ? digits(value) : value))
    .join(",");
}

function specialText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Object.is(value, -0) ? "-0" : value > 0 ? "inf" : "-inf";
}

function split(option: string, text: string): [type: string, rest: string] {
  const at = text.indexOf(":");
  const type = text.slice(0, Math.max(at, 0)).toLowerCase();
  if (at < 0 || valueTypes[type] === undefined)
    throw new UsageError(`--${option} begins with a type (${VALUE_TYPE_NAMES}) and a colon; found "${text}"`);
  return [type, text.slice(at + 1)];
}

function readBytes(option: string, file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new UsageError(`--${option}: ${file} cannot be read: ${(error as Error).message}`);
  }
}

function store(view: DataView, type: string, word: string, option: string): void {
  const { bytes, kind } = valueTypes[type]!;
  const refuse = (why: string): UsageError => new UsageError(`--${option}: "${word}" ${why} ${type}`);
  const isBits = /^[+-]?0[xb]/i.test(word);
  if (kind === "float" && !isBits) {
    const value = parseFloating(word);
    if (value === undefined) throw refuse("is no");
    if (bytes === 4) view.setFloat32(0, value, true);
    else view.setFloat64(0, value, true);
    return;
  }
  const value = parseInteger(word);
  if (value === undefined) throw refuse("is no");
  const width = BigInt(8 * bytes);
  // Both readings of the bits are accepted: s8:0xff and u8:-1 are the same byte.
  if (value >= 1n << width || value < -(1n << (width - 1n))) throw refuse("does not fit in");
  for (let byte = 0; byte < bytes; byte++) view.setUint8(byte, Number((BigInt.asUintN(64, value) >> BigInt(8 * byte)) & 0xffn));
}

/** Decimal, 0x and 0b, with a sign and `_` between digits. */
function parseInteger(word: string): bigint | undefined {
  const match = /^([+-]?)(0x[0-9a-f_]+|0b[01_]+|[0-9][0-9_]*)$/i.exec(word);
  if (!match) return undefined;
  try {
    const value = BigInt(match[2]!.replaceAll("_", ""));
    return match[1] === "-" ? -value : value;
  } catch {
    return undefined;
  }
}

function parseFloating(word: string): number | undefined {
  const special = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(word);
  if (special) {
    const value = special[2]!.toLowerCase() === "nan" ? Number.NaN : Infinity;
    return special[1] === "-" ? -value : value;
  }
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word) ? Number(word) : undefined;
}

function load(view: DataView, offset: number, size: number, kind: ValueType["kind"]): number | bigint {
  if (kind === "float") return size === 4 ? shortest(view.getFloat32(offset, true)) : view.getFloat64(offset, true);
  if (size === 8) return kind === "signed" ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true);
  if (size === 4) return kind === "signed" ? view.getInt32(offset, true) : view.getUint32(offset, true);
  if (size === 2) return kind === "signed" ? view.getInt16(offset, true) : view.getUint16(offset, true);
  return kind === "signed" ? view.getInt8(offset) : view.getUint8(offset);
}

/** The number with the fewest digits that is the same float: 0.1, not 0.10000000149011612. */
function shortest(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}
