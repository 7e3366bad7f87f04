import type { HostInput } from "../host.ts";
import { memoryOutput, type MemoryOutput } from "./memory-streams.ts";

/** A terminal in memory: what is typed at it is read, what is written to it is kept. */
export interface MemoryTerminal {
  readonly input: HostInput;
  readonly output: MemoryOutput;
  /** Whether keys come at once. */
  readonly isRaw: boolean;
  /** Somebody types. Reads that wait get it. */
  type(text: string): void;
  /** The window gets another size. */
  resize(columns: number, rows: number): void;
  /** What was written since the last call. */
  take(): string;
}

/** A terminal of some size at which nobody has typed yet. */
export function memoryTerminal({ columns = 80, rows = 25 } = {}): MemoryTerminal {
  let typed: Uint8Array = new Uint8Array(0);
  let waiting: (() => void)[] = [];
  let isRaw = false;
  let isClosed = false;
  let taken = 0;
  const size = { columns, rows };
  const listeners = new Set<() => void>();
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const take = (maxBytes: number): Uint8Array => {
    const part = typed.slice(0, maxBytes);
    typed = typed.slice(part.length);
    return part;
  };
  const kept = memoryOutput({ isTerminal: true });
  const output: MemoryOutput = {
    ...kept,
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    onResize(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    output,
    input: {
      kind: "terminal",
      isTerminal: true,
      get available() {
        return typed.length;
      },
      setRaw: (raw) => void (isRaw = raw),
      read(maxBytes) {
        if (typed.length > 0 || isClosed) return take(maxBytes);
        return new Promise<void>((resolve) => waiting.push(resolve)).then(() => take(maxBytes));
      },
      close() {
        isClosed = true;
        wake();
      },
    },
    get isRaw() {
      return isRaw;
    },
    type(text) {
      const bytes = new TextEncoder().encode(text);
      const all = new Uint8Array(typed.length + bytes.length);
      all.set(typed);
      all.set(bytes, typed.length);
      typed = all;
      wake();
    },
    resize(newColumns, newRows) {
      Object.assign(size, { columns: newColumns, rows: newRows });
      for (const listener of listeners) listener();
    },
    take() {
      const text = new TextDecoder().decode(kept.bytes().subarray(taken));
      taken = kept.bytes().length;
      return text;
    },
  };
}
