import { DF_POSITION, FLAG_POSITIONS, STATE, WINDOW, WINDOW_BYTES } from "./state.ts";

/** The differences between two end states, in words; none when they agree. `undefinedFlags` are not compared. */
export function differences(expected: DataView, got: DataView, undefinedFlags: number): string[] {
  const result: string[] = [];
  const fault = expected.getUint32(STATE.fault, true);
  if (fault !== got.getUint32(STATE.fault, true)) result.push(`fault: expected signal ${fault}, got ${got.getUint32(STATE.fault, true)}`);
  if (fault !== 0 || result.length > 0) return result;
  for (let n = 0; n < 16; n++) compare(result, REGISTER_NAMES[n]!, hex(expected, STATE.gpr + n * 8, 8), hex(got, STATE.gpr + n * 8, 8));
  for (let n = 0; n < 16; n++) compare(result, `xmm${n}`, hex(expected, STATE.xmm + n * 16, 16), hex(got, STATE.xmm + n * 16, 16));
  for (let n = 0; n < WINDOW_BYTES; n += 8) {
    compare(result, `[0x${(WINDOW + n).toString(16)}]`, hex(expected, STATE.window + n, 8), hex(got, STATE.window + n, 8));
  }
  // The exception flags are not kept.
  compare(result, "mxcsr", (expected.getUint32(STATE.mxcsr, true) & 0xffc0).toString(16), (got.getUint32(STATE.mxcsr, true) & 0xffc0).toString(16));
  compare(result, "flags", flags(expected, undefinedFlags), flags(got, undefinedFlags));
  return result;
}

const REGISTER_NAMES = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

function compare(result: string[], what: string, expected: string, got: string): void {
  if (expected !== got) result.push(`${what}: expected ${expected}, got ${got}`);
}

/** A number as it is written, most significant byte first. */
function hex(state: DataView, at: number, bytes: number): string {
  let text = "";
  for (let n = bytes - 1; n >= 0; n--) text += state.getUint8(at + n).toString(16).padStart(2, "0");
  return text;
}

function flags(state: DataView, undefinedFlags: number): string {
  const value = state.getUint32(STATE.rflags, true);
  const names = ["cf", "pf", "af", "zf", "sf", "of"];
  const text = names.map((name, n) => ((undefinedFlags >> n) & 1 ? "-" : (value >> FLAG_POSITIONS[n]!) & 1 ? name.toUpperCase() : name)).join(" ");
  return `${text} ${(value >> DF_POSITION) & 1 ? "DF" : "df"}`;
}

/** A start state, for a failure's report. */
export function describe(state: DataView): string {
  const gprs = REGISTER_NAMES.map((name, n) => `${name}=${hex(state, STATE.gpr + n * 8, 8)}`).join(" ");
  const xmms = Array.from({ length: 16 }, (_, n) => `xmm${n}=${hex(state, STATE.xmm + n * 16, 16)}`).join(" ");
  return `${gprs}\n    ${xmms}\n    ${flags(state, 0)} mxcsr=${hex(state, STATE.mxcsr, 4)}`;
}
