import { existsSync, readFileSync } from "node:fs";
import { generalHelp, writeHelp } from "./help.ts";
import type { MachineOptions } from "./run-program.ts";
import { NOT_FOUND, painter, sayMistake, UsageError } from "./terminal.ts";

type Streams = MachineOptions["streams"];
/** A command takes its words, and standard streams in the place of this process's. */
type Command = (args: readonly string[], streams?: Streams) => Promise<number>;

const commands: Record<string, () => Promise<Command>> = {
  run: async () => (await import("./commands/run.ts")).runCommand,
  inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
  cache: async () => (await import("./commands/cache.ts")).cacheCommand,
  serve: async () => (await import("./commands/serve.ts")).serveCommand,
  token: async () => (await import("./commands/token.ts")).tokenCommand,
  kernel: async () => (await import("./commands/kernel.ts")).kernelCommand,
  prefix: async () => (await import("./commands/prefix.ts")).prefixCommand,
  shim: async () => (await import("./commands/shim.ts")).shimCommand,
  install: async () => (await import("./commands/install.ts")).installCommand,
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
  top: async () => (await import("./commands/top.ts")).topCommand,
  daemon: async () => {
    const { daemonCommand } = await import("./commands/daemon.ts");
    return (args) => daemonCommand(args, perform);
  },
};

/**
 * Does what a command line says, and returns the exit code. What goes wrong is said on standard error: a sentence about a mistake of the user's, and where to report one of
 * Decant's.
 */
export async function perform(args: readonly string[], streams?: Streams): Promise<number> {
  try {
    return await choose(args, streams);
  } catch (error) {
    if (error instanceof UsageError) return sayMistake(error);
    const paint = painter(process.stderr);
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const { writeFailureReport } = await import("./failure-report.ts");
    const path = writeFailureReport({ what, version: version(), args });
    process.stderr.write(`${paint("red", "decant:")} this is a bug in Decant: ${path === undefined ? what : `${firstLine(what)}\n`}`);
    if (path !== undefined)
      process.stderr.write(
        `Please report it, with ${path}: it says what happened, on what machine, and which functions the program imports.\n`,
      );
    return INTERNAL_ERROR;
  }
}

async function choose(args: readonly string[], streams?: Streams): Promise<number> {
  if (process.env["DECANT_AS_WINE"]) return await runAsWine(args, streams);
  const [first = "--help", ...rest] = args;
  if (first === "--help" || first === "-h" || first === "help") {
    const about = first === "help" ? commands[rest[0] ?? ""] : undefined;
    if (about !== undefined) return (await about())(["--help"]);
    writeHelp(generalHelp);
    return 0;
  }
  if (first === "--version" || first === "-V") {
    process.stdout.write(`decant ${version()}\n`);
    return 0;
  }
  const load = commands[first];
  if (load !== undefined) {
    // `decant doctor | head -3`: nobody reads the rest. A run's own output is not Node's stream, which takes milliseconds to make.
    if (first !== "run") process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
    return (await load())(rest, streams);
  }
  if (/^[a-z]+$/.test(first) && !existsSync(first))
    throw new UsageError(`${first}: no such file, and no command of Decant's; \`decant --help\` lists the commands`, NOT_FOUND);
  // `decant program.exe args` means `decant run program.exe args`, options before the program included.
  return (await (commands["run"] as () => Promise<Command>)())(args, streams);
}

/** Called by Wine's name, as `decant install --wine` arranges it. Programs that the guest starts are not. */
async function runAsWine(args: readonly string[], streams?: Streams): Promise<number> {
  delete process.env["DECANT_AS_WINE"];
  const { wineCommand } = await import("./wine-command.ts");
  const command = wineCommand(args, version());
  if ("run" in command) return (await (commands["run"] as () => Promise<Command>)())(["--", ...command.run], streams);
  process.stdout.write(command.print);
  return 0;
}

function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifest.version;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** EX_SOFTWARE of sysexits.h. */
const INTERNAL_ERROR = 70;
