import * as fs from "node:fs";
import type { Redirection } from "../host.ts";
import { NodeFile } from "./node-files.ts";

/** The regular file that a standard stream is; undefined for what is none. */
export function redirectionOf(fd: number): Redirection | undefined {
  try {
    if (!fs.fstatSync(fd).isFile()) return undefined;
    const position = placeOf(fd);
    return { file: new RedirectedFile(fd, position), position };
  } catch {
    return undefined; // closed
  }
}

/** Where a descriptor stands; its beginning where the host does not tell. */
function placeOf(fd: number): number {
  try {
    return Number(/^pos:\s*(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1] ?? 0);
  } catch {
    return 0; // no /proc
  }
}

/**
 * A standard stream's file. What goes on where the last access ended is read and written at the descriptor's own place, which moves with it: programs that run after
 * this one, or beside it, go on there. Elsewhere it stays where it is.
 */
class RedirectedFile extends NodeFile {
  readonly descriptor: number;
  /** Where the guest takes the descriptor's place to be. */
  #place: number;

  constructor(fd: number, place: number) {
    super(fd);
    this.descriptor = fd;
    this.#place = place;
  }

  override read(into: Uint8Array, position: number): number {
    if (position !== this.#place) return super.read(into, position);
    const count = super.read(into, null);
    this.#place += count;
    return count;
  }

  override write(bytes: Uint8Array, position: number): void {
    if (position !== this.#place) return super.write(bytes, position);
    super.write(bytes, null);
    this.#place += bytes.length;
  }

  /** The host's stream stays open. */
  override close(): void {}
}
