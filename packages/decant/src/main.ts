/** The `decant` command: chooses what to do, and turns errors into one sentence. Each command is loaded only when it is used. */
import { readFileSync } from "node:fs";
import { generalHelp, writeHelp } from "./help.ts";
import { painter, UsageError } from "./terminal.ts";

type Command = (args: readonly string[]) => Promise<number>;

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
};

async function main(args: readonly string[]): Promise<number> {
  if (process.env["DECANT_AS_WINE"]) return await mainAsWine(args);
  const [first = "--help", ...rest] = args;
  if (first === "--help" || first === "-h" || first === "help") {
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
    return (await load())(rest);
  }
  // `decant program.exe args` means `decant run program.exe args`, options before the program included.
  return (await (commands["run"] as () => Promise<Command>)())(args);
}

/** Called by Wine's name, as `decant install --wine` arranges it. Programs that the guest starts are not. */
async function mainAsWine(args: readonly string[]): Promise<number> {
  delete process.env["DECANT_AS_WINE"];
  const { wineCommand } = await import("./wine-command.ts");
  const command = wineCommand(args, version());
  if ("run" in command) return (await (commands["run"] as () => Promise<Command>)())(["--", ...command.run]);
  process.stdout.write(command.print);
  return 0;
}

function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifest.version;
}

const ENDS_AT_ONCE = new Set(["TTYWrap", "PipeWrap", "Timeout", "Immediate"]);

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
    // Left to end by itself, Node waits for V8's threads, which may compile the guest's code better for minutes still, for nobody.
    if (process.platform !== "win32" && !isWriting()) process.exit();
  },
  (error: unknown) => {
    const paint = painter(process.stderr);
    if (error instanceof UsageError) {
      process.stderr.write(`${paint("red", "decant:")} ${error.message}\n`);
      process.exitCode = error.exitCode;
      return;
    }
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.exitCode = 70;
    return import("./failure-report.ts").then(({ writeFailureReport }) => {
      const path = writeFailureReport({ what, version: version(), args: process.argv.slice(2) });
      process.stderr.write(`${paint("red", "decant:")} this is a bug in Decant: ${path === undefined ? what : `${firstLine(what)}\n`}`);
      if (path !== undefined)
        process.stderr.write(
          `Please report it, with ${path}: it says what happened, on what machine, and which functions the program imports.\n`,
        );
    });
  },
);

/** Whether sockets, or files, have something left to do. Standard streams are written at once, but on Windows. */
function isWriting(): boolean {
  return process.getActiveResourcesInfo().some((name) => !ENDS_AT_ONCE.has(name));
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
