/** A key of a section; a line with no "=" has no value. */
export interface IniEntry {
  readonly key: string;
  readonly value: string | undefined;
}

const SECTION = /^\s*\[(.*?)\]/;

/** The lines of an initialization file ("GetPrivateProfileString"). Names are compared without regard to case; the first section of a name counts. */
export class IniFile {
  readonly #lines: string[];

  constructor(text: string) {
    this.#lines = text.split(/\r\n|\n|\r/);
    if (this.#lines.at(-1) === "") this.#lines.pop();
  }

  get sections(): string[] {
    return this.#lines.flatMap((line) => SECTION.exec(line)?.[1]?.trim() ?? []);
  }

  /** The keys of a section, in order; undefined where there is no such section. Comments and empty lines are none. */
  entries(section: string): IniEntry[] | undefined {
    const range = this.#range(section);
    return range && this.#lines.slice(range.start + 1, range.end).flatMap((line) => entryOf(line) ?? []);
  }

  /** Sets a key, at the end of its section where it is new, or removes it. */
  set(section: string, key: string, value: string | undefined): void {
    const range = this.#range(section);
    const line = value === undefined ? [] : [`${key}=${value}`];
    if (range === undefined) {
      if (line.length > 0) this.#lines.push(`[${section}]`, ...line);
      return;
    }
    const at = this.#lines.findIndex((each, i) => i > range.start && i < range.end && sameName(entryOf(each)?.key, key));
    if (at >= 0) this.#lines.splice(at, 1, ...line);
    else this.#lines.splice(this.#lastLine(range), 0, ...line);
  }

  /** Gives a section these lines and no others, or removes it. */
  setSection(section: string, lines: readonly string[] | undefined): void {
    const range = this.#range(section);
    const whole = lines === undefined ? [] : [`[${section}]`, ...lines];
    if (range === undefined) this.#lines.push(...whole);
    else this.#lines.splice(range.start, range.end - range.start, ...whole);
  }

  toString(): string {
    return this.#lines.map((line) => `${line}\r\n`).join("");
  }

  #range(section: string): { start: number; end: number } | undefined {
    const start = this.#lines.findIndex((line) => sameName(SECTION.exec(line)?.[1]?.trim(), section));
    if (start < 0) return undefined;
    const next = this.#lines.findIndex((line, i) => i > start && SECTION.test(line));
    return { start, end: next < 0 ? this.#lines.length : next };
  }

  /** Behind the last line of a section that is not empty. */
  #lastLine({ start, end }: { start: number; end: number }): number {
    let last = end;
    while (last > start + 1 && this.#lines[last - 1]!.trim() === "") last--;
    return last;
  }
}

function entryOf(line: string): IniEntry | undefined {
  const text = line.trim();
  if (text === "" || text.startsWith(";")) return undefined;
  const at = text.indexOf("=");
  return at < 0 ? { key: text, value: undefined } : { key: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

function sameName(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
