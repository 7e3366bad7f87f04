import { InvalidParameterError, ERRNO } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { conversionApi, msvcrtConversionApi, ucrtConversionApi } from "./conversion.api.ts";
import { toExponentialDigits, toFixedDigits } from "./numbers/decimal.ts";
import { parseDouble, parseFloat32 } from "./numbers/parse-double.ts";
import { parseInteger, toInteger } from "./numbers/parse-integer.ts";
import { MSVCRT_PRINTF } from "./printf/flavour.ts";
import { formatFloating } from "./printf/floating.ts";
import { Runtime } from "./runtime.ts";
import { latin1Bytes } from "./stdio/characters.ts";

/** Longer numbers than this are read in one piece only when they go on. */
const FIRST_CHUNK = 64;
const RAND_MULTIPLIER = 214013;
const RAND_INCREMENT = 2531011;

export const conversion = implement(conversionApi, {
  strtol: (thread, source, end, base) => Number(integer(thread, source, end, base, { bits: 32, signed: true, wide: false })),
  strtoul: (thread, source, end, base) => Number(integer(thread, source, end, base, { bits: 32, signed: false, wide: false })),
  _strtoi64: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: true, wide: false }),
  _strtoui64: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: false, wide: false }),
  strtod: (thread, source, end) => double(thread, source, end, false),
  _strtod_l: (thread, source, end) => double(thread, source, end, false),
  wcstol: (thread, source, end, base) => Number(integer(thread, source, end, base, { bits: 32, signed: true, wide: true })),
  wcstoul: (thread, source, end, base) => Number(integer(thread, source, end, base, { bits: 32, signed: false, wide: true })),
  _wcstoi64: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: true, wide: true }),
  _wcstoui64: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: false, wide: true }),
  wcstod: (thread, source, end) => double(thread, source, end, true),
  _wcstod_l: (thread, source, end) => double(thread, source, end, true),
  _atoi64: (thread, str) => value(thread, str, 64),
  atof: (_thread, str) => parseDouble(str ?? "", { c99: true }).value,
  _atof_l: (_thread, str) => parseDouble(str ?? "", { c99: true }).value,
  _wtoi64: (thread, str) => value(thread, str, 64),
  _wtof: (_thread, str) => parseDouble(str ?? "", { c99: true }).value,
  _itoa: (thread, number, buffer, radix) => store(thread, buffer, signedDigits(number, radix), false),
  _ltoa: (thread, number, buffer, radix) => store(thread, buffer, signedDigits(number, radix), false),
  _ultoa: (thread, number, buffer, radix) => store(thread, buffer, number.toString(radix), false),
  _i64toa: (thread, number, buffer, radix) => store(thread, buffer, signedDigits64(number, radix), false),
  _ui64toa: (thread, number, buffer, radix) => store(thread, buffer, number.toString(radix), false),
  _itow: (thread, number, buffer, radix) => store(thread, buffer, signedDigits(number, radix), true),
  _ltow: (thread, number, buffer, radix) => store(thread, buffer, signedDigits(number, radix), true),
  _ultow: (thread, number, buffer, radix) => store(thread, buffer, number.toString(radix), true),
  _i64tow: (thread, number, buffer, radix) => store(thread, buffer, signedDigits64(number, radix), true),
  _ui64tow: (thread, number, buffer, radix) => store(thread, buffer, number.toString(radix), true),
  _itoa_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => signedDigits(number, radix), false),
  _ltoa_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => signedDigits(number, radix), false),
  _ultoa_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => number.toString(radix), false),
  _i64toa_s: (thread, number, buffer, size, radix) =>
    storeSecurely(thread, buffer, size, radix, () => signedDigits64(number, radix), false),
  _ui64toa_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => number.toString(radix), false),
  _itow_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => signedDigits(number, radix), true),
  _ltow_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => signedDigits(number, radix), true),
  _ultow_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => number.toString(radix), true),
  _i64tow_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => signedDigits64(number, radix), true),
  _ui64tow_s: (thread, number, buffer, size, radix) => storeSecurely(thread, buffer, size, radix, () => number.toString(radix), true),
  _gcvt(thread, number, digits, buffer) {
    const { text } = formatFloating(number, { letter: "g", precision: digits, alternate: false }, MSVCRT_PRINTF);
    const sign = number < 0 ? "-" : "";
    return store(thread, buffer, sign + (text.includes(".") || text.includes("e") ? text : `${text}.`), false);
  },
  _ecvt(thread, number, count, dec, sign) {
    const { mantissa, exponent } = toExponentialDigits(Math.abs(number), Math.max(0, count - 1), "half-away");
    dec.set(number === 0 ? 0 : exponent + 1);
    sign.set(number < 0 ? 1 : 0);
    return store(thread, Runtime.of(thread).reserve("_ecvt", 512), count <= 0 ? "" : mantissa.replace(".", ""), false);
  },
  _fcvt(thread, number, count, dec, sign) {
    const [whole = "", fraction = ""] = toFixedDigits(Math.abs(number), Math.max(0, count), "half-away").split(".");
    const leading = whole === "0" && number !== 0 ? /^0*/.exec(fraction)![0].length : 0;
    // Where the point is says the number itself, also where all of its digits are rounded away.
    const isGone = leading === fraction.length && number !== 0 && whole === "0";
    const place = isGone ? toExponentialDigits(Math.abs(number), 0, "half-away").exponent + 1 : -leading;
    dec.set(whole === "0" ? place : whole.length);
    sign.set(number < 0 ? 1 : 0);
    return store(thread, Runtime.of(thread).reserve("_ecvt", 512), whole === "0" ? fraction.slice(leading) : whole + fraction, false);
  },
  rand(thread) {
    const state = thread.state(randomState, () => ({ seed: 1 }));
    state.seed = (Math.imul(state.seed, RAND_MULTIPLIER) + RAND_INCREMENT) | 0;
    return (state.seed >>> 16) & 0x7fff;
  },
  srand(thread, seed) {
    thread.state(randomState, () => ({ seed: 1 })).seed = seed | 0;
    return 0;
  },
  rand_s(thread, result) {
    if (result.isNull) throw new InvalidParameterError(ERRNO.EINVAL);
    const bytes = thread.process.host.random(4);
    result.set(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
    return 0;
  },
});

