import type { GuestMemory } from "@decant/memory";
import { DIRECTORY, FIRST_LEAF, LAST_LEAF, LEAF_BYTES } from "./layout.ts";

/** Pages that are left when old code is forgotten. */
const SPARE_LEAVES = 1024;

/**
 * Guest address to code: what the dispatcher looks up. It lies in the memory of the guest, above the user space, so translated code reads it in two
 * loads; the leaves' addresses are remembered here as well, as a guest could overwrite the directory.
 */
export class CodeMap {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #leaves = new Map<number, { readonly address: number; entries: number }>();
  readonly #free: number[] = [];
  #next = FIRST_LEAF;

  constructor({ view, bytes }: Pick<GuestMemory, "view" | "bytes">) {
    this.#view = view;
    this.#bytes = bytes;
  }

  get(address: number): number {
    const leaf = this.#leaves.get(address >>> 12);
    return leaf === undefined ? 0 : this.#view.getUint32(leaf.address + (address & 0xfff) * 4, true);
  }

  /** True when code lies on nearly as many pages as there is room for. */
  get isNearlyFull(): boolean {
    return (LAST_LEAF - this.#next) / LEAF_BYTES + this.#free.length < SPARE_LEAVES;
  }

  /** Sets an address's entry; 0 removes it. Throws when code lies on more pages than there is room for (about 60 MiB). */
  set(address: number, entry: number): void {
    const page = address >>> 12;
    let leaf = this.#leaves.get(page);
    if (leaf === undefined) {
      if (entry === 0) return;
      leaf = { address: this.#takeLeaf(), entries: 0 };
      this.#leaves.set(page, leaf);
    }
    const place = leaf.address + (address & 0xfff) * 4;
    leaf.entries += Number(entry !== 0) - Number(this.#view.getUint32(place, true) !== 0);
    this.#view.setUint32(place, entry, true);
    // A guest that wrote here itself may have made the count wrong: then its code is translated again.
    if (leaf.entries > 0) return this.#view.setUint32(DIRECTORY + page * 4, leaf.address, true);
    this.#view.setUint32(DIRECTORY + page * 4, 0, true);
    this.#leaves.delete(page);
    this.#free.push(leaf.address);
  }

  #takeLeaf(): number {
    const address = this.#free.pop() ?? this.#next;
    if (address > LAST_LEAF) throw new Error("x86: the guest's code lies on more pages than the code map holds");
    // What no leaf has used is zero, unless the guest wrote there, and then calls lead it astray in its own tables alone.
    if (address === this.#next) this.#next += LEAF_BYTES;
    else this.#bytes.fill(0, address, address + LEAF_BYTES);
    return address;
  }
}
