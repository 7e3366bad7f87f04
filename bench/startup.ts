/**
 * Whole-process start-up: `npx tsx bench/startup.ts [program.exe arguments…] [--json]`, hello.exe unless a program is named. Bare Node, Decant with a cache that is
 * filled (warm), by a daemon, and without any (cold), and Wine where it is installed, in turn, the median of 15 runs after 3: until the end, and until the first byte of
 * output. Wine's server is not kept between runs.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchFolder, decantCommand, have, median, report, startDaemon, type Row } from "./report.ts";

const ROUNDS = 15;
const WARM_UPS = 3;
const words = process.argv.slice(2).filter((word) => word !== "--json");
const program = words.length > 0 ? words : [join(benchFolder, "../fixtures/hello/hello.exe")];
const cache = mkdtempSync(join(tmpdir(), "decant-bench-"));

interface Command {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string>;
}

interface Times {
  ms: number;
  firstMs: number | undefined;
}

const daemon = startDaemon(cache);
const decant = [decantCommand, "run", ...program];
const commands: Command[] = [
  { name: "node -e 0", command: process.execPath, args: ["-e", "0"], env: {} },
  { name: "decant, warm", command: process.execPath, args: decant, env: { DECANT_CACHE: cache, DECANT_DAEMON: "off" } },
  { name: "decant, daemon", command: process.execPath, args: decant, env: { DECANT_CACHE: cache, ...daemon.env } },
  { name: "decant, cold", command: process.execPath, args: decant, env: { DECANT_CACHE: "off", DECANT_DAEMON: "off" } },
];
if (have("wine")) commands.push({ name: "wine", command: "wine", args: program, env: { WINEDEBUG: "-all" } });

try {
  const times = new Map<Command, Times[]>(commands.map((command) => [command, []]));
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    for (const command of commands) {
      const time = await run(command);
      if (round >= 0) times.get(command)?.push(time);
    }
  }
  const node = median((times.get(commands[0] as Command) ?? []).map(({ ms }) => ms));
  const rows: Row[] = [...times].map(([{ name }, list]) => {
    const ms = median(list.map((time) => time.ms));
    const first = list.map(({ firstMs }) => firstMs).filter((time) => time !== undefined);
    return {
      command: name,
      "median ms": ms,
      "less node ms": ms - node,
      "fastest ms": Math.min(...list.map((time) => time.ms)),
      "first byte ms": first.length > 0 ? median(first) : undefined,
    };
  });
  report(`start-up, ${program[0]?.split("/").at(-1)}`, rows);
} finally {
  daemon.stop();
  rmSync(cache, { recursive: true, force: true });
}

function run({ name, command, args, env }: Command): Promise<Times> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let firstMs: number | undefined;
    const seen = (): void => void (firstMs ??= performance.now() - start);
    child.stdout.on("data", seen);
    child.stderr.on("data", seen);
    child.on("error", reject);
    child.on("close", (code) => {
      const ms = performance.now() - start;
      if (code !== 0 && words.length === 0) reject(new Error(`${name} ended with ${code}`));
      else resolve({ ms, firstMs });
    });
  });
}
