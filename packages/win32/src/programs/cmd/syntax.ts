/** A command line that cannot be understood: "x was unexpected at this time." */
export class SyntaxError extends Error {
  constructor(
    found: string | undefined,
    message = found === undefined ? "The syntax of the command is incorrect." : `${found} was unexpected at this time.`,
  ) {
    super(message);
    this.name = "SyntaxError";
  }
}

/** Where a command's stream goes to, or comes from. */
export interface Redirection {
  /** The number before the sign: 0 to 9. */
  readonly stream: number;
  readonly kind: "read" | "write" | "append" | "duplicate";
  /** A file name as it was written; of duplicates, the number of the stream. */
  readonly target: string;
}

/** How two strings or numbers are compared by `if`. */
export type Comparison = "==" | "EQU" | "NEQ" | "LSS" | "LEQ" | "GTR" | "GEQ";

/** What `if` asks. */
export type Condition =
  | { readonly kind: "errorlevel" | "exist" | "defined" | "cmdextversion"; readonly argument: string }
  | { readonly kind: "compare"; readonly left: string; readonly operator: Comparison; readonly right: string };

/** A parsed command. Redirections apply from left to right. */
export type Command = { readonly redirections: readonly Redirection[]; readonly isSilent: boolean } & (
  | { readonly kind: "simple"; readonly name: string; readonly rest: string }
  | { readonly kind: "block"; readonly commands: readonly Command[] }
  /** One after the other, or the second by how the first one ended. */
  | { readonly kind: "sequence" | "and" | "or" | "pipe"; readonly left: Command; readonly right: Command }
  | {
      readonly kind: "if";
      readonly condition: Condition;
      readonly isNegated: boolean;
      readonly ignoresCase: boolean;
      readonly body: Command;
      readonly otherwise: Command | undefined;
    }
  | {
      readonly kind: "for";
      /** One letter. */
      readonly variable: string;
      readonly form: "files" | "folders" | "count" | "lines";
      /** `/r`: in a folder and all below it. */
      readonly isDeep: boolean;
      /** Of `/r` the folder, of `/f` the options. */
      readonly option: string | undefined;
      readonly set: string;
      readonly body: Command;
    }
);

const DELIMITERS = " \t,;=";

/** Whether a character parts words: blanks and , ; =. */
export function isDelimiter(character: string): boolean {
  return DELIMITERS.includes(character);
}

/** What stands between quotation marks counts as it is: words of a line, parted by delimiters, with their quotation marks. */
export function splitWords(text: string, delimiters = DELIMITERS): string[] {
  const words: string[] = [];
  let word = "";
  let isQuoted = false;
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && delimiters.includes(character)) {
      if (word !== "") words.push(word);
      word = "";
    } else word += character;
  }
  if (word !== "") words.push(word);
  return words;
}

/** A word without its quotation marks. */
export function unquote(word: string): string {
  return word.replaceAll('"', "");
}
