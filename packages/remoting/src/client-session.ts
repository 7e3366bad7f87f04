import type { CudaSession, DriverInfo, SessionOptions } from "@decant/cuda";
import { CUDA_ERROR, CudaError, DRIVER_INFO, WireError } from "@decant/cuda";
import type { CallCodec } from "./calls.ts";
import { callCodecs } from "./calls.ts";
import { CONTENT_BYTES, contentName } from "./content.ts";
import { PROTOCOL_VERSION, type WireLimits } from "./limits.ts";
import { Link, positionOf } from "./link.ts";
import { FRAME, packMessage, printable, unpackMessage } from "./message.ts";
import { DONE, SEND_CONTENT } from "./words.ts";
import type { MessageSocket } from "./socket.ts";
import { TransferReceiver, TransferSender } from "./transfer.ts";

export interface ClientSessionOptions extends SessionOptions {
  readonly limits: WireLimits;
  /** Opens another connection to the same server; rejects with why it cannot. */
  reconnect(): Promise<MessageSocket>;
  onEnded(): void;
}

/** Posted calls that are sent without waiting for the end of the current job. */
const BATCH_CALLS = 64;
/** Bytes under way above which `backpressure` holds posters back, and where it lets them go on. */
const HIGH_WATER_BYTES = 12 * 1024 * 1024;
const LOW_WATER_BYTES = 8 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1_000;
const FIRST_RETRY_MS = 50;
const MOST_RETRY_MS = 2_000;
/** A host that refuses connections for this long has no server, and so no session, any more. */
const REFUSED_MS = 1_000;
const HANDSHAKE_MS = 10_000;

interface Waiting {
  readonly codec: CallCodec;
  /** Where the caller wants bytes to be put. */
  readonly into: Uint8Array | undefined;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What the server said of the session in its welcome. */
interface Resumable {
  readonly id: string;
  readonly key: Uint8Array;
  readonly graceMs: number;
  readonly windowBytes: number;
}

/** A client's session: its calls over a link that is mended, as long as the server keeps the session. */
export class ClientSession {
  readonly #options: ClientSessionOptions;
  readonly #link: Link;
  readonly #outgoing: TransferSender;
  readonly #incoming: TransferReceiver;
  readonly #answers = new Map<number, Waiting>();
  #batch: unknown[] = [FRAME.CALLS];
  #flushPlanned = false;
  /** Calls sent so far; an answer names its call by this count. */
  #calls = 0;
  #failure: CudaError | undefined;
  #closing = false;
  #session: Resumable | undefined;
  #draining: Promise<void> | undefined;
  /** Set where frames are sent, so that asking for backpressure costs a posted call nothing. */
  #isFull = false;

