import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CudaThread } from "./thread.ts";
import { type HostWork, submit } from "./work.ts";

/** What a stream runs on the host. Later work of the stream waits until it has returned, or the promise that it gave is settled. */
export type HostFunction = () => void | Promise<void>;

/**
 * Runs a function here when the stream has come to this point; the stream goes on when it has returned. It is not run when the context has failed.
 * It must not call the Driver API.
 */
export function cuLaunchHostFunc(thread: CudaThread, hStream: number, fn: HostFunction): void {
  void submit(thread.client, thread.stream(hStream), hostWork(fn));
}

/** A host function as a stream's work. `known` is what the program calls it. */
export function hostWork(fn: HostFunction, known: { readonly fn: number; readonly userData: bigint } = { fn: 0, userData: 0n }): HostWork {
  return {
    kind: "host",
    ...known,
    async run(failure) {
      if (failure === undefined) await fn();
    },
  };
}

/** The same, told with which CUresult the work before it ended; it is run in any case. `flags` must be 0. It cannot be captured. */
export function cuStreamAddCallback(
  thread: CudaThread,
  hStream: number,
  callback: (status: number) => void | Promise<void>,
  flags = 0,
): void {
  const stream = thread.stream(hStream);
  if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (stream.capture) throw new CudaError(CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED);
  const statusOf = (failure: unknown): number => (failure instanceof CudaError ? failure.cuResult : CUDA_ERROR.UNKNOWN);
  const run = (failure: unknown): void | Promise<void> => callback(failure === undefined ? CUDA_ERROR.SUCCESS : statusOf(failure));
  void submit(thread.client, stream, { kind: "host", fn: 0, userData: 0n, run });
}
