import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  callNames,
  CUDA_ERROR,
  CudaError,
  driverCalls,
  type CudaDriver,
  type CudaSession,
  type DriverInfo,
  type SessionOptions,
} from "@decant/cuda";

import { MarkedOutput } from "./marked-output.ts";

/** Calls for a session's process, counted from `first`: each is its place in the table, then its arguments. */
export interface ToProcess {
  readonly first: number;
  readonly calls: readonly (readonly [call: number, ...args: unknown[]])[];
}

/** What a session's process says. */
export type FromProcess =
  | { readonly kind: "ready"; readonly info: DriverInfo }
  | { readonly kind: "refused"; readonly code: number; readonly log: string | undefined }
  | { readonly kind: "answer"; readonly sequence: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly sequence: number; readonly code: number; readonly log: string | undefined }
  /** All posts before `upTo` are with the device, or have failed. */
  | { readonly kind: "posted"; readonly upTo: number; readonly failures: readonly (readonly [number, number, string | undefined])[] };

/**
 * A driver that runs kernels on NVIDIA GPUs, by libcuda. Each session has a process of its own: a sticky error, or a crash of the library, ends that session and
 * nothing else, and sessions cannot reach each other's memory. `open` fails with CUDA_ERROR_SYSTEM_NOT_READY, and a sentence, where there is no libcuda or no koffi.
 */
export function nvidiaDriver(): CudaDriver {
  const sessions = new Set<ProcessSession>();
  return {
    async open(options = {}) {
      const session = new ProcessSession(options, () => sessions.delete(session));
      sessions.add(session);
      return session.ready();
    },
    async close() {
      await Promise.all([...sessions].map((session) => session.close()));
    },
  };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: CudaError): void;
}

const CLOSE_TIMEOUT_MS = 5_000;

class ProcessSession {
  readonly #child: ChildProcess;
  readonly #options: SessionOptions;
  readonly #onEnd: () => void;
  /** Answers that are due, and posts that are not known to be with the device, by their count. */
  readonly #answers = new Map<number, Waiting>();
  readonly #posts = new Map<number, Waiting>();
  /** Values of answers whose mark has not come, and marks of answers whose value has not. */
  readonly #values = new Map<number, unknown>();
  readonly #marks = new Set<number>();
  #batch: [call: number, ...args: unknown[]][] = [];
  #count = 0;
  #posted = 0;
  #failure: CudaError | undefined;
  #closing = false;
  readonly #exited: Promise<void>;
  #settle: { resolve(info: DriverInfo): void; reject(error: CudaError): void } | undefined;

