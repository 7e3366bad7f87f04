import { ERROR, Win32Error } from "@decant/hook";
import type { Kernel } from "@decant/process";
import { FILE_TYPE, IoObject } from "./io-object.ts";
import type { PendingIo } from "./pending-io.ts";
import { PipeBudget, PipeQueue } from "./pipe-queue.ts";

/** The capacity of a pipe of which a program asks none. */
const DEFAULT_CAPACITY = 4096;
/** What all pipes of a run may hold. */
const PIPES_LIMIT_BYTES = 256 * 2 ** 20;

const budgets = new WeakMap<Kernel, PipeBudget>();

/** The room for all pipes of a kernel. */
export function pipeBudget(kernel: Kernel): PipeBudget {
  let budget = budgets.get(kernel);
  if (budget === undefined) {
    let isTold = false;
    const onLimit = (): void => {
      if (isTold) return;
      isTold = true;
      kernel.report(
        `pipes that nobody reads hold ${PIPES_LIMIT_BYTES / 2 ** 20} MiB: more writes to them fail with ERROR_NO_SYSTEM_RESOURCES`,
      );
    };
    budgets.set(kernel, (budget = new PipeBudget(PIPES_LIMIT_BYTES, onLimit)));
  }
  return budget;
}

/** One end of a pipe. */
export class PipeEnd extends IoObject {
  readonly fileType = FILE_TYPE.PIPE;
  /** PIPE_READMODE_MESSAGE. */
  readsMessages = false;
  /** PIPE_NOWAIT. */
  isNonBlocking = false;
  incoming: PipeQueue | undefined;
  outgoing: PipeQueue | undefined;

  constructor({ incoming, outgoing }: { incoming?: PipeQueue | undefined; outgoing?: PipeQueue | undefined } = {}) {
    super();
    this.incoming = incoming;
    this.outgoing = outgoing;
  }

  override read(into: Uint8Array): number | PendingIo<Uint8Array> {
    const queue = this.readable();
    if (this.isNonBlocking && queue.length === 0 && queue.messageLength === 0) {
      queue.peek(0, false); // a broken pipe says so
      throw new Win32Error(ERROR.NO_DATA);
    }
    const bytes = queue.read(into.length, this.readsMessages);
    if (!(bytes instanceof Uint8Array)) return bytes;
    into.set(bytes);
    return bytes.length;
  }

  override write(bytes: Uint8Array): number | PendingIo<number> {
    const queue = this.writable();
    // Without waiting, a message goes whole or not at all, and of bytes as many as there is room for.
    if (this.isNonBlocking && bytes.length > queue.room) return queue.isMessages ? 0 : queue.write(bytes.subarray(0, queue.room));
    return queue.write(bytes);
  }

  /** What PeekNamedPipe tells. */
  peek(maxBytes: number): { bytes: Uint8Array; available: number; leftInMessage: number } {
    const queue = this.readable();
    const bytes = queue.peek(maxBytes, this.readsMessages || queue.isMessages);
    return { bytes, available: queue.length, leftInMessage: queue.messageLength > 0 ? queue.messageLength - bytes.length : 0 };
  }

  /** The queue to read; throws where the end has none. */
  protected readable(): PipeQueue {
    if (this.incoming === undefined) throw new Win32Error(ERROR.ACCESS_DENIED);
    return this.incoming;
  }

  protected writable(): PipeQueue {
    if (this.outgoing === undefined) throw new Win32Error(ERROR.ACCESS_DENIED);
    return this.outgoing;
  }

  protected override close(): void {
    this.incoming?.endReading(ERROR.NO_DATA);
    this.outgoing?.endWriting(ERROR.BROKEN_PIPE);
    for (const access of Array.from(this.accesses)) access.cancel();
  }
}

/** An anonymous pipe; 0 for the default capacity. */
export function makePipe(kernel: Kernel, capacity: number): { reader: PipeEnd; writer: PipeEnd } {
  const queue = new PipeQueue({ capacity: capacity === 0 ? DEFAULT_CAPACITY : capacity, budget: pipeBudget(kernel) });
  return { reader: new PipeEnd({ incoming: queue }), writer: new PipeEnd({ outgoing: queue }) };
}
