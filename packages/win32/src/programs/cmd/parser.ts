import { isDelimiter, SyntaxError, type Command, type Comparison, type Condition, type Redirection } from "./syntax.ts";

const COMPARISONS: readonly string[] = ["EQU", "NEQ", "LSS", "LEQ", "GTR", "GEQ"];

/** Characters that mean something outside of quotation marks. */
const SPECIAL = "&|<>()";

/**
 * Reads commands out of a line ("Command shell overview"), and out of the following ones where it ends in a caret or within parentheses. `nextLine` gives those,
 * with variables replaced; undefined at the end.
 */
export class Parser {
  #text: string;
  #at = 0;
  readonly #nextLine: () => string | undefined;
  /** Parentheses that are open. */
  #depth = 0;

  constructor(line: string, nextLine: () => string | undefined = () => undefined) {
    this.#text = line;
    this.#nextLine = nextLine;
  }

  /** The commands of the line; undefined for one with none. Throws SyntaxError. */
  parse(): Command | undefined {
    this.#skipBlanks();
    if (this.#isAtEnd()) return undefined;
    const command = this.#sequence();
    this.#skipBlanks();
    if (!this.#isAtEnd()) throw new SyntaxError(this.#word());
    return command;
  }

  #sequence(): Command {
    let left = this.#or();
    for (;;) {
      this.#skipBlanks();
      if (this.#peek() !== "&" || this.#peek(1) === "&") return left;
      this.#at++;
      this.#skipBlanks();
      if (this.#isAtEnd() || (this.#depth > 0 && this.#peek() === ")")) return left;
      left = { kind: "sequence", left, right: this.#or(), redirections: [], isSilent: false };
    }
  }

  #or(): Command {
    return this.#operators("||", "or", () => this.#operators("&&", "and", () => this.#pipe()));
  }

  #operators(sign: string, kind: "and" | "or", operand: () => Command): Command {
    let left = operand();
    for (;;) {
      this.#skipBlanks();
      if (!this.#text.startsWith(sign, this.#at)) return left;
      this.#at += 2;
      left = { kind, left, right: operand(), redirections: [], isSilent: false };
    }
  }

  #pipe(): Command {
    let left = this.#command();
    for (;;) {
      this.#skipBlanks();
      if (this.#peek() !== "|" || this.#peek(1) === "|") return left;
      this.#at++;
      left = { kind: "pipe", left, right: this.#command(), redirections: [], isSilent: false };
    }
  }

  #command(): Command {
    let isSilent = false;
    for (this.#skipDelimiters(); this.#peek() === "@"; this.#skipDelimiters()) {
      this.#at++;
      isSilent = true;
    }
    const redirections = this.#redirections();
    if (this.#peek() === "(") return this.#block(redirections, isSilent);
    const start = this.#at;
    const name = this.#word();
    const plain = name.toLowerCase();
    if (plain === "if" || plain === "for") return { ...(plain === "if" ? this.#if() : this.#for()), redirections, isSilent };
    if (plain === "rem") {
      this.#at = this.#text.length;
      return { kind: "simple", name: "rem", rest: "", redirections, isSilent };
    }
    this.#at = start;
    return this.#simple(redirections, isSilent);
  }

  #block(redirections: Redirection[], isSilent: boolean): Command {
    this.#at++;
    this.#depth++;
    const commands: Command[] = [];
    for (;;) {
      this.#skipBlanks();
      while (this.#isAtEnd()) {
        const line = this.#nextLine();
        if (line === undefined) throw new SyntaxError(undefined);
        this.#text = line;
        this.#at = 0;
        this.#skipBlanks();
        // Labels within parentheses are passed over.
        if (this.#peek() === ":") this.#at = this.#text.length;
      }
      if (this.#peek() === ")") break;
      commands.push(this.#sequence());
    }
    this.#at++;
    this.#depth--;
    return { kind: "block", commands, redirections: [...redirections, ...this.#redirections()], isSilent };
  }

  /** The name ends where the arguments of a built-in command may begin without a blank: `cd\`, `echo.`. The rest is kept as it is. */
  #simple(redirections: Redirection[], isSilent: boolean): Command {
    let text = "";
    let isQuoted = false;
    while (!this.#isAtEnd()) {
      const character = this.#peek()!;
      if (character === '"') isQuoted = !isQuoted;
      if (!isQuoted) {
        if (character === "^") {
          text += this.#escaped();
          continue;
        }
        if (character === "&" || character === "|" || (character === ")" && this.#depth > 0)) break;
        if (
          character === "<" ||
          character === ">" ||
          (/\d/.test(character) && "<>".includes(this.#peek(1) ?? " ") && /^$|[\s,;=]$/.test(text))
        ) {
          redirections.push(this.#redirection());
          continue;
        }
      }
      text += character;
      this.#at++;
    }
    if (text.trim() === "") {
      if (redirections.length === 0) throw new SyntaxError(this.#isAtEnd() ? undefined : this.#peek());
      return { kind: "simple", name: "", rest: "", redirections, isSilent };
    }
    const name = nameOf(text);
    return { kind: "simple", name, rest: text.slice(name.length), redirections, isSilent };
  }

  /** What a caret makes of the next character: itself. At the end of a line the next one follows. */
  #escaped(): string {
    this.#at++;
    if (this.#at < this.#text.length) return this.#text[this.#at++]!;
    const line = this.#nextLine();
    if (line === undefined) return "";
    this.#text = line;
    this.#at = 1;
    return line.slice(0, 1);
  }

  #redirections(): Redirection[] {
    const redirections: Redirection[] = [];
    for (this.#skipBlanks(); /^\d?[<>]/.test(this.#text.slice(this.#at, this.#at + 2)); this.#skipBlanks())
      redirections.push(this.#redirection());
    return redirections;
  }

  #redirection(): Redirection {
    const first = this.#peek()!;
    const number = /\d/.test(first) ? Number(first) : undefined;
    if (number !== undefined) this.#at++;
    const sign = this.#peek();
    this.#at++;
    const isAppend = sign === ">" && this.#peek() === ">";
    if (isAppend) this.#at++;
    const stream = number ?? (sign === "<" ? 0 : 1);
    if (this.#peek() === "&") {
      this.#at++;
      const target = this.#peek() ?? "";
      if (!/\d/.test(target)) throw new SyntaxError(target === "" ? undefined : target);
      this.#at++;
      return { stream, kind: "duplicate", target };
    }
    this.#skipDelimiters();
    const target = this.#word();
    if (target === "") throw new SyntaxError(this.#isAtEnd() ? undefined : this.#peek());
    return { stream, kind: sign === "<" ? "read" : isAppend ? "append" : "write", target };
  }

  #if(): Omit<Extract<Command, { kind: "if" }>, "redirections" | "isSilent"> {
    let ignoresCase = false;
    let isNegated = false;
    let word = this.#required();
    for (; /^(?:\/i|not)$/i.test(word); word = this.#required()) {
      if (word.toLowerCase() === "not") isNegated = !isNegated;
      else ignoresCase = true;
    }
    const condition = this.#condition(word);
    const body = this.#sequence();
    this.#skipBlanks();
    const isElse = /^else(?![^\s(,;=])/i.test(this.#text.slice(this.#at));
    if (isElse) this.#at += "else".length;
    return { kind: "if", condition, isNegated, ignoresCase, body, otherwise: isElse ? this.#sequence() : undefined };
  }

  #condition(word: string): Condition {
    const kind = word.toLowerCase();
    if (kind === "errorlevel" || kind === "exist" || kind === "defined" || kind === "cmdextversion")
      return { kind, argument: this.#required() };
    this.#skipBlanks();
    if (this.#text.startsWith("==", this.#at)) {
      this.#at += 2;
      this.#skipDelimiters();
      return { kind: "compare", left: word, operator: "==", right: this.#required() };
    }
    const found = this.#required();
    const operator = found.toUpperCase();
    if (!COMPARISONS.includes(operator)) throw new SyntaxError(found);
    return { kind: "compare", left: word, operator: operator as Comparison, right: this.#required() };
  }

  #for(): Omit<Extract<Command, { kind: "for" }>, "redirections" | "isSilent"> {
    let form: Extract<Command, { kind: "for" }>["form"] = "files";
    let option: string | undefined;
    let word = this.#required();
    let isDeep = false;
    while (word.startsWith("/")) {
      const forms = { d: "folders", l: "count", f: "lines" } as const;
      const letter = word.slice(1).toLowerCase();
      if (letter === "r") isDeep = true;
      else if (Object.hasOwn(forms, letter)) form = forms[letter as keyof typeof forms];
      else throw new SyntaxError(word);
      word = this.#required();
      if (!/^%[^%]$/.test(word) && !word.startsWith("/") && (isDeep || form === "lines")) {
        option = word;
        word = this.#required();
      }
    }
    if (!/^%[^%]$/.test(word)) throw new SyntaxError(word);
    if (this.#required().toLowerCase() !== "in") throw new SyntaxError(word);
    this.#skipDelimiters();
    if (this.#peek() !== "(") throw new SyntaxError(this.#word());
    const set = this.#set();
    if (this.#required().toLowerCase() !== "do") throw new SyntaxError(undefined);
    return { kind: "for", variable: word[1]!, form, isDeep, option, set, body: this.#sequence() };
  }

  /** What stands between the parentheses of `for`, over several lines perhaps. */
  #set(): string {
    let text = "";
    let isQuoted = false;
    for (this.#at++; ;) {
      if (this.#isAtEnd()) {
        const line = this.#nextLine();
        if (line === undefined) throw new SyntaxError(undefined);
        this.#text = line;
        this.#at = 0;
        text += " ";
        continue;
      }
      const character = this.#peek()!;
      if (character === '"') isQuoted = !isQuoted;
      if (!isQuoted && character === "^") {
        text += this.#escaped();
        continue;
      }
      this.#at++;
      if (!isQuoted && character === ")") return text.trim();
      text += character;
    }
  }

  #required(): string {
    this.#skipDelimiters();
    const word = this.#word();
    if (word === "") throw new SyntaxError(this.#isAtEnd() ? undefined : this.#peek());
    return word;
  }

  /** Up to a delimiter or a special character, quotation marks and all. */
  #word(): string {
    let word = "";
    let isQuoted = false;
    while (!this.#isAtEnd()) {
      const character = this.#peek()!;
      if (character === '"') isQuoted = !isQuoted;
      if (!isQuoted) {
        if (character === "^") {
          word += this.#escaped();
          continue;
        }
        if (isDelimiter(character) || SPECIAL.includes(character)) break;
      }
      word += character;
      this.#at++;
    }
    return word;
  }

  #peek(ahead = 0): string | undefined {
    return this.#text[this.#at + ahead];
  }

  #isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#peek() ?? "x")) this.#at++;
  }

  #skipDelimiters(): void {
    while (this.#at < this.#text.length && (isDelimiter(this.#text[this.#at]!) || /\s/.test(this.#text[this.#at]!))) this.#at++;
  }
}

/** The first word of a command, quotation marks and all. */
function nameOf(text: string): string {
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && isDelimiter(character) && at > 0) return text.slice(0, at);
  }
  return text;
}
