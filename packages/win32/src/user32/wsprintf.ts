import { readString, type VarArgs } from "@decant/hook";
import type { Thread } from "@decant/process";

/** wsprintf writes at most this many characters, with the NUL. */
const MAX_CHARS = 1024;

const SPECIFICATION = /^([-#0]*)(\d*)(?:\.(\d*))?(I64|I32|I|ll|[hlw])?(.)/s;

/** Formats as wsprintf does: a small language of its own, with no floating point and no "*" ("wsprintfW function"). */
export function formatMessageText(thread: Thread, format: string, va: VarArgs, isWide: boolean): string {
  let result = "";
  for (let i = 0; i < format.length; i++) {
    const character = format[i]!;
    if (character !== "%") {
      result += character;
      continue;
    }
    const match = SPECIFICATION.exec(format.slice(i + 1));
    if (match === null) continue;
    const [whole, flags = "", width = "", precision, size = "", conversion = ""] = match;
    const value = convert(thread, va, conversion, size, isWide, flags.includes("#"));
    i += whole.length;
    if (value === undefined) {
      result += conversion; // "%%", and what is no conversion
      continue;
    }
    result += pad(value, { flags, width: Number(width), precision: precision === undefined || precision === "" ? undefined : Number(precision), conversion });
  }
  return result.slice(0, MAX_CHARS - 1);
}

interface Shape {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly conversion: string;
}

function pad(value: string, { flags, width, precision, conversion }: Shape): string {
  let text = value;
  if (/[sS]/.test(conversion)) text = precision === undefined || precision === 0 ? text : text.slice(0, precision);
  else if (precision !== undefined && !/[cC]/.test(conversion)) text = zeroFill(text, precision);
  if (flags.includes("-")) return text.padEnd(width);
  return flags.includes("0") && !/[sScC]/.test(conversion) ? zeroFill(text, width) : text.padStart(width);
}

/** Zeros go behind a sign or "0x". */
function zeroFill(text: string, width: number): string {
  const prefix = /^(?:-|0[xX])?/.exec(text)![0];
  return prefix + text.slice(prefix.length).padStart(width - prefix.length, "0");
}

function convert(thread: Thread, va: VarArgs, conversion: string, size: string, isWide: boolean, alternative: boolean): string | undefined {
  const isLong = size === "I64" || size === "ll" || size === "I";
  switch (conversion) {
    case "d":
    case "i":
      return isLong ? String(va.int64()) : String(size === "h" ? (va.int() << 16) >> 16 : va.int());
    case "u":
      return isLong ? String(va.uint64()) : String(size === "h" ? va.uint() & 0xffff : va.uint());
    case "x":
    case "X": {
      const digits = isLong ? va.uint64().toString(16) : va.uint().toString(16);
      return (alternative ? `0${conversion}` : "") + (conversion === "X" ? digits.toUpperCase() : digits);
    }
    case "p":
      return va.word().toString(16).toUpperCase().padStart(16, "0");
    case "c":
    case "C":
      return character(thread, va.uint(), takesWide(conversion, size, isWide));
    case "s":
    case "S": {
      const address = va.pointer();
      return address === 0 ? "(null)" : readString(thread, address, takesWide(conversion, size, isWide) ? "wide" : "ansi");
    }
    default:
      return undefined;
  }
}

function takesWide(conversion: string, size: string, isWide: boolean): boolean {
  if (size === "h") return false;
  if (size === "l" || size === "w" || size === "ll") return true;
  return conversion === conversion.toUpperCase() ? !isWide : isWide;
}

function character({ ansi }: Thread, value: number, isWide: boolean): string {
  return isWide ? String.fromCharCode(value & 0xffff) : ansi.decode(Uint8Array.of(value));
}
