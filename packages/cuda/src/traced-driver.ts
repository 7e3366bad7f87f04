import { callNames, type CallName } from "./driver-calls.ts";
import type { ModuleInfo } from "./driver-info.ts";
import type { CudaDriver, CudaSession, SessionOptions } from "./driver.ts";
import { CudaError } from "./result.ts";

/** Work that a device did, wherever that was. Times are milliseconds of the clock that the trace was given. */
export interface DeviceSpan {
  /** The kernel's name, or the call's that copied or filled. */
  readonly name: string;
  readonly kind: "kernel" | "memory";
  /** The stream's handle; its context's for the default stream. */
  readonly stream: number;
  readonly startMs: number;
  readonly durationMs: number;
  /** What it was asked: a launch's shape, a copy's bytes. */
  readonly details: Readonly<Record<string, string | number>>;
}

/**
 * A driver whose work is told of: kernels, copies and fills, as the device itself timed them, by events around each (a driver on the far side of a connection too). The
 * device's clock is put beside ours by what is known: nothing begins before it was asked for. They are told when the client has waited for the device.
 */
export function tracedDriver(
  driver: CudaDriver,
  onSpan: (span: DeviceSpan) => void,
  now: () => number = () => performance.now(),
): TracedDriver {
  const endings: Promise<void>[] = [];
  return {
    open: async (options?: SessionOptions) => new TracedSession(await driver.open(options), onSpan, now, endings).session,
    close: () => driver.close(),
    async settle() {
      await Promise.all(endings);
    },
  };
}

/** A traced driver. */
export interface TracedDriver extends CudaDriver {
  /** Waits until all is told of the sessions that have been closed. */
  settle(): Promise<void>;
}

/** Calls whose work is timed: all take the stream first. */
const TIMED = new Set<CallName>([
  ...(["cuLaunchKernel", "cuLaunchCooperativeKernel", "cuMemcpyHtoD", "cuMemcpyDtoH", "cuMemcpyDtoD", "cuMemcpy2DHtoD"] as const),
  ...(["cuMemcpy2DDtoH", "cuMemcpy3DDtoD", "cuMemcpyPeer", "cuMemsetD2D"] as const),
]);
/** Above the handles that clients choose, which count from below. */
const FIRST_HANDLE = 0x8000_0000;
/** Spans that wait to be told; the work after that is not timed. */
const MAX_PENDING = 10_000;
/** How long the end of a session waits for what the device still does. */
const CLOSE_MS = 1000;

interface Pending {
  readonly span: Omit<DeviceSpan, "startMs" | "durationMs">;
  readonly start: number;
  readonly end: number;
  /** When it was asked for. */
  readonly postedMs: number;
}

interface Context {
  readonly base: number;
  /** Our time at the base event: as early as it can be, for nothing begins before it was asked for. */
  baseMs: number;
  pending: Pending[];
  /** What our own calls failed with, which is the client's: its next call gets it. */
  failure: CudaError | undefined;
}

type AnyCall = (...args: unknown[]) => unknown;

class TracedSession {
  readonly session: CudaSession;
  readonly #inner: CudaSession;
  readonly #onSpan: (span: DeviceSpan) => void;
  readonly #now: () => number;
  readonly #contexts = new Map<number, Context>();
  /** The contexts of streams and events, and modules. */
  readonly #contextOf = new Map<number, number>();
  readonly #modules = new Map<number, ModuleInfo>();
  #nextHandle = FIRST_HANDLE;

  constructor(inner: CudaSession, onSpan: (span: DeviceSpan) => void, now: () => number, endings: Promise<void>[]) {
    this.#inner = inner;
    this.#onSpan = onSpan;
    this.#now = now;
    const calls = Object.fromEntries(callNames.map((name) => [name, (...args: unknown[]) => this.#call(name, args)]));
    this.session = {
      ...(calls as unknown as CudaSession),
      info: inner.info,
      backpressure: () => inner.backpressure?.(),
      close: () => {
        const ending = this.#close();
        endings.push(ending.catch(() => {}));
        return ending;
      },
    };
  }

  #call(name: CallName, args: unknown[]): unknown {
    const call = (): unknown => (this.#inner[name] as AnyCall)(...args);
    const first = args[0] as number;
    if (name === "cuCtxDestroy") return this.#destroyContext(first, call);
    const context = this.#contexts.get(first) ?? this.#contexts.get(this.#contextOf.get(first) ?? 0);
    const timed = TIMED.has(name) && context !== undefined ? this.#begin(context, name, args) : undefined;
    const result = this.#waitFor(context, call());
    if (timed !== undefined && context !== undefined) this.#end(context, timed);
    this.#remember(name, args, result);
    return result;
  }

  /** An answer that has come: the device has been waited for, so that asking it for times holds nobody up. */
  #waitFor(context: Context | undefined, result: unknown): unknown {
    if (!(result instanceof Promise) || context === undefined) return result;
    return result.then(async (value: unknown) => {
      await this.#collect(context);
      const { failure } = context;
      context.failure = undefined;
      if (failure !== undefined) throw failure;
      return value;
    });
  }

  #remember(name: CallName, args: unknown[], result: unknown): void {
    const [first, second] = args as [number, number];
    if (name === "cuCtxCreate") this.#createContext(first);
    else if (name === "cuStreamCreate" || name === "cuEventCreate") this.#contextOf.set(first, second);
    else if (name === "cuStreamDestroy" || name === "cuEventDestroy") this.#contextOf.delete(first);
    else if (name === "cuModuleUnload") this.#modules.delete(first);
    else if (name === "cuModuleLoadData") {
      const keep = (info: unknown): void => void this.#modules.set(first, info as ModuleInfo);
      if (result instanceof Promise) result.then(keep, () => {});
      else keep(result);
    }
  }

  #createContext(handle: number): void {
    const base = this.#nextHandle++;
    this.#inner.cuEventCreate(base, handle, 0);
    this.#inner.cuEventRecord(base, handle);
    const context: Context = { base, baseMs: this.#now(), pending: [], failure: undefined };
    this.#contexts.set(handle, context);
  }

  #destroyContext(handle: number, call: () => unknown): unknown {
    const context = this.#contexts.get(handle);
    this.#contexts.delete(handle);
    // A post: its work is over before the context goes, and ours was asked for before it.
    if (context !== undefined) void this.#collect(context);
    return call();
  }

