import { toGuestPath, toHostPath } from "./guest-paths.ts";
import { UsageError } from "./terminal.ts";

/** What a command line of Wine's means for `decant`: the arguments of \`decant run\`, or what to print. */
export type WineCommand = { readonly run: readonly string[] } | { readonly print: string };

const USAGE = `Usage: wine PROGRAM [ARGUMENTS...]   Run the specified program
       wine --help                   Display this help and exit
       wine --version                Output version information and exit
`;

/**
 * Reads a command line of Wine's: a program with its arguments, `start`, `winepath`, --version and --help. The version says the Wine whose behaviour Decant is compared with,
 * as build tools look at it.
 */
export function wineCommand(args: readonly string[], version: string): WineCommand {
  const [first, ...rest] = args;
  if (first === undefined) throw new UsageError(USAGE.trimEnd(), 1);
  if (first === "--help") return { print: USAGE };
  if (first === "--version") return { print: `wine-8.0 (Decant ${version})\n` };
  const name = first.toLowerCase().replace(/\.exe$/, "");
  if (name === "start") return { run: startArguments(rest) };
  if (name === "winepath") return { print: winePath(rest) };
  // Wine makes its prefix with it; there is none to make here.
  if (name === "wineboot") return { print: "" };
  return { run: args };
}

/** `start [/wait] [/b] [/unix] program arguments`: waits always. */
function startArguments(args: readonly string[]): string[] {
  const first = args.findIndex(
    (word) => !/^\/(w|wait|b|min|max|i|low|normal|high|realtime|abovenormal|belownormal|unix)$/i.test(word) && !/^".*"$/.test(word),
  );
  if (first < 0) throw new UsageError("start needs a program: wine start [/wait] [/unix] program", 1);
  return args.slice(first);
}

/** `winepath [-u|-w] path…`: Windows paths to the host's, and back. */
function winePath(args: readonly string[]): string {
  const toWindows = args.some((word) => word === "-w" || word === "--windows");
  const convert = (path: string): string => (toWindows ? toGuestPath(path) : (toHostPath(path) ?? path));
  return args
    .filter((word) => !word.startsWith("-"))
    .map((path) => `${convert(path)}\n`)
    .join("");
}