export const msvcrtConversion = implement(msvcrtConversionApi, {
  atoi: (_thread, str) => lowBits(str),
  atol: (_thread, str) => lowBits(str),
  _wtoi: (_thread, str) => lowBits(str),
  _wtol: (_thread, str) => lowBits(str),
});

export const ucrtConversion = implement(ucrtConversionApi, {
  atoi: (thread, str) => Number(value(thread, str, 32)),
  atol: (thread, str) => Number(value(thread, str, 32)),
  _wtoi: (thread, str) => Number(value(thread, str, 32)),
  _wtol: (thread, str) => Number(value(thread, str, 32)),
  strtoll: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: true, wide: false }),
  strtoull: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: false, wide: false }),
  strtoimax: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: true, wide: false }),
  strtoumax: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: false, wide: false }),
  strtof: (thread, source, end) => double(thread, source, end, false, parseFloat32),
  _strtof_l: (thread, source, end) => double(thread, source, end, false, parseFloat32),
  wcstoll: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: true, wide: true }),
  wcstoull: (thread, source, end, base) => integer(thread, source, end, base, { bits: 64, signed: false, wide: true }),
  wcstof: (thread, source, end) => double(thread, source, end, true, parseFloat32),
  atoll: (thread, str) => value(thread, str, 64),
});

const randomState = Symbol("rand");

interface IntegerKind {
  readonly bits: 32 | 64;
  readonly signed: boolean;
  readonly wide: boolean;
}

function integer(thread: Thread, source: number, end: number, base: number, { bits, signed, wide }: IntegerKind): bigint {
  if (source === 0 || base < 0 || base === 1 || base > 36) {
    storeEnd(thread, end, source);
    thread.errno = ERRNO.EINVAL;
    return 0n;
  }
  const parsed = readNumber(thread, source, wide, (text) => parseInteger(text, base));
  storeEnd(thread, end, source + parsed.length * (wide ? 2 : 1));
  const { value, isOutOfRange } = toInteger(parsed, bits, signed);
  if (isOutOfRange) thread.errno = ERRNO.ERANGE;
  return value;
}

function double(thread: Thread, source: number, end: number, wide: boolean, parse = parseDouble): number {
  const parsed = readNumber(thread, source, wide, (text) => parse(text, { c99: true }));
  storeEnd(thread, end, source + parsed.length * (wide ? 2 : 1));
  if (parsed.isOutOfRange) thread.errno = ERRNO.ERANGE;
  return parsed.value;
}

/** Parses the start of a string without reading all of it: a number in a long text would cost the whole text each time. */
function readNumber<T extends { readonly length: number }>(thread: Thread, source: number, wide: boolean, parse: (text: string) => T): T {
  const { memory } = thread;
  for (let limit = FIRST_CHUNK; ; limit *= 4) {
    const text = wide ? memory.wstring(source, limit) : memory.cstring(source, "latin1", limit);
    const parsed = parse(text);
    if (text.length < limit || (parsed.length > 0 && parsed.length < limit - 24)) return parsed;
  }
}

function storeEnd({ memory }: Thread, end: number, address: number): void {
  if (end !== 0) memory.setPointer(end, address);
}

function lowBits(text: string | undefined): number {
  const { magnitude, isNegative } = parseInteger(text ?? "", 10);
  return Number(BigInt.asIntN(32, isNegative ? -magnitude : magnitude));
}

/** atoi and kin: out of range is the nearest value, and ERANGE. */
function value(thread: Thread, text: string | undefined, bits: 32 | 64): bigint {
  if (text === undefined) {
    thread.errno = ERRNO.EINVAL;
    return 0n;
  }
  const result = toInteger(parseInteger(text, 10), bits, true);
  if (result.isOutOfRange) thread.errno = ERRNO.ERANGE;
  return result.value;
}

/** Only in base 10 is a negative number printed with a sign. */
function signedDigits(number: number, radix: number): string {
  return radix === 10 ? String(number) : (number >>> 0).toString(radix);
}

function signedDigits64(number: bigint, radix: number): string {
  return radix === 10 ? String(number) : BigInt.asUintN(64, number).toString(radix);
}

function store({ memory }: Thread, buffer: number, text: string, wide: boolean): number {
  if (wide) memory.setWstring(buffer, text);
  else memory.write(buffer, latin1Bytes(`${text}\0`));
  return buffer;
}

function storeSecurely(thread: Thread, buffer: number, size: number, radix: number, digits: () => string, wide: boolean): number {
  if (buffer === 0 || size === 0 || radix < 2 || radix > 36) throw new InvalidParameterError(ERRNO.EINVAL);
  const text = digits();
  store(thread, buffer, text.length < size ? text : "", wide);
  if (text.length >= size) throw new InvalidParameterError(ERRNO.ERANGE);
  return 0;
}
