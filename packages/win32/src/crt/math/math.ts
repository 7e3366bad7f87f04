import { ERRNO } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { math99Api, mathApi } from "./math.api.ts";
import {
  exponentOf,
  frexp,
  fusedMultiplyAdd,
  ldexp,
  nextAfter,
  nextAfterFloat,
  remainder,
  roundHalfAway,
  roundHalfEven,
} from "./floating.ts";
import { erf, erfc, gamma, logGamma } from "./special.ts";

type Unary = (x: number) => number;
type Binary = (x: number, y: number) => number;

/** FP_* of the ucrt's _dclass. */
const CLASS = { NAN: 2, INFINITE: 1, ZERO: 0, NORMAL: -1, SUBNORMAL: -2 } as const;

/** A function whose result is NaN for a number out of its domain: errno is EDOM. */
const domain = (body: Unary) => (thread: Thread, x: number) => {
  const result = body(x);
  if (Number.isNaN(result) && !Number.isNaN(x)) thread.errno = ERRNO.EDOM;
  return result;
};
/** A function that can overflow: errno is ERANGE. */
const range = (body: Unary) => (thread: Thread, x: number) => checkRange(thread, body(x), Number.isFinite(x));
const plain = (body: Unary) => (_: Thread, x: number) => body(x);
const plain2 = (body: Binary) => (_: Thread, x: number, y: number) => body(x, y);

function checkRange(thread: Thread, result: number, finite: boolean): number {
  if (finite && Math.abs(result) === Infinity) thread.errno = ERRNO.ERANGE;
  return result;
}

function logarithm(body: Unary): (thread: Thread, x: number) => number {
  return (thread, x) => {
    const result = body(x);
    if (x === 0) thread.errno = ERRNO.ERANGE;
    else if (Number.isNaN(result) && !Number.isNaN(x)) thread.errno = ERRNO.EDOM;
    return result;
  };
}

/** A function with a domain that is infinite at a pole, where errno is ERANGE. */
const pole = (body: Unary) => (thread: Thread, x: number) => {
  const result = domain(body)(thread, x);
  if (Math.abs(result) === Infinity && Number.isFinite(x)) thread.errno = ERRNO.ERANGE;
  return result;
};

function quotient(thread: Thread, x: number, y: number): number {
  const result = remainder(x, y);
  if (Number.isNaN(result) && !Number.isNaN(x) && !Number.isNaN(y)) thread.errno = ERRNO.EDOM;
  return result;
}

/** A function that becomes too small for a number: errno is ERANGE. */
const vanishing = (body: Unary) => (thread: Thread, x: number) => {
  const result = body(x);
  if (result === 0 && Number.isFinite(x)) thread.errno = ERRNO.ERANGE;
  return result;
};

/** A function with poles at 0, where errno is ERANGE, and at the negative integers, where it is EDOM unless the result is infinite. */
function gammaFunction(body: Unary): (thread: Thread, x: number) => number {
  return (thread, x) => {
    const result = body(x);
    if (Number.isNaN(result) && !Number.isNaN(x)) thread.errno = ERRNO.EDOM;
    else if (Math.abs(result) === Infinity && Number.isFinite(x)) thread.errno = ERRNO.ERANGE;
    return result;
  };
}

/** C's pow: unlike Math.pow, 1 to any power is 1, and so is -1 to an infinite one (C11 F.10.4.4). */
function power(thread: Thread, x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  const result = x ** y;
  if (Number.isNaN(result) && !Number.isNaN(x) && !Number.isNaN(y)) thread.errno = ERRNO.EDOM;
  else if (x === 0 && y < 0 && y !== -Infinity) thread.errno = ERRNO.ERANGE;
  return checkRange(thread, result, Number.isFinite(x) && Number.isFinite(y) && x !== 0);
}

function modulo(thread: Thread, x: number, y: number): number {
  if (y === 0 || (Math.abs(x) === Infinity && !Number.isNaN(y))) thread.errno = ERRNO.EDOM;
  return x % y;
}

function classOf(x: number, smallest: number): number {
  if (Number.isNaN(x)) return CLASS.NAN;
  if (!Number.isFinite(x)) return CLASS.INFINITE;
  if (x === 0) return CLASS.ZERO;
  return Math.abs(x) < smallest ? CLASS.SUBNORMAL : CLASS.NORMAL;
}

