import { PtxError } from "../error.ts";
import type { Token, TokenKind } from "./lexer.ts";

/** A cursor over tokens, with the errors that a parser raises. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get position(): number {
    return this.#position;
  }

  get line(): number {
    return this.peek().line;
  }

  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#position + ahead, this.#tokens.length - 1)];
    if (token === undefined) throw new PtxError(1, "empty token list");
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.#position++;
    return token;
  }

  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "punctuation" && token.text === text;
  }

  isDirective(name?: string): boolean {
    const token = this.peek();
    return token.kind === "directive" && (name === undefined || token.text === name);
  }

  /** Takes the punctuation if it is there. */
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#position++;
    return true;
  }

  acceptDirective(name: string): boolean {
    if (!this.isDirective(name)) return false;
    this.#position++;
    return true;
  }

  expect(text: string): Token {
    if (!this.is(text)) throw this.unexpected(`'${text}'`);
    return this.next();
  }

  expectKind(kind: TokenKind, what: string): Token {
    if (this.peek().kind !== kind) throw this.unexpected(what);
    return this.next();
  }

  /** The text between two positions, on one line, for messages. */
  text(start: number, end: number): string {
    let out = "";
    for (let i = start; i < end && out.length < 160; i++) {
      const token = this.#tokens[i];
      if (token === undefined) break;
      const word = token.kind === "directive" ? `.${token.text}` : token.text;
      const tight = out === "" || token.kind === "directive" || /^[,;)\]}:]$/.test(word) || /[([{@!]$/.test(out);
      out += tight || (token.kind === "word" && out.endsWith("%")) ? word : ` ${word}`;
    }
    return out;
  }

  unexpected(expected: string): PtxError {
    const token = this.peek();
    const found = token.kind === "end" ? token.text : `'${token.kind === "directive" ? "." : ""}${token.text}'`;
    return new PtxError(token.line, `expected ${expected}, found ${found}`);
  }
}
