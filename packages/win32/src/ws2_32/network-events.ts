import type { Event } from "@decant/process";

/** FD_*: what WSAEventSelect watches for. */
export const FD = { READ: 1, WRITE: 2, OOB: 4, ACCEPT: 8, CONNECT: 16, CLOSE: 32 } as const;
/** FD_*_BIT: the places of their errors in WSANETWORKEVENTS. */
const ERROR_COUNT = 10;

/** What a socket tells an event of (WSAEventSelect), until WSAEnumNetworkEvents fetches it. */
export class NetworkEvents {
  #event: Event | undefined;
  #mask = 0;
  #recorded = 0;
  #errors: number[] = [];

  get isActive(): boolean {
    return this.#mask !== 0;
  }

  /** Watches for `mask` with an event; for nothing any more without one. What was recorded is forgotten. */
  watch(event: Event | undefined, mask: number): void {
    event?.retain();
    this.#event?.release();
    this.#event = event;
    this.#mask = event === undefined ? 0 : mask;
    this.#recorded = 0;
    this.#errors = [];
  }

  /** The watch of a listening socket passes to those that it accepts. */
  inherit(other: NetworkEvents): void {
    this.watch(other.#event, other.#mask);
  }

  /** Records bits of FD, and sets the event, if they are watched for. */
  post(bits: number, error = 0): void {
    const wanted = bits & this.#mask;
    if (wanted === 0) return;
    this.#recorded |= wanted;
    for (let bit = 0; bit < ERROR_COUNT; bit++) if ((wanted >> bit) & 1) this.#errors[bit] = error;
    this.#event?.set();
  }

  /** What was recorded, with the error of each bit; forgotten then. */
  take(): { bits: number; errors: readonly number[] } {
    const taken = { bits: this.#recorded, errors: Array.from({ length: ERROR_COUNT }, (_, bit) => this.#errors[bit] ?? 0) };
    this.#recorded = 0;
    this.#errors = [];
    return taken;
  }
}
