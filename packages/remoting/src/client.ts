import type { Cuda, CudaDriver, CudaSession, DriverInfo, SessionOptions } from "@decant/cuda";
import { CUDA_ERROR, CudaError, DRIVER_INFO, openCuda, WireError } from "@decant/cuda";
import type { CallCodec } from "./calls.ts";
import { callCodecs } from "./calls.ts";
import type { WireLimits } from "./limits.ts";
import { defaultWireLimits, PROTOCOL_VERSION } from "./limits.ts";
import { FRAME, packMessage, unpackMessage } from "./message.ts";
import type { MessageSocket } from "./socket.ts";
import { openSocket } from "./socket.ts";
import { TransferReceiver, TransferSender } from "./transfer.ts";

export interface RemoteOptions {
  /** Who the client is; the server may ask for it. It is sent in the first message, never in the address. */
  readonly token?: string;
  readonly limits?: WireLimits;
}

/**
 * A driver on the far side of a WebSocket: `ws://host:9440`, or wss. Each session is a connection of its own.
 * `open` fails with CUDA_ERROR_SYSTEM_NOT_READY when there is no server, SYSTEM_DRIVER_MISMATCH when it speaks
 * another protocol, and NOT_PERMITTED when it does not let the client in; the error's log says why.
 */
export function remoteDriver(url: string, options: RemoteOptions = {}): CudaDriver {
  const limits = options.limits ?? defaultWireLimits;
  const sessions = new Set<RemoteSession>();
  return {
    async open(sessionOptions = {}) {
      let socket: MessageSocket;
      try {
        socket = await openSocket(url, limits.frameBytes);
      } catch (error) {
        throw new CudaError(CUDA_ERROR.SYSTEM_NOT_READY, `${url}: ${(error as Error).message}`);
      }
      const remote = new RemoteSession(socket, limits, sessionOptions, () => sessions.delete(remote));
      sessions.add(remote);
      return remote.hello(options.token);
    },
    async close() {
      await Promise.all([...sessions].map((session) => session.close()));
    },
  };
}

/** Connects to a server and gives the Driver API for one thread. */
export function connect(url: string, options: RemoteOptions & SessionOptions = {}): Promise<Cuda> {
  return openCuda(remoteDriver(url, options), options);
}

/** Posted calls that are sent without waiting for the end of the current job. */
const BATCH_CALLS = 64;
/** Bytes that may wait in the socket before `backpressure` holds posters back, and where it lets them go on. */
const HIGH_WATER_BYTES = 8 * 1024 * 1024;
const LOW_WATER_BYTES = 2 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1_000;

