import { randomBytes, timingSafeEqual } from "node:crypto";
import type { CudaDriver, CudaSession, GuardedSession, GuardLimits } from "@decant/cuda";
import { CUDA_ERROR, CudaError, defaultGuardLimits, DRIVER_INFO, guard, WireError } from "@decant/cuda";
import { ContentStore } from "./content.ts";
import { defaultWireLimits, GRACE_MS, PROTOCOL_VERSION, WINDOW_BYTES, type WireLimits } from "./limits.ts";
import { positionOf } from "./link.ts";
import { FRAME, packMessage, printable, unpackMessage } from "./message.ts";
import { ChannelMetrics } from "./metrics.ts";
import { sayGoodbye, ServedSession } from "./served-session.ts";
import type { MessageSocket } from "./socket.ts";
import { DONE } from "./words.ts";

/** What a client is let in with. */
export interface Grant {
  /** Whose sessions they are: sessions of one name share the images that the server keeps. */
  readonly name: string;
  readonly limits?: Partial<GuardLimits>;
  /** The share of the processors, beside the other sessions'; 1 if not given. */
  readonly weight?: number;
  /** The longest that a kernel of the session may run, in milliseconds. */
  readonly kernelTimeMs?: number;
  /** Calls that the session may have under way before no more are taken up. */
  readonly queuedCalls?: number;
}

export interface SessionsOptions {
  /** Decides whether a client may come in; without it everybody may. A text refuses it, and says why. */
  authorize?(token: string | undefined, from: string): Grant | string;
  readonly limits?: WireLimits;
  /** What a session may hold, where its grant says nothing else. */
  readonly guardLimits?: GuardLimits;
  /** How long a client may take to introduce itself. */
  readonly helloTimeoutMs?: number;
  /** How long a session outlives its connection. */
  readonly graceMs?: number;
  /** How many sessions there may be at a time. */
  readonly sessions?: number;
  onEvent?(event: SessionEvent): void;
  /** Told of an address whose connection said nothing, or what no client says. */
  onBadHello?(from: string): void;
}

/** Something that happened to a session. `from` is where its connection comes from. */
export type SessionEvent = { readonly session: string; readonly from: string } & (
  | { readonly kind: "opened" | "resumed"; readonly name: string }
  | { readonly kind: "refused" | "detached"; readonly reason: string }
  | { readonly kind: "closed"; readonly reason: string; readonly calls: number }
);

/** A session as an operator sees it. */
export interface SessionStatus {
  readonly id: string;
  readonly name: string;
  readonly from: string;
  readonly connected: boolean;
  readonly openedMs: number;
  readonly calls: number;
  readonly busyCalls: number;
  readonly memoryBytes: number;
  readonly handles: number;
}

interface Entry {
  readonly id: string;
  readonly key: Buffer;
  readonly grant: Grant;
  readonly opened: number;
  readonly cuda: GuardedSession;
  readonly served: ServedSession;
  readonly windowBytes: number;
  from: string;
  graceTimer: ReturnType<typeof setTimeout> | undefined;
}

const MAX_CALLS = 10_000;
const HELLO_TIMEOUT_MS = 10_000;
/** Stores of kept images, one for each name. */
const MAX_STORES = 64;

/** The sessions of a server: lets clients in, and back in after their connection broke. */
export class Sessions {
  readonly metrics = new ChannelMetrics();
  readonly #driver: CudaDriver;
  readonly #options: SessionsOptions;
  readonly #limits: WireLimits;
  readonly #entries = new Map<string, Entry>();
  readonly #stores = new Map<string, ContentStore>();
  readonly #idle: (() => void)[] = [];
  #opening = 0;
  #numbers = 0;
  #draining: string | undefined;

  constructor(driver: CudaDriver, options: SessionsOptions = {}) {
    this.#driver = driver;
    this.#options = options;
    this.#limits = options.limits ?? defaultWireLimits;
  }

  get size(): number {
    return this.#entries.size + this.#opening;
  }