const SMALLEST_DOUBLE = 2 ** -1022;
const SMALLEST_FLOAT = 2 ** -126;

/** _fpclass's bits (float.h). */
function fpclass(x: number): number {
  const negative = x < 0 || Object.is(x, -0);
  switch (classOf(x, SMALLEST_DOUBLE)) {
    case CLASS.NAN:
      return 0x0002;
    case CLASS.INFINITE:
      return negative ? 0x0004 : 0x0200;
    case CLASS.ZERO:
      return negative ? 0x0020 : 0x0040;
    case CLASS.SUBNORMAL:
      return negative ? 0x0010 : 0x0080;
    default:
      return negative ? 0x0008 : 0x0100;
  }
}

const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
const copySign: Binary = (x, y) => (isNegative(y) === isNegative(x) ? x : -x);

const logb: Unary = (x) => (x === 0 ? -Infinity : Number.isFinite(x) ? exponentOf(x) : Math.abs(x));
const toLong = (x: number): number => (Math.abs(x) < 2 ** 31 ? x : -(2 ** 31));
const toLongLong = (x: number): bigint => (Math.abs(x) < 2 ** 63 ? BigInt(x) : -(2n ** 63n));
const maximum: Binary = (x, y) => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.max(x, y));
const minimum: Binary = (x, y) => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.min(x, y));
const difference: Binary = (x, y) => (x > y ? x - y : x <= y ? 0 : NaN);
const ILOGB_ZERO = -0x8000_0000;
const ILOGB_OTHER = 0x7fff_ffff;

const split = (x: number): [fraction: number, whole: number] => {
  const whole = Math.trunc(x);
  return [Math.abs(x) === Infinity ? copySign(0, x) : copySign(x - whole, x), whole];
};

export const math = implement(mathApi, {
  sin: domain(Math.sin), cos: domain(Math.cos), tan: domain(Math.tan), asin: domain(Math.asin), acos: domain(Math.acos), atan: plain(Math.atan),
  sinh: range(Math.sinh), cosh: range(Math.cosh), tanh: plain(Math.tanh), exp: range(Math.exp), log: logarithm(Math.log), log10: logarithm(Math.log10),
  sqrt: domain(Math.sqrt), floor: plain(Math.floor), ceil: plain(Math.ceil), fabs: plain(Math.abs),
  atan2: plain2(Math.atan2), pow: power, fmod: modulo, _hypot: plain2(Math.hypot), _copysign: plain2(copySign), _nextafter: plain2(nextAfter),
  _chgsign: plain((x) => -x), _logb: pole(logb),
  sinf: domain(Math.sin), cosf: domain(Math.cos), tanf: domain(Math.tan), asinf: domain(Math.asin), acosf: domain(Math.acos), atanf: plain(Math.atan),
  sinhf: range(Math.sinh), coshf: range(Math.cosh), tanhf: plain(Math.tanh), expf: range(Math.exp), logf: logarithm(Math.log), log10f: logarithm(Math.log10),
  sqrtf: domain(Math.sqrt), floorf: plain(Math.floor), ceilf: plain(Math.ceil),
  atan2f: plain2(Math.atan2), powf: power, fmodf: modulo, _hypotf: plain2(Math.hypot),
  ldexp: (thread, x, exp) => checkRange(thread, ldexp(x, exp), Number.isFinite(x)),
  frexp(_, x, expptr) {
    const [fraction, exponent] = frexp(x);
    expptr.set(exponent);
    return fraction;
  },
  modf(_, x, intptr) {
    const [fraction, whole] = split(x);
    intptr.set(whole);
    return fraction;
  },
  modff(_, x, intptr) {
    const [fraction, whole] = split(x);
    intptr.set(whole);
    return fraction;
  },
  _finite: (_, x) => Number(Number.isFinite(x)),
  _isnan: (_, x) => Number(Number.isNaN(x)),
  _fpclass: (_, x) => fpclass(x),
  _finitef: (_, x) => Number(Number.isFinite(x)),
  _isnanf: (_, x) => Number(Number.isNaN(x)),
  _cabs: (_, re, im) => Math.hypot(re, im),
  abs: (_, n) => Math.abs(n) | 0,
  labs: (_, n) => Math.abs(n) | 0,
  _abs64: (_, n) => (n < 0n ? BigInt.asIntN(64, -n) : n),
}); // prettier-ignore

