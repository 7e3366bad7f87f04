/** A mark in a process's output: what it has answered until then. */
export const markOf = (sequence: number): string => `\0${sequence}\0`;

/** Splits output into what kernels printed and the marks between. A kernel that prints a mark of its own only deceives its own session. */
export class MarkedOutput {
  readonly #onText: (text: Uint8Array) => void;
  readonly #onMark: (sequence: number) => void;
  #mark: number[] | undefined;

  constructor(onText: (text: Uint8Array) => void, onMark: (sequence: number) => void) {
    this.#onText = onText;
    this.#onMark = onMark;
  }

  /** Takes bytes as they come, in any pieces. */
  push(bytes: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < bytes.length; at++) {
      if (this.#mark === undefined) {
        if (bytes[at] !== 0) continue;
        this.#text(bytes, from, at);
        this.#mark = [];
      } else if (bytes[at] !== 0) this.#mark.push(bytes[at]!);
      else {
        this.#onMark(Number(String.fromCharCode(...this.#mark.slice(0, MOST_DIGITS))));
        this.#mark = undefined;
        from = at + 1;
      }
    }
    if (this.#mark === undefined) this.#text(bytes, from, bytes.length);
  }

  #text(bytes: Uint8Array, from: number, to: number): void {
    if (to > from) this.#onText(bytes.slice(from, to));
  }
}

const MOST_DIGITS = 16;
