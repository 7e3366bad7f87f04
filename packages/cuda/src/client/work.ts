import type { LaunchShape } from "../launch.ts";
import { refuseImplicit } from "./capture.ts";
import type { CudaClient } from "./client.ts";
import { type Copy, postCopy } from "./copy.ts";
import { runAtGate } from "./gates.ts";
import { uploadMirrors } from "./mirror.ts";
import type { Event, Kernel, Stream } from "./objects.ts";

/** A launch, ready to go. */
export interface KernelWork {
  readonly kind: "kernel";
  readonly kernel: Kernel;
  readonly shape: LaunchShape;
  readonly parameters: Uint8Array;
  readonly isCooperative: boolean;
}

export interface CopyWork {
  readonly kind: "copy";
  readonly copy: Copy;
  /** Nothing is posted to the stream before it has landed. */
  readonly isAwaited?: boolean;
}

/** Rows of elements that are set to a value. */
export interface MemsetWork {
  readonly kind: "memset";
  readonly dst: number;
  readonly pitch: number;
  readonly value: number;
  readonly elementSize: number;
  readonly width: number;
  readonly height: number;
}

export interface HostWork {
  readonly kind: "host";
  /** Told what the work before it failed with. */
  readonly run: (failure: unknown) => void | Promise<void>;
  /** What the program knows it by, for cuGraphHostNodeGetParams. */
  readonly fn: number;
  readonly userData: bigint;
}

export interface EventRecordWork {
  readonly kind: "record";
  readonly event: Event;
}

export interface EventWaitWork {
  readonly kind: "wait";
  readonly event: Event;
}

/** All that a stream can be given to do. */
export type Work = KernelWork | CopyWork | MemsetWork | HostWork | EventRecordWork | EventWaitWork;

type Runner<W> = (client: CudaClient, stream: Stream, work: W) => Promise<void> | undefined;

/** How each kind is posted. */
const runners: { readonly [K in Work["kind"]]: Runner<Extract<Work, { kind: K }>> } = {
  // Hot: every launch (bench/cuda-channel.ts).
  kernel(client, stream, { kernel, shape, parameters, isCooperative }) {
    const { gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes } = shape;
    const launch = isCooperative ? client.session.cuLaunchCooperativeKernel : client.session.cuLaunchKernel;
    launch(
      stream.handle,
      kernel.module.handle,
      kernel.index,
      gridDimX,
      gridDimY,
      gridDimZ,
      blockDimX,
      blockDimY,
      blockDimZ,
      sharedMemBytes,
      parameters,
    );
    return undefined;
  },
  copy: (client, stream, { copy, isAwaited }) => postCopy(client, stream, copy, isAwaited),
  memset(client, stream, { dst, pitch, value, elementSize, width, height }) {
    if (width > 0 && height > 0) client.session.cuMemsetD2D(stream.handle, dst, pitch, value, elementSize, width, height);
    return undefined;
  },
  host(client, stream, { run }) {
    client.land(stream, runAtGate(client, stream, run), true);
    return undefined;
  },
  record(client, stream, { event }) {
    event.captured = undefined;
    event.posted++;
    event.landing = stream.landing;
    event.recorded = { stream, posted: stream.posted };
    client.session.cuEventRecord(event.handle, stream.handle);
    return undefined;
  },
  wait(client, stream, { event }) {
    if (event.posted > 0) client.session.cuStreamWaitEvent(stream.handle, event.handle);
    return undefined;
  },
};

/**
 * Posts work to a stream; while the stream is being captured it becomes a node of the graph instead. A copy to the host gives a promise that resolves
 * when its bytes have landed.
 */
export function submit(client: CudaClient, stream: Stream, work: Work): Promise<void> | undefined {
  // A stream that waits for an event of a capture takes part in it from here on.
  if (work.kind === "wait" && work.event.captured && !stream.capture) work.event.captured.sequence.join(stream, []);
  if (stream.capture) {
    stream.capture.add(stream, work);
    return undefined;
  }
  refuseImplicit(client, stream);
  return post(client, stream, work);
}

/** Posts work to a stream, captured or not. */
export function post(client: CudaClient, stream: Stream, work: Work): Promise<void> | undefined {
  stream.posted++;
  if (stream.context.mirrors.size > 0 && work.kind !== "record" && work.kind !== "wait") uploadMirrors(client, stream);
  // The table has a runner for each kind, which takes that kind's work.
  return (runners[work.kind] as Runner<Work>)(client, stream, work);
}