export const math99 = implement(math99Api, {
  acosh: domain(Math.acosh), asinh: plain(Math.asinh), atanh: pole(Math.atanh), cbrt: plain(Math.cbrt), exp2: range((x) => 2 ** x),
  expm1: range(Math.expm1), log1p: pole(Math.log1p), log2: logarithm(Math.log2), logb: pole(logb), rint: plain(roundHalfEven),
  nearbyint: plain(roundHalfEven), round: plain(roundHalfAway), trunc: plain(Math.trunc),
  acoshf: domain(Math.acosh), asinhf: plain(Math.asinh), atanhf: pole(Math.atanh), cbrtf: plain(Math.cbrt), exp2f: range((x) => 2 ** x),
  expm1f: range(Math.expm1), log1pf: pole(Math.log1p), log2f: logarithm(Math.log2), logbf: pole(logb), rintf: plain(roundHalfEven),
  nearbyintf: plain(roundHalfEven), roundf: plain(roundHalfAway), truncf: plain(Math.trunc),
  hypot: plain2(Math.hypot), fmax: plain2(maximum), fmin: plain2(minimum), fdim: plain2(difference), copysign: plain2(copySign),
  nextafter: plain2(nextAfter), remainder: quotient,
  _copysignf: plain2(copySign), _nextafterf: plain2(nextAfterFloat), nextafterf: plain2(nextAfterFloat), nexttoward: plain2(nextAfter),
  nexttowardf: plain2(nextAfterFloat), _chgsignf: plain((x) => -x), _logbf: pole(logb),
  fma: (_, x, y, z) => fusedMultiplyAdd(x, y, z, "double"), fmaf: (_, x, y, z) => fusedMultiplyAdd(x, y, z, "float"),
  erf: plain(erf), erfc: vanishing(erfc), tgamma: gammaFunction(gamma), lgamma: gammaFunction(logGamma),
  erff: plain(erf), erfcf: vanishing((x) => Math.fround(erfc(x))), tgammaf: gammaFunction(gamma), lgammaf: gammaFunction(logGamma),
  // What the text says of a NaN is not kept.
  nan: () => NaN, nanf: () => NaN,
  hypotf: plain2(Math.hypot), fmaxf: plain2(maximum), fminf: plain2(minimum), fdimf: plain2(difference), copysignf: plain2(copySign),
  remainderf: quotient,
  scalbn: (thread, x, n) => checkRange(thread, ldexp(x, n), Number.isFinite(x)),
  scalbln: (thread, x, n) => checkRange(thread, ldexp(x, n), Number.isFinite(x)),
  scalbnf: (thread, x, n) => checkRange(thread, Math.fround(ldexp(x, n)), Number.isFinite(x)),
  scalblnf: (thread, x, n) => checkRange(thread, Math.fround(ldexp(x, n)), Number.isFinite(x)),
  ilogb: (_, x) => (x === 0 ? ILOGB_ZERO : Number.isFinite(x) ? exponentOf(x) : ILOGB_OTHER),
  ilogbf: (_, x) => (x === 0 ? ILOGB_ZERO : Number.isFinite(x) ? exponentOf(x) : ILOGB_OTHER),
  llroundf: (_, x) => toLongLong(roundHalfAway(x)),
  llrintf: (_, x) => toLongLong(roundHalfEven(x)),
  lround: (_, x) => toLong(roundHalfAway(x)),
  llround: (_, x) => toLongLong(roundHalfAway(x)),
  lrint: (_, x) => toLong(roundHalfEven(x)),
  llrint: (_, x) => toLongLong(roundHalfEven(x)),
  lroundf: (_, x) => toLong(roundHalfAway(x)),
  lrintf: (_, x) => toLong(roundHalfEven(x)),
  llabs: (_, n) => (n < 0n ? BigInt.asIntN(64, -n) : n),
  _dclass: (_, x) => classOf(x, SMALLEST_DOUBLE),
  _fdclass: (_, x) => classOf(x, SMALLEST_FLOAT),
  _dsign: (_, x) => (isNegative(x) ? 0x8000 : 0),
  _fdsign: (_, x) => (isNegative(x) ? 0x8000 : 0),
  _dtest: (_, px) => classOf(px.get(), SMALLEST_DOUBLE),
  _fdtest: (_, px) => classOf(px.get(), SMALLEST_FLOAT),
}); // prettier-ignore
