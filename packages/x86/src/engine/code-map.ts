import type { GuestMemory } from "@decant/memory";
import { DIRECTORY, FIRST_LEAF, LAST_LEAF, LEAF_BYTES } from "./layout.ts";

/**
 * Guest address to code: what the dispatcher looks up. It lies in the memory of the guest, above the user space, so translated code reads it in two
 * loads; the leaves' addresses are remembered here as well, as a guest could overwrite the directory.
 */
export class CodeMap {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #leaves = new Map<number, number>();
  #next = FIRST_LEAF;

  constructor({ view, bytes }: Pick<GuestMemory, "view" | "bytes">) {
    this.#view = view;
    this.#bytes = bytes;
  }

  get(address: number): number {
    const leaf = this.#leaves.get(address >>> 12);
    return leaf === undefined ? 0 : this.#view.getUint32(leaf + (address & 0xfff) * 4, true);
  }

  /** Sets an address's entry; 0 removes it. Throws when code lies on more pages than there is room for (about 60 MiB). */
  set(address: number, entry: number): void {
    const page = address >>> 12;
    let leaf = this.#leaves.get(page);
    if (leaf === undefined) {
      if (entry === 0) return;
      leaf = this.#next;
      if (leaf > LAST_LEAF) throw new Error("x86: the guest's code lies on more pages than the code map holds");
      this.#next += LEAF_BYTES;
      this.#bytes.fill(0, leaf, leaf + LEAF_BYTES);
      this.#leaves.set(page, leaf);
    }
    this.#view.setUint32(DIRECTORY + page * 4, leaf, true);
    this.#view.setUint32(leaf + (address & 0xfff) * 4, entry, true);
  }
}
