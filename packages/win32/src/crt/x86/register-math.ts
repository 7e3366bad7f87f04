import { api, data, fn, INT, LONGLONG, REGISTER, VOID, infallible } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { CDECL, MSVCRT, UCRT } from "../dlls.ts";
import { math } from "../math/math.ts";

const f = fn(VOID);

/** Mathematics that x86 compilers call with operands in x87 registers: the last one on top, and the result in their place. */
export const x87MathApi = api(
  [MSVCRT, UCRT],
  {
    _CIacos: f, _CIasin: f, _CIatan: f, _CIatan2: f, _CIcos: f, _CIcosh: f, _CIexp: f, _CIfmod: f, _CIlog: f, _CIlog10: f, _CIpow: f, _CIsin: f,
    _CIsinh: f, _CIsqrt: f, _CItan: f, _CItanh: f,
    _ftol: fn(infallible(LONGLONG)),
  },
  { ...CDECL, only: 4 },
); // prettier-ignore

/** The same in SSE registers. */
export const sse2MathApi = api(
  UCRT,
  {
    _libm_sse2_acos_precise: f, _libm_sse2_asin_precise: f, _libm_sse2_atan_precise: f, _libm_sse2_cos_precise: f, _libm_sse2_exp_precise: f,
    _libm_sse2_log10_precise: f, _libm_sse2_log_precise: f, _libm_sse2_pow_precise: f, _libm_sse2_sin_precise: f, _libm_sse2_sqrt_precise: f,
    _libm_sse2_tan_precise: f,
  },
  { ...CDECL, only: 4 },
); // prettier-ignore

/** A flag for processors that divide wrongly, and the name that newer compilers have for _ftol. */
export const msvcrtX87Api = api(
  MSVCRT,
  { _adjust_fdiv: data(INT, 0), _ftol2: fn(infallible(LONGLONG)), _ftol2_sse: fn(infallible(LONGLONG)) },
  { ...CDECL, only: 4 },
);

type Unary = "acos" | "asin" | "atan" | "cos" | "cosh" | "exp" | "log" | "log10" | "sin" | "sinh" | "sqrt" | "tan" | "tanh";
type Binary = "atan2" | "fmod" | "pow";

/** The function of the same name, on the register stack. */
const onStack = (name: Unary) => (thread: Thread) => thread.pushFloat(compute(thread, name, thread.popFloat()));
const onStack2 = (name: Binary) => (thread: Thread) => {
  const y = thread.popFloat();
  const x = thread.popFloat();
  thread.pushFloat(compute(thread, name, x, y));
};
const inRegister = (name: Unary) => (thread: Thread) => setXmm(thread, compute(thread, name, xmm(thread, 0)));
const inRegister2 = (name: Binary) => (thread: Thread) => setXmm(thread, compute(thread, name, xmm(thread, 0), xmm(thread, 1)));

export const x87Math = implement(x87MathApi, {
  _CIacos: onStack("acos"), _CIasin: onStack("asin"), _CIatan: onStack("atan"), _CIatan2: onStack2("atan2"), _CIcos: onStack("cos"),
  _CIcosh: onStack("cosh"), _CIexp: onStack("exp"), _CIfmod: onStack2("fmod"), _CIlog: onStack("log"), _CIlog10: onStack("log10"),
  _CIpow: onStack2("pow"), _CIsin: onStack("sin"), _CIsinh: onStack("sinh"), _CIsqrt: onStack("sqrt"), _CItan: onStack("tan"),
  _CItanh: onStack("tanh"),
  _ftol: toInteger,
}); // prettier-ignore

export const sse2Math = implement(sse2MathApi, {
  _libm_sse2_acos_precise: inRegister("acos"), _libm_sse2_asin_precise: inRegister("asin"), _libm_sse2_atan_precise: inRegister("atan"),
  _libm_sse2_cos_precise: inRegister("cos"), _libm_sse2_exp_precise: inRegister("exp"), _libm_sse2_log10_precise: inRegister("log10"),
  _libm_sse2_log_precise: inRegister("log"), _libm_sse2_pow_precise: inRegister2("pow"), _libm_sse2_sin_precise: inRegister("sin"),
  _libm_sse2_sqrt_precise: inRegister("sqrt"), _libm_sse2_tan_precise: inRegister("tan"),
}); // prettier-ignore

export const msvcrtX87 = implement(msvcrtX87Api, { _ftol2: toInteger, _ftol2_sse: toInteger });

function compute(thread: Thread, name: Unary | Binary, ...operands: readonly [number, number?]): number {
  const body = math.bodies[name] as (thread: Thread, x: number, y?: number) => number;
  return body(thread, ...operands);
}

/** Truncates as C does; what 64 bits do not hold is the processor's integer indefinite. */
function toInteger(thread: Thread): bigint {
  const value = thread.popFloat();
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);

function xmm({ registers }: Thread, index: number): number {
  const at = REGISTER.xmm0 + 4 * index;
  words[0] = registers[at]!;
  words[1] = registers[at + 1]!;
  return double[0]!;
}

function setXmm({ registers }: Thread, value: number): void {
  double[0] = value;
  registers[REGISTER.xmm0] = words[0]!;
  registers[REGISTER.xmm0 + 1] = words[1]!;
}
