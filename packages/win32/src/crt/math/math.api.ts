import { alias, api, CSTR, DOUBLE, fn, FLOAT, infallible, inout, INT, LONG, LONGLONG, out, SHORT } from "@decant/hook";
import { BOTH, CDECL, UCRT } from "../dlls.ts";

const d = fn(DOUBLE, ["x", DOUBLE]);
const dd = fn(DOUBLE, ["x", DOUBLE], ["y", DOUBLE]);
const f = fn(FLOAT, ["x", FLOAT]);
const ff = fn(FLOAT, ["x", FLOAT], ["y", FLOAT]);

/** Floating-point mathematics ("Math and floating-point support"). */
export const mathApi = api(
  BOTH,
  {
    sin: d, cos: d, tan: d, asin: d, acos: d, atan: d, sinh: d, cosh: d, tanh: d, exp: d, log: d, log10: d, sqrt: d, floor: d, ceil: d, fabs: d,
    atan2: dd, pow: dd, fmod: dd, _hypot: dd, _copysign: dd, _nextafter: dd, _chgsign: d, _logb: d,
    sinf: f, cosf: f, tanf: f, asinf: f, acosf: f, atanf: f, sinhf: f, coshf: f, tanhf: f, expf: f, logf: f, log10f: f, sqrtf: f, floorf: f, ceilf: f,
    atan2f: ff, powf: ff, fmodf: ff, _hypotf: ff,
    ldexp: fn(DOUBLE, ["x", DOUBLE], ["exp", INT]),
    frexp: fn(DOUBLE, ["x", DOUBLE], ["expptr", out(INT)]),
    modf: fn(DOUBLE, ["x", DOUBLE], ["intptr", out(DOUBLE)]),
    modff: fn(FLOAT, ["x", FLOAT], ["intptr", out(FLOAT)]),
    _finite: fn(infallible(INT), ["x", DOUBLE]),
    _isnan: fn(infallible(INT), ["x", DOUBLE]),
    _fpclass: fn(infallible(INT), ["x", DOUBLE]),
    _finitef: fn(infallible(INT), ["x", FLOAT]),
    _isnanf: fn(infallible(INT), ["x", FLOAT]),
    _cabs: fn(DOUBLE, ["re", DOUBLE], ["im", DOUBLE]),
    abs: fn(infallible(INT), ["n", INT]),
    labs: fn(infallible(LONG), ["n", LONG]),
    _abs64: fn(infallible(LONGLONG), ["n", LONGLONG]),
  },
  CDECL,
); // prettier-ignore

/** What C99 brought, in the ucrt. */
export const math99Api = api(
  UCRT,
  {
    acosh: d, asinh: d, atanh: d, cbrt: d, exp2: d, expm1: d, log1p: d, log2: d, logb: d, rint: d, nearbyint: d, round: d, trunc: d,
    acoshf: f, asinhf: f, atanhf: f, cbrtf: f, exp2f: f, expm1f: f, log1pf: f, log2f: f, logbf: f, rintf: f, nearbyintf: f, roundf: f, truncf: f,
    hypot: dd, fmax: dd, fmin: dd, fdim: dd, copysign: dd, nextafter: dd, remainder: dd,
    _copysignf: ff, _nextafterf: ff, nextafterf: ff, nexttoward: dd, nexttowardf: fn(FLOAT, ["x", FLOAT], ["y", DOUBLE]), _chgsignf: f, _logbf: f,
    fma: fn(DOUBLE, ["x", DOUBLE], ["y", DOUBLE], ["z", DOUBLE]), fmaf: fn(FLOAT, ["x", FLOAT], ["y", FLOAT], ["z", FLOAT]),
    erf: d, erfc: d, tgamma: d, lgamma: d, erff: f, erfcf: f, tgammaf: f, lgammaf: f,
    nan: fn(DOUBLE, ["input", CSTR]), nanf: fn(FLOAT, ["input", CSTR]),
    hypotf: ff, fmaxf: ff, fminf: ff, fdimf: ff, copysignf: ff, remainderf: ff,
    scalbn: fn(DOUBLE, ["x", DOUBLE], ["n", INT]),
    scalbln: fn(DOUBLE, ["x", DOUBLE], ["n", LONG]),
    scalbnf: fn(FLOAT, ["x", FLOAT], ["n", INT]),
    scalblnf: fn(FLOAT, ["x", FLOAT], ["n", LONG]),
    ilogb: fn(infallible(INT), ["x", DOUBLE]),
    ilogbf: fn(infallible(INT), ["x", FLOAT]),
    llroundf: fn(infallible(LONGLONG), ["x", FLOAT]),
    llrintf: fn(infallible(LONGLONG), ["x", FLOAT]),
    lround: fn(infallible(LONG), ["x", DOUBLE]),
    llround: fn(infallible(LONGLONG), ["x", DOUBLE]),
    lrint: fn(infallible(LONG), ["x", DOUBLE]),
    llrint: fn(infallible(LONGLONG), ["x", DOUBLE]),
    lroundf: fn(infallible(LONG), ["x", FLOAT]),
    lrintf: fn(infallible(LONG), ["x", FLOAT]),
    llabs: fn(infallible(LONGLONG), ["n", LONGLONG]),
    _dclass: fn(infallible(SHORT), ["x", DOUBLE]),
    _fdclass: fn(infallible(SHORT), ["x", FLOAT]),
    _dsign: fn(infallible(INT), ["x", DOUBLE]),
    _fdsign: fn(infallible(INT), ["x", FLOAT]),
    _dtest: fn(infallible(SHORT), ["px", inout(DOUBLE)]),
    _fdtest: fn(infallible(SHORT), ["px", inout(FLOAT)]),
  },
  CDECL,
); // prettier-ignore

/** The same of long doubles, which are doubles for Microsoft's compilers. */
export const longDoubleApi = api(
  UCRT,
  {
    acoshl: alias("acosh"), asinhl: alias("asinh"), atanhl: alias("atanh"), cbrtl: alias("cbrt"), copysignl: alias("copysign"), erfl: alias("erf"), erfcl: alias("erfc"),
    exp2l: alias("exp2"), expm1l: alias("expm1"), fdiml: alias("fdim"), fmal: alias("fma"), fmaxl: alias("fmax"), fminl: alias("fmin"),
    ilogbl: alias("ilogb"), llrintl: alias("llrint"), llroundl: alias("llround"), log1pl: alias("log1p"), log2l: alias("log2"),
    lgammal: alias("lgamma"), tgammal: alias("tgamma"), logbl: alias("logb"), lrintl: alias("lrint"), lroundl: alias("lround"), nanl: alias("nan"), nearbyintl: alias("nearbyint"),
    nextafterl: alias("nextafter"), nexttowardl: alias("nexttoward"), remainderl: alias("remainder"), rintl: alias("rint"),
    roundl: alias("round"), scalblnl: alias("scalbln"), scalbnl: alias("scalbn"), truncl: alias("trunc"),
    _ldclass: alias("_dclass"), _ldsign: alias("_dsign"), _ldtest: alias("_dtest"),
  },
  CDECL,
); // prettier-ignore
