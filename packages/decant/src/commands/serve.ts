import { readFileSync } from "node:fs";
import { cpuDriver } from "@decant/compute";
import { serve, serveParent } from "@decant/server";
import { describeOptions, numberOption, parseCommandLine } from "../command-line.ts";
import { painter, UsageError } from "../terminal.ts";

const options = {
  listen: {
    type: "string",
    short: "l",
    value: "HOST:PORT",
    help: "where to listen (default 127.0.0.1:9440); off loopback a token is needed",
  },
  "token-file": { type: "string", value: "FILE", help: "the token that clients must present; or set DECANT_TOKEN" },
  workers: { type: "string", value: "N", help: "threads that compute (default: one for each processor)" },
  quiet: { type: "boolean", short: "q", help: "no log" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

/** Set when `decant run` starts a server of its own: the protocol between the two is `serveParent`'s. */
const FOR_PARENT = "--for-parent";

const help = `Usage: decant serve [options]

Lets CUDA programs compute here: \`decant run --gpu ws://HOST:PORT program.exe\` on another machine sends its CUDA calls over a WebSocket.

Options
${describeOptions(options)}

Examples
  decant serve
  DECANT_TOKEN=$(cat token) decant serve --listen 0.0.0.0:9440
`;

/** `decant serve`: resolves when the server was asked to stop. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  if (args[0] === FOR_PARENT) {
    await serveParent(cpuDriver());
    return 0;
  }
  const { options: given, rest } = parseCommandLine(options, args);
  if (given.help) {
    process.stdout.write(help);
    return 0;
  }
  if (rest.length > 0) throw new UsageError(`serve takes no arguments, but found "${rest[0]}"`);
  const workers = numberOption("workers", given.workers, { min: 1, max: 1024, unit: "threads" });
  const token = readToken(given["token-file"]);
  const paint = painter(process.stderr);
  const log = (line: string): void => {
    if (!given.quiet) process.stderr.write(`${paint("dim", new Date().toISOString())} ${line}\n`);
  };
  const driver = cpuDriver(workers === undefined ? {} : { workers });
  let server;
  try {
    server = await serve({ listen: given.listen ?? "127.0.0.1:9440", driver, token, log });
  } catch (error) {
    await driver.close();
    throw new UsageError((error as Error).message, 1);
  }
  await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  await server.stop(5_000);
  return 0;
}

function readToken(file: string | undefined): string | undefined {
  if (file === undefined) return process.env["DECANT_TOKEN"] || undefined;
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch {
    throw new UsageError(`--token-file ${file}: cannot be read`);
  }
  if (token === "") throw new UsageError(`--token-file ${file}: the file is empty`);
  return token;
}
