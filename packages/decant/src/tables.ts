import { painter } from "./terminal.ts";

/** A table for people: a bold head, columns as wide as they must be; a head that begins with ">" puts its column to the right. */
export function tableText(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = heads.map((head) => head.replace(/^>/, ""));
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        heads[column]?.startsWith(">") === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [painter(process.stdout)("bold", line(titles)), ...rows.map(line)].map((text) => `${text}\n`).join("");
}

/** A time to the minute, in UTC. */
export function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}
