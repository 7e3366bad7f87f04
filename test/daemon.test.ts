import { spawn, type ChildProcess } from "node:child_process";
import { connect } from "node:net";
import { chmodSync, copyFileSync, mkdtempSync, openSync, closeSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FRAME, onFrames, sendFrames, sendRun } from "#decant/daemon/frames";
import type { DaemonStatus } from "#decant/daemon/supervisor";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant, decantCommand, type Ran, type RunOptions } from "./decant.ts";

const hello = join(fixturesFolder, "hello/hello.exe");
const echo = join(fixturesFolder, "echo/echo.exe");
const loops = join(fixturesFolder, "loops/loops.exe");
const limits = join(fixturesFolder, "limits/limits.exe");
const folder = mkdtempSync(join(tmpdir(), "decant-daemon-"));
const env = { XDG_RUNTIME_DIR: folder, DECANT_DAEMON: "", DECANT_CACHE: join(folder, "cache") };

/** Runs `decant` where the daemon may take the run. */
const run = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  decant(args, { ...options, env: { ...env, ...options.env } });

async function status(): Promise<DaemonStatus> {
  return JSON.parse((await run(["daemon", "status", "--json"])).stdout.toString()) as DaemonStatus;
}

/** How many runs the daemon took while something was done, from when it has a runner that waits. */
async function runsDuring(what: () => Promise<unknown>): Promise<number> {
  await until(async () => (await status()).runners.some(({ state }) => state === "waits"));
  const before = (await status()).runs;
  await what();
  return (await status()).runs - before;
}

/** Starts `decant` with pipes, and waits for its first output. */
async function started(args: readonly string[], more = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, [decantCommand, ...args], { env: { ...process.env, ...env, NO_COLOR: "1", ...more } });
  await new Promise((resolve) => void child.stdout.once("data", resolve));
  return child;
}

/** How a process ends, and what it said on standard error. */
async function ended(child: ChildProcess): Promise<{ exit: number | null; stderr: string }> {
  let stderr = "";
  child.stderr?.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  const exit = await new Promise<number | null>((resolve) => void child.once("close", resolve));
  return { exit, stderr };
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => void setTimeout(resolve, 50));
}

beforeAll(async () => void (await run(["daemon", "start", "--runners", "3"])));

afterAll(async () => {
  await run(["daemon", "stop"]);
  rmSync(folder, { recursive: true });
});

