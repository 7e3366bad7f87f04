import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describeOptions, parseBeforeProgram } from "../command-line.ts";
import { launcherText, writeLauncher } from "../launcher.ts";
import { UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";

const options = {
  into: { type: "string", value: "FOLDER", help: "where the launchers go; beside the programs when absent" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant shim [options] FOLDER [options of \`decant run\`…]

Writes a launcher for every .exe in a folder: a small script of the program's name without ".exe", for a PATH, so that scripts that call \`tool\` run tool.exe. The programs stay where
they are. A file of that name that decant did not make is left alone, and is an error.

Options
${describeOptions(options)}

Examples
  decant shim tools/ --into ~/bin
  decant shim tools/ --into ~/bin --prefix tools --mount /data
`;

/** `decant shim`: a launcher for each program of a folder. */
export function shimCommand(args: readonly string[]): Promise<number> {
  const { options: before, rest } = parseBeforeProgram("shim", options, args);
  if (before.help) {
    writeHelp(help);
    return Promise.resolve(0);
  }
  const [folder, ...after] = rest;
  if (folder === undefined) throw new UsageError("shim needs a folder: decant shim FOLDER");
  const at = after.findIndex((word) => word === "--into" || word.startsWith("--into="));
  const given = at < 0 ? before.into : after[at]!.includes("=") ? after[at]!.slice("--into=".length) : after[at + 1];
  const runOptions = at < 0 ? after : after.toSpliced(at, after[at]!.includes("=") ? 1 : 2);
  const into = resolve(given ?? folder);
  const programs = programsIn(folder);
  if (programs.length === 0) throw new UsageError(`${folder}: there is no .exe in it`, 1);
  for (const program of programs) {
    const path = join(into, program.replace(/\.exe$/i, ""));
    writeLauncher(path, launcherText(["run", ...runOptions, "--", resolve(folder, program)]));
    process.stdout.write(`${path}\n`);
  }
  return Promise.resolve(0);
}

function programsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.exe$/i.test(name))
      .toSorted();
  } catch (error) {
    throw new UsageError(`${folder}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`, 1);
  }
}