  #begin(context: Context, name: CallName, args: unknown[]): Pending | undefined {
    if (context.pending.length >= MAX_PENDING) return undefined;
    const [stream, second, third] = args as [number, number, number];
    const isKernel = name === "cuLaunchKernel" || name === "cuLaunchCooperativeKernel";
    const kernel = isKernel ? this.#modules.get(second)?.functions[third]?.name : undefined;
    const [start, end] = [this.#nextHandle++, this.#nextHandle++];
    const handle = [...this.#contexts].find(([, known]) => known === context)?.[0] ?? 0;
    for (const event of [start, end]) this.#inner.cuEventCreate(event, handle, 0);
    this.#inner.cuEventRecord(start, stream);
    const span = {
      name: kernel ?? name,
      kind: isKernel ? ("kernel" as const) : ("memory" as const),
      stream,
      details: detailsOf(name, args),
    };
    return { span, start, end, postedMs: this.#now() };
  }

  #end(context: Context, timed: Pending): void {
    this.#inner.cuEventRecord(timed.end, timed.span.stream);
    context.pending.push(timed);
  }

  /** Asks the device when what is pending began and ended. What is not over yet stays. */
  async #collect(context: Context): Promise<void> {
    const pending = context.pending;
    context.pending = [];
    const asked = pending.map(async (timed) => {
      const { span, start, end } = timed;
      try {
        const [startMs, durationMs] = await Promise.all([
          this.#inner.cuEventElapsedTime(context.base, start),
          this.#inner.cuEventElapsedTime(start, end),
        ]);
        for (const event of [start, end]) this.#inner.cuEventDestroy(event);
        context.baseMs = Math.max(context.baseMs, timed.postedMs - startMs);
        this.#onSpan({ ...span, startMs: context.baseMs + startMs, durationMs });
      } catch (error) {
        if (error instanceof CudaError && error.cuResult === NOT_READY) context.pending.push(timed);
        else keepFailure(context, error);
      }
    });
    await Promise.all(asked);
  }

  async #close(): Promise<void> {
    const contexts = [...this.#contexts.values()];
    const waits = contexts.map(async (context) => {
      const last = context.pending.at(-1);
      try {
        if (last !== undefined) await this.#inner.cuEventSynchronize(last.end);
      } catch (error) {
        keepFailure(context, error);
      }
      await this.#collect(context);
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([Promise.all(waits), new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_MS)))]);
    clearTimeout(timer);
    await this.#inner.close();
  }
}

/** A failure of our own calls may be what a post of the client's left: it is kept for the client. */
function keepFailure(context: Context, error: unknown): void {
  if (!(error instanceof CudaError)) throw error;
  if (error.cuResult !== LOST) context.failure ??= error;
}

/** CUDA_ERROR_NOT_READY and CUDA_ERROR_EXTERNAL_DEVICE. */
const NOT_READY = 600;
const LOST = 911;

function detailsOf(name: CallName, args: unknown[]): Record<string, string | number> {
  if (name === "cuLaunchKernel" || name === "cuLaunchCooperativeKernel") {
    const [, , , gx, gy, gz, bx, by, bz, shared] = args as number[];
    return { grid: `${gx}x${gy}x${gz}`, block: `${bx}x${by}x${bz}`, ...(shared === 0 ? {} : { shared: shared ?? 0 }) };
  }
  const bytes = args.find((value) => value instanceof Uint8Array)?.length;
  if (bytes !== undefined) return { bytes };
  const size = name === "cuMemcpyDtoH" ? args[2] : name === "cuMemcpyDtoD" ? args[3] : name === "cuMemcpyPeer" ? args[4] : undefined;
  return typeof size === "number" ? { bytes: size } : {};
}
