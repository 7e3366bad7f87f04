import { TokenFile, type TokenRecord } from "@decant/server";
import { describeOptions, numberOption, parseCommandLine, type OptionValues } from "../command-line.ts";
import { bytesOption, bytesText, durationOption, durationText } from "../quantities.ts";
import { painter, UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";
import { defaultTokenFile } from "../token-file.ts";

const options = {
  tokens: { type: "string", value: "FILE", help: "where tokens are kept (default ~/.config/decant/tokens.json)" },
  expires: { type: "string", value: "TIME", help: "add: how long the token holds, as 12h or 90d (default: until it is revoked)" },
  memory: { type: "string", value: "SIZE", help: "add: device memory that a session may hold, as 2G" },
  handles: { type: "string", value: "N", help: "add: streams, events, modules and contexts that a session may hold" },
  modules: { type: "string", value: "N", help: "add: modules that a session may load" },
  "kernel-time": { type: "string", value: "TIME", help: "add: how long a kernel may run, as 10s" },
  queue: { type: "string", value: "N", help: "add: calls that a session may have under way (default 100000)" },
  weight: { type: "string", value: "N", help: "add: the share of the processors beside other sessions' (default 1)" },
  json: { type: "boolean", help: "list: as JSON" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant token add NAME [options]      make a token, and print it: it is shown this once
       decant token list [--json]           the tokens' names and limits
       decant token revoke NAME             take one away; its sessions end

Tokens let clients into \`decant serve\`; only their hashes are kept. A client presents its token in DECANT_TOKEN.

Options
${describeOptions(options)}

Examples
  decant token add ci --expires 90d --memory 2G --kernel-time 30s
  DECANT_TOKEN=decant_… decant run --gpu wss://gpu-host:9440 app.exe
`;

/** `decant token`: keeps the tokens of a server. */
export async function tokenCommand(args: readonly string[]): Promise<number> {
  const { options: given, rest } = parseCommandLine("token", options, args);
  if (given.help || args.length === 0) {
    writeHelp(help);
    return 0;
  }
  const [action, name, ...more] = rest;
  const file = new TokenFile(given.tokens ?? defaultTokenFile());
  if (more.length > 0) throw new UsageError(`token ${action} takes one name, but found "${more[0]}" as well`);
  try {
    if (action === "list" && name === undefined) list(file.list(), given.json === true);
    else if (action === "add" && name !== undefined) process.stdout.write(`${file.add(name, recordOf(given))}\n`);
    else if (action === "revoke" && name !== undefined) {
      file.revoke(name);
      process.stdout.write(`revoked ${name}\n`);
    } else throw new UsageError("token takes `add NAME`, `list` or `revoke NAME`; `decant token --help` says more");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message, 1);
  }
  return 0;
}

function recordOf(given: OptionValues<typeof options>): Omit<TokenRecord, "name" | "hash" | "created"> {
  const expiresMs = durationOption("expires", given.expires);
  const memoryBytes = bytesOption("memory", given.memory);
  const handles = numberOption("handles", given.handles, { min: 1, max: 1e6, unit: "handles" });
  const modules = numberOption("modules", given.modules, { min: 1, max: 1e6, unit: "modules" });
  const kernelTimeMs = durationOption("kernel-time", given["kernel-time"]);
  const queuedCalls = numberOption("queue", given.queue, { min: 1, max: 1e6, unit: "calls" });
  const weight = numberOption("weight", given.weight, { min: 0.01, max: 100, unit: "shares" });
  const limits = { ...(memoryBytes && { memoryBytes }), ...(handles && { handles }), ...(modules && { modules }) };
  return {
    ...(expiresMs !== undefined && { expires: new Date(Date.now() + expiresMs).toISOString() }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(kernelTimeMs !== undefined && { kernelTimeMs }),
    ...(queuedCalls !== undefined && { queuedCalls }),
    ...(weight !== undefined && { weight }),
  };
}

function list(records: readonly TokenRecord[], asJson: boolean): void {
  if (asJson) {
    // The hashes are nobody's business.
    process.stdout.write(`${JSON.stringify(records, (key, value: unknown) => (key === "hash" ? undefined : value))}\n`);
    return;
  }
  if (records.length === 0) {
    process.stderr.write("there are no tokens; `decant token add NAME` makes one\n");
    return;
  }
  const paint = painter(process.stdout);
  const width = Math.max(...records.map(({ name }) => name.length));
  for (const record of records) process.stdout.write(`${paint("bold", record.name.padEnd(width))}  ${describe(record).join(", ")}\n`);
}

function describe({ created, expires, limits, kernelTimeMs, queuedCalls, weight }: TokenRecord): string[] {
  const left = expires === undefined ? undefined : Date.parse(expires) - Date.now();
  return [
    `made ${created.slice(0, 10)}`,
    left === undefined ? "" : left > 0 ? `expires in ${durationText(left)}` : "expired",
    limits?.memoryBytes ? bytesText(limits.memoryBytes) : "",
    limits?.handles ? `${limits.handles} handles` : "",
    limits?.modules ? `${limits.modules} modules` : "",
    kernelTimeMs ? `kernels up to ${durationText(kernelTimeMs)}` : "",
    queuedCalls ? `${queuedCalls} calls under way` : "",
    weight ? `weight ${weight}` : "",
  ].filter(Boolean);
}
