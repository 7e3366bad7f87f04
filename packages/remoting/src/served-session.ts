import type { CudaSession } from "@decant/cuda";
import { CUDA_ERROR, CudaError, WireError } from "@decant/cuda";
import type { CallCodec } from "./calls.ts";
import { callCodecs } from "./calls.ts";
import type { ContentStore } from "./content.ts";
import type { WireLimits } from "./limits.ts";
import { BULK_BYTES, CHUNK_BYTES } from "./limits.ts";
import { Link, type LinkPosition } from "./link.ts";
import { FRAME, packMessage, printable, unpackMessage } from "./message.ts";
import type { ChannelMetrics } from "./metrics.ts";
import type { MessageSocket } from "./socket.ts";
import { TransferReceiver, TransferSender } from "./transfer.ts";
import { SEND_CONTENT } from "./words.ts";

export interface ServedOptions {
  readonly limits: WireLimits;
  readonly content: ContentStore;
  readonly metrics: ChannelMetrics;
  /** The session has lost its connection, and may get another. */
  onDetached(reason: string): void;
  /** The session is over, and all that it held is freed. */
  onEnded(reason: string): void;
}

interface Call {
  readonly codec: CallCodec;
  readonly sequence: number;
  readonly args: unknown[];
  readonly bytes: number;
  /** Bytes of bulk frames that are used up with the call. */
  readonly credit: number;
  /** Bytes among the arguments that are a bulk frame's own. */
  readonly frame: Uint8Array | undefined;
  /** The hash of bytes that the client thought were here; such a call is answered with SEND_CONTENT. */
  readonly missing: string | undefined;
}

/** What a call that is under way counts for, besides its bytes. */
const CALL_BYTES = 256;
const OUTPUT_BYTES = 32 * 1024;
const FULL_POLL_MS = 1;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * One client's session at the server, over a link that may lose its connection and get another. Calls are taken up in order; a frame is validated
 * completely before anything in it is done.
 */
export class ServedSession {
  readonly link: Link;
  readonly #session: CudaSession;
  readonly #options: ServedOptions;
  readonly #limits: WireLimits;
  /** The client's calls by its own numbers; undefined for those that it has and we do not. */
  readonly #codecs: readonly (CallCodec | undefined)[];
  readonly #outgoing: TransferSender;
  readonly #incoming: TransferReceiver;
  #calls = 0;
  #answers: unknown[] = [FRAME.ANSWERS];
  #flushPlanned = false;
  /** Frames that wait while the session has too much under way. */
  readonly #held: Uint8Array[] = [];
  #isHolding = false;
  #busyBytes = 0;
  #busyCalls = 0;
  #over = false;

