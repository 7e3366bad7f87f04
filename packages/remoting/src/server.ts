import type { CudaDriver, CudaSession, GuardLimits } from "@decant/cuda";
import { CUDA_ERROR, CudaError, defaultGuardLimits, DRIVER_INFO, guard, WireError } from "@decant/cuda";
import type { CallCodec } from "./calls.ts";
import { callCodecs } from "./calls.ts";
import type { WireLimits } from "./limits.ts";
import { CHUNK_BYTES, defaultWireLimits, PROTOCOL_VERSION } from "./limits.ts";
import { FRAME, packMessage, unpackMessage } from "./message.ts";
import type { MessageSocket } from "./socket.ts";
import { TransferReceiver, TransferSender } from "./transfer.ts";

export interface ServeOptions {
  /** Decides whether a client with this token may come in; without it everybody may. */
  authorize?(token: string | undefined): boolean;
  readonly limits?: WireLimits;
  readonly guardLimits?: GuardLimits;
  /** How long a client may take to introduce itself. */
  readonly helloTimeoutMs?: number;
  /** Told about the session: opened, refused, closed and why. */
  onEvent?(event: SessionEvent): void;
}

export type SessionEvent =
  | { readonly kind: "opened" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "closed"; readonly reason: string; readonly calls: number };

/** A client's connection at the server. */
export interface ServedSession {
  /** Ends the session; the client is told why, its calls fail from then on. */
  end(reason: string): void;
  /** Resolves when the connection is closed and everything of the session is freed. */
  readonly ended: Promise<void>;
}

/**
 * Serves one client over a connected socket: hello, then calls until the socket closes. A frame is validated
 * completely before anything in it is done; a bad one ends this session, with a reason, and nothing else.
 */
export function serveDriver(driver: CudaDriver, socket: MessageSocket, options: ServeOptions = {}): ServedSession {
  return new Served(driver, socket, options);
}

interface Call {
  readonly codec: CallCodec;
  readonly sequence: number;
  readonly args: unknown[];
  readonly bytes: number;
}

class Served implements ServedSession {
  readonly ended: Promise<void>;
  readonly #driver: CudaDriver;
  readonly #socket: MessageSocket;
  readonly #options: ServeOptions;
  readonly #limits: WireLimits;
  readonly #outgoing: TransferSender;
  readonly #incoming: TransferReceiver;
  readonly #helloTimer: ReturnType<typeof setTimeout>;
  #session: CudaSession | undefined;
  /** The client's calls by its own numbers; undefined for those that it has and we do not. */
  #codecs: readonly (CallCodec | undefined)[] = [];
  #state: "new" | "opening" | "open" | "closed" = "new";
  #calls = 0;
  #answers: unknown[] = [FRAME.ANSWERS];
  /** Frames that wait while the session has too much under way. */
  readonly #held: Uint8Array[] = [];
  #busyBytes = 0;
  #paused = false;
  #resolveEnded: () => void = () => undefined;

  constructor(driver: CudaDriver, socket: MessageSocket, options: ServeOptions) {
    this.#driver = driver;
    this.#socket = socket;
    this.#options = options;
    this.#limits = options.limits ?? defaultWireLimits;
    this.#outgoing = new TransferSender((frame, sent) => socket.send(frame, sent));
    this.#incoming = new TransferReceiver(this.#limits);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#helloTimer = setTimeout(() => this.#fail(CUDA_ERROR.SYSTEM_NOT_READY, "no hello came"), options.helloTimeoutMs ?? 10_000);
    socket.onFrame = (frame) => this.#receive(frame);
    socket.onClose = (reason) => void this.#close(reason);
  }

  end(reason: string): void {
    this.#fail(CUDA_ERROR.EXTERNAL_DEVICE, reason);
  }