  list(): SessionStatus[] {
    return [...this.#entries.values()].map(({ id, grant, from, served, opened, cuda }) => ({
      id,
      name: grant.name,
      from,
      connected: served.link.isAttached,
      openedMs: Date.now() - opened,
      calls: served.counts.calls,
      busyCalls: served.counts.busy,
      ...cuda.usage(),
    }));
  }

  /** Serves a connected socket: its first frame says whether it is a new client or one that comes back. */
  accept(socket: MessageSocket, from = ""): void {
    const number = String(++this.#numbers);
    const refuse = (code: number, reason: string): void => {
      settle();
      this.metrics.refusals++;
      this.#options.onEvent?.({ kind: "refused", session: number, from, reason });
      sayGoodbye(socket, code, reason);
    };
    const timer = setTimeout(() => {
      this.#options.onBadHello?.(from);
      refuse(CUDA_ERROR.SYSTEM_NOT_READY, "no hello came");
    }, this.#options.helloTimeoutMs ?? HELLO_TIMEOUT_MS);
    const settle = (): void => {
      clearTimeout(timer);
      socket.onFrame = () => undefined;
    };
    socket.onClose = settle;
    socket.onFrame = (frame) => {
      settle();
      try {
        const message = unpackMessage(frame, this.#limits);
        if (message[0] === FRAME.HELLO) void this.#hello(socket, message, { from, refuse });
        else if (message[0] === FRAME.RESUME) this.#resume(socket, message, { from, refuse });
        else throw new WireError(`a frame of type ${printable(message[0])} is out of place`);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.metrics.badFrames++;
        this.#options.onBadHello?.(from);
        refuse(CUDA_ERROR.EXTERNAL_DEVICE, `bad frame: ${error.message}`);
      }
    };
  }

  /** Lets no new sessions in; those that there are may come back. */
  drain(reason: string): void {
    this.#draining ??= reason;
  }

  /** Resolves when there is no session. */
  async idle(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends all sessions, or those of some names, and tells their clients why. */
  end(reason: string, which: (name: string) => boolean = () => true): void {
    for (const { served, grant } of [...this.#entries.values()]) if (which(grant.name)) served.end(CUDA_ERROR.EXTERNAL_DEVICE, reason);
  }

  /** HELLO is [type, protocol version, token or nil, signatures of the client's calls, window in bytes]. */
  async #hello(socket: MessageSocket, message: readonly unknown[], { from, refuse }: Arrival): Promise<void> {
    const [, version, token, signatures, window] = message;
    if (version !== PROTOCOL_VERSION)
      return refuse(CUDA_ERROR.SYSTEM_DRIVER_MISMATCH, `the server speaks protocol ${PROTOCOL_VERSION}, the client ${printable(version)}`);
    const isList = Array.isArray(signatures) && signatures.length <= MAX_CALLS && signatures.every((text) => typeof text === "string");
    const isHello = isList && message.length === 5 && (token === null || typeof token === "string") && isCount(window);
    if (!isHello) return refuse(CUDA_ERROR.SYSTEM_DRIVER_MISMATCH, "the hello is not a token or nil, a list of calls, and a window");
    const grant = this.#options.authorize?.((token as string | null) ?? undefined, from) ?? { name: "" };
    if (typeof grant === "string") return refuse(CUDA_ERROR.NOT_PERMITTED, grant);
    if (this.#draining !== undefined) return refuse(CUDA_ERROR.SYSTEM_NOT_READY, this.#draining);
    if (this.size >= (this.#options.sessions ?? Infinity)) return refuse(CUDA_ERROR.SYSTEM_NOT_READY, "the server is full");
    const windowBytes = Math.min(WINDOW_BYTES.most, Math.max(WINDOW_BYTES.least, window as number));
    let lost: string | undefined;
    socket.onClose = (reason) => {
      lost = reason;
    };
    socket.onFrame = () => {
      lost = "bad frame: nothing may come between hello and welcome";
    };
    this.#opening++;
    try {
      const entry = await this.#open(signatures, grant, windowBytes, from);
      this.#opening--;
      // Its session was not there to be told.
      if (this.#draining !== undefined) lost ??= this.#draining;
      if (lost !== undefined) {
        entry.served.end(CUDA_ERROR.EXTERNAL_DEVICE, lost);
        if (lost.startsWith("bad frame")) refuse(CUDA_ERROR.EXTERNAL_DEVICE, lost);
        else if (lost === this.#draining) refuse(CUDA_ERROR.SYSTEM_NOT_READY, lost);
        return undefined;
      }
      this.#options.onEvent?.({ kind: "opened", session: entry.id, from, name: grant.name });
      const { info } = entry.cuda;
      const graceMs = this.#options.graceMs ?? GRACE_MS;
      const own = this.#limits.windowBytes;
      socket.send(
        packMessage([FRAME.WELCOME, PROTOCOL_VERSION, entry.served.supported, DRIVER_INFO.encode(info), entry.id, entry.key, graceMs, own]),
      );
      entry.served.attach(socket, { frames: 0, bytes: 0, windowBytes });
    } catch (error) {
      this.#opening--;
      refuse(error instanceof CudaError ? error.cuResult : CUDA_ERROR.SYSTEM_NOT_READY, (error as Error).message);
      this.#settleIdle();
    }
    return undefined;
  }

  async #open(signatures: readonly unknown[], grant: Grant, windowBytes: number, from: string): Promise<Entry> {
    const id = randomBytes(8).toString("hex");
    let entry: Entry | undefined;
    const session: CudaSession = await this.#driver.open({
      weight: grant.weight ?? 1,
      ...(grant.kernelTimeMs === undefined ? {} : { kernelTimeMs: grant.kernelTimeMs }),
      onOutput: (text) => entry?.served.output(text),
      onLost: (reason) => entry?.served.end(CUDA_ERROR.EXTERNAL_DEVICE, reason),
    });
    // What a driver has no use for is counted here.
    const counting = { ...session, unsupportedCall: (times: number, name: string) => this.metrics.notSupported(times, name) };
    const cuda = guard(counting, { ...(this.#options.guardLimits ?? defaultGuardLimits), ...grant.limits });
    const served = new ServedSession(cuda, signatures, {
      limits: { ...this.#limits, queuedCalls: grant.queuedCalls ?? this.#limits.queuedCalls },
      content: this.#store(grant.name),
      metrics: this.metrics,
      onDetached: (reason) => this.#detached(id, reason),
      onEnded: (reason) => this.#ended(id, reason),
    });
    entry = { id, key: randomBytes(32), grant, opened: Date.now(), cuda, served, windowBytes, from, graceTimer: undefined };
    this.#entries.set(id, entry);
    return entry;
  }

  /** RESUME is [type, protocol version, session, key, frames received, bytes used up]. The newest connection of a session is the one that counts. */
  #resume(socket: MessageSocket, message: readonly unknown[], { from, refuse }: Arrival): void {
    const [, version, id, key, frames, bytes] = message;
    const entry = typeof id === "string" ? this.#entries.get(id) : undefined;
    const isKnown = key instanceof Uint8Array && key.length === entry?.key.length && timingSafeEqual(key, entry.key);
    if (entry === undefined || !isKnown || version !== PROTOCOL_VERSION)
      return refuse(CUDA_ERROR.EXTERNAL_DEVICE, "the server has no such session: it has ended, or the server was started anew");
    if (message.length !== 6) throw new WireError("a resume must have five values");
    const position = positionOf(frames, bytes);
    entry.served.link.check(position);
    const before = entry.served.link.detach();
    if (before !== undefined) sayGoodbye(before, CUDA_ERROR.EXTERNAL_DEVICE, "another connection has taken the session up");
    clearTimeout(entry.graceTimer);
    const ours = entry.served.link.position;
    socket.send(packMessage([FRAME.RESUMED, ours.frames, ours.bytes]));
    entry.from = from;
    this.metrics.resumes++;
    this.#options.onEvent?.({ kind: "resumed", session: entry.id, from, name: entry.grant.name });
    entry.served.attach(socket, { ...position, windowBytes: entry.windowBytes });
  }

  #detached(id: string, reason: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const graceMs = this.#options.graceMs ?? GRACE_MS;
    if (graceMs === 0 || reason === DONE) return entry.served.close(reason);
    this.#options.onEvent?.({ kind: "detached", session: id, from: entry.from, reason });
    entry.graceTimer = setTimeout(() => entry.served.close(`${reason}; it did not come back within ${graceMs / 1000} s`), graceMs);
    (entry.graceTimer as { unref?(): void }).unref?.();
  }

  #ended(id: string, reason: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.graceTimer);
    this.#entries.delete(id);
    if (reason.startsWith("bad frame")) this.metrics.badFrames++;
    this.#options.onEvent?.({ kind: "closed", session: id, from: entry.from, reason, calls: entry.served.counts.calls });
    this.#settleIdle();
  }

  #settleIdle(): void {
    if (this.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #store(name: string): ContentStore {
    const known = this.#stores.get(name);
    if (known !== undefined) return known;
    if (this.#stores.size >= MAX_STORES) this.#stores.delete(this.#stores.keys().next().value!);
    const store = new ContentStore();
    this.#stores.set(name, store);
    return store;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

interface Arrival {
  readonly from: string;
  refuse(code: number, reason: string): void;
}
