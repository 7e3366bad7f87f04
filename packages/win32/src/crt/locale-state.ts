import type { TextCodec } from "@decant/hook";

/** LC_ALL to LC_TIME (locale.h). */
export const LC = { ALL: 0, COLLATE: 1, CTYPE: 2, MONETARY: 3, NUMERIC: 4, TIME: 5 } as const;

const CATEGORY_NAMES = ["LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME"];
/** What the user's default locale is called: setlocale(LC_ALL, ""). */
const DEFAULT_NAME = "English_United States";
const DEFAULT_PAGE = 1252;

/** A process's C locale: a name for each category, and the code page of LC_CTYPE (0 in the "C" locale). */
export class Locale {
  readonly #names = new Map<number, string>();
  codePage = 0;

  /** The name of a category; of all of them, one name when they agree, and a list otherwise. */
  name(category: number): string {
    if (category !== LC.ALL) return this.#names.get(category) ?? "C";
    const names = [1, 2, 3, 4, 5].map((each) => this.name(each));
    if (names.every((name) => name === names[0])) return names[0]!;
    return names.map((name, index) => `${CATEGORY_NAMES[index + 1]}=${name}`).join(";");
  }

  /** Sets a category, or all; undefined when there is no such locale. */
  set(category: number, request: string): string | undefined {
    const parsed = parseLocale(request);
    if (parsed === undefined) return undefined;
    const categories = category === LC.ALL ? [1, 2, 3, 4, 5] : [category];
    for (const each of categories) this.#names.set(each, parsed.name);
    if (categories.includes(LC.CTYPE)) this.codePage = parsed.codePage;
    return this.name(category);
  }

  /** Wide text as bytes, a character a byte; undefined when one has no encoding. In the "C" locale only the first 256 have. */
  encode(text: string, ansi: TextCodec): string | undefined {
    if (isLatin1(text)) return this.codePage === 0 || isAscii(text) ? text : latin1(this.#codec(ansi).encode(text));
    if (this.codePage === 0) return undefined;
    const encoded = this.#codec(ansi).encode(text);
    const isLossless = this.#codec(ansi).decode(encoded) === text;
    return isLossless ? latin1(encoded) : undefined;
  }

  /** Bytes, a character each, as wide text. */
  decode(bytes: string, ansi: TextCodec): string {
    if (this.codePage === 0 || isAscii(bytes)) return bytes;
    return this.#codec(ansi).decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
  }

  #codec(ansi: TextCodec): TextCodec {
    return this.codePage === 65001 ? utf8 : ansi;
  }
}

const utf8: TextCodec = {
  decode: (encoded) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoded),
  encode: (text) => new TextEncoder().encode(text),
};

function parseLocale(request: string): { name: string; codePage: number } | undefined {
  if (request === "C" || request === "POSIX") return { name: "C", codePage: 0 };
  const [language = "", page] = request.split(".");
  const known = /^(|english(_united states|_us|_usa)?|en(-us|_us)?|american|enu|us|usa)$/i.test(language);
  if (!known) return undefined;
  if (page === undefined || /^(acp|ocp|1252)$/i.test(page)) return { name: `${DEFAULT_NAME}.${DEFAULT_PAGE}`, codePage: DEFAULT_PAGE };
  if (/^(utf-?8|65001)$/i.test(page))
    return { name: `${DEFAULT_NAME}.${page.toLowerCase() === "65001" ? "65001" : "utf8"}`, codePage: 65001 };
  return undefined;
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the whole ASCII range is what is meant
  return /^[\x00-\x7f]*$/.test(text);
}

function isLatin1(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the whole Latin-1 range is what is meant
  return /^[\x00-\xff]*$/.test(text);
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
