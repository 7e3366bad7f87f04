import type { TokenStream } from "./token-stream.ts";

/** Skips a `.section` directive: debug data is tolerated, not read. */
export function skipSection(tokens: TokenStream): void {
  tokens.expectKind("directive", "a section name");
  tokens.expect("{");
  for (let depth = 1; depth > 0;) {
    if (tokens.accept("{")) depth++;
    else if (tokens.accept("}")) depth--;
    else if (tokens.next().kind === "end") throw tokens.unexpected("'}'");
  }
}
