/** The `decant` command: chooses what to do, and turns errors into one sentence. Each command is loaded only when it is used. */
import { readFileSync } from "node:fs";
import { helpText } from "./help.ts";
import { painter, UsageError } from "./terminal.ts";

type Command = (args: readonly string[]) => Promise<number>;

const commands: Record<string, () => Promise<Command>> = {
  run: async () => (await import("./commands/run.ts")).runCommand,
  inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
  cache: async () => (await import("./commands/cache.ts")).cacheCommand,
  serve: async () => (await import("./commands/serve.ts")).serveCommand,
  token: async () => (await import("./commands/token.ts")).tokenCommand,
  kernel: async () => (await import("./commands/kernel.ts")).kernelCommand,
  top: async () => (await import("./commands/top.ts")).topCommand,
};

async function main(args: readonly string[]): Promise<number> {
  const [first = "--help", ...rest] = args;
  if (first === "--help" || first === "-h" || first === "help") {
    process.stdout.write(helpText(painter(process.stdout)));
    return 0;
  }
  if (first === "--version" || first === "-V") {
    process.stdout.write(`decant ${version()}\n`);
    return 0;
  }
  const load = commands[first];
  if (load !== undefined) return (await load())(rest);
  // `decant program.exe args` means `decant run program.exe args`, options before the program included.
  return (await (commands["run"] as () => Promise<Command>)())(args);
}

function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifest.version;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const paint = painter(process.stderr);
    if (error instanceof UsageError) {
      process.stderr.write(`${paint("red", "decant:")} ${error.message}\n`);
      process.exitCode = error.exitCode;
      return;
    }
    process.stderr.write(
      `${paint("red", "decant:")} this is a bug in Decant, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 70;
  },
);