describe("a program that the daemon runs is what it is without", () => {
  test("output, error output, exit code: again and again in one process", async () => {
    const alone = await decant([hello, "one", "two words"]);
    expect(alone.stdout.length).toBeGreaterThan(10);
    for (let n = 0; n < 3; n++) expect(await runsDuring(async () => expect(await run([hello, "one", "two words"])).toEqual(alone))).toBe(1);
  });

  test("current folder, variables, umask", async () => {
    const own = mkdtempSync(join(folder, "own-"));
    copyFileSync(hello, join(own, "hello.exe"));
    const command = `umask 027; exec "${process.execPath}" "${decantCommand}" run --trace '*!exit' --trace-file trace.txt hello.exe </dev/null 2>&1 | cat`;
    const runs = await runsDuring(async () => {
      const shell = spawn("sh", ["-c", command], { cwd: own, env: { ...process.env, ...env, DECANT_FIXTURE: "mauve" } });
      let text = "";
      shell.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
      await ended(shell);
      expect(text).toContain("|beef|mauve\r\n");
    });
    expect(runs).toBe(1);
    expect(await runsDuring(async () => expect((await run([hello])).stdout.toString()).toContain("|beef|(unset)\r\n"))).toBe(1);
    expect(readFileSync(join(own, "trace.txt"), "utf8")).toContain("exit(");
    expect(statSync(join(own, "trace.txt")).mode & 0o777).toBe(0o640);
  });

  test("input and output of megabytes", async () => {
    const input = Buffer.from(Array.from({ length: 3 * 2 ** 20 }, (_, n) => (n * 7 + (n >> 8)) & 0xff));
    let ran: Ran | undefined;
    expect(await runsDuring(async () => (ran = await run([echo], { input })))).toBe(1);
    expect(ran?.stdout.equals(input)).toBe(true);
    expect(ran?.stderr).toBe(`${input.length} bytes\r\n`);
  });

  test("nobody reads on: it is told so", async () => {
    for (const DECANT_DAEMON of ["", "off"]) {
      const child = await started([echo, "flood"], { DECANT_DAEMON });
      child.stdout?.destroy();
      expect((await ended(child)).exit).toBe(128 + 13);
    }
  });

  test("Ctrl-C", async () => {
    const child = await started([loops, "sleep"]);
    child.kill("SIGINT");
    expect((await ended(child)).exit).toBe(0x3a);
  });

  // What `decant` sends of a terminal is sent by hand: there is none in a test.
  test("a terminal: its size, and keys that come at once", async () => {
    const at = join(folder, "decant", readdirSync(join(folder, "decant")).find((name) => /^\w+$/.test(name)) ?? "");
    const socket = connect(at);
    let drawn = "";
    const modes: number[] = [];
    const exit = new Promise<number>((resolve) => {
      onFrames(socket, (kind, bytes) => {
        if (kind === FRAME.output) drawn += bytes.toString();
        else if (kind === FRAME.raw) modes.push(bytes[0] as number);
        else if (kind === FRAME.exit) resolve(bytes[0] as number);
      });
    });
    const drawnNow = (what: RegExp): Promise<void> => until(async () => await Promise.resolve(what.test(drawn)));
    const environment = { ...process.env, ...env };
    sendRun(socket, {
      args: [join(fixturesFolder, "screen/screen.exe")],
      cwd: folder,
      umask: 0o22,
      environment,
      streams: ["terminal", "terminal", "terminal"],
      size: { columns: 50, rows: 12 },
    });
    await drawnNow(/\[12;1H={50}/);
    for (const [index, keys] of ["\u001b[C", "x"].entries()) {
      sendFrames(socket, FRAME.input, Buffer.from(keys));
      await drawnNow(new RegExp(` key ${index + 1}:`));
    }
    expect(modes).toEqual([1]);
    sendFrames(socket, FRAME.input, Buffer.from("q"));
    expect(await exit).toBe(0);
    expect(modes.at(-1)).toBe(0);
    socket.destroy();
  });

  test("limits, warnings, mistakes", async () => {
    for (const args of [
      ["--timeout", "1", limits, "spin"],
      ["--memory", "64", limits, "memory"],
      ["missing.exe"],
      ["--wrong", hello],
      ["--help"],
    ]) {
      let ran: Ran | undefined;
      expect(await runsDuring(async () => (ran = await run(["run", ...args])))).toBe(1);
      expect(ran).toEqual(await decant(["run", ...args]));
    }
  });
});

describe("what the daemon does not take runs without it", () => {
  test("streams that are files", async () => {
    const file = join(folder, "out.txt");
    const runs = await runsDuring(async () => {
      const out = openSync(file, "w");
      await ended(spawn(process.execPath, [decantCommand, hello], { env: { ...process.env, ...env }, stdio: ["ignore", out, "ignore"] }));
      closeSync(out);
    });
    expect(runs).toBe(0);
    expect(readFileSync(file)).toEqual((await decant([hello])).stdout);
  });

  test("programs of the host's, DECANT_DAEMON=off, other settings of Node's, a folder that others may reach", async () => {
    const runs = await runsDuring(async () => {
      const shared = join(folder, "decant");
      expect((await run(["run", "--allow-run", hello])).exit).toBe(0);
      expect((await run([hello], { env: { DECANT_DAEMON: "off" } })).exit).toBe(0);
      expect((await run([hello], { env: { NODE_OPTIONS: "--no-warnings" } })).exit).toBe(0);
      chmodSync(shared, 0o750);
      expect((await run([hello])).exit).toBe(0);
      chmodSync(shared, 0o700);
    });
    expect(runs).toBe(0);
  });

  test("more at a time than it has runners", async () => {
    const refused = (await status()).refused;
    const children = await Promise.all(Array.from({ length: 5 }, () => started([loops, "sleep"])));
    const { runners, refused: refusedNow } = await status();
    expect(runners.length).toBeLessThanOrEqual(3);
    expect(runners.every(({ state }) => state === "runs") || refusedNow > refused).toBe(true);
    for (const child of children) child.kill("SIGINT");
    expect((await Promise.all(children.map(ended))).map(({ exit }) => exit)).toEqual(Array.from({ length: 5 }, () => 0x3a));
  });
});

describe("when somebody dies", () => {
  test("whoever gave the run: the program ends with it", async () => {
    const child = await started([loops, "spin"]);
    const busy = (await status()).runners.find(({ state }) => state === "runs");
    child.kill("SIGKILL");
    await until(async () => !(await status()).runners.some(({ pid }) => pid === busy?.pid));
    expect((await run([hello])).exit).toBe(0);
  });

  test("the runner: one sentence says so, and the next run is served", async () => {
    const child = await started([loops, "sleep"]);
    const busy = (await status()).runners.find(({ state }) => state === "runs");
    process.kill(busy?.pid as number, "SIGKILL");
    expect(await ended(child)).toEqual({
      exit: 70,
      stderr: "decant: the daemon ended while it ran the program; DECANT_DAEMON=off does without it\n",
    });
    expect(await runsDuring(async () => expect((await run([hello])).exit).toBe(0))).toBe(1);
  });
});

describe("the command", () => {
  test("a second start finds the first", async () => {
    const { pid } = await status();
    expect((await run(["daemon", "start"])).stdout.toString()).toBe(`was running already, process ${pid}\n`);
    expect((await run(["daemon"])).stdout.toString()).toMatch(
      /^process \d+, since .*: \d+ runs, \d+ that it had no runner for; ends after 15 minutes without one\n\nrunner +state +runs\n/,
    );
  });

  test("stop, and a socket that a killed one left", async () => {
    const other = { XDG_RUNTIME_DIR: mkdtempSync(join(folder, "other-")) };
    const runOther = (args: readonly string[]): Promise<Ran> => run(args, { env: other });
    expect(await runOther(["daemon"])).toMatchObject({ exit: 1, stderr: "" });
    const { pid } = JSON.parse((await runOther(["daemon", "start", "--json"])).stdout.toString()) as DaemonStatus;
    process.kill(pid, "SIGKILL");
    await until(async () => (await runOther(["daemon"])).exit === 1);
    expect((await runOther([hello])).exit).toBe(0);
    expect((await runOther(["daemon", "start"])).stdout.toString()).toMatch(/^started/);
    expect((await runOther(["daemon", "stop"])).stdout.toString()).toBe("stopped\n");
    expect((await runOther(["daemon", "stop"])).stdout.toString()).toBe("there is none\n");
  });

  test("it ends when nothing is run for so long", async () => {
    const other = { XDG_RUNTIME_DIR: mkdtempSync(join(folder, "idle-")) };
    expect((await run(["daemon", "start", "--idle", "0.02"], { env: other })).exit).toBe(0);
    await until(async () => (await run(["daemon"], { env: other })).exit === 1);
  });
});
