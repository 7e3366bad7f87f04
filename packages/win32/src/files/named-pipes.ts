import { ERROR, Win32Error } from "@decant/hook";
import { KernelObject, type Kernel } from "@decant/process";
import { upcase } from "../text/upcase.ts";
import { PendingIo } from "./pending-io.ts";
import { PipeEnd, pipeBudget } from "./pipe.ts";
import { PipeQueue } from "./pipe-queue.ts";

/** PIPE_ACCESS_*: which way the data goes. */
export const PIPE_ACCESS = { INBOUND: 1, OUTBOUND: 2, DUPLEX: 3 } as const;

/** What CreateNamedPipe says of all instances of a pipe. */
export interface PipeShape {
  readonly access: number;
  /** PIPE_TYPE_MESSAGE. */
  readonly isMessages: boolean;
  readonly maxInstances: number;
  readonly outBufferSize: number;
  readonly inBufferSize: number;
  readonly defaultTimeoutMs: number;
}

type State = "listening" | "connected" | "closing" | "disconnected";

/** A pipe with a name: the instances of it that servers hold. Signaled while one of them listens. */
export class NamedPipe extends KernelObject {
  readonly shape: PipeShape;
  readonly instances = new Set<PipeServer>();

  constructor(shape: PipeShape) {
    super();
    this.shape = shape;
  }

  override isSignaled(): boolean {
    return this.listening !== undefined;
  }

  get listening(): PipeServer | undefined {
    return [...this.instances].find(({ state }) => state === "listening");
  }

  changed(): void {
    this.wake();
  }
}

/** The server's end of an instance of a named pipe ("Named Pipe Operations"). */
export class PipeServer extends PipeEnd {
  readonly pipe: NamedPipe;
  /** Of the process that made it. */
  processId = 0;
  /** Of the process whose end the client's is; undefined while there is none. */
  clientProcessId: number | undefined;
  readonly #kernel: Kernel;
  readonly #gone: () => void;
  #state: State = "listening";
  #client: PipeClient | undefined;
  #connecting: PendingIo<number>[] = [];

  constructor(kernel: Kernel, pipe: NamedPipe, gone: () => void) {
    super();
    this.#kernel = kernel;
    this.pipe = pipe;
    this.#gone = gone;
  }

  get state(): State {
    return this.#state;
  }

