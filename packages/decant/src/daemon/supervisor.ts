import { fork, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { commandPath } from "../command-path.ts";
import { makeDaemonFolder, type DaemonPlace } from "./place.ts";

/** What a daemon says of itself. */
export interface DaemonStatus {
  readonly pid: number;
  readonly startedAt: string;
  /** How long it stays when nothing is run, in seconds. */
  readonly idleSeconds: number;
  /** Runs that it has taken, and runs that it had no runner for. */
  readonly runs: number;
  readonly refused: number;
  readonly runners: readonly { readonly pid: number | undefined; readonly state: RunnerState; readonly runs: number }[];
}

/** It loads Decant, waits for a run, or has one. */
export type RunnerState = "starts" | "waits" | "runs";

/** How a daemon works. */
export interface DaemonOptions {
  /** Programs that it runs at a time, at most; others run without it. */
  readonly maxRunners: number;
  readonly idleSeconds: number;
}

/** A small program ends before so much garbage has come up; otherwise V8 makes the young generation small again after every run. */
const YOUNG_GENERATION = "--min-semi-space-size=16";

interface Runner {
  readonly child: ChildProcess;
  state: RunnerState;
  runs: number;
}

/**
 * The daemon's first process: takes what comes to the socket and hands it to a runner, which is a process for one run at a time. The runner that ran last is taken first: it
 * has most of what the next run needs. One more than is busy is kept ready.
 */
export class Supervisor {
  readonly #place: DaemonPlace;
  readonly #options: DaemonOptions;
  readonly #startedAt = new Date().toISOString();
  /** The one that ran last at the end. */
  readonly #runners: Runner[] = [];
  readonly #servers: Server[] = [];
  #idleTimer: NodeJS.Timeout | undefined;
  #runs = 0;
  #refused = 0;
  #isStopping = false;
  #whenReady: () => void = () => {};

  constructor(place: DaemonPlace, options: DaemonOptions) {
    this.#place = place;
    this.#options = options;
  }

  /** Resolves when runs can be given to it. Throws where another daemon has the place. */
  async start(): Promise<void> {
    makeDaemonFolder(this.#place);
    const ready = new Promise<void>((resolve) => (this.#whenReady = resolve));
    this.#keepSpare();
    await ready;
    await this.#listen(this.#place.control, (socket) => this.#answer(socket));
    await this.#listen(this.#place.socket, (socket) => this.#give(socket));
    process.on("SIGTERM", () => this.stop());
    this.#watchIdle();
  }

  /** Takes no more runs, and ends when those are done that it has. */
  stop(): void {
    this.#isStopping = true;
    clearTimeout(this.#idleTimer);
    for (const server of this.#servers) server.close();
    for (const path of [this.#place.socket, this.#place.control]) rmSync(path, { force: true });
    for (const { child, state } of this.#runners) if (state !== "runs") child.disconnect();
  }

  #status(): DaemonStatus {
    const runners = this.#runners.map(({ child, state, runs }) => ({ pid: child.pid, state, runs }));
    const { idleSeconds } = this.#options;
    return { pid: process.pid, startedAt: this.#startedAt, idleSeconds, runs: this.#runs, refused: this.#refused, runners };
  }

  async #listen(path: string, take: (socket: Socket) => void): Promise<void> {
    if (await answers(path)) throw new Error("a daemon is running already");
    rmSync(path, { force: true }); // of one that was killed
    const server = createServer({ pauseOnConnect: true }, take);
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  }

  #give(socket: Socket): void {
    socket.on("error", () => {});
    const runner = this.#runners.findLast(({ state }) => state === "waits");
    if (runner === undefined) {
      // Whoever asks runs the program without us.
      this.#refused++;
      socket.destroy();
      return;
    }
    runner.state = "runs";
    runner.runs++;
    this.#runs++;
    this.#runners.push(...this.#runners.splice(this.#runners.indexOf(runner), 1));
    clearTimeout(this.#idleTimer);
    runner.child.send("run", socket);
    this.#keepSpare();
  }

  #keepSpare(): void {
    if (this.#isStopping || this.#runners.length >= this.#options.maxRunners || this.#runners.some(({ state }) => state !== "runs")) return;
    const child = fork(commandPath, ["daemon", "runner"], { execArgv: [YOUNG_GENERATION], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const runner: Runner = { child, state: "starts", runs: 0 };
    // What has not run yet is taken last.
    this.#runners.unshift(runner);
    child.on("message", () => {
      runner.state = "waits";
      this.#whenReady();
      if (this.#isStopping) child.disconnect();
      else this.#watchIdle();
    });
    child.on("exit", () => {
      this.#runners.splice(this.#runners.indexOf(runner), 1);
      // One that cannot even start would be started for ever.
      if (runner.state === "starts") this.stop();
      else this.#keepSpare();
      this.#watchIdle();
    });
  }

  #watchIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#isStopping || this.#runners.some(({ state }) => state === "runs")) return;
    this.#idleTimer = setTimeout(() => this.stop(), this.#options.idleSeconds * 1000);
  }

  #answer(socket: Socket): void {
    socket.on("error", () => {});
    socket.on("data", (question) => {
      socket.end(JSON.stringify(this.#status()));
      if (question.toString() === "stop") this.stop();
    });
    socket.resume();
  }
}

/** Asks the daemon at a place, and tells it to stop when that is the question; undefined when there is none. */
export async function askDaemon({ control }: DaemonPlace, question: "status" | "stop"): Promise<DaemonStatus | undefined> {
  return await new Promise((resolve) => {
    const socket = connect(control, () => void socket.write(question));
    let text = "";
    socket.on("data", (piece) => (text += piece.toString()));
    socket.on("error", () => resolve(undefined));
    socket.on("end", () => resolve(JSON.parse(text) as DaemonStatus));
  });
}

async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
