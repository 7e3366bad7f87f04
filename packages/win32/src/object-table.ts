/** Numbers look like pointers: what Windows hides behind them is memory of its own. */
const FIRST = 0x0bad_1000;
const STEP = 16;
const MAX_OBJECTS = 1 << 20;

/** Objects behind handles that are no kernel handles: contexts, hashes, keys, stores. */
export class ObjectTable<T> {
  readonly #objects = new Map<number, T>();
  #next = FIRST;

  /** A new handle; undefined when there are too many. */
  add(object: T): number | undefined {
    if (this.#objects.size >= MAX_OBJECTS) return undefined;
    const handle = this.#next;
    this.#next += STEP;
    this.#objects.set(handle, object);
    return handle;
  }

  get(handle: number): T | undefined {
    return this.#objects.get(handle);
  }

  /** Whether there was such an object. */
  remove(handle: number): boolean {
    return this.#objects.delete(handle);
  }
}
