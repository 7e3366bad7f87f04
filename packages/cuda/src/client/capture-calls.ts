import { CUDA_ERROR, CudaError } from "../result.ts";
import { CAPTURE_MODE, CAPTURE_STATUS, CaptureSequence, refuseImplicit } from "./capture.ts";
import { Graph, GraphNode } from "./graph.ts";
import type { Stream } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** Begins to make a graph of what is posted to a stream. The legacy default stream cannot be captured. */
export function cuStreamBeginCapture(thread: CudaThread, hStream: number, mode: number = CAPTURE_MODE.GLOBAL): void {
  const stream = capturable(thread, hStream, mode);
  void new CaptureSequence(thread, stream, thread.client.register(new Graph(thread.client.handle())), mode);
}

/** The same into a graph that there is; the first nodes depend on those given. */
export function cuStreamBeginCaptureToGraph(
  thread: CudaThread,
  hStream: number,
  hGraph: number,
  dependencies: readonly number[],
  mode: number = CAPTURE_MODE.GLOBAL,
): void {
  const { client } = thread;
  const stream = capturable(thread, hStream, mode);
  const nodes = dependencies.map((handle) => client.object(handle, GraphNode));
  void new CaptureSequence(thread, stream, client.object(hGraph, Graph), mode, nodes);
}

/** Ends a capture, on the stream on which it began: the graph's handle. */
export function cuStreamEndCapture(thread: CudaThread, hStream: number): number {
  const { capture } = thread.stream(hStream);
  if (!(capture instanceof CaptureSequence)) throw new CudaError(CUDA_ERROR.ILLEGAL_STATE);
  if (capture.origin !== thread.stream(hStream)) throw new CudaError(CUDA_ERROR.STREAM_CAPTURE_UNMATCHED);
  if (capture.mode !== CAPTURE_MODE.RELAXED && capture.thread !== thread) throw new CudaError(CUDA_ERROR.STREAM_CAPTURE_WRONG_THREAD);
  return capture.end().handle;
}

/** A CUstreamCaptureStatus: 0 none, 1 active, 2 invalidated. */
export function cuStreamIsCapturing(thread: CudaThread, hStream: number): number {
  const stream = thread.stream(hStream);
  refuseImplicit(thread.client, stream);
  return stream.capture === undefined ? CAPTURE_STATUS.NONE : stream.capture.isInvalid ? CAPTURE_STATUS.INVALIDATED : CAPTURE_STATUS.ACTIVE;
}

/** The capture that a stream takes part in: its id and graph, and the nodes that the stream's next one will depend on. */
export function cuStreamGetCaptureInfo(
  thread: CudaThread,
  hStream: number,
): { captureStatus: number; id: number; graph: number; dependencies: number[] } {
  const captureStatus = cuStreamIsCapturing(thread, hStream);
  const stream = thread.stream(hStream);
  const { capture } = stream;
  if (!(capture instanceof CaptureSequence) || captureStatus !== CAPTURE_STATUS.ACTIVE)
    return { captureStatus, id: 0, graph: 0, dependencies: [] };
  return {
    captureStatus,
    id: capture.id,
    graph: capture.graph.handle,
    dependencies: capture.frontier(stream).map(({ handle }) => handle),
  };
}

/** Adds to (flags 0) or replaces (flags 1) the nodes that the stream's next one will depend on. */
export function cuStreamUpdateCaptureDependencies(
  thread: CudaThread,
  hStream: number,
  dependencies: readonly number[],
  flags: number,
): void {
  const stream = thread.stream(hStream);
  const { capture } = stream;
  if (!(capture instanceof CaptureSequence)) throw new CudaError(CUDA_ERROR.ILLEGAL_STATE);
  const nodes = dependencies.map((handle) => thread.client.object(handle, GraphNode));
  if (flags > 1 || nodes.some(({ graph }) => graph !== capture.graph)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  capture.setFrontier(stream, flags === 1 ? nodes : [...new Set([...capture.frontier(stream), ...nodes])]);
}

/** Says which calls this thread makes while something is captured (CUstreamCaptureMode); gives what it said before. */
export function cuThreadExchangeStreamCaptureMode(thread: CudaThread, mode: number): number {
  checkMode(mode);
  const before = thread.captureMode;
  thread.captureMode = mode;
  return before;
}

function capturable(thread: CudaThread, hStream: number, mode: number): Stream {
  const stream = thread.stream(hStream);
  checkMode(mode);
  if (stream === stream.context.defaultStream) throw new CudaError(CUDA_ERROR.STREAM_CAPTURE_UNSUPPORTED);
  if (stream.capture) throw new CudaError(CUDA_ERROR.ILLEGAL_STATE);
  return stream;
}

function checkMode(mode: number): void {
  if (mode < CAPTURE_MODE.GLOBAL || mode > CAPTURE_MODE.RELAXED) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}
