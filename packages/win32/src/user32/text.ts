import { ERROR, Win32Error, type TextBuffer, type VarArgs } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { implement, type Thread } from "@decant/process";
import { downcaseUnit, upcaseUnit } from "../text/upcase.ts";
import { textApi } from "./text.api.ts";

/** wsprintf's output never exceeds this many characters ("wsprintf"). */
const MAX_OUTPUT = 1024;

export const userText = implement(textApi, {
  CharUpperA: (thread, value) => changeAnsi(thread, value, upcaseUnit),
  CharUpperW: ({ memory }, value) => changeWide(memory, value, upcaseUnit),
  CharLowerA: (thread, value) => changeAnsi(thread, value, downcaseUnit),
  CharLowerW: ({ memory }, value) => changeWide(memory, value, downcaseUnit),
  CharNextA: ({ memory }, at) => (memory.u8(at) === 0 ? at : at + 1),
  CharNextW: ({ memory }, at) => (memory.u16(at) === 0 ? at : at + 2),
  // None of the code pages here has characters of two bytes.
  CharPrevA: (_, start, current) => (current > start ? current - 1 : start),
  CharPrevW: (_, start, current) => (current > start ? current - 2 : start),
  CharPrevExA: (_, _page, start, current) => (current > start ? current - 1 : start),
  wsprintf: (thread, buffer, format, args) => print(thread, buffer, format, args),
  wvsprintf: (thread, buffer, format, args) => print(thread, buffer, format, args),
});

/** A character in the low word, or a string that is changed in place. */
function changeWide(memory: GuestMemory, value: number, change: (unit: number) => number): number {
  if (value < 0x10000) return change(value);
  for (let at = value; ; at += 2) {
    const unit = memory.u16(at);
    if (unit === 0) return value;
    memory.setU16(at, change(unit));
  }
}

function changeAnsi({ memory, ansi }: Thread, value: number, change: (unit: number) => number): number {
  const changeByte = (byte: number): number => {
    const unit = ansi.decode(Uint8Array.of(byte)).charCodeAt(0);
    const encoded = ansi.encode(String.fromCharCode(change(unit)));
    return encoded.length === 1 ? (encoded[0] ?? byte) : byte;
  };
  if (value < 0x10000) return changeByte(value & 0xff);
  for (let at = value; ; at++) {
    const byte = memory.u8(at);
    if (byte === 0) return value;
    memory.setU8(at, changeByte(byte));
  }
}

function print(thread: Thread, buffer: TextBuffer, format: string | undefined, args: VarArgs): number {
  if (format === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return buffer.writeTruncated(formatText(thread, format, args, buffer.charSize === 2), MAX_OUTPUT + 1).written;
}

/** wsprintf's own small language: %c %C %d %i %u %x %X %p %s %S, with flags, width, precision, h, l and I64; no floating point. */
export function formatText({ memory, ansi }: Thread, format: string, args: VarArgs, wide: boolean): string {
  return format.replaceAll(
    /%([-#0]*)(\d*)(?:\.(\d*))?(hh?|ll?|I64|I32|I|w)?(.)/gs,
    (_whole, flags: string, width: string, precision: string | undefined, size: string | undefined, kind: string) => {
      const text = convert(kind, size);
      if (text === undefined) return kind;
      return text;

      function convert(conversion: string, prefix: string | undefined): string | undefined {
        const isWide =
          prefix === "l" || prefix === "w" ? true : prefix === "h" ? false : conversion === conversion.toLowerCase() ? wide : !wide;
        switch (conversion) {
          case "c":
          case "C": {
            const code = args.int();
            return pad(isWide ? String.fromCharCode(code & 0xffff) : ansi.decode(Uint8Array.of(code & 0xff)));
          }
          case "s":
          case "S": {
            const at = args.pointer();
            const whole = at === 0 ? "(null)" : isWide ? memory.wstring(at) : ansi.decode(memory.slice(at, memory.cstringLength(at)));
            return pad(precision === undefined ? whole : whole.slice(0, Number(precision)));
          }
          case "d":
          case "i": {
            const value =
              prefix === "I64" || prefix === "ll" ? args.int64() : BigInt(prefix === "h" ? (args.int() << 16) >> 16 : args.int());
            return number(value < 0n ? "-" : "", String(value < 0n ? -value : value));
          }
          case "u":
            return number("", String(unsigned(prefix)));
          case "x":
            return number(flags.includes("#") ? "0x" : "", unsigned(prefix).toString(16));
          case "X":
            return number(flags.includes("#") ? "0X" : "", unsigned(prefix).toString(16).toUpperCase());
          case "p":
            return pad(args.uint64().toString(16).toUpperCase().padStart(16, "0"));
          default:
            return undefined;
        }
      }

      function unsigned(prefix: string | undefined): bigint {
        if (prefix === "I64" || prefix === "ll" || prefix === "I") return args.uint64();
        return BigInt(prefix === "h" ? args.uint() & 0xffff : args.uint());
      }

      function number(sign: string, digits: string): string {
        const least = digits.padStart(Number(precision ?? 0), "0");
        if (flags.includes("0") && !flags.includes("-") && precision === undefined)
          return sign + least.padStart(Number(width) - sign.length, "0");
        return pad(sign + least);
      }

      function pad(whole: string): string {
        return flags.includes("-") ? whole.padEnd(Number(width)) : whole.padStart(Number(width));
      }
    },
  );
}