  constructor(options: ClientSessionOptions) {
    this.#options = options;
    this.#link = new Link({
      windowBytes: options.limits.windowBytes,
      onFrame: (frame) => this.#receive(frame),
      onBadFrame: (reason) => this.#giveUp(`the server sent what it may not: ${reason}`, 1002),
      onDetached: (reason) => void this.#mend(reason),
    });
    this.#outgoing = new TransferSender((frame, sent) => this.#send(frame, sent));
    this.#incoming = new TransferReceiver(options.limits);
  }

  /** Introduces the client over a first socket, and gives the session when the server has answered. Fails with what the server refuses it with. */
  async hello(socket: MessageSocket, token: string | undefined): Promise<CudaSession> {
    const { limits } = this.#options;
    const signatures = callCodecs.map(({ signature }) => signature);
    socket.send(packMessage([FRAME.HELLO, PROTOCOL_VERSION, token ?? null, signatures, limits.windowBytes]));
    return reply(socket, FRAME.WELCOME, limits, (message) => {
      const [, , supported, info, id, key, graceMs, windowBytes] = message;
      const isWhole =
        Array.isArray(supported) && typeof id === "string" && key instanceof Uint8Array && isCount(graceMs) && isCount(windowBytes);
      if (!isWhole) throw new WireError("the welcome is not complete");
      const face = this.#face(new Set(supported), DRIVER_INFO.decode(info));
      this.#session = { id, key, graceMs, windowBytes };
      this.#link.attach(socket, { frames: 0, bytes: 0, windowBytes });
      return face;
    });
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#flush();
    if (this.#failure) return;
    const failure = new CudaError(CUDA_ERROR.DEINITIALIZED);
    // What was posted last is still on its way; a server that takes nothing in is left.
    await Promise.race([this.#link.drained(0), new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS))]);
    const socket = this.#link.end();
    if (socket !== undefined) await closed(socket);
    this.#end(failure);
  }

  /** A method for each call of the table; what the server lacks fails with CUDA_ERROR_NOT_SUPPORTED. */
  #face(known: ReadonlySet<unknown>, info: DriverInfo): CudaSession {
    const methods = Object.fromEntries(
      callCodecs.map((codec, number) => [
        codec.name,
        known.has(number)
          ? (...args: unknown[]) => (codec.takesContent ? this.#callWithContent(number, codec, args) : this.#call(number, codec, args))
          : () => {
              throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, `the server has no ${codec.name}`);
            },
      ]),
    );
    // The names and signatures are the table's, which CudaSession is made from.
    return { ...methods, info, backpressure: () => this.#backpressure(), close: () => this.close() } as unknown as CudaSession;
  }

  /** Sends a hash in the place of bytes that the server may have; the bytes follow when it has not. */
  async #callWithContent(number: number, codec: CallCodec, args: readonly unknown[]): Promise<unknown> {
    const bytes = args.at(-1);
    if (!(bytes instanceof Uint8Array) || bytes.length < CONTENT_BYTES) return this.#call(number, codec, args);
    const copy = bytes.slice();
    try {
      return await this.#post(number, codec, [0, ...args.slice(0, -1), await contentName(copy)]);
    } catch (error) {
      if (!(error instanceof CudaError) || error.cuResult !== SEND_CONTENT) throw error;
      return this.#call(number, codec, [...args.slice(0, -1), copy]);
    }
  }

  /** Hot: every call (bench/cuda-channel.ts). */
  #call(number: number, codec: CallCodec, args: readonly unknown[]): Promise<unknown> | undefined {
    this.#check();
    try {
      return this.#post(number, codec, codec.encodeArguments(args, this.#outgoing), args[codec.parameters] as Uint8Array | undefined);
    } catch (error) {
      if (error instanceof WireError) throw new CudaError(CUDA_ERROR.INVALID_VALUE, `${codec.name}: ${error.message}`);
      throw error;
    }
  }

  #post(number: number, codec: CallCodec, values: unknown[], into?: Uint8Array): Promise<unknown> | undefined {
    this.#check();
    values[0] = number;
    const sequence = this.#calls++;
    this.#batch.push(values);
    // A call follows the bulk that it takes at once: only calls that have run give credit for more.
    const mustFollow = this.#outgoing.takeBulk();
    if (mustFollow || this.#batch.length > BATCH_CALLS) this.#flush();
    else if (!this.#flushPlanned) {
      this.#flushPlanned = true;
      queueMicrotask(() => this.#flush());
    }
    if (!codec.answers) return undefined;
    return new Promise((resolve, reject) => this.#answers.set(sequence, { codec, into, resolve, reject }));
  }

  #check(): void {
    if (this.#closing) throw new CudaError(CUDA_ERROR.DEINITIALIZED);
    if (this.#failure) throw this.#failure;
  }

  #flush(): void {
    this.#flushPlanned = false;
    if (this.#batch.length === 1 || this.#failure) return;
    const batch = this.#batch;
    this.#batch = [FRAME.CALLS];
    this.#send(packMessage(batch));
  }

  #send(frame: Uint8Array, sent?: () => void): void {
    this.#link.send(frame, sent ? { sent } : {});
    this.#isFull = this.#link.bufferedBytes > HIGH_WATER_BYTES;
  }

  #backpressure(): Promise<void> | undefined {
    if (!this.#isFull) return undefined;
    this.#draining ??= this.#link.drained(LOW_WATER_BYTES).finally(() => {
      this.#draining = undefined;
      this.#isFull = false;
    });
    return this.#draining;
  }

  #receive(frame: Uint8Array): void {
    this.#link.consume(frame.length);
    if (TransferReceiver.accepts(frame)) {
      this.#incoming.receive(frame);
      return;
    }
    const message = unpackMessage(frame, this.#options.limits);
    const [type] = message;
    if (type === FRAME.GOODBYE) this.#giveUp(goodbyeOf(message).log ?? "", 1000);
    else if (type === FRAME.ANSWERS) this.#answered(message);
    else if (type === FRAME.OUTPUT && message[1] instanceof Uint8Array) this.#options.onOutput?.(message[1]);
    else throw new WireError(`a frame of type ${printable(type)} is out of place`);
  }

  /** Looks at all answers of a frame before the first is given to who waits for it. */
  #answered(message: readonly unknown[]): void {
    const taken = new Map<number, () => void>();
    for (let index = 1; index < message.length; index++) {
      const [sequence, give] = this.#answer(message[index]);
      if (taken.has(sequence)) throw new WireError(`call ${sequence} is answered twice`);
      taken.set(sequence, give);
    }
    for (const [sequence, give] of taken) {
      this.#answers.delete(sequence);
      give();
    }
  }

  /** An answer is [call count, 0, result] or [call count, CUresult, log or nil]. Gives the count, and what the answer comes to. */
  #answer(answer: unknown): readonly [sequence: number, give: () => void] {
    if (!Array.isArray(answer) || answer.length !== 3) throw new WireError("an answer must have three values");
    const [sequence, code, value] = answer as unknown[];
    const waiting = this.#answers.get(sequence as number);
    if (!waiting || !Number.isInteger(code)) throw new WireError(`no call waits for answer ${printable(sequence)}`);
    if (code !== 0) {
      if (value !== null && typeof value !== "string") throw new WireError("the log of an answer must be text or nil");
      return [sequence as number, () => waiting.reject(new CudaError(code as number, value ?? undefined))];
    }
    const result = waiting.codec.decodeResult(value, this.#incoming);
    const frame = this.#incoming.takeFrame();
    if (waiting.into !== undefined && result instanceof Uint8Array && result.length > waiting.into.length)
      throw new WireError(`${result.length} bytes came for ${waiting.into.length}`);
    return [
      sequence as number,
      () => {
        const given = landed(result, waiting.into);
        if (frame !== undefined && given !== result) this.#link.recycle(frame);
        waiting.resolve(given);
      },
    ];
  }

  /** After the connection broke: others are tried until the server has the session no more, or would have it no more. */
  async #mend(reason: string): Promise<void> {
    const session = this.#session;
    if (this.#failure || this.#closing || session === undefined) return this.#lose(reason);
    const start = performance.now();
    let refusedSince: number | undefined;
    let why = reason;
    for (let wait = FIRST_RETRY_MS; performance.now() - start < session.graceMs; wait = Math.min(MOST_RETRY_MS, wait * 2)) {
      try {
        await this.#resume(await this.#options.reconnect(), session);
        return undefined;
      } catch (error) {
        if (this.#failure || this.#closing) return undefined;
        // The server itself has said no.
        if (error instanceof CudaError) return this.#lose(error.log ?? error.message);
        why = (error as Error).message;
        const now = performance.now();
        refusedSince = /ECONNREFUSED/.test(why) ? (refusedSince ?? now) : undefined;
        if (refusedSince !== undefined && now - refusedSince >= REFUSED_MS) break;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    return this.#lose(`${reason}, and cannot be taken up again: ${why}`);
  }

  async #resume(socket: MessageSocket, { id, key, windowBytes }: Resumable): Promise<void> {
    const { frames, bytes } = this.#link.position;
    socket.send(packMessage([FRAME.RESUME, PROTOCOL_VERSION, id, key, frames, bytes]));
    await reply(socket, FRAME.RESUMED, this.#options.limits, ([, theirFrames, theirBytes]) => {
      if (this.#failure || this.#closing) socket.terminate();
      else this.#link.attach(socket, { ...positionOf(theirFrames, theirBytes), windowBytes });
    });
  }

  #giveUp(reason: string, code: number): void {
    this.#link.end()?.close(code, reason);
    this.#lose(reason);
  }

  #lose(reason: string): void {
    if (this.#failure) return;
    this.#link.end();
    this.#end(new CudaError(CUDA_ERROR.EXTERNAL_DEVICE, reason));
    if (!this.#closing) this.#options.onLost?.(reason);
  }

  #end(failure: CudaError): void {
    this.#failure ??= failure;
    this.#options.onEnded();
    for (const waiting of this.#answers.values()) waiting.reject(this.#failure);
    this.#answers.clear();
  }
}

/** Puts bytes where they are wanted, and gives that; any other result as it is. */
function landed(result: unknown, into: Uint8Array | undefined): unknown {
  if (into === undefined || !(result instanceof Uint8Array)) return result;
  into.set(result);
  return into;
}

/**
 * Waits for the first message of a connection, which must be of a type, and takes it before anything that comes behind it. A goodbye in its place
 * is thrown as the CudaError that it names; what cannot be understood as one of CUDA_ERROR_SYSTEM_NOT_READY.
 */
function reply<T>(socket: MessageSocket, type: number, limits: WireLimits, take: (message: readonly unknown[]) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.onFrame = () => undefined;
      reject(error);
    };
    const timer = setTimeout(() => {
      socket.terminate();
      fail(new Error("the server does not answer"));
    }, HANDSHAKE_MS);
    socket.onClose = (reason) => fail(new Error(reason));
    socket.onFrame = (frame) => {
      try {
        const message = unpackMessage(frame, limits);
        if (message[0] === FRAME.GOODBYE) return fail(goodbyeOf(message));
        if (message[0] !== type) throw new WireError(`a frame of type ${printable(message[0])} is out of place`);
        clearTimeout(timer);
        resolve(take(message));
      } catch (error) {
        const reason = `the server sent what it may not: ${(error as Error).message}`;
        socket.close(1002, reason);
        fail(new CudaError(CUDA_ERROR.SYSTEM_NOT_READY, reason));
      }
      return undefined;
    };
  });
}

/** The server ends a session, or lets nobody in, and says why: [type, CUresult, reason]. */
function goodbyeOf([, code, reason]: readonly unknown[]): CudaError {
  const text = typeof reason === "string" ? reason : "the server ended the session";
  return new CudaError(typeof code === "number" ? code : CUDA_ERROR.EXTERNAL_DEVICE, text);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Closes a socket; resolves when that is done, or the other end takes no part in it. */
async function closed(socket: MessageSocket): Promise<void> {
  const done = new Promise<void>((resolve) => {
    socket.onClose = () => resolve();
  });
  socket.close(1000, DONE);
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
  await done;
  clearTimeout(timer);
}
