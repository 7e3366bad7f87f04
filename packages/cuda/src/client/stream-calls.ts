import { CUDA_ERROR, CudaError } from "../result.ts";
import { Event, Stream } from "./objects.ts";
import type { CudaThread } from "./thread.ts";
import { submit } from "./work.ts";

const STREAM_NON_BLOCKING = 1;
const EVENT_DISABLE_TIMING = 2;
/** CU_EVENT_BLOCKING_SYNC and CU_EVENT_DISABLE_TIMING; interprocess events are not offered. */
const EVENT_FLAGS = 3;

export function cuStreamCreate(thread: CudaThread, flags = 0): number {
  return cuStreamCreateWithPriority(thread, flags, 0);
}

/** A priority outside the range is taken to its nearest end, as documented. */
export function cuStreamCreateWithPriority(thread: CudaThread, flags: number, priority: number): number {
  const { client } = thread;
  const context = thread.context();
  if (flags & ~STREAM_NON_BLOCKING) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const clamped = Math.max(-5, Math.min(0, priority));
  const stream = client.register(new Stream(client.handle(), context, flags, clamped));
  client.session.cuStreamCreate(stream.handle, context.handle, flags, clamped);
  context.streams.add(stream);
  return stream.handle;
}

/** Returns at once; what was posted to the stream goes on. */
export function cuStreamDestroy(thread: CudaThread, hStream: number): void {
  const stream = thread.client.object(hStream, Stream);
  thread.client.forget(stream);
  stream.context.streams.delete(stream);
  thread.client.session.cuStreamDestroy(stream.handle);
}

/** True when the stream's work is done. It never waits: while it says false, an answer is under way. */
export function cuStreamQuery(thread: CudaThread, hStream: number): boolean {
  return thread.client.query(thread.stream(hStream));
}

export function cuStreamSynchronize(thread: CudaThread, hStream: number): Promise<void> {
  return thread.client.wait(thread.stream(hStream));
}

/** Makes later work of the stream wait for the event's last record; nothing for an event that was never recorded. */
export function cuStreamWaitEvent(thread: CudaThread, hStream: number, hEvent: number, flags = 0): void {
  const stream = thread.stream(hStream);
  const event = thread.client.object(hEvent, Event);
  if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  void submit(thread.client, stream, { kind: "wait", event });
}

export function cuStreamGetFlags(thread: CudaThread, hStream: number): number {
  return thread.stream(hStream).flags;
}

export function cuStreamGetPriority(thread: CudaThread, hStream: number): number {
  return thread.stream(hStream).priority;
}

export function cuStreamGetCtx(thread: CudaThread, hStream: number): number {
  return thread.stream(hStream).context.handle;
}

/** A number that no other stream of the process has. */
export function cuStreamGetId(thread: CudaThread, hStream: number): number {
  return thread.stream(hStream).handle;
}

export function cuEventCreate(thread: CudaThread, flags = 0): number {
  const { client } = thread;
  const context = thread.context();
  if (flags & ~EVENT_FLAGS) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const event = client.register(new Event(client.handle(), context, flags));
  client.session.cuEventCreate(event.handle, context.handle, flags);
  context.events.add(event);
  return event.handle;
}

export function cuEventDestroy(thread: CudaThread, hEvent: number): void {
  const event = thread.client.object(hEvent, Event);
  thread.client.forget(event);
  event.context.events.delete(event);
  thread.client.session.cuEventDestroy(event.handle);
}

/** Event and stream must be of one context. */
export function cuEventRecord(thread: CudaThread, hEvent: number, hStream: number): void {
  const event = thread.client.object(hEvent, Event);
  const stream = thread.stream(hStream);
  if (event.context !== stream.context) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
  void submit(thread.client, stream, { kind: "record", event });
}

/** True when the last record is done, and for an event that was never recorded. */
export function cuEventQuery(thread: CudaThread, hEvent: number): boolean {
  return thread.client.query(thread.client.object(hEvent, Event));
}

export function cuEventSynchronize(thread: CudaThread, hEvent: number): Promise<void> {
  return thread.client.wait(thread.client.object(hEvent, Event));
}

/**
 * Milliseconds between two events. Fails with CUDA_ERROR_INVALID_HANDLE when one was never recorded or keeps no
 * time, and with CUDA_ERROR_NOT_READY when one is not done.
 */
export async function cuEventElapsedTime(thread: CudaThread, hStart: number, hEnd: number): Promise<number> {
  const start = thread.client.object(hStart, Event);
  const end = thread.client.object(hEnd, Event);
  for (const event of [start, end])
    if (event.posted === 0 || event.flags & EVENT_DISABLE_TIMING) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
  for (const event of [start, end]) if (!event.isPast && !thread.client.query(event)) throw new CudaError(CUDA_ERROR.NOT_READY);
  return thread.client.answer(start.context, thread.client.session.cuEventElapsedTime(start.handle, end.handle));
}