  #receive(frame: Uint8Array): void {
    if (this.#state === "closed") return;
    if (this.#paused) this.#held.push(frame);
    else this.#frame(frame);
  }

  #frame(frame: Uint8Array): void {
    try {
      if (this.#state === "open" && TransferReceiver.accepts(frame)) this.#incoming.receive(frame);
      else {
        const message = unpackMessage(frame, this.#limits);
        if (this.#state === "new" && message[0] === FRAME.HELLO) void this.#hello(message);
        else if (this.#state === "open" && message[0] === FRAME.CALLS) this.#run(this.#decode(message));
        else throw new WireError(`a frame of type ${String(message[0])} is out of place`);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#fail(CUDA_ERROR.EXTERNAL_DEVICE, `bad frame: ${error.message}`);
    }
  }

  /** A hello is [type, protocol version, token or nil, signatures of the client's calls]. */
  async #hello(message: readonly unknown[]): Promise<void> {
    const [, version, token, signatures] = message;
    clearTimeout(this.#helloTimer);
    this.#state = "opening";
    if (version !== PROTOCOL_VERSION)
      return this.#refuse(
        CUDA_ERROR.SYSTEM_DRIVER_MISMATCH,
        `the server speaks protocol ${PROTOCOL_VERSION}, the client ${String(version)}`,
      );
    if (!Array.isArray(signatures) || signatures.length > MAX_CALLS)
      return this.#refuse(CUDA_ERROR.SYSTEM_DRIVER_MISMATCH, "the hello has no list of calls");
    if (this.#options.authorize && !this.#options.authorize(typeof token === "string" ? token : undefined))
      return this.#refuse(CUDA_ERROR.NOT_PERMITTED, token === null ? "the server asks for a token" : "the token is not known");
    try {
      const opened = await this.#driver.open({ onOutput: (text) => this.#output(text), onLost: (reason) => this.end(reason) });
      // The client may have gone in the meantime.
      if ((this.#state as string) === "closed") return void opened.close();
      this.#session = guard(opened, this.#options.guardLimits ?? defaultGuardLimits);
    } catch (error) {
      return this.#refuse(error instanceof CudaError ? error.cuResult : CUDA_ERROR.SYSTEM_NOT_READY, (error as Error).message);
    }
    const bySignature = new Map(callCodecs.map((codec) => [codec.signature, codec]));
    this.#codecs = signatures.map((signature) => bySignature.get(signature as string));
    const supported = [...this.#codecs.keys()].filter((number) => this.#codecs[number]);
    this.#state = "open";
    this.#options.onEvent?.({ kind: "opened" });
    this.#socket.send(packMessage([FRAME.WELCOME, PROTOCOL_VERSION, supported, DRIVER_INFO.encode(this.#session.info)]));
    return undefined;
  }

  /** All calls of a frame, or WireError. A call is [the client's number of it, ...arguments]. */
  #decode(message: readonly unknown[]): Call[] {
    const calls: Call[] = [];
    let sequence = this.#calls;
    for (let index = 1; index < message.length; index++) {
      const values = message[index];
      if (!Array.isArray(values)) throw new WireError("a call must be an array");
      const codec = this.#codecs[values[0] as number];
      if (!codec) throw new WireError(`there is no call ${String(values[0])}`);
      const args = codec.decodeArguments(values, this.#incoming);
      const last = args.at(-1);
      calls.push({ codec, sequence: sequence++, args, bytes: last instanceof Uint8Array ? last.length : 0 });
    }
    this.#calls = sequence;
    return calls;
  }

  /** Runs calls in order; when too much is under way, the rest waits and the socket is not read. */
  #run(calls: readonly Call[]): void {
    for (let index = 0; index < calls.length; index++) {
      this.#execute(calls[index]!);
      if (this.#state !== "open") return;
      if (this.#isFull()) {
        this.#hold(calls.slice(index + 1));
        return;
      }
    }
    this.#flush();
  }

  #execute({ codec, sequence, args, bytes }: Call): void {
    // The guard has a method for each name of the table, which decodeArguments has typed.
    const method = (this.#session as unknown as Record<string, (...values: unknown[]) => unknown>)[codec.name]!;
    const result = method(...args);
    if (codec.answers) {
      const size = CALL_BYTES + (codec.returnsBytes ? CHUNK_BYTES : 0);
      this.#busyBytes += size;
      void Promise.resolve(result)
        .then(
          (value) => this.#answers.push([sequence, 0, codec.encodeResult(value, this.#outgoing)]),
          (error: unknown) => this.#answers.push(failure(sequence, error)),
        )
        .then(() => {
          this.#busyBytes -= size;
          this.#planFlush();
        });
    } else if (result instanceof Promise) {
      // The guard has latched what it failed with; here it only counts as under way.
      this.#busyBytes += bytes + CALL_BYTES;
      void result.finally(() => {
        this.#busyBytes -= bytes + CALL_BYTES;
      });
    }
  }

  #isFull(): boolean {
    return this.#busyBytes > this.#limits.queuedBytes || this.#socket.bufferedBytes > this.#limits.queuedBytes;
  }

  #hold(rest: readonly Call[]): void {
    this.#paused = true;
    this.#socket.pause();
    this.#flush();
    const look = (): void => {
      if (this.#state !== "open") return;
      if (this.#isFull()) {
        setTimeout(look, FULL_POLL_MS);
        return;
      }
      this.#paused = false;
      this.#run(rest);
      while (!this.#paused && this.#held.length > 0) this.#frame(this.#held.shift()!);
      if (!this.#paused) this.#socket.resume();
    };
    setTimeout(look, FULL_POLL_MS);
  }

  #flushPlanned = false;

  /** Answers that become known in one job travel in one frame. */
  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushPlanned = false;
    if (this.#answers.length === 1 || this.#state !== "open") return;
    const answers = this.#answers;
    this.#answers = [FRAME.ANSWERS];
    this.#socket.send(packMessage(answers));
  }

  #output(text: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#flush();
    for (let offset = 0; offset < text.length; offset += OUTPUT_BYTES)
      this.#socket.send(packMessage([FRAME.OUTPUT, text.slice(offset, offset + OUTPUT_BYTES)]));
  }

  #refuse(code: number, reason: string): void {
    this.#options.onEvent?.({ kind: "refused", reason });
    this.#fail(code, reason);
  }

  #fail(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#flush();
    this.#socket.send(packMessage([FRAME.GOODBYE, code, reason]));
    this.#socket.close(1008, reason);
    void this.#close(reason);
    // A client that does not answer the close is dropped.
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS);
    (timer as { unref?(): void }).unref?.();
  }

  async #close(reason: string): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#helloTimer);
    this.#held.length = 0;
    const session = this.#session;
    this.#session = undefined;
    try {
      await session?.close();
    } finally {
      if (session) this.#options.onEvent?.({ kind: "closed", reason, calls: this.#calls });
      this.#resolveEnded();
    }
  }
}

/** What a call that is under way counts for, besides its bytes. */
const CALL_BYTES = 256;
const MAX_CALLS = 10_000;
const OUTPUT_BYTES = 32 * 1024;
const FULL_POLL_MS = 1;
const CLOSE_TIMEOUT_MS = 2_000;

function failure(sequence: number, error: unknown): unknown[] {
  if (error instanceof CudaError) return [sequence, error.cuResult, error.log ?? null];
  return [sequence, CUDA_ERROR.UNKNOWN, error instanceof Error ? error.message : String(error)];
}
