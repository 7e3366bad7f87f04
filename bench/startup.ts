/**
 * Whole-process start-up: `npx tsx bench/startup.ts [--json]`. hello.exe under Decant, bare Node, and hello.exe under Wine where it is
 * installed (its server kept warm), in turn, the median of 15 runs after 3.
 */
import { join } from "node:path";
import { benchFolder, decantCommand, have, median, output, report, type Row } from "./report.ts";

const hello = join(benchFolder, "../fixtures/hello/hello.exe");
const commands: { name: string; command: string; args: string[]; env?: Record<string, string> }[] = [
  { name: "node -e 0", command: process.execPath, args: ["-e", "0"] },
  { name: "decant hello.exe", command: process.execPath, args: [decantCommand, "run", hello] },
];
if (have("wine")) commands.push({ name: "wine hello.exe", command: "wine", args: [hello], env: { WINEDEBUG: "-all" } });

const times = new Map<string, number[]>(commands.map(({ name }) => [name, []]));
for (let round = -3; round < 15; round++) {
  for (const { name, command, args, env } of commands) {
    const start = performance.now();
    output(command, args, env);
    if (round >= 0) times.get(name)?.push(performance.now() - start);
  }
}
const node = median(times.get("node -e 0") ?? []);
const rows: Row[] = [...times].map(([name, ms]) => ({
  command: name,
  "median ms": median(ms),
  "fastest ms": Math.min(...ms),
  "less node ms": median(ms) - node,
}));
report("start-up", rows);
