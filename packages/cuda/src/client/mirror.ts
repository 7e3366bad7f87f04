import type { CudaClient } from "./client.ts";
import { PIECE_BYTES } from "./copy.ts";
import type { HostMemory } from "./host-memory.ts";
import type { Context, Stream } from "./objects.ts";

/** Compared at a time. */
const PAGE_BYTES = 4096;

/**
 * Memory that host and device both see: mapped and managed memory. The device has a buffer of its own; what the host has changed goes there before each
 * launch, and what kernels have changed comes back when a wait ends. So each side sees what CUDA promises of memory that is not accessed by both at once.
 */
export class Mirror {
  readonly address: number;
  readonly size: number;
  readonly memory: HostMemory;
  /** What both sides agreed on last. */
  readonly #shadow: Uint8Array;
  /** Kernels may have changed the device's side since it was fetched. */
  isStale = false;

  constructor(address: number, size: number, memory: HostMemory) {
    this.address = address;
    this.size = size;
    this.memory = memory;
    this.#shadow = new Uint8Array(size);
  }

  /** Posts what the host has changed. */
  upload(client: CudaClient, stream: Stream): void {
    for (let offset = 0; offset < this.size; offset += PIECE_BYTES) {
      const now = this.memory.read(offset, Math.min(PIECE_BYTES, this.size - offset));
      const before = this.#shadow.subarray(offset, offset + now.length);
      // Where kernels may have written beside it, only what the host changed goes.
      const pages = [...changedPages(before, now)];
      const changed = this.isStale ? pages.flatMap((page) => [...changedBytes(before, now, page.begin, page.end)]) : pages;
      for (const { begin, end } of changed) {
        client.session.cuMemcpyHtoD(stream.handle, this.address + offset + begin, now.subarray(begin, end));
        before.set(now.subarray(begin, end), begin);
      }
    }
  }

  /** Brings what kernels have changed to the host; what the host has changed meanwhile stays. */
  async fetch(client: CudaClient, stream: Stream): Promise<void> {
    for (let offset = 0; offset < this.size; offset += PIECE_BYTES) {
      const now = await client.session.cuMemcpyDtoH(stream.handle, this.address + offset, Math.min(PIECE_BYTES, this.size - offset));
      const before = this.#shadow.subarray(offset, offset + now.length);
      for (const { begin, end } of changedPages(before, now))
        for (const run of changedBytes(before, now, begin, end)) {
          this.memory.write(offset + run.begin, now.subarray(run.begin, run.end));
          before.set(now.subarray(run.begin, run.end), run.begin);
        }
    }
  }
}

/** Before a launch: kernels see what the host wrote. */
export function uploadMirrors(client: CudaClient, stream: Stream): void {
  for (const mirror of stream.context.mirrors) {
    mirror.upload(client, stream);
    mirror.isStale = true;
  }
}

/** After a wait: the host sees what kernels wrote. Undefined when there is nothing to do. */
export function fetchMirrors(client: CudaClient, context: Context): Promise<unknown> | undefined {
  const stale = [...context.mirrors].filter(({ isStale }) => isStale);
  if (stale.length === 0) return undefined;
  // Any stream would do; one that is known to be idle does not hold the fetch up.
  const streams = [...context.streams];
  const isIdle = (stream: Stream): boolean => stream.completed === stream.posted;
  const idle = streams.find(isIdle) ?? context.defaultStream;
  for (const mirror of stale) mirror.isStale = !streams.every(isIdle);
  return Promise.all(stale.map((mirror) => mirror.fetch(client, idle)));
}

interface Range {
  readonly begin: number;
  readonly end: number;
}

function* changedPages(before: Uint8Array, now: Uint8Array): Generator<Range> {
  let begin = -1;
  for (let page = 0; page < now.length; page += PAGE_BYTES) {
    const isChanged = differs(before, now, page, Math.min(page + PAGE_BYTES, now.length));
    if (isChanged && begin < 0) begin = page;
    if (!isChanged && begin >= 0) {
      yield { begin, end: page };
      begin = -1;
    }
  }
  if (begin >= 0) yield { begin, end: now.length };
}

function* changedBytes(before: Uint8Array, now: Uint8Array, from: number, to: number): Generator<Range> {
  for (let at = from; at < to; at++) {
    if (before[at] === now[at]) continue;
    const begin = at;
    while (at < to && before[at] !== now[at]) at++;
    yield { begin, end: at };
  }
}

function differs(before: Uint8Array, now: Uint8Array, begin: number, end: number): boolean {
  for (let at = begin; at < end; at++) if (before[at] !== now[at]) return true;
  return false;
}
