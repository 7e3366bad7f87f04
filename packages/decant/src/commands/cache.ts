import { nodeStore, type StoreEntry } from "@decant/host";
import { CACHE_LIMIT_BYTES, cacheFolder } from "../cache-folder.ts";
import { describeOptions, parseCommandLine } from "../command-line.ts";
import { LINKED } from "../program-translations.ts";
import { bytesText } from "../quantities.ts";
import { dateText, tableText } from "../tables.ts";
import { UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";

const options = {
  cache: {
    type: "string",
    value: "FOLDER",
    help: "the cache's folder; without it DECANT_CACHE's, or decant in XDG_CACHE_HOME or ~/.cache",
  },
  json: { type: "boolean", help: "everything as JSON" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant cache [show|clear] [options]

Translating a program takes time, so what a run has translated is kept for the next. \`decant cache\` shows what is kept, a line for each program,
the last used first; \`decant cache clear\` removes it. Nothing is lost but time: a program that is not in the cache is translated again.
It holds up to ${bytesText(CACHE_LIMIT_BYTES)}; then what was not used for longest goes. \`decant run --cache off\` does without.

Options
${describeOptions(options)}

Examples
  decant cache
  decant cache clear
  DECANT_CACHE=off decant tool.exe
`;

/** `decant cache`: shows or clears what is kept between runs. */
export function cacheCommand(args: readonly string[]): Promise<number> {
  const { options: given, rest } = parseCommandLine("cache", options, args);
  const [action = "show", ...extra] = rest;
  if (given.help) {
    writeHelp(help);
    return Promise.resolve(0);
  }
  if ((action !== "show" && action !== "clear") || extra.length > 0) {
    throw new UsageError(`cache takes show or clear, not "${[action, ...extra].join(" ")}"`);
  }
  const folder = cacheFolder(given.cache);
  if (folder === undefined)
    process.stdout.write(given.json ? `${JSON.stringify({ folder: null })}\n` : "The cache is off (DECANT_CACHE).\n");
  else if (action === "clear") clear(folder, given.json === true);
  else show(folder, given.json === true);
  return Promise.resolve(0);
}

function clear(folder: string, asJson: boolean): void {
  const store = nodeStore(folder, { limitBytes: CACHE_LIMIT_BYTES });
  const before = store.list();
  store.clear();
  const left = new Set(store.list().map(({ name }) => name));
  const removed = before.filter(({ name }) => !left.has(name));
  if (asJson) process.stdout.write(`${JSON.stringify({ folder, removed: removed.map(({ name }) => name), bytes: sum(removed) })}\n`);
  else
    process.stdout.write(removed.length === 0 ? `Nothing is kept in ${folder}.\n` : `Removed ${bytesText(sum(removed))} from ${folder}.\n`);
  if (left.size > 0) throw new UsageError(`${left.size} files in ${folder} could not be removed`, 1);
}

function show(folder: string, asJson: boolean): void {
  const entries = nodeStore(folder, { limitBytes: CACHE_LIMIT_BYTES }).list();
  if (asJson) {
    const rows = entries.map(({ name, bytes, usedMs }) => ({ name, bytes, used: new Date(usedMs).toISOString() }));
    process.stdout.write(`${JSON.stringify({ folder, limitBytes: CACHE_LIMIT_BYTES, bytes: sum(entries), entries: rows })}\n`);
    return;
  }
  if (entries.length === 0) {
    process.stdout.write(`Nothing is kept in ${folder}.\n`);
    return;
  }
  const own = entries.filter(({ name }) => isOwnCode(name));
  const programs = byProgram(entries.filter(({ name }) => !isOwnCode(name)));
  const rows = Array.from(programs, ([name, { bytes, usedMs }]) => [name.replace(/-[0-9a-f]+$/, ""), bytesText(bytes), dateText(usedMs)]);
  if (own.length > 0) rows.push(["(Decant itself, compiled)", bytesText(sum(own)), dateText(Math.max(...own.map(({ usedMs }) => usedMs)))]);
  process.stdout.write(
    `${folder}: ${bytesText(sum(entries))} of ${bytesText(CACHE_LIMIT_BYTES)}\n\n${tableText(["program", ">size", "last used"], rows)}`,
  );
}

/** Files of bin/decant.js: what V8 made of Decant's own scripts. */
function isOwnCode(name: string): boolean {
  return name.startsWith("code-");
}

/** What is kept of a program is one line, in how many files it may lie. */
function byProgram(entries: readonly StoreEntry[]): Map<string, { bytes: number; usedMs: number }> {
  const programs = new Map<string, { bytes: number; usedMs: number }>();
  for (const { name, bytes, usedMs } of entries) {
    const program = name.endsWith(LINKED) ? name.slice(0, -LINKED.length) : name;
    const before = programs.get(program);
    programs.set(program, { bytes: bytes + (before?.bytes ?? 0), usedMs: Math.max(usedMs, before?.usedMs ?? 0) });
  }
  return programs;
}

function sum(entries: readonly { bytes: number }[]): number {
  return entries.reduce((total, { bytes }) => total + bytes, 0);
}
