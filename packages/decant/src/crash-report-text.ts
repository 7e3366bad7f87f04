import type { CodePlace, CrashReport } from "@decant/process";
import type { Style } from "./terminal.ts";

type Paint = (style: Style, text: string) => string;

const REGISTERS_IN_A_ROW = 4;
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0, "CF"],
  [2, "PF"],
  [4, "AF"],
  [6, "ZF"],
  [7, "SF"],
  [10, "DF"],
  [11, "OF"],
];

/** What `decant run` prints of an unhandled exception, below the sentence that says which it was. Ends with a new line. */
export function crashReportText(report: CrashReport, paint: Paint): string {
  const { place, instruction, stack, threadId, threadCount } = report;
  const lines = [
    "",
    `  at  ${paint("bold", placeText(place))}${nameText(place)}`,
    ...(instruction ? [`      ${paint("dim", instruction.bytes)}  ${instruction.text}`] : []),
    "",
    ...registerLines(report, paint),
    "",
    `  stack of thread ${threadId}${threadCount > 1 ? `, one of ${threadCount}` : ""}`,
    ...stackLines(report, paint),
  ];
  if (stack.some(({ found }) => found === "scan")) {
    lines.push(paint("dim", "       ?: nothing describes the frame below; this looked like a return address, and calls may be missing"));
  }
  return `${lines.join("\n")}\n`;
}

/** The same for `--json`: addresses and registers in hexadecimal. */
export function crashReportJson({ exception, place, registers, stack, ...rest }: CrashReport): unknown {
  const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
  const placeJson = ({ address, offset, ...others }: CodePlace): object => ({
    address: hex(address),
    ...others,
    ...(offset !== undefined && { offset: hex(offset) }),
  });
  return {
    ...rest,
    exception: { ...exception, code: hex(exception.code), parameters: exception.parameters.map((value) => hex(BigInt.asUintN(64, value))) },
    place: placeJson(place),
    registers: Object.fromEntries(Object.entries(registers).map(([name, value]) => [name, hex(value)])),
    stack: stack.map(placeJson),
  };
}

function registerLines({ registers, areRegistersExact }: CrashReport, paint: Paint): string[] {
  const { eflags = 0n, ...general } = registers;
  const digits = "rip" in registers ? 16 : 8;
  const shown = Object.entries(general).map(([name, value]) => `${name.padEnd(3)} ${value.toString(16).padStart(digits, "0")}`);
  const rows: string[] = [];
  for (let i = 0; i < shown.length; i += REGISTERS_IN_A_ROW) rows.push(`  ${shown.slice(i, i + REGISTERS_IN_A_ROW).join("  ")}`);
  const set = FLAGS.filter(([bit]) => (eflags >> BigInt(bit)) & 1n).map(([, name]) => name);
  rows[rows.length - 1] += `  eflags ${eflags.toString(16).padStart(8, "0")}${set.length > 0 ? ` ${set.join(" ")}` : ""}`;
  if (!areRegistersExact)
    rows.push(
      paint("dim", "  Registers but rip and rsp are as of the last call or the function's entry; --checked shows them as they are."),
    );
  return rows;
}

/** A frame that repeats is shown once. */
function stackLines({ stack }: CrashReport, paint: Paint): string[] {
  const width = Math.max(...stack.map((frame) => placeText(frame).length));
  const lines: string[] = [];
  let number = 0;
  let repeated = 0;
  const again = (): void => {
    if (repeated > 0) lines.push(paint("dim", `       ... ${repeated} more of the same`));
    repeated = 0;
  };
  stack.forEach((frame, n) => {
    const before = stack[n - 1];
    number += frame.omitted ?? 0;
    if (before?.address === frame.address && before.found === frame.found) {
      repeated += 1 + (frame.omitted ?? 0);
      number++;
      return;
    }
    again();
    if (frame.omitted !== undefined) lines.push(paint("dim", `       ... ${frame.omitted} frames`));
    const mark = frame.found === "scan" ? "?" : " ";
    lines.push(`  ${String(number++).padStart(5)}${paint("yellow", mark)} ${placeText(frame).padEnd(width)}${nameText(frame)}`.trimEnd());
  });
  again();
  return lines;
}

function placeText({ address, module, offset = 0 }: CodePlace): string {
  return module === undefined ? `0x${address.toString(16)}` : `${module}+0x${offset.toString(16)}`;
}

function nameText({ symbol, symbolOffset = 0, file, line }: CodePlace): string {
  const name = symbol === undefined ? "" : `  ${symbol}${symbolOffset === 0 ? "" : `+0x${symbolOffset.toString(16)}`}`;
  return file === undefined ? name : `${name}  (${file}:${line})`;
}
