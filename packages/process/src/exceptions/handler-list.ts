/** Handlers in the order in which they are called, each with a handle of its own: the same function may be there twice. */
export class HandlerList {
  readonly #entries: { readonly handle: number; readonly handler: number }[] = [];

  add(place: "first" | "last", handle: number, handler: number): void {
    if (place === "first") this.#entries.unshift({ handle, handler });
    else this.#entries.push({ handle, handler });
  }

  /** Whether it was there. */
  remove(handle: number): boolean {
    const index = this.#entries.findIndex((entry) => entry.handle === handle);
    if (index < 0) return false;
    this.#entries.splice(index, 1);
    return true;
  }

  /** The handlers' addresses. They may come and go meanwhile: one that is added behind is called too, one that is removed no more. */
  *[Symbol.iterator](): Generator<number, void> {
    for (let at = 0; at < this.#entries.length;) {
      const entry = this.#entries[at]!;
      yield entry.handler;
      const place = this.#entries.indexOf(entry);
      if (place >= 0) at = place + 1;
    }
  }
}
