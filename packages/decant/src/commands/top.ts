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

In a terminal it fills the screen until Ctrl-C; elsewhere each look is a table below the last.
STATE is "away" while a client's connection is broken and its session waits for it. BUSY counts calls that are being answered.

Examples
  decant top
  DECANT_TOKEN=decant_… decant top https://gpu-host:9440
  decant top --once --json | jq '.sessions[] | {name, calls}'
`;

interface State {
  readonly sessions: readonly SessionStatus[];
  readonly totals: { readonly calls: number; readonly bytesIn: number; readonly bytesOut: number; readonly refusals: number };
}

/** `decant top`: until Ctrl-C, or once. */
export async function topCommand(args: readonly string[]): Promise<number> {
  const { options: given, rest } = parseCommandLine("top", options, args);
  if (given.help) {
    writeHelp(help);
    return 0;
  }
  if (rest.length > 1) throw new UsageError(`top takes one address, but found "${rest[1]}" as well`);
  const seconds = numberOption("interval", given.interval, { min: 0.1, max: 3600, unit: "seconds" }) ?? 1;
  const url = sessionsUrl(rest[0] ?? "http://127.0.0.1:9440");
  const screen = process.stdout.isTTY && !given.once && !given.json ? openScreen(process.stdout) : undefined;
  let before: { state: State; time: number } | undefined;
  try {
    for (;;) {
      const state = await look(url);
      const time = performance.now();
      if (given.json) process.stdout.write(`${JSON.stringify(state)}\n`);
      else {
        const paint = painter(process.stdout);
        const table = stateTable(state, before && { state: before.state, seconds: (time - before.time) / 1000 }, paint, screen?.size());
        if (screen !== undefined)
          screen.show(`${paint("bold", url.origin)}  ${paint("dim", new Date().toTimeString().slice(0, 8))}\n${table}`);
        else process.stdout.write(before === undefined ? table : `\n${table}`);
      }
      if (given.once) return 0;
      before = { state, time };
      await sleep(seconds * 1000);
    }
  } finally {
    screen?.close();
  }
}

/** Where a server tells of its sessions: also of one that is named as clients name it. */
function sessionsUrl(server: string): URL {
  if (!/^(http|ws)s?:\/\//.test(server) || !URL.canParse(server))
    throw new UsageError(`top takes a server's address, as http://127.0.0.1:9440, not "${server}"`);
  return new URL("/sessions", server.replace(/^ws/, "http"));
}

/** The terminal's other screen, with no cursor; what was there before comes back at the end, also after Ctrl-C. */
function openScreen(stream: NodeJS.WriteStream): { size(): { columns: number; rows: number }; show(text: string): void; close(): void } {
  const close = (): void => void stream.write("\u001b[?25h\u001b[?1049l");
  const onSignal = (signal: NodeJS.Signals): void => {
    close();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  stream.write("\u001b[?1049h\u001b[?25l");
  return {
    size: () => ({ columns: stream.columns, rows: stream.rows - 1 }),
    // Each line clears what is left of the one before, and the end what is below: nothing flickers.
    show: (text) => void stream.write(`\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[J`),
    close,
  };
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

/** The picture of a moment; rates need the one before. With a size, no line is wider and no more lines are shown. */
export function stateTable(
  state: State,
  before: { readonly state: State; readonly seconds: number } | undefined,
  paint: ReturnType<typeof painter>,
  { columns = Infinity, rows: height = Infinity }: { readonly columns?: number; readonly rows?: number } = {},
): string {
  const earlier = new Map(before?.state.sessions.map((session) => [session.id, session]));
  const rate = (now: number, then: number | undefined): string =>
    before === undefined ? "-" : `${Math.round((now - (then ?? 0)) / before.seconds)}/s`;
  const { totals, sessions } = state;
  const old = before?.state.totals;
  const summary = [
    `${sessions.length} session${sessions.length === 1 ? "" : "s"}`,
    `${bytesText(sessions.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0))} of device memory`,
    `${totals.calls} calls${old === undefined ? "" : ` (${rate(totals.calls, old.calls)})`}`,
    `in ${bytesText(totals.bytesIn)}, out ${bytesText(totals.bytesOut)}`,
    `${totals.refusals} refused`,
  ].join(" · ");
  const rows = [
    ["SESSION", "TOKEN", "FROM", "STATE", "OPEN", "CALLS", "RATE", "BUSY", "MEMORY", "HANDLES"],
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
    cut(
      row
        .map((cell, column) => (column < 4 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  ")
        .trimEnd(),
      columns,
    ),
  );
  if (sessions.length === 0) return `${cut(summary, columns)}\n`;
  // The summary, the heading, and the last line's end.
  const room = Math.max(1, height - 4);
  const shown = lines.slice(1, room + 1).map((line, index) => (sessions[index]?.connected === false ? paint("yellow", line) : line));
  const hidden = sessions.length - shown.length;
  return [cut(summary, columns), paint("dim", lines[0]!), ...shown, ...(hidden > 0 ? [paint("dim", `… and ${hidden} more`)] : []), ""].join(
    "\n",
  );
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}
