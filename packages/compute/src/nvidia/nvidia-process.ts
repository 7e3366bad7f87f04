import { writeSync } from "node:fs";
import { callNames, CUDA_ERROR, CudaError, type DriverCalls, driverCalls } from "@decant/cuda";
import { openLibcuda } from "./libcuda.ts";
import { NvidiaSession } from "./nvidia-session.ts";
import { markOf } from "./marked-output.ts";
import type { FromProcess, ToProcess } from "./nvidia-driver.ts";

/** The program of a session's process: takes calls from its parent, in order, until the parent is gone. */
async function main(): Promise<void> {
  // What cannot be said any more is nobody's loss: a parent that is gone is told by `disconnect`.
  const send = (message: FromProcess): void => void process.send?.(message, undefined, undefined, () => undefined);
  process.on("disconnect", () => process.exit(0));
  let session: NvidiaSession;
  try {
    session = new NvidiaSession(await openLibcuda());
  } catch (error) {
    send({ kind: "refused", ...failureOf(error) });
    return;
  }
  send({ kind: "ready", info: session.info });
  const waiting: ToProcess[] = [];
  let isTaking = false;
  process.on("message", (message: ToProcess) => {
    session.hear(message.calls);
    waiting.push(message);
    if (!isTaking) void takeAll();
  });

  /** Takes calls in their order; behind one that waits for something before its work can be in its stream, all others wait. */
  async function takeAll(): Promise<void> {
    isTaking = true;
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) await take(message);
    isTaking = false;
  }

  async function take({ first, calls }: ToProcess): Promise<void> {
    const failures: [number, number, string | undefined][] = [];
    for (const [index, [call, ...args]] of calls.entries()) {
      const sequence = first + index;
      const name = callNames[call]!;
      const answers = driverCalls[name].kind === "answer";
      try {
        // The parent's guard has checked the arguments against the table.
        const method = (session as Partial<DriverCalls>)[name] as ((...values: unknown[]) => unknown) | undefined;
        if (method === undefined) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, `${name} is not carried over to libcuda yet`);
        const result = method.apply(session, args);
        if (answers)
          void Promise.resolve(result).then(
            (value) => {
              // What kernels printed until now is before the mark, and given out before the answer.
              mark(sequence);
              send({ kind: "answer", sequence, value });
            },
            (error: unknown) => send({ kind: "failed", sequence, ...failureOf(error) }),
          );
        else if (result instanceof Promise) await result;
        const held = session.takeHeld();
        if (held !== undefined) await held;
      } catch (error) {
        const { code, log } = failureOf(error);
        if (answers) send({ kind: "failed", sequence, code, log });
        else failures.push([sequence, code, log]);
      }
    }
    send({ kind: "posted", upTo: first + calls.length, failures });
  }
}

/** Marks in the output how far the session has come; where nobody reads it, the parent is gone or has given the session up. */
function mark(sequence: number): void {
  try {
    writeSync(1, markOf(sequence));
  } catch {
    process.exit(0);
  }
}

function failureOf(error: unknown): { code: number; log: string | undefined } {
  if (error instanceof CudaError) return { code: error.cuResult, log: error.log };
  return { code: CUDA_ERROR.UNKNOWN, log: error instanceof Error ? error.message : String(error) };
}

await main();
