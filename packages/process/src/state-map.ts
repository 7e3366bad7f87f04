/** What per-process and per-thread state is kept under: a symbol, or a class whose instance it is. */
export type StateKey<T> = symbol | (abstract new (...args: never[]) => T);

/** State that mappings keep for a process or a thread. */
export class StateMap {
  readonly #values = new Map<unknown, unknown>();

  get<T>(key: StateKey<T>, make: () => T): T {
    const found = this.#values.get(key);
    if (found !== undefined) return found as T; // only `make` of the same key puts values in
    const value = make();
    this.#values.set(key, value);
    return value;
  }
}
