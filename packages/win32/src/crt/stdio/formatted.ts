import type { Implementation, VarArgs } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { printfCount } from "../printf/count-output.ts";
import { MSVCRT_PRINTF, PRINTF_OPTION, ucrtPrintf, type PrintfFlavour } from "../printf/flavour.ts";
import { formatPositional, formatText, printTo, printWideTo, storeSecurely, storeText, type Overflow } from "./format-output.ts";
import { msvcrtFormattedApi, ucrtFormattedApi } from "./formatted.api.ts";
import { standard } from "./streams.ts";

const UNLIMITED = 0x7fff_ffff;

const store = (thread: Thread, buffer: number, count: number, text: string) => storeText(thread, buffer, count, text, false, "legacy");
const storeWide = (thread: Thread, buffer: number, count: number, text: string) => storeText(thread, buffer, count, text, true, "legacy");

/** The functions of msvcrt and of the runtimes after it, which differ in what they know of formats. */
export function formattedWith(flavourOf: (thread: Thread) => PrintfFlavour): (typeof msvcrtFormatted)["bodies"] {
  const narrow = (thread: Thread, format: string | undefined, args: VarArgs) => formatText(thread, flavourOf(thread), false, format, args);
  const wide = (thread: Thread, format: string | undefined, args: VarArgs) => formatText(thread, flavourOf(thread), true, format, args);
  const positional = (thread: Thread, isWide: boolean, format: string | undefined, args: VarArgs) =>
    formatPositional(thread, flavourOf(thread), isWide, format, args);
  return {
    printf: (thread, format, args) => printTo(thread, standard(thread, 1), narrow(thread, format, args)),
    fprintf: (thread, stream, format, args) => printTo(thread, stream, narrow(thread, format, args)),
    sprintf: (thread, buffer, format, args) => store(thread, buffer, UNLIMITED, narrow(thread, format, args)),
    _snprintf: (thread, buffer, count, format, args) => store(thread, buffer, count, narrow(thread, format, args)),
    _scprintf: (thread, format, args) => narrow(thread, format, args).length,
    sprintf_s: (thread, buffer, size, format, args) => storeSecurely(thread, buffer, size, narrow(thread, format, args), false),
    _snprintf_s: (thread, buffer, size, count, format, args) =>
      storeSecurely(thread, buffer, size, narrow(thread, format, args), false, count),
    printf_s: (thread, format, args) => printTo(thread, standard(thread, 1), narrow(thread, format, args)),
    fprintf_s: (thread, stream, format, args) => printTo(thread, stream, narrow(thread, format, args)),
    vprintf: (thread, format, args) => printTo(thread, standard(thread, 1), narrow(thread, format, args)),
    vfprintf: (thread, stream, format, args) => printTo(thread, stream, narrow(thread, format, args)),
    vsprintf: (thread, buffer, format, args) => store(thread, buffer, UNLIMITED, narrow(thread, format, args)),
    _vsnprintf: (thread, buffer, count, format, args) => store(thread, buffer, count, narrow(thread, format, args)),
    vsnprintf: (thread, buffer, count, format, args) => store(thread, buffer, count, narrow(thread, format, args)),
    _vscprintf: (thread, format, args) => narrow(thread, format, args).length,
    vsprintf_s: (thread, buffer, size, format, args) => storeSecurely(thread, buffer, size, narrow(thread, format, args), false),
    _vsnprintf_s: (thread, buffer, size, count, format, args) =>
      storeSecurely(thread, buffer, size, narrow(thread, format, args), false, count),
    wprintf: (thread, format, args) => printWideTo(thread, standard(thread, 1), wide(thread, format, args)),
    fwprintf: (thread, stream, format, args) => printWideTo(thread, stream, wide(thread, format, args)),
    swprintf: (thread, buffer, format, args) => storeWide(thread, buffer, UNLIMITED, wide(thread, format, args)),
    _swprintf: (thread, buffer, format, args) => storeWide(thread, buffer, UNLIMITED, wide(thread, format, args)),
    _snwprintf: (thread, buffer, count, format, args) => storeWide(thread, buffer, count, wide(thread, format, args)),
    _scwprintf: (thread, format, args) => wide(thread, format, args).length,
    swprintf_s: (thread, buffer, size, format, args) => storeSecurely(thread, buffer, size, wide(thread, format, args), true),
    vwprintf: (thread, format, args) => printWideTo(thread, standard(thread, 1), wide(thread, format, args)),
    vfwprintf: (thread, stream, format, args) => printWideTo(thread, stream, wide(thread, format, args)),
    vswprintf: (thread, buffer, format, args) => storeWide(thread, buffer, UNLIMITED, wide(thread, format, args)),
    _vswprintf: (thread, buffer, format, args) => storeWide(thread, buffer, UNLIMITED, wide(thread, format, args)),
    _vsnwprintf: (thread, buffer, count, format, args) => storeWide(thread, buffer, count, wide(thread, format, args)),
    _vscwprintf: (thread, format, args) => wide(thread, format, args).length,
    vswprintf_s: (thread, buffer, size, format, args) => storeSecurely(thread, buffer, size, wide(thread, format, args), true),
    _cprintf: (thread, format, args) => printTo(thread, standard(thread, 1), narrow(thread, format, args)),
    _cwprintf: (thread, format, args) => printWideTo(thread, standard(thread, 1), wide(thread, format, args)),
    wprintf_s: (thread, format, args) => printWideTo(thread, standard(thread, 1), wide(thread, format, args)),
    fwprintf_s: (thread, stream, format, args) => printWideTo(thread, stream, wide(thread, format, args)),
    _snwprintf_s: (thread, buffer, size, count, format, args) =>
      storeSecurely(thread, buffer, size, wide(thread, format, args), true, count),
    vprintf_s: (thread, format, args) => printTo(thread, standard(thread, 1), narrow(thread, format, args)),
    vfprintf_s: (thread, stream, format, args) => printTo(thread, stream, narrow(thread, format, args)),
    vwprintf_s: (thread, format, args) => printWideTo(thread, standard(thread, 1), wide(thread, format, args)),
    vfwprintf_s: (thread, stream, format, args) => printWideTo(thread, stream, wide(thread, format, args)),
    _vsnwprintf_s: (thread, buffer, size, count, format, args) =>
      storeSecurely(thread, buffer, size, wide(thread, format, args), true, count),
    _printf_p: (thread, format, args) => printTo(thread, standard(thread, 1), positional(thread, false, format, args)),
    _fprintf_p: (thread, stream, format, args) => printTo(thread, stream, positional(thread, false, format, args)),
    _sprintf_p: (thread, buffer, size, format, args) => storeSecurely(thread, buffer, size, positional(thread, false, format, args), false),
    _swprintf_p: (thread, buffer, size, format, args) => storeSecurely(thread, buffer, size, positional(thread, true, format, args), true),
    _vsprintf_p: (thread, buffer, size, format, args) =>
      storeSecurely(thread, buffer, size, positional(thread, false, format, args), false),
    _vswprintf_p: (thread, buffer, size, format, args) => storeSecurely(thread, buffer, size, positional(thread, true, format, args), true),
  };
}

