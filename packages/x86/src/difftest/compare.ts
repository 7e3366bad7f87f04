import { DF_POSITION, FLAG_POSITIONS, STATE, WINDOW, WINDOW_BYTES } from "./state.ts";

/** What is not compared. */
export interface Tolerance {
  readonly undefinedFlags: number;
  /** Any NaN in the lane of a vector is as good as another. */
  readonly anyNan: boolean;
  /** The bits of MXCSR that are compared. */
  readonly mxcsr: number;
  /** x87: the bits of the status word that are compared, those of what was raised, and how many units in the last place a register may be off. */
  readonly x87Status: number;
  readonly x87Raised: number;
  readonly x87Error: bigint;
}

/** The differences between two end states, in words; none when they agree. */
export function differences(expected: DataView, got: DataView, tolerance: Tolerance): string[] {
  const result: string[] = [];
  const { undefinedFlags, anyNan } = tolerance;
  const fault = expected.getUint32(STATE.fault, true);
  if (fault !== got.getUint32(STATE.fault, true)) result.push(`fault: expected signal ${fault}, got ${got.getUint32(STATE.fault, true)}`);
  const mxcsr = (state: DataView): string => (state.getUint32(STATE.mxcsr, true) & tolerance.mxcsr).toString(16);
  compare(result, "mxcsr", mxcsr(expected), mxcsr(got));
  if (fault !== 0 || result.length > 0) return result;
  for (let n = 0; n < 16; n++) compare(result, REGISTER_NAMES[n]!, hex(expected, STATE.gpr + n * 8, 8), hex(got, STATE.gpr + n * 8, 8));
  for (let n = 0; n < 16; n++) {
    if (anyNan && sameButNans(expected, got, STATE.xmm + n * 16, 16)) continue;
    compare(result, `xmm${n}`, hex(expected, STATE.xmm + n * 16, 16), hex(got, STATE.xmm + n * 16, 16));
  }
  for (let n = 0; n < WINDOW_BYTES; n += 8) {
    // Where a sequence has stored one.
    if (anyNan && sameButNans(expected, got, STATE.window + n, 8)) continue;
    compare(result, `[0x${(WINDOW + n).toString(16)}]`, hex(expected, STATE.window + n, 8), hex(got, STATE.window + n, 8));
  }
  if (expected.getUint16(STATE.depth, true) > 0) compareX87(result, expected, got, tolerance);
  compare(result, "flags", flags(expected, undefinedFlags), flags(got, undefinedFlags));
  return result;
}

/** The registers that the expected state says are in use, by st number. */
function compareX87(result: string[], expected: DataView, got: DataView, tolerance: Tolerance): void {
  const { x87Status, x87Raised, x87Error } = tolerance;
  const isWide = (expected.getUint16(STATE.fcw, true) & 0x300) === 0x300;
  const mask = 0x3800 | x87Status | (isWide ? x87Raised : x87Raised & ~C1);
  const status = (state: DataView) => (state.getUint16(STATE.fsw, true) & mask).toString(16);
  compare(result, "x87 status", status(expected), status(got));
  compare(result, "x87 control", hex(expected, STATE.fcw, 2), hex(got, STATE.fcw, 2));
  compare(result, "x87 tags", hex(expected, STATE.ftag, 1), hex(got, STATE.ftag, 1));
  const top = (expected.getUint16(STATE.fsw, true) >> 11) & 7;
  for (let n = 0; n < 8; n++) {
    if (!((expected.getUint16(STATE.ftag, true) >> ((top + n) & 7)) & 1)) continue;
    const at = STATE.x87 + n * 16;
    const distance = place(expected, at) - place(got, at);
    if (distance > x87Error || -distance > x87Error) result.push(`st${n}: expected ${hex(expected, at, 10)}, got ${hex(got, at, 10)}`);
  }
}

/** Whether a result was rounded away from zero: told with 64 bits of precision. */
const C1 = 0x0200;

/** The place of an 80-bit number among all of them. */
function place(state: DataView, at: number): bigint {
  const magnitude = (BigInt(state.getUint16(at + 8, true) & 0x7fff) << 63n) + (state.getBigUint64(at, true) & 0x7fff_ffff_ffff_ffffn);
  const isUnusual = state.getBigUint64(at, true) >> 63n === 0n && (state.getUint16(at + 8, true) & 0x7fff) !== 0;
  const value = isUnusual ? magnitude + (1n << 80n) : magnitude;
  return state.getUint16(at + 8, true) & 0x8000 ? -1n - value : value;
}

/** True if so many bytes agree in every float, or in every double, NaNs taken as equal. */
function sameButNans(expected: DataView, got: DataView, at: number, bytes: 8 | 16): boolean {
  const floats = [0, 4, 8, 12].slice(0, bytes / 4).every((n) => {
    const bits = expected.getUint32(at + n, true) === got.getUint32(at + n, true);
    return bits || (Number.isNaN(expected.getFloat32(at + n, true)) && Number.isNaN(got.getFloat32(at + n, true)));
  });
  const doubles = [0, 8].slice(0, bytes / 8).every((n) => {
    const bits = expected.getBigUint64(at + n, true) === got.getBigUint64(at + n, true);
    return bits || (Number.isNaN(expected.getFloat64(at + n, true)) && Number.isNaN(got.getFloat64(at + n, true)));
  });
  return floats || doubles;
}

const REGISTER_NAMES = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

function compare(result: string[], what: string, expected: string, got: string): void {
  if (expected !== got) result.push(`${what}: expected ${expected}, got ${got}`);
}

/** A number as it is written, most significant byte first. */
function hex(state: DataView, at: number, bytes: number): string {
  let text = "";
  for (let n = bytes - 1; n >= 0; n--)
    text += state
      .getUint8(at + n)
      .toString(16)
      .padStart(2, "0");
  return text;
}

function flags(state: DataView, undefinedFlags: number): string {
  const value = state.getUint32(STATE.rflags, true);
  const names = ["cf", "pf", "af", "zf", "sf", "of"];
  const text = names
    .map((name, n) => ((undefinedFlags >> n) & 1 ? "-" : (value >> FLAG_POSITIONS[n]!) & 1 ? name.toUpperCase() : name))
    .join(" ");
  return `${text} ${(value >> DF_POSITION) & 1 ? "DF" : "df"}`;
}

/** A start state, for a failure's report. */
export function describe(state: DataView): string {
  const gprs = REGISTER_NAMES.map((name, n) => `${name}=${hex(state, STATE.gpr + n * 8, 8)}`).join(" ");
  const xmms = Array.from({ length: 16 }, (_, n) => `xmm${n}=${hex(state, STATE.xmm + n * 16, 16)}`).join(" ");
  return `${gprs}\n    ${xmms}\n    ${flags(state, 0)} mxcsr=${hex(state, STATE.mxcsr, 4)}`;
}