interface Waiting {
  readonly codec: CallCodec;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

class RemoteSession {
  readonly #socket: MessageSocket;
  readonly #limits: WireLimits;
  readonly #options: SessionOptions;
  readonly #onClose: () => void;
  readonly #outgoing: TransferSender;
  readonly #incoming: TransferReceiver;
  readonly #answers = new Map<number, Waiting>();
  #batch: unknown[] = [FRAME.CALLS];
  #flushPlanned = false;
  /** Calls sent so far; an answer names its call by this count. */
  #calls = 0;
  #failure: CudaError | undefined;
  #closing = false;
  #welcome: ((message: readonly unknown[]) => void) | undefined;
  #refuse: ((error: CudaError) => void) | undefined;
  #draining: Promise<void> | undefined;
  /** Set where frames are sent, so that asking for backpressure costs a posted call nothing. */
  #isFull = false;
  #closed: () => void = () => undefined;
  readonly #whenClosed = new Promise<void>((resolve) => {
    this.#closed = resolve;
  });

  constructor(socket: MessageSocket, limits: WireLimits, options: SessionOptions, onClose: () => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#options = options;
    this.#onClose = onClose;
    this.#outgoing = new TransferSender((frame, sent) => this.#send(frame, sent));
    this.#incoming = new TransferReceiver(limits);
    socket.onFrame = (frame) => this.#receive(frame);
    socket.onClose = (reason) => this.#lose(reason);
  }

  /** Introduces the client; gives the session when the server has answered. */
  hello(token: string | undefined): Promise<CudaSession> {
    return new Promise((resolve, reject) => {
      this.#welcome = (message) => resolve(this.#session(message));
      this.#refuse = reject;
      this.#socket.send(packMessage([FRAME.HELLO, PROTOCOL_VERSION, token ?? null, callCodecs.map(({ signature }) => signature)]));
    });
  }

  async close(): Promise<void> {
    if (this.#closing) return this.#whenClosed;
    this.#closing = true;
    this.#flush();
    if (this.#failure) return undefined;
    this.#socket.close(1000, "done");
    // A server that does not take part in the closing is left.
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS);
    await this.#whenClosed;
    clearTimeout(timer);
    return undefined;
  }

  /** A method for each call of the table; what the server lacks fails with CUDA_ERROR_NOT_SUPPORTED. */
  #session(message: readonly unknown[]): CudaSession {
    const [, , supported, info] = message;
    if (!Array.isArray(supported)) throw new WireError("the welcome has no list of calls");
    const known = new Set(supported);
    const methods = Object.fromEntries(
      callCodecs.map((codec, number) => [
        codec.name,
        known.has(number)
          ? (...args: unknown[]) => this.#call(number, codec, args)
          : () => {
              throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, `the server has no ${codec.name}`);
            },
      ]),
    );
    const driverInfo: DriverInfo = DRIVER_INFO.decode(info);
    // The names and signatures are the table's, which CudaSession is made from.
    return {
      ...methods,
      info: driverInfo,
      backpressure: () => this.#backpressure(),
      close: () => this.close(),
    } as unknown as CudaSession;
  }

  #call(number: number, codec: CallCodec, args: readonly unknown[]): Promise<unknown> | undefined {
    if (this.#closing) throw new CudaError(CUDA_ERROR.DEINITIALIZED);
    if (this.#failure) throw this.#failure;
    let values: unknown[];
    try {
      values = codec.encodeArguments(args, this.#outgoing);
    } catch (error) {
      if (error instanceof WireError) throw new CudaError(CUDA_ERROR.INVALID_VALUE, `${codec.name}: ${error.message}`);
      throw error;
    }
    values[0] = number;
    const sequence = this.#calls++;
    this.#batch.push(values);
    if (this.#batch.length > BATCH_CALLS) this.#flush();
    else if (!this.#flushPlanned) {
      this.#flushPlanned = true;
      queueMicrotask(() => this.#flush());
    }
    if (!codec.answers) return undefined;
    return new Promise((resolve, reject) => this.#answers.set(sequence, { codec, resolve, reject }));
  }

  #flush(): void {
    this.#flushPlanned = false;
    if (this.#batch.length === 1 || this.#failure) return;
    const batch = this.#batch;
    this.#batch = [FRAME.CALLS];
    this.#send(packMessage(batch));
  }

  #send(frame: Uint8Array, sent?: () => void): void {
    this.#socket.send(frame, sent);
    this.#isFull = this.#socket.bufferedBytes > HIGH_WATER_BYTES;
  }

  #backpressure(): Promise<void> | undefined {
    if (!this.#isFull) return undefined;
    this.#draining ??= this.#socket.drained(LOW_WATER_BYTES).finally(() => {
      this.#draining = undefined;
      this.#isFull = false;
    });
    return this.#draining;
  }

  #receive(frame: Uint8Array): void {
    if (this.#failure) return;
    try {
      if (TransferReceiver.accepts(frame)) this.#incoming.receive(frame);
      else this.#message(unpackMessage(frame, this.#limits));
    } catch (error) {
      this.#socket.close(1002, (error as Error).message);
      this.#lose(`the server sent what it may not: ${(error as Error).message}`);
    }
  }

  #message(message: readonly unknown[]): void {
    const [type] = message;
    if (type === FRAME.GOODBYE) this.#goodbye(message);
    else if (type === FRAME.WELCOME && this.#welcome) {
      this.#welcome(message);
      this.#welcome = undefined;
      this.#refuse = undefined;
    } else if (type === FRAME.ANSWERS && !this.#welcome) for (const answer of message.slice(1)) this.#answer(answer);
    else if (type === FRAME.OUTPUT && message[1] instanceof Uint8Array) this.#options.onOutput?.(message[1]);
    else throw new WireError(`a frame of type ${String(type)} is out of place`);
  }

  /** An answer is [call count, 0, result] or [call count, CUresult, log or nil]. */
  #answer(answer: unknown): void {
    if (!Array.isArray(answer) || answer.length !== 3) throw new WireError("an answer must have three values");
    const [sequence, code, value] = answer as unknown[];
    const waiting = this.#answers.get(sequence as number);
    if (!waiting || typeof code !== "number") throw new WireError(`no call waits for answer ${String(sequence)}`);
    this.#answers.delete(sequence as number);
    if (code === 0) waiting.resolve(waiting.codec.decodeResult(value, this.#incoming));
    else waiting.reject(new CudaError(code, typeof value === "string" ? value : undefined));
  }

  /** The server ends the session and says why: [type, CUresult, reason]. */
  #goodbye([, code, reason]: readonly unknown[]): void {
    const text = typeof reason === "string" ? reason : "the server ended the session";
    this.#refuse?.(new CudaError(typeof code === "number" ? code : CUDA_ERROR.SYSTEM_NOT_READY, text));
    this.#refuse = undefined;
    this.#lose(text);
  }

  #lose(reason: string): void {
    this.#closed();
    if (this.#failure) return;
    this.#failure = new CudaError(CUDA_ERROR.EXTERNAL_DEVICE, reason);
    this.#onClose();
    this.#refuse?.(new CudaError(CUDA_ERROR.SYSTEM_NOT_READY, reason));
    for (const waiting of this.#answers.values()) waiting.reject(this.#failure);
    this.#answers.clear();
    if (!this.#closing) this.#options.onLost?.(reason);
  }
}
