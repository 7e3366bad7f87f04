import type { CallTime } from "@decant/hook";

/** The table that `--stats` ends with: functions by the time that was spent in them, the most first. */
export function callTable(times: Iterable<CallTime>): string {
  const rows = [...times].toSorted((a, b) => b.ownMs - a.ownMs || b.calls - a.calls);
  if (rows.length === 0) return "no calls\n";
  const cells = [
    ["CALLS", "FAILED", "OWN MS", "TOTAL MS", "FUNCTION"],
    ...rows.map(({ name, calls, failures, totalMs, ownMs }) => [
      String(calls),
      failures === 0 ? "" : String(failures),
      ownMs.toFixed(2),
      totalMs.toFixed(2),
      name,
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) => `${row.map((cell, column) => (column < 4 ? cell.padStart(widths[column]!) : cell)).join("  ")}\n`).join("");
}
