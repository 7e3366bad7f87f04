import { KernelObject } from "@decant/process";

/** What a completion port hands out. */
export interface CompletionPacket {
  readonly bytes: number;
  readonly key: bigint;
  readonly overlapped: bigint;
  /** The NTSTATUS of the access that ended; 0 for packets that programs post. */
  readonly status: number;
}

/** A queue of packets ("I/O Completion Ports"). A wait for the port itself takes none. */
export class CompletionPort extends KernelObject {
  /** What GetQueuedCompletionStatus waits for: a wait that ends has a packet for itself, or finds the port closed. */
  readonly packets: PortPackets = new PortPackets(this);
  readonly #queue: CompletionPacket[] = [];
  #isClosed = false;

  override isSignaled(): boolean {
    return this.#queue.length > 0;
  }

  get length(): number {
    return this.#queue.length;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  post(packet: CompletionPacket): void {
    this.#queue.push(packet);
    this.packets.wakeWaiters();
    this.wake();
  }

  /** The oldest packet; undefined when there is none. */
  take(): CompletionPacket | undefined {
    return this.#queue.shift();
  }

  protected override close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
    this.packets.wakeWaiters();
  }
}

/** The packets of a port, as a wait sees them: those that belong to waits which have ended are gone. */
class PortPackets extends KernelObject {
  readonly #port: CompletionPort;
  #taken: CompletionPacket[] = [];

  constructor(port: CompletionPort) {
    super();
    this.#port = port;
  }

  override isSignaled(): boolean {
    return this.#port.length > 0 || this.#port.isClosed;
  }

  override acquire(): boolean {
    const packet = this.#port.take();
    if (packet !== undefined) this.#taken.push(packet);
    return false;
  }

  /** The packet of a wait that has ended; undefined when the port was closed. */
  take(): CompletionPacket | undefined {
    return this.#taken.shift();
  }

  wakeWaiters(): void {
    this.wake();
  }
}