  constructor(session: CudaSession, signatures: readonly unknown[], options: ServedOptions) {
    this.#session = session;
    this.#options = options;
    this.#limits = options.limits;
    const bySignature = new Map<unknown, CallCodec>(callCodecs.map((codec) => [codec.signature, codec]));
    this.#codecs = signatures.map((signature) => bySignature.get(signature));
    this.link = new Link({
      windowBytes: options.limits.windowBytes,
      onFrame: (frame) => (this.#isHolding ? void this.#held.push(frame) : this.#frame(frame)),
      onBadFrame: (reason) => this.end(CUDA_ERROR.EXTERNAL_DEVICE, `bad frame: ${reason}`),
      onDetached: (reason) => options.onDetached(reason),
    });
    this.#outgoing = new TransferSender((frame, sent) => this.#send(frame, { sent }));
    this.#incoming = new TransferReceiver(options.limits);
  }

  /** The client's numbers of the calls that the server has. */
  get supported(): number[] {
    return [...this.#codecs.keys()].filter((number) => this.#codecs[number]);
  }

  /** Calls so far, and those that are under way. */
  get counts(): { readonly calls: number; readonly busy: number } {
    return { calls: this.#calls, busy: this.#busyCalls };
  }

  /** Goes on over a socket; the client stands at `position`. */
  attach(socket: MessageSocket, position: LinkPosition & { readonly windowBytes: number }): void {
    this.link.attach(socket, position);
  }

  /** Ends the session: the client is told why, and everything is freed. */
  end(code: number, reason: string): void {
    if (this.#over) return;
    this.#flush();
    const socket = this.link.end();
    if (socket !== undefined) sayGoodbye(socket, code, reason);
    void this.#finish(reason);
  }

  /** The client has closed the connection itself. */
  close(reason: string): void {
    if (this.#over) return;
    this.link.end();
    void this.#finish(reason);
  }

  /** Takes what kernels print. */
  output(text: Uint8Array): void {
    if (this.#over) return;
    this.#flush();
    for (let offset = 0; offset < text.length; offset += OUTPUT_BYTES)
      this.#send(packMessage([FRAME.OUTPUT, text.slice(offset, offset + OUTPUT_BYTES)]), { urgent: true });
  }

  #frame(frame: Uint8Array): void {
    this.#options.metrics.bytesIn += frame.length;
    if (TransferReceiver.accepts(frame)) {
      // A piece of a copy is used up when the copy has been made; of longer transfers the memory is charged elsewhere.
      this.link.consume(this.#incoming.receive(frame));
      return;
    }
    const message = unpackMessage(frame, this.#limits);
    if (message[0] !== FRAME.CALLS) throw new WireError(`a frame of type ${printable(message[0])} is out of place`);
    const calls = this.#decode(message);
    this.link.consume(frame.length);
    this.#run(calls);
  }

  /** All calls of a frame, or WireError. A call is [the client's number of it, ...arguments]. */
  #decode(message: readonly unknown[]): Call[] {
    const calls: Call[] = [];
    let sequence = this.#calls;
    for (let index = 1; index < message.length; index++) {
      const values = message[index];
      if (!Array.isArray(values)) throw new WireError("a call must be an array");
      // Only a number names a call: the list has other properties.
      const codec = Number.isInteger(values[0]) ? this.#codecs[values[0] as number] : undefined;
      if (!codec) throw new WireError(`there is no call ${printable(values[0])}`);
      const missing = this.#useContent(codec, values);
      const args = missing === undefined ? codec.decodeArguments(values, this.#incoming) : [];
      const last = args.at(-1);
      const bytes = last instanceof Uint8Array ? last.length : 0;
      const [credit, frame] = [this.#incoming.takeCredit(), this.#incoming.takeFrame()];
      calls.push({ codec, sequence: sequence++, args, bytes, credit, frame, missing });
    }
    this.#calls = sequence;
    return calls;
  }

  /** Puts the bytes in the place of a hash that stands for them; gives the hash when they are not here. */
  #useContent(codec: CallCodec, values: unknown[]): string | undefined {
    if (!codec.takesContent) return undefined;
    const at = values.length - 1;
    const hash = values[at];
    if (typeof hash !== "string") return undefined;
    const bytes = this.#options.content.get(hash);
    if (bytes === undefined) return hash;
    values[at] = bytes;
    return undefined;
  }

  /**
   * Runs calls in order; when too much is under way, the rest waits, and with it the client's credit. It also waits behind each large piece of a copy to
   * the host, until the event loop has come round: the socket sends while further pieces are made.
   */
  #run(calls: readonly Call[]): void {
    for (let index = 0; index < calls.length; index++) {
      this.#execute(calls[index]!);
      if (this.#over) return;
      if (this.#isFull() || (index + 1 < calls.length && bulkSize(calls[index]!) > 0)) {
        this.#hold(calls.slice(index + 1));
        return;
      }
    }
    this.#flush();
  }

  #execute(call: Call): void {
    const { codec, sequence, args, bytes, credit } = call;
    const { metrics, content } = this.#options;
    metrics.calls[codec.index]!++;
    if (call.missing !== undefined) {
      this.#answers.push([sequence, SEND_CONTENT, call.missing]);
      this.#planFlush();
      return;
    }
    if (codec.takesContent) void content.keep(args.at(-1) as Uint8Array);
    // The guard has a method for each name of the table, which decodeArguments has typed.
    const method = (this.#session as unknown as Record<string, (...values: unknown[]) => unknown>)[codec.name]!;
    const start = codec.answers ? performance.now() : 0;
    const size = sizeToHost(call);
    // A copy's bytes are written where they are sent from.
    const into = bulkSize(call) > 0 ? this.#outgoing.reserve(size) : undefined;
    const result = into === undefined ? method(...args) : method(...args, into);
    // A driver has taken the bytes of a posted call when it returns.
    if (call.frame !== undefined && !codec.answers) this.link.recycle(call.frame);
    if (codec.answers) {
      this.#begin(CALL_BYTES + size);
      void this.#answer(call, result, { start, busy: CALL_BYTES + size, into });
    } else if (result instanceof Promise) {
      // The guard has latched what it failed with; here it only counts as under way.
      this.#begin(bytes + CALL_BYTES);
      void result.finally(() => this.#done(bytes + CALL_BYTES, credit));
    } else if (credit > 0) this.link.consume(credit);
  }

  /** Answers a call when its result has come; `into` is where bytes were written if the driver did as it was asked. */
  async #answer(
    { codec, sequence, credit }: Call,
    result: unknown,
    { start, busy, into }: { start: number; busy: number; into: Uint8Array | undefined },
  ): Promise<void> {
    const { metrics } = this.#options;
    try {
      const value = await result;
      const encoded = into !== undefined && value === into ? this.#outgoing.commit(into) : codec.encodeResult(value, this.#outgoing);
      const answer = [sequence, 0, encoded];
      // Bytes in a bulk frame go out behind it; all other answers may pass them.
      if (codec.returnsBytes && typeof encoded === "number") this.#send(packMessage([FRAME.ANSWERS, answer]));
      else this.#answers.push(answer);
    } catch (error) {
      const failure = failed(sequence, error);
      metrics.fail(failure[1]);
      this.#answers.push(failure);
    }
    metrics.answered(performance.now() - start);
    this.#done(busy, credit);
    this.#planFlush();
  }

  #begin(bytes: number): void {
    this.#busyBytes += bytes;
    this.#busyCalls++;
  }

  #done(size: number, credit: number): void {
    this.#busyBytes -= size;
    this.#busyCalls--;
    if (credit > 0) this.link.consume(credit);
  }

  #isFull(): boolean {
    const { queuedBytes, queuedCalls } = this.#limits;
    return this.#busyCalls > queuedCalls || this.#busyBytes + this.link.bufferedBytes > queuedBytes;
  }

  #hold(rest: readonly Call[]): void {
    this.#isHolding = true;
    this.#flush();
    const look = (): void => {
      if (this.#over) return;
      if (this.#isFull()) {
        setTimeout(look, FULL_POLL_MS);
        return;
      }
      this.#isHolding = false;
      try {
        this.#run(rest);
        while (!this.#isHolding && this.#held.length > 0) this.#frame(this.#held.shift()!);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.end(CUDA_ERROR.EXTERNAL_DEVICE, `bad frame: ${error.message}`);
      }
    };
    setImmediate(look);
  }

  /** Answers that become known in one job travel in one frame. */
  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushPlanned = false;
    if (this.#answers.length === 1 || this.#over) return;
    const frame = packMessage(this.#answers);
    this.#answers = [FRAME.ANSWERS];
    this.#send(frame, { urgent: true });
  }

  #send(frame: Uint8Array, options?: Parameters<Link["send"]>[1]): void {
    this.#options.metrics.bytesOut += frame.length;
    this.link.send(frame, options);
  }

  async #finish(reason: string): Promise<void> {
    this.#over = true;
    this.#held.length = 0;
    try {
      await this.#session.close();
    } finally {
      this.#options.onEnded(reason);
    }
  }
}

/** Bytes that a call copies to the host. */
function sizeToHost({ codec, args }: Call): number {
  return codec.sizeAt >= 0 ? (args[codec.sizeAt] as number) : 0;
}

/** The same, of what travels in one bulk frame; 0 for what does not. */
function bulkSize(call: Call): number {
  const size = sizeToHost(call);
  return size >= BULK_BYTES && size <= CHUNK_BYTES ? size : 0;
}

/** Tells a client why it has to go. */
export function sayGoodbye(socket: MessageSocket, code: number, reason: string): void {
  socket.send(packMessage([FRAME.GOODBYE, code, reason]));
  socket.close(1008, reason);
  // A client that does not answer the close is dropped.
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
  (timer as { unref?(): void }).unref?.();
}

function failed(sequence: number, error: unknown): [sequence: number, code: number, log: string | null] {
  if (error instanceof CudaError) return [sequence, error.cuResult, error.log ?? null];
  return [sequence, CUDA_ERROR.UNKNOWN, error instanceof Error ? error.message : String(error)];
}
