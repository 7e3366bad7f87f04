/** The C runtime's copy of the environment. Names are case-insensitive, and keep the case in which they came. */
export class Environment {
  readonly #entries = new Map<string, { name: string; value: string }>();
  /** Counts changes, so that copies in guest memory know when they are stale. */
  version = 0;

  constructor(initial: readonly (readonly [name: string, value: string])[]) {
    for (const [name, value] of initial) this.#entries.set(name.toUpperCase(), { name, value });
  }

  get(name: string): string | undefined {
    return this.#entries.get(name.toUpperCase())?.value;
  }

  /** Sets a variable; an empty value removes it, as _putenv does. */
  set(name: string, value: string): void {
    const key = name.toUpperCase();
    if (value === "") this.#entries.delete(key);
    else this.#entries.set(key, { name: this.#entries.get(key)?.name ?? name, value });
    this.version++;
  }

  /** "NAME=value" strings, in order. */
  strings(): string[] {
    return [...this.#entries.values()].map(({ name, value }) => `${name}=${value}`);
  }
}
