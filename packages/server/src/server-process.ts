import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import type { CudaDriver } from "@decant/cuda";
import { serve } from "./serve.ts";

/** A server in a process of its own, for this program only. */
export interface ServerProcess {
  readonly url: string;
  /** What clients must present; nobody else on the machine knows it. */
  readonly token: string;
  readonly pid: number;
  /** Ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;
const KILL_AFTER_MS = 2_000;

/**
 * Starts a server on a free port of loopback as a child process. `command` is a program and its arguments that end
 * up in `serveParent`: for `decant` its own executable with a hidden command. The child ends with this process,
 * however this ends, because its standard input closes.
 */
export async function startServerProcess(command: readonly string[]): Promise<ServerProcess> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error("a server process needs a command");
  const token = randomBytes(32).toString("hex");
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, DECANT_TOKEN: token } });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the CUDA server did not start within ${START_TIMEOUT_MS / 1000} s`)),
      START_TIMEOUT_MS,
    );
    child.once("error", (error) => reject(new Error(`cannot start the CUDA server: ${error.message}`)));
    void exited.then((code) => reject(new Error(`the CUDA server ended at its start (exit code ${String(code)})`)));
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      resolve(line);
    });
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  // The program may end while the server runs: the closed pipe tells the server.
  child.unref();
  (child.stdin as unknown as { unref?(): void }).unref?.();
  (child.stdout as unknown as { unref?(): void }).unref?.();
  return {
    url,
    token,
    pid: child.pid!,
    async stop() {
      child.ref();
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/**
 * The other side of startServerProcess: serves on a free port of loopback, writes the address to standard output as
 * one line, and resolves when standard input closes. Ctrl-C is the parent's affair.
 */
export async function serveParent(driver: CudaDriver): Promise<void> {
  const token = process.env["DECANT_TOKEN"];
  if (!token) throw new Error("a server process needs DECANT_TOKEN from the process that starts it");
  process.on("SIGINT", () => undefined);
  const server = await serve({ listen: "127.0.0.1:0", driver, token });
  process.stdout.write(`${server.url}\n`);
  await new Promise((resolve) => process.stdin.on("end", resolve).on("error", resolve).resume());
  await server.stop();
}
