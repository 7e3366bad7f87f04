import { CudaError, isSticky } from "../result.ts";
import type { CudaClient } from "./client.ts";
import type { Stream } from "./objects.ts";

/**
 * Runs a function here when a stream has come to this point; the stream goes on when what it gives has settled. It is told what the work before it failed
 * with, and then holds nothing up.
 */
export async function runAtGate(client: CudaClient, stream: Stream, run: (failure: unknown) => void | Promise<void>): Promise<void> {
  const gate = client.handle();
  try {
    await client.answer(stream.context, client.session.cuLaunchHostFunc(gate, stream.handle));
  } catch (error) {
    // What an earlier call latched is the next wait's to report; the stream is as well as before.
    if (error instanceof CudaError && !isSticky(error.cuResult) && !stream.context.destroyed) {
      stream.failure ??= error;
      return runAtGate(client, stream, run);
    }
    return run(error);
  }
  try {
    await run(undefined);
  } finally {
    // A context that is gone has opened its gates.
    if (!stream.context.destroyed) client.session.hostFuncReturned(gate);
  }
}
