import { CUDA_ERROR, CudaError, isSticky } from "../result.ts";
import type { Stream } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** What a stream runs on the host. Later work of the stream waits until it has returned, or the promise that it gave is settled. */
export type HostFunction = () => void | Promise<void>;

/**
 * Runs a function here when the stream has come to this point; the stream goes on when it has returned. It is not run when the context has failed.
 * It must not call the Driver API.
 */
export function cuLaunchHostFunc(thread: CudaThread, hStream: number, fn: HostFunction): void {
  runAtGate(thread, thread.stream(hStream), async (failure) => {
    if (failure === undefined) await fn();
  });
}

/** The same, told with which CUresult the work before it ended; it is run in any case. `flags` must be 0. */
export function cuStreamAddCallback(
  thread: CudaThread,
  hStream: number,
  callback: (status: number) => void | Promise<void>,
  flags = 0,
): void {
  if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  runAtGate(thread, thread.stream(hStream), (failure) =>
    callback(failure instanceof CudaError ? failure.cuResult : failure === undefined ? 0 : CUDA_ERROR.UNKNOWN),
  );
}

function runAtGate(thread: CudaThread, stream: Stream, run: (failure: unknown) => void | Promise<void>): void {
  const { client } = thread;
  stream.posted++;
  const pass = async (): Promise<void> => {
    const gate = client.handle();
    try {
      await client.answer(stream.context, client.session.cuLaunchHostFunc(gate, stream.handle));
    } catch (error) {
      // What an earlier call latched is the next wait's to report; the stream is as well as before.
      if (error instanceof CudaError && !isSticky(error.cuResult) && !stream.context.destroyed) {
        stream.failure ??= error;
        return pass();
      }
      await run(error);
      return undefined;
    }
    try {
      await run(undefined);
    } finally {
      // A context that is gone has opened its gates.
      if (!stream.context.destroyed) client.session.hostFuncReturned(gate);
    }
    return undefined;
  };
  client.land(stream, pass(), true);
}
