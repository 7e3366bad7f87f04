import { setTimeout as sleep } from "node:timers/promises";
import type { SessionStatus } from "@decant/remoting";
import { describeOptions, numberOption, parseCommandLine } from "../command-line.ts";
import { bytesText, durationText } from "../quantities.ts";
import { painter, UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";

const options = {
  interval: { type: "string", value: "SECONDS", help: "time between two looks (default 1)" },
  once: { type: "boolean", help: "look once" },
  json: { type: "boolean", help: "what the server says, as JSON lines" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant top [options] [URL]

Shows the sessions of a server: http://127.0.0.1:9440 unless another is named. A token, where one is asked for, is taken from DECANT_TOKEN.

Options
${describeOptions(options)}
`;

interface State {
  readonly sessions: readonly SessionStatus[];
  readonly totals: { readonly calls: number; readonly bytesIn: number; readonly bytesOut: number; readonly refusals: number };
}

/** `decant top`: until Ctrl-C, or once. */
export async function topCommand(args: readonly string[]): Promise<number> {
  const { options: given, rest } = parseCommandLine(options, args);
  if (given.help) {
    writeHelp(help);
    return 0;
  }
  if (rest.length > 1) throw new UsageError(`top takes one address, but found "${rest[1]}" as well`);
  const seconds = numberOption("interval", given.interval, { min: 0.1, max: 3600, unit: "seconds" }) ?? 1;
  const url = new URL("/sessions", (rest[0] ?? "http://127.0.0.1:9440").replace(/^ws/, "http"));
  const isScreen = process.stdout.isTTY && !given.once && !given.json;
  let before: { state: State; time: number } | undefined;
  for (;;) {
    const state = await look(url);
    const time = performance.now();
    if (given.json) process.stdout.write(`${JSON.stringify(state)}\n`);
    else {
      const table = stateTable(state, before && { state: before.state, seconds: (time - before.time) / 1000 }, painter(process.stdout));
      // Home, the text, and what is left of the text before is cleared.
      process.stdout.write(isScreen ? `\u001b[H\u001b[2J${table}` : table);
    }
    if (given.once) return 0;
    before = { state, time };
    await sleep(seconds * 1000);
  }
}

async function look(url: URL): Promise<State> {
  const token = process.env["DECANT_TOKEN"];
  let response: Response;
  try {
    response = await fetch(url, token ? { headers: { authorization: `Bearer ${token}` } } : {});
  } catch (error) {
    const cause = (error as { cause?: { message?: string } }).cause?.message ?? (error as Error).message;
    throw new UsageError(`there is no server at ${url.origin}: ${cause}`, 1);
  }
  if (response.status === 401) throw new UsageError(`${url.origin} asks for a token: set DECANT_TOKEN`, 1);
  if (!response.ok) throw new UsageError(`${url.origin} answers ${response.status}: is it a Decant server?`, 1);
  return (await response.json()) as State;
}

/** The picture of a moment; rates need the one before. */
export function stateTable(
  state: State,
  before: { readonly state: State; readonly seconds: number } | undefined,
  paint: ReturnType<typeof painter>,
): string {
  const earlier = new Map(before?.state.sessions.map((session) => [session.id, session]));
  const rate = (now: number, then: number | undefined): string =>
    before === undefined ? "" : `${Math.round((now - (then ?? 0)) / before.seconds)}/s`;
  const { totals, sessions } = state;
  const old = before?.state.totals;
  const summary = [
    `${sessions.length} session${sessions.length === 1 ? "" : "s"}`,
    `${bytesText(sessions.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0))} of device memory`,
    `${totals.calls} calls ${rate(totals.calls, old?.calls)}`.trim(),
    `in ${bytesText(totals.bytesIn)}, out ${bytesText(totals.bytesOut)}`,
    `${totals.refusals} refused`,
  ].join(" · ");
  const rows = [
    ["SESSION", "TOKEN", "FROM", "STATE", "OPEN", "CALLS", "", "BUSY", "MEMORY", "HANDLES"],
    ...sessions.map(({ id, name, from, connected, openedMs, calls, busyCalls, memoryBytes, handles }) => [
      id.slice(0, 8),
      name || "-",
      from,
      connected ? "open" : "away",
      durationText(openedMs),
      String(calls),
      rate(calls, earlier.get(id)?.calls),
      String(busyCalls),
      bytesText(memoryBytes),
      String(handles),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column < 4 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  return [paint("bold", summary), paint("dim", lines[0]!), ...lines.slice(1), ""].join("\n");
}
