import { HostError } from "../host-error.ts";
import type { HostInput, HostOutput } from "../host.ts";

const NOTHING = new Uint8Array(0);

/** Input that is there from the start; with `later`, each chunk comes only when somebody waits for it, as from a pipe. */
export function memoryInput(content: string | Uint8Array | readonly (string | Uint8Array)[] = "", { later = false } = {}): HostInput {
  const chunks = (typeof content === "string" || content instanceof Uint8Array ? [content] : content)
    .map(toBytes)
    .filter(({ length }) => length > 0);
  const take = (maxBytes: number): Uint8Array => {
    const [chunk] = chunks;
    if (chunk === undefined) return NOTHING;
    if (maxBytes < chunk.length) chunks[0] = chunk.subarray(maxBytes);
    else chunks.shift();
    return chunk.slice(0, maxBytes);
  };
  return {
    kind: later ? "pipe" : "file",
    isTerminal: false,
    available: 0,
    read: (maxBytes) => (later ? Promise.resolve().then(() => take(maxBytes)) : take(maxBytes)),
    close() {
      chunks.length = 0;
    },
  };
}

/** Output that is kept. */
export interface MemoryOutput extends HostOutput {
  /** All that was written. */
  bytes(): Uint8Array;
  /** All that was written, as UTF-8. */
  text(): string;
}

/** Keeps what is written; fails with EPIPE after `limitBytes`, as a pipe does whose reader has gone. */
export function memoryOutput({ isTerminal = false, limitBytes = Infinity } = {}): MemoryOutput {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const bytes = (): Uint8Array => {
    const whole = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  };
  return {
    kind: isTerminal ? "terminal" : "pipe",
    isTerminal,
    columns: isTerminal ? 80 : undefined,
    rows: isTerminal ? 25 : undefined,
    write(chunk) {
      if (length + chunk.length > limitBytes) throw new HostError("EPIPE", "broken pipe, write");
      chunks.push(chunk.slice());
      length += chunk.length;
    },
    bytes,
    text: () => new TextDecoder().decode(bytes()),
  };
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
