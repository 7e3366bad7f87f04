import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CudaClient } from "./client.ts";
import type { Graph, GraphNode } from "./graph.ts";
import type { Event, Stream } from "./objects.ts";
import type { CudaThread } from "./thread.ts";
import type { Work } from "./work.ts";

/** CUstreamCaptureMode. */
export const CAPTURE_MODE = { GLOBAL: 0, THREAD_LOCAL: 1, RELAXED: 2 } as const;
/** CUstreamCaptureStatus. */
export const CAPTURE_STATUS = { NONE: 0, ACTIVE: 1, INVALIDATED: 2 } as const;

/** A graph in the making: what is posted to the streams of a capture becomes its nodes (CUDA C++ Programming Guide, "Stream Capture"). */
export class CaptureSequence {
  readonly id: number;
  readonly graph: Graph;
  readonly mode: number;
  readonly thread: CudaThread;
  readonly origin: Stream;
  isInvalid = false;
  readonly #client: CudaClient;
  /** The nodes that a stream's next one depends on. */
  readonly #frontiers = new Map<Stream, readonly GraphNode[]>();

  constructor(thread: CudaThread, origin: Stream, graph: Graph, mode: number, dependencies: readonly GraphNode[] = []) {
    this.#client = thread.client;
    this.id = thread.client.handle();
    this.thread = thread;
    this.origin = origin;
    this.graph = graph;
    this.mode = mode;
    this.join(origin, dependencies);
    this.#client.captures.add(this);
  }

  /** Takes a stream into the capture. */
  join(stream: Stream, dependencies: readonly GraphNode[]): void {
    stream.capture = this;
    this.#frontiers.set(stream, dependencies);
  }

  frontier(stream: Stream): readonly GraphNode[] {
    return this.#frontiers.get(stream) ?? [];
  }

  setFrontier(stream: Stream, nodes: readonly GraphNode[]): void {
    this.#frontiers.set(stream, nodes);
  }

  add(stream: Stream, work: Work): void {
    if (this.isInvalid) throw new CudaError(CUDA_ERROR.STREAM_CAPTURE_INVALIDATED);
    if (work.kind === "record") work.event.captured = { sequence: this, nodes: this.frontier(stream) };
    else if (work.kind === "wait") this.#wait(stream, work.event);
    else this.#frontiers.set(stream, [this.graph.add(this.#client, work, this.frontier(stream))]);
  }

  #wait(stream: Stream, { captured }: Event): void {
    if (captured?.sequence !== this) {
      this.isInvalid = true;
      throw new CudaError(captured ? CUDA_ERROR.STREAM_CAPTURE_MERGE : CUDA_ERROR.STREAM_CAPTURE_ISOLATION);
    }
    this.#frontiers.set(stream, [...new Set([...this.frontier(stream), ...captured.nodes])]);
  }

  /** Something was called that a capture does not survive. */
  invalidate(code: number): never {
    this.isInvalid = true;
    throw new CudaError(code);
  }

  /** Ends the capture: its streams are as before. Fails when it was invalidated, or a stream's work is not joined to the origin's. */
  end(): Graph {
    for (const stream of this.#frontiers.keys()) stream.capture = undefined;
    this.#client.captures.delete(this);
    const joined = new Set(this.frontier(this.origin));
    for (const node of joined) for (const before of node.dependencies) joined.add(before);
    const isJoined = [...this.#frontiers.values()].flat().every((node) => joined.has(node));
    if (!this.isInvalid && isJoined) return this.graph;
    this.graph.destroy(this.#client);
    throw new CudaError(this.isInvalid ? CUDA_ERROR.STREAM_CAPTURE_INVALIDATED : CUDA_ERROR.STREAM_CAPTURE_UNJOINED);
  }
}

/** Fails with CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, and invalidates the capture, where a call might be unsafe in one: see cuThreadExchangeStreamCaptureMode. */
export function refuseInCapture(thread: CudaThread): void {
  if (thread.client.captures.size === 0 || thread.captureMode === CAPTURE_MODE.RELAXED) return;
  for (const sequence of thread.client.captures) {
    const isOurs = sequence.thread === thread && sequence.mode !== CAPTURE_MODE.RELAXED;
    const isAnyones = sequence.mode === CAPTURE_MODE.GLOBAL && thread.captureMode === CAPTURE_MODE.GLOBAL;
    if (isOurs || isAnyones) sequence.invalidate(CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED);
  }
}

/** The legacy default stream would wait for blocking streams that are being captured. */
export function refuseImplicit(client: CudaClient, stream: Stream): void {
  if (client.captures.size === 0 || stream !== stream.context.defaultStream) return;
  for (const other of stream.context.streams)
    if (other.capture && (other.flags & STREAM_NON_BLOCKING) === 0) other.capture.invalidate(CUDA_ERROR.STREAM_CAPTURE_IMPLICIT);
}

const STREAM_NON_BLOCKING = 1;
