import { upcase } from "./upcase.ts";

/** A text with the values of %variables%; names that are none stay as they are ("ExpandEnvironmentStringsW function"). */
export function expandVariables(text: string, environment: ReadonlyMap<string, { readonly value: string }>): string {
  let result = "";
  for (let at = 0; at < text.length;) {
    const start = text.indexOf("%", at);
    const end = start < 0 ? -1 : text.indexOf("%", start + 1);
    if (end < 0) return result + text.slice(at);
    const value = environment.get(upcase(text.slice(start + 1, end)))?.value;
    result += text.slice(at, start);
    if (value !== undefined) {
      result += value;
      at = end + 1;
    } else {
      // The second sign may start a variable of its own.
      result += text.slice(start, end);
      at = end;
    }
  }
  return result;
}
