import { KernelObject } from "@decant/process";

/** What a completion port hands out. */
export interface CompletionPacket {
  readonly bytes: number;
  readonly key: bigint;
  readonly overlapped: bigint;
}

/** A queue of packets; a wait that ends has one of them for itself ("I/O Completion Ports"). */
export class CompletionPort extends KernelObject {
  readonly #packets: CompletionPacket[] = [];
  /** Packets that belong to waits which have ended. */
  #taken = 0;

  override isSignaled(): boolean {
    return this.#packets.length > this.#taken;
  }

  override acquire(): boolean {
    this.#taken++;
    return false;
  }

  post(packet: CompletionPacket): void {
    this.#packets.push(packet);
    this.wake();
  }

  /** The packet of a wait that has ended. */
  take(): CompletionPacket {
    this.#taken--;
    return this.#packets.shift()!;
  }
}
