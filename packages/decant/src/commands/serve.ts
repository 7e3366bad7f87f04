import { existsSync, readFileSync } from "node:fs";
import { cpuDriver, nvidiaDriver } from "@decant/compute";
import { type CudaDriver, CudaError, defaultGuardLimits } from "@decant/cuda";
import { type LogEntry, logLine, parseListen, serve, serveParent, TokenFile } from "@decant/server";
import { describeOptions, numberOption, parseCommandLine, requireNoWords } from "../command-line.ts";
import { compilerOption } from "../compiler-option.ts";
import { bytesOption, durationOption } from "../quantities.ts";
import { painter, UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";
import { defaultTokenFile } from "../token-file.ts";

const options = {
  listen: {
    type: "string",
    short: "l",
    value: "HOST:PORT",
    help: "where to listen (default 127.0.0.1:9440); off loopback a token is needed",
  },
  tokens: { type: "string", value: "FILE", help: "who may enter: made by `decant token` (default ~/.config/decant/tokens.json)" },
  "token-file": { type: "string", value: "FILE", help: "one token that all clients present; or set DECANT_TOKEN" },
  cert: { type: "string", value: "FILE", help: "a certificate in PEM: clients come by wss://" },
  key: { type: "string", value: "FILE", help: "its private key in PEM" },
  origin: { type: "string", multiple: true, value: "URL", help: "a web page that may connect, as https://example.org (default: none)" },
  "trust-proxy": { type: "boolean", help: "behind a reverse proxy: take clients' addresses from X-Forwarded-For" },
  sessions: { type: "string", value: "N", help: "sessions at a time (default 256)" },
  memory: { type: "string", value: "SIZE", help: "device memory that a session may hold, as 2G" },
  "kernel-time": { type: "string", value: "TIME", help: "how long a kernel may run (default 60s)" },
  grace: { type: "string", value: "TIME", help: "how long a session outlives its connection (default 30s; 0: not at all)" },
  drain: { type: "string", value: "TIME", help: "how long sessions may go on after SIGTERM or Ctrl-C (default 5s)" },
  driver: {
    type: "string",
    value: "cpu|nvidia",
    help: "what computes: the processor (default), or NVIDIA GPUs by libcuda and the npm package koffi",
  },
  workers: { type: "string", value: "N", help: "threads that compute (default: one for each processor)" },
  compute: {
    type: "string",
    value: "vector|reference",
    help: "how the processor runs kernels: by SIMD (default), or one thread after the other,\nwhich is what the other is checked against",
  },
  "log-format": { type: "string", value: "text|json", help: "how each thing that happens is logged on standard error (default text)" },
  quiet: { type: "boolean", short: "q", help: "no log" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

/** Set when `decant run` starts a server of its own: the protocol between the two is `serveParent`'s. */
const FOR_PARENT = "--for-parent";

const help = `Usage: decant serve [options]

Lets CUDA programs compute here: \`decant run --gpu ws://HOST:PORT program.exe\` on another machine sends its CUDA calls over a WebSocket.
/healthz and /readyz answer by http; /metrics (for Prometheus) and /sessions want a token as \`Authorization: Bearer\`, where there are any.

Options
${describeOptions(options)}

Examples
  decant serve
  decant token add laptop && decant serve --listen 0.0.0.0:9440 --cert cert.pem --key key.pem
`;

/** `decant serve`: resolves when the server was asked to stop. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  if (args[0] === FOR_PARENT) {
    await serveParent(cpuDriver(compilerOption(args[1])));
    return 0;
  }
  const { options: given, rest } = parseCommandLine("serve", options, args);
  if (given.help) {
    writeHelp(help);
    return 0;
  }
  requireNoWords("serve", rest);
  const { listen = "127.0.0.1:9440" } = given;
  requireAddress(listen);
  const workers = numberOption("workers", given.workers, { min: 1, max: 1024, unit: "threads" });
  const sessions = numberOption("sessions", given.sessions, { min: 1, max: 10_000, unit: "sessions" });
  const memoryBytes = bytesOption("memory", given.memory);
  const timeLimitMs = durationOption("kernel-time", given["kernel-time"]);
  const graceMs = durationOption("grace", given.grace);
  const drainMs = durationOption("drain", given.drain) ?? 5_000;
  const log = logger(given.quiet === true, given["log-format"]);
  const access = {
    token: readToken(given["token-file"]),
    tokens: readTokens(given.tokens),
    tls: readCertificate(given.cert, given.key),
  };
  const { driver: driverName = "cpu" } = given;
  if (driverName !== "cpu" && driverName !== "nvidia") throw new UsageError(`--driver is cpu or nvidia, not "${driverName}"`);
  const driver =
    driverName === "nvidia"
      ? nvidiaDriver()
      : cpuDriver({ ...(workers && { workers }), ...(timeLimitMs && { timeLimitMs }), ...compilerOption(given.compute) });
  if (driverName === "nvidia") await tryDriver(driver);
  const asked = new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  let server;
  try {
    server = await serve({
      listen,
      driver,
      log,
      ...access,
      trustProxy: given["trust-proxy"] === true,
      ...(given.origin && { origins: given.origin }),
      ...(sessions && { sessions }),
      ...(memoryBytes && { guardLimits: { ...defaultGuardLimits, memoryBytes } }),
      ...(graceMs !== undefined && { graceMs }),
    });
  } catch (error) {
    await driver.close();
    throw new UsageError((error as Error).message, 1);
  }
  await asked;
  // Asked again, it waits for nobody.
  process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
  await server.stop(drainMs);
  return 0;
}

function requireAddress(listen: string): void {
  try {
    parseListen(listen);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Opens a session and closes it: what the driver lacks is told before clients come. */
async function tryDriver(driver: CudaDriver): Promise<void> {
  try {
    await (await driver.open()).close();
  } catch (error) {
    await driver.close();
    if (error instanceof CudaError) throw new UsageError(error.message, 1);
    throw error;
  }
}

function logger(quiet: boolean, format = "text"): (entry: LogEntry) => void {
  if (format !== "text" && format !== "json") throw new UsageError(`--log-format is text or json, not "${format}"`);
  if (quiet) return () => undefined;
  if (format === "json") return (entry) => void process.stderr.write(`${JSON.stringify(entry)}\n`);
  const paint = painter(process.stderr);
  return (entry) => void process.stderr.write(`${paint("dim", entry.time)} ${paintLevel(paint, entry)}\n`);
}

function paintLevel(paint: ReturnType<typeof painter>, entry: LogEntry): string {
  return entry.level === "warn" ? paint("yellow", logLine(entry)) : logLine(entry);
}

function readToken(file: string | undefined): string | undefined {
  if (file === undefined) return process.env["DECANT_TOKEN"] || undefined;
  const token = readText("token-file", file).trim();
  if (token === "") throw new UsageError(`--token-file ${file}: the file is empty`);
  return token;
}

/** A file that was named must be there; the usual one need not. */
function readTokens(file: string | undefined): TokenFile | undefined {
  const path = file ?? defaultTokenFile();
  if (file === undefined && !existsSync(path)) return undefined;
  const tokens = new TokenFile(path);
  try {
    if (file !== undefined) readText("tokens", file);
    tokens.list();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message, 1);
  }
  return tokens;
}

function readCertificate(cert: string | undefined, key: string | undefined): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError("--cert and --key go together");
  return { cert: readText("cert", cert), key: readText("key", key) };
}

function readText(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`--${option} ${file}: cannot be read`);
  }
}