  constructor(options: SessionOptions, onEnd: () => void) {
    this.#options = options;
    this.#onEnd = onEnd;
    this.#child = forkProcess();
    this.#child.on("message", (message: FromProcess) => this.#receive(message));
    // What kernels print goes to the process's own standard output.
    const output = new MarkedOutput(
      (text) => options.onOutput?.(text),
      (sequence) => this.#marked(sequence),
    );
    this.#child.stdout?.on("data", (bytes: Buffer) => output.push(bytes));
    this.#child.on("error", () => undefined);
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#end(`the GPU's process has ended (${signal ?? `exit code ${String(code)}`})`);
        resolve();
      });
    });
  }

  async ready(): Promise<CudaSession> {
    const info = await new Promise<DriverInfo>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const methods = Object.fromEntries(callNames.map((name, call) => [name, (...args: unknown[]) => this.#call(call, name, args)]));
    // A method for each name of the table, with its arguments.
    return { ...methods, info, close: () => this.close() } as unknown as CudaSession;
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), CLOSE_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #call(call: number, name: (typeof callNames)[number], args: readonly unknown[]): Promise<unknown> {
    if (this.#failure) throw this.#failure;
    // The caller's bytes may change when this returns.
    const copies = args.map((arg) => (arg instanceof Uint8Array ? Uint8Array.prototype.slice.call(arg) : arg));
    // A place to write a result to cannot be handed to another process.
    if (copies.length > driverCalls[name].parameters.length) copies.length = driverCalls[name].parameters.length;
    const into = args.length > copies.length ? (args.at(-1) as Uint8Array) : undefined;
    if (this.#batch.length === 0) queueMicrotask(() => this.#flush());
    this.#batch.push([call, ...copies]);
    const sequence = this.#count++;
    const result = new Promise((resolve, reject) => {
      const land = (value: unknown): void => {
        if (into === undefined) return resolve(value);
        into.set(value as Uint8Array);
        resolve(into);
      };
      (driverCalls[name].kind === "answer" ? this.#answers : this.#posts).set(sequence, { resolve: land, reject });
    });
    // What a post gives is for a guard, and nobody's duty to look at.
    if (driverCalls[name].kind !== "answer") result.catch(() => undefined);
    return result;
  }

  #flush(): void {
    const calls = this.#batch;
    this.#batch = [];
    if (!this.#child.connected) return;
    const message: ToProcess = { first: this.#count - calls.length, calls };
    this.#child.send(message);
  }

  #receive(message: FromProcess): void {
    switch (message.kind) {
      case "ready":
        return this.#settle?.resolve(message.info);
      case "refused":
        this.#settle?.reject(new CudaError(message.code === CUDA_ERROR.UNKNOWN ? CUDA_ERROR.SYSTEM_NOT_READY : message.code, message.log));
        this.#closing = true;
        this.#child.kill();
        return undefined;
      case "answer":
        this.#values.set(message.sequence, message.value);
        return this.#marked(undefined);
      case "failed":
        return take(this.#answers, message.sequence)?.reject(new CudaError(message.code, message.log));
      case "posted":
        for (const [sequence, code, log] of message.failures) take(this.#posts, sequence)?.reject(new CudaError(code, log));
        for (; this.#posted < message.upTo; this.#posted++) take(this.#posts, this.#posted)?.resolve(undefined);
        return undefined;
    }
  }

  /** An answer is given when both it and its mark in the output have come, whichever was first. */
  #marked(sequence: number | undefined): void {
    if (sequence !== undefined) this.#marks.add(sequence);
    for (const [answered, value] of this.#values) {
      if (!this.#marks.delete(answered)) continue;
      this.#values.delete(answered);
      take(this.#answers, answered)?.resolve(value);
    }
  }

  #end(reason: string): void {
    this.#failure ??= new CudaError(CUDA_ERROR.EXTERNAL_DEVICE, reason);
    this.#onEnd();
    this.#settle?.reject(new CudaError(CUDA_ERROR.SYSTEM_NOT_READY, reason));
    for (const calls of [this.#answers, this.#posts]) {
      for (const waiting of calls.values()) waiting.reject(this.#failure);
      calls.clear();
    }
    if (!this.#closing) this.#options.onLost?.(reason);
  }
}

function take(calls: Map<number, Waiting>, sequence: number): Waiting | undefined {
  const waiting = calls.get(sequence);
  calls.delete(sequence);
  return waiting;
}

/** From sources the program is TypeScript, in a bundle a file of its own beside the others. */
function forkProcess(): ChildProcess {
  const isSource = import.meta.url.endsWith(".ts");
  const program = new URL(isSource ? "./nvidia-process.ts" : "./nvidia-process.js", import.meta.url);
  return fork(fileURLToPath(program), [], {
    serialization: "advanced",
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    execArgv: isSource ? ["--import", "tsx"] : [],
    env: {
      // A stream that waits must hold no other up (CUDA C++ Programming Guide, "CUDA Environment Variables"): few share a queue of the device's, and no
      // kernel is loaded when it is first launched, which would wait for all that runs.
      CUDA_DEVICE_MAX_CONNECTIONS: "32",
      CUDA_MODULE_LOADING: "EAGER",
      ...process.env,
    },
  });
}
