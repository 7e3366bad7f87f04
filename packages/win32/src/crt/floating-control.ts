import { api, fn, INT, optional, out, UINT, VOID } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL } from "./dlls.ts";

/** The floating-point unit's control and status. */
export const floatingControlApi = api(
  BOTH,
  {
    _fpreset: fn(VOID),
    _clearfp: fn(UINT),
    _statusfp: fn(UINT),
    _controlfp: fn(UINT, ["new", UINT], ["mask", UINT]),
    _control87: fn(UINT, ["new", UINT], ["mask", UINT]),
    _controlfp_s: fn(INT, ["current", optional(out(UINT))], ["new", UINT], ["mask", UINT]),
    _set_controlfp: fn(VOID, ["new", UINT], ["mask", UINT]),
    fegetround: fn(INT),
    fesetround: fn(INT, ["round", INT]),
    feclearexcept: fn(INT, ["flags", INT]),
    fetestexcept: fn(INT, ["flags", INT]),
    __fpe_flt_rounds: fn(INT),
    _get_output_format: fn(UINT),
    _set_output_format: fn(UINT, ["format", UINT]),
    _set_SSE2_enable: fn(INT, ["flag", INT]),
  },
  CDECL,
);

/** Word indices in the CPU block. */
const WORD = { mxcsr: 0xb8 / 4, fpControl: 0x288 / 4, fpStatus: 0x28c / 4 } as const;
const MXCSR_DEFAULT = 0x1f80;
const FPU_DEFAULT = 0x27f;
/** MXCSR's rounding bits (13, 14) are _controlfp's bits 8, 9; its exception masks (7 to 12) are, in Microsoft's order, bits 4 to 0 and 19. */
const MASKS: readonly (readonly [mxcsr: number, control: number])[] = [
  [0x80, 0x10], [0x100, 0x8_0000], [0x200, 0x8], [0x400, 0x4], [0x800, 0x2], [0x1000, 0x1],
]; // prettier-ignore
const ROUNDING = { mxcsrShift: 13, controlShift: 8, x87Shift: 10, mask: 3 } as const;
/** In x86: _PC_24, _PC_53 and _PC_64 by the x87's precision control. x64 knows none, and says 0. */
const PRECISION_53 = 0x1_0000;
const PRECISION_MASK = 0x3_0000;
const X87_PRECISION = { 0: 0x2_0000, 1: PRECISION_53, 2: PRECISION_53, 3: 0 } as const;
const STATUS_BITS: readonly (readonly [mxcsr: number, status: number])[] = [[1, 0x10], [2, 0x8_0000], [4, 8], [8, 4], [16, 2], [32, 1]]; // prettier-ignore
const ALL_STATUS = 0x8_001f;
/** In the x87's status word: something unmasked was raised, and the stack failed. */
const X87_SUMMARY = 0x80c0;

export const floatingControl = implement(floatingControlApi, {
  _fpreset(thread) {
    thread.registers[WORD.mxcsr] = MXCSR_DEFAULT;
    thread.registers[WORD.fpControl] = FPU_DEFAULT;
    thread.registers[WORD.fpStatus] = 0;
  },
  _clearfp(thread) {
    const status = statusOf(thread);
    clearStatus(thread, ALL_STATUS);
    return status;
  },
  _statusfp: statusOf,
  _controlfp: (thread, value, mask) => control(thread, value, mask & ~0x8_0000),
  _control87: control,
  _controlfp_s(thread, current, value, mask) {
    current.set(control(thread, value, mask & ~0x8_0000));
    return 0;
  },
  _set_controlfp(thread, value, mask) {
    control(thread, value, mask & ~0x8_0000);
  },
  fegetround: (thread) => ((thread.registers[WORD.mxcsr]! >>> ROUNDING.mxcsrShift) & ROUNDING.mask) << ROUNDING.controlShift,
  fesetround(thread, round) {
    control(thread, round, ROUNDING.mask << ROUNDING.controlShift);
    return 0;
  },
  feclearexcept(thread, flags) {
    clearStatus(thread, flags);
    return 0;
  },
  fetestexcept: (thread, flags) => statusOf(thread) & flags,
  __fpe_flt_rounds: () => 1,
  _get_output_format: () => 0,
  _set_output_format: () => 0,
  _set_SSE2_enable: () => 1,
});

/** In x86 both units count. Who asks sees all that is raised from now on. */
function statusOf(thread: Thread): number {
  const { registers, pointerSize, process } = thread;
  process.machine.makeFloatsExact();
  const mxcsr = registers[WORD.mxcsr]! | (pointerSize === 4 ? registers[WORD.fpStatus]! : 0);
  return STATUS_BITS.reduce((status, [bit, meaning]) => ((mxcsr & bit) !== 0 ? status | meaning : status), 0);
}

function clearStatus({ registers, process }: Thread, status: number): void {
  process.machine.makeFloatsExact();
  const flags = STATUS_BITS.reduce((all, [bit, meaning]) => ((status & meaning) !== 0 ? all | bit : all), 0);
  registers[WORD.mxcsr]! &= ~flags;
  registers[WORD.fpStatus]! &= ~(flags | X87_SUMMARY);
}

/** Changes what `mask` covers of the control word, and returns the whole. */
function control(thread: Thread, value: number, mask: number): number {
  const { registers } = thread;
  let mxcsr = registers[WORD.mxcsr]!;
  const roundingMask = ROUNDING.mask << ROUNDING.controlShift;
  if ((mask & roundingMask) !== 0) {
    const rounding = (value & roundingMask) >>> ROUNDING.controlShift;
    mxcsr = (mxcsr & ~(ROUNDING.mask << ROUNDING.mxcsrShift)) | (rounding << ROUNDING.mxcsrShift);
  }
  for (const [bit, meaning] of MASKS) if ((mask & meaning) !== 0) mxcsr = (value & meaning) !== 0 ? mxcsr | bit : mxcsr & ~bit;
  registers[WORD.mxcsr] = mxcsr;
  const precision = thread.pointerSize === 4 ? setX87(thread, value & mask & PRECISION_MASK, mask & PRECISION_MASK, mxcsr) : 0;
  let result = precision | (((mxcsr >>> ROUNDING.mxcsrShift) & ROUNDING.mask) << ROUNDING.controlShift);
  for (const [bit, meaning] of MASKS) if ((mxcsr & bit) !== 0) result |= meaning;
  return result >>> 0;
}

/** x86's x87 has the rounding and the masks of MXCSR, and a precision of its own, which is the result. */
function setX87({ registers }: Thread, value: number, mask: number, mxcsr: number): number {
  const x87 = registers[WORD.fpControl]!;
  const old = ((x87 >>> 8) & 3) as 0 | 1 | 2 | 3;
  const precision = mask === 0 ? X87_PRECISION[old] : value;
  const field = mask === 0 ? old : value === 0 ? 3 : value === PRECISION_53 ? 2 : 0;
  const rounding = (mxcsr >>> ROUNDING.mxcsrShift) & ROUNDING.mask;
  registers[WORD.fpControl] = (x87 & ~0xf3f) | (field << 8) | (rounding << ROUNDING.x87Shift) | ((mxcsr >>> 7) & 0x3f);
  return precision;
}
