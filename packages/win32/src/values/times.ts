import { DWORD, StructType, WideType, type CallingThread, type StructValue } from "@decant/hook";
import { msFromFileTime } from "../files/file-time.ts";

/** 100-nanosecond units since 1601; the trace shows the time in UTC, or seconds where it is a span. */
export const FILETIME: WideType = new (class extends WideType {
  override show(_thread: CallingThread, value: bigint | number): string {
    return showTime(BigInt(value));
  }
})({ name: "FILETIME", bytes: 8, signed: false });

const PARTS = { dwLowDateTime: DWORD, dwHighDateTime: DWORD };

/** FILETIME has the alignment of a DWORD: in structs it is two of them. */
export const FILETIME_PARTS: StructType<typeof PARTS> = new (class extends StructType<typeof PARTS> {
  override show(_thread: CallingThread, { dwLowDateTime, dwHighDateTime }: StructValue<typeof PARTS>): string {
    return showTime((BigInt(dwHighDateTime) << 32n) | BigInt(dwLowDateTime));
  }
})("FILETIME", PARTS, {});

const UNITS_A_DAY = 864_000_000_000n;

function showTime(units: bigint): string {
  if (units < 365n * UNITS_A_DAY) return `${Number(units) / 1e7} s`;
  const ms = msFromFileTime(units);
  return Math.abs(ms) > 8.64e15 ? `0x${units.toString(16)}` : new Date(ms).toISOString();
}
