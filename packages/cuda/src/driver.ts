import type { DriverCalls } from "./driver-calls.ts";
import type { DriverInfo } from "./driver-info.ts";

/**
 * Something that runs CUDA: the processor, a GPU, or a server on the far side of a WebSocket.
 *
 * A driver that computes may trust its callers: it is always reached through a guarded session (`guard`), which
 * checks every handle, address and range, latches the failures of posted calls, and frees what a client leaves behind.
 */
export interface CudaDriver {
  /** Starts a session. Sessions see nothing of each other. Fails with CudaError when there can be none. */
  open(options?: SessionOptions): CudaSession | Promise<CudaSession>;
  /** Ends all sessions, and the driver. */
  close(): void | Promise<void>;
}

/** What a session needs of whoever opens it. */
export interface SessionOptions {
  /** Takes what kernels print (vprintf, assert messages), at the latest before the next synchronisation is answered. */
  onOutput?(text: Uint8Array): void;
  /** Takes the reason when the session ends other than by `close`; every call fails from then on. */
  onLost?(reason: string): void;
  /** The share of the processors that the session gets beside others; 1 if not given. */
  readonly weight?: number;
  /** The longest that a kernel of the session may run, in milliseconds, where that is less than the driver's own limit. */
  readonly kernelTimeMs?: number;
}

/** One client's work with a driver: the calls of the table, and the state behind them. */
export interface CudaSession extends DriverCalls {
  readonly info: DriverInfo;
  /** A promise while posted bytes pile up: bulk posters wait for it before they post more. */
  backpressure?(): Promise<void> | undefined;
  /** Abandons what runs, and frees everything that the session holds. */
  close(): void | Promise<void>;
}