  /** Waits for a client. Throws ERROR_PIPE_CONNECTED when one is there, ERROR_NO_DATA when one was and has closed its end. */
  connect(): PendingIo<number> {
    if (this.#state === "connected") throw new Win32Error(ERROR.PIPE_CONNECTED);
    if (this.#state === "closing") throw new Win32Error(ERROR.NO_DATA);
    if (this.isNonBlocking && this.#state === "listening") throw new Win32Error(ERROR.PIPE_LISTENING);
    this.#state = "listening";
    const pending = new PendingIo<number>(() => (this.#connecting = this.#connecting.filter((each) => each !== pending)));
    if (this.isNonBlocking) pending.end({ value: 0 });
    else this.#connecting.push(pending);
    this.pipe.changed();
    return pending;
  }

  /** Gives a client its end. `reads` and `writes` are what it asks for. */
  accept(reads: boolean, writes: boolean): PipeClient {
    const { access, isMessages, inBufferSize, outBufferSize } = this.pipe.shape;
    const budget = pipeBudget(this.#kernel);
    this.incoming = (access & PIPE_ACCESS.INBOUND) === 0 ? undefined : new PipeQueue({ capacity: inBufferSize, isMessages, budget });
    this.outgoing = (access & PIPE_ACCESS.OUTBOUND) === 0 ? undefined : new PipeQueue({ capacity: outBufferSize, isMessages, budget });
    if (!writes) this.incoming?.endWriting(ERROR.BROKEN_PIPE);
    if (!reads) this.outgoing?.endReading(ERROR.NO_DATA);
    this.#state = "connected";
    this.#client = new PipeClient(this, { incoming: reads ? this.outgoing : undefined, outgoing: writes ? this.incoming : undefined });
    for (const pending of this.#connecting.splice(0)) pending.end({ value: 0 });
    return this.#client;
  }

  clientClosed(): void {
    if (this.#state === "connected") this.#state = "closing";
    this.#client = undefined;
    this.clientProcessId = undefined;
  }

  /** DisconnectNamedPipe: what was not read is lost, and the client's end is of no more use. */
  disconnect(): void {
    if (this.#state === "disconnected") throw new Win32Error(ERROR.PIPE_NOT_CONNECTED);
    this.#state = "disconnected";
    for (const queue of [this.incoming, this.outgoing]) {
      queue?.endReading(ERROR.PIPE_NOT_CONNECTED);
      queue?.endWriting(ERROR.PIPE_NOT_CONNECTED);
    }
    this.#client?.disconnected();
    this.#client = undefined;
    this.clientProcessId = undefined;
    this.incoming = undefined;
    this.outgoing = undefined;
    for (const pending of this.#connecting.splice(0)) pending.end({ error: new Win32Error(ERROR.PIPE_NOT_CONNECTED) });
  }

  protected override readable(): PipeQueue {
    return this.#connected(super.readable.bind(this));
  }

  protected override writable(): PipeQueue {
    return this.#connected(super.writable.bind(this));
  }

  protected override close(): void {
    this.pipe.instances.delete(this);
    for (const pending of this.#connecting.splice(0)) pending.cancel();
    super.close();
    this.#gone();
  }

  #connected(queue: () => PipeQueue): PipeQueue {
    if (this.#state === "listening") throw new Win32Error(ERROR.PIPE_LISTENING);
    if (this.#state === "disconnected") throw new Win32Error(ERROR.PIPE_NOT_CONNECTED);
    return queue();
  }
}

/** The client's end. */
export class PipeClient extends PipeEnd {
  readonly server: PipeServer;
  #isDisconnected = false;

  constructor(server: PipeServer, queues: { incoming: PipeQueue | undefined; outgoing: PipeQueue | undefined }) {
    super(queues);
    this.server = server;
  }

  disconnected(): void {
    this.#isDisconnected = true;
  }

  protected override readable(): PipeQueue {
    if (this.#isDisconnected) throw new Win32Error(ERROR.PIPE_NOT_CONNECTED);
    return super.readable();
  }

  protected override writable(): PipeQueue {
    if (this.#isDisconnected) throw new Win32Error(ERROR.PIPE_NOT_CONNECTED);
    return super.writable();
  }

  protected override close(): void {
    super.close();
    this.server.clientClosed();
  }
}

/** The names of a kernel's pipes. */
export class NamedPipes {
  static readonly #ofKernels = new WeakMap<Kernel, NamedPipes>();
  readonly #kernel: Kernel;
  readonly #pipes = new Map<string, NamedPipe>();

  private constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  static of(kernel: Kernel): NamedPipes {
    let pipes = NamedPipes.#ofKernels.get(kernel);
    if (pipes === undefined) NamedPipes.#ofKernels.set(kernel, (pipes = new NamedPipes(kernel)));
    return pipes;
  }

  /** Makes an instance of a pipe. Throws ERROR_PIPE_BUSY when there are as many as its first maker allows. */
  create(name: string, shape: PipeShape, isFirst: boolean): PipeServer {
    const existing = this.#pipes.get(upcase(name));
    if (existing !== undefined) {
      if (isFirst) throw new Win32Error(ERROR.ACCESS_DENIED);
      const { access, isMessages, maxInstances } = existing.shape;
      if (access !== shape.access || isMessages !== shape.isMessages) throw new Win32Error(ERROR.ACCESS_DENIED);
      if (existing.instances.size >= maxInstances) throw new Win32Error(ERROR.PIPE_BUSY);
    }
    const pipe = existing ?? new NamedPipe(shape);
    this.#pipes.set(upcase(name), pipe);
    return this.#addInstance(pipe, () => {
      if (pipe.instances.size === 0) this.#pipes.delete(upcase(name));
    });
  }

  /** Makes a pipe that only its handles lead to. */
  createNameless(shape: PipeShape): PipeServer {
    return this.#addInstance(new NamedPipe(shape), () => {});
  }

  has(name: string): boolean {
    return this.#pipes.has(upcase(name));
  }

  /** Throws ERROR_FILE_NOT_FOUND where there is none. */
  find(name: string): NamedPipe {
    const pipe = this.#pipes.get(upcase(name));
    if (pipe === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    return pipe;
  }

  /** Opens the client's end of an instance that listens. Throws ERROR_PIPE_BUSY when none does. */
  open(name: string, reads: boolean, writes: boolean): PipeClient {
    return this.openInstance(this.find(name), reads, writes);
  }

  /** The same for a pipe, which need not have a name. */
  openInstance(pipe: NamedPipe, reads: boolean, writes: boolean): PipeClient {
    const { access } = pipe.shape;
    if ((reads && (access & PIPE_ACCESS.OUTBOUND) === 0) || (writes && (access & PIPE_ACCESS.INBOUND) === 0))
      throw new Win32Error(ERROR.ACCESS_DENIED);
    if (pipe.listening === undefined) throw new Win32Error(ERROR.PIPE_BUSY);
    return pipe.listening.accept(reads, writes);
  }

  #addInstance(pipe: NamedPipe, gone: () => void): PipeServer {
    const server = new PipeServer(this.#kernel, pipe, gone);
    pipe.instances.add(server);
    pipe.changed();
    return server;
  }
}

/** The name behind `\\.\pipe\`; undefined for other paths. */
export function pipeName(path: string): string | undefined {
  return /^[\\/]{2}[.?][\\/]pipe[\\/](.+)$/is.exec(path)?.[1];
}