export const msvcrtFormatted: Implementation<Thread, (typeof msvcrtFormattedApi)["declarations"], "msvcrt"> = implement(
  msvcrtFormattedApi,
  formattedWith(() => MSVCRT_PRINTF),
);

const format = (thread: Thread, options: bigint, isWide: boolean, text: string | undefined, args: VarArgs) =>
  formatText(thread, ucrtPrintf(options, printfCount(thread).isEnabled), isWide, text, args);

const positionalFormat = (thread: Thread, options: bigint, isWide: boolean, text: string | undefined, args: VarArgs) =>
  formatPositional(thread, ucrtPrintf(options, printfCount(thread).isEnabled), isWide, text, args);

export const ucrtFormatted = implement(ucrtFormattedApi, {
  __stdio_common_vfprintf: (thread, options, stream, text, _locale, args) =>
    printTo(thread, stream, format(thread, options, false, text, args)),
  __stdio_common_vfprintf_s: (thread, options, stream, text, _locale, args) =>
    printTo(thread, stream, format(thread, options, false, text, args)),
  __stdio_common_vfprintf_p: (thread, options, stream, text, _locale, args) =>
    printTo(thread, stream, positionalFormat(thread, options, false, text, args)),
  __stdio_common_vsprintf_p: (thread, options, buffer, size, text, _locale, args) =>
    storeSecurely(thread, buffer, size, positionalFormat(thread, options, false, text, args), false),
  __stdio_common_vfwprintf_p: (thread, options, stream, text, _locale, args) =>
    printWideTo(thread, stream, positionalFormat(thread, options, true, text, args)),
  __stdio_common_vswprintf_p: (thread, options, buffer, size, text, _locale, args) =>
    storeSecurely(thread, buffer, size, positionalFormat(thread, options, true, text, args), true),
  __stdio_common_vsprintf: (thread, options, buffer, count, text, _locale, args) =>
    storeText(thread, buffer, count, format(thread, options, false, text, args), false, overflowOf(options)),
  __stdio_common_vsprintf_s: (thread, options, buffer, size, text, _locale, args) =>
    storeSecurely(thread, buffer, size, format(thread, options, false, text, args), false),
  __stdio_common_vsnprintf_s: (thread, options, buffer, size, count, text, _locale, args) =>
    storeSecurely(thread, buffer, size, format(thread, options, false, text, args), false, count),
  __stdio_common_vfwprintf: (thread, options, stream, text, _locale, args) =>
    printWideTo(thread, stream, format(thread, options, true, text, args)),
  __stdio_common_vfwprintf_s: (thread, options, stream, text, _locale, args) =>
    printWideTo(thread, stream, format(thread, options, true, text, args)),
  __stdio_common_vswprintf: (thread, options, buffer, count, text, _locale, args) =>
    storeText(thread, buffer, count, format(thread, options, true, text, args), true, overflowOf(options)),
  __stdio_common_vswprintf_s: (thread, options, buffer, size, text, _locale, args) =>
    storeSecurely(thread, buffer, size, format(thread, options, true, text, args), true),
  __stdio_common_vsnwprintf_s: (thread, options, buffer, size, count, text, _locale, args) =>
    storeSecurely(thread, buffer, size, format(thread, options, true, text, args), true, count),
  __conio_common_vcprintf: (thread, options, text, _locale, args) =>
    printTo(thread, standard(thread, 1), format(thread, options, false, text, args)),
  __conio_common_vcwprintf: (thread, options, text, _locale, args) =>
    printWideTo(thread, standard(thread, 1), format(thread, options, true, text, args)),
});

function overflowOf(options: bigint): Overflow {
  const bits = Number(options & 0x3fn);
  if ((bits & PRINTF_OPTION.LEGACY_VSPRINTF_NULL_TERMINATION) !== 0) return "legacy";
  return (bits & PRINTF_OPTION.STANDARD_SNPRINTF_BEHAVIOR) !== 0 ? "standard" : "terminated";
}
