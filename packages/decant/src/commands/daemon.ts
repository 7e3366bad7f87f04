import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { commandPath } from "../command-path.ts";
import { describeOptions, numberOption, parseCommandLine } from "../command-line.ts";
import { daemonPlace, makeDaemonFolder, type DaemonPlace } from "../daemon/place.ts";
import { runnerLoop, type Perform } from "../daemon/runner.ts";
import { askDaemon, Supervisor, type DaemonStatus } from "../daemon/supervisor.ts";
import { writeHelp } from "../help.ts";
import { tableText } from "../tables.ts";
import { UsageError } from "../terminal.ts";

const options = {
  idle: { type: "string", value: "MINUTES", help: "end when nothing was run for so long (15)" },
  runners: { type: "string", value: "N", help: "programs that it runs at a time (as many as there are processors, 2 at least)" },
  json: { type: "boolean", help: "everything as JSON" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant daemon [status|start|stop] [options]

Starting Decant takes longer than many a program runs. A daemon stays, with Decant loaded and the programs that it ran compiled: while there is one, \`decant run\` has it run
programs, with the folder, the variables, the streams and the rights of this user and terminal. It is seen in nothing but the time.
What needs the process itself runs without it: programs with streams redirected to files, or with --allow-run; and what comes while all its runners are busy.
DECANT_DAEMON=off does without. Each build of Decant, version of Node and user has its own.

Options
${describeOptions(options)}

Examples
  decant daemon start
  decant daemon start --idle 120
  decant daemon stop
`;

/** `decant daemon`: starts and stops the process that runs programs faster, or says what it does. `perform` does what a command line says. */
export async function daemonCommand(args: readonly string[], perform: Perform): Promise<number> {
  if (args[0] === "runner") return await runnerLoop(perform);
  const { options: given, rest } = parseCommandLine("daemon", options, args);
  const [action = "status", ...extra] = rest;
  if (given.help) {
    writeHelp(help);
    return 0;
  }
  const idleMinutes = numberOption("idle", given.idle, { min: 0.01, max: 1e5, unit: "minutes" }) ?? 15;
  const maxRunners = numberOption("runners", given.runners, { min: 1, max: 1024, unit: "programs" }) ?? Math.max(2, availableParallelism());
  if (!/^(status|start|stop|supervise)$/.test(action) || extra.length > 0)
    throw new UsageError(`daemon takes status, start or stop, not "${[action, ...extra].join(" ")}"`);
  const place = daemonPlace();
  if (place === undefined)
    throw new UsageError("there are no daemons here: they need a host like Linux or macOS, and a Decant that is built", 1);
  const say = (status: DaemonStatus | undefined, text: string): void =>
    void process.stdout.write(`${given.json ? JSON.stringify(status ?? null) : text}\n`);
  switch (action) {
    case "supervise":
      await new Supervisor(place, { maxRunners, idleSeconds: idleMinutes * 60 }).start();
      process.send?.("ready");
      process.disconnect?.();
      return await new Promise(() => {}); // Node ends when nothing is left to wait for
    case "start": {
      const known = await askDaemon(place, "status");
      if (known === undefined) await launch(place, ["--idle", String(idleMinutes), "--runners", String(maxRunners)]);
      const status = await askDaemon(place, "status");
      say(status, known === undefined ? `started, process ${status?.pid}` : `was running already, process ${known.pid}`);
      return 0;
    }
    case "stop": {
      const status = await askDaemon(place, "stop");
      say(status, status === undefined ? "there is none" : "stopped");
      return 0;
    }
    default: {
      const status = await askDaemon(place, "status");
      say(status, status === undefined ? "there is none; `decant daemon start` starts one" : statusText(status));
      return status === undefined ? 1 : 0;
    }
  }
}

/** Starts a daemon that stays when this process ends, and waits until it is ready. */
async function launch(place: DaemonPlace, args: readonly string[]): Promise<void> {
  makeDaemonFolder(place);
  const log = openSync(place.log, "w", 0o600);
  const child = spawn(process.execPath, [commandPath, "daemon", "supervise", ...args], {
    detached: true,
    cwd: "/",
    stdio: ["ignore", log, log, "ipc"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("error", reject);
    child.once("exit", () => reject(new UsageError(`the daemon did not start: ${readFileSync(place.log, "utf8").trim()}`, 1)));
  });
  child.removeAllListeners("exit");
  child.disconnect();
  child.unref();
}

function statusText({ pid, startedAt, runs, refused, idleSeconds, runners }: DaemonStatus): string {
  const rows = runners.map((runner) => [String(runner.pid ?? ""), runner.state, String(runner.runs)]);
  return [
    `process ${pid}, since ${startedAt}: ${runs} runs, ${refused} that it had no runner for; ends after ${idleSeconds / 60} minutes without one`,
    "",
    tableText(["runner", "state", ">runs"], rows).trimEnd(),
  ].join("\n");
}
