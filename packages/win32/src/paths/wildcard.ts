import { upcase } from "../text/upcase.ts";

/**
 * A test for the names that a FindFirstFile pattern matches, by the file system's rules for DOS patterns (RtlIsNameInExpression): case
 * does not matter, `*.*` is everything, `?` before a dot or the end also matches nothing, and `*.` matches names without an extension.
 */
export function wildcard(pattern: string): (name: string) => boolean {
  if (pattern === "*" || pattern === "*.*") return () => true;
  const expression = new RegExp(`^${translate(upcase(pattern))}$`, "s");
  return (name) => expression.test(upcase(name));
}

/** Whether a name holds wildcards. */
export function hasWildcards(name: string): boolean {
  return /[*?<>"]/.test(name);
}

function translate(pattern: string): string {
  let result = "";
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    const next = pattern[i + 1];
    if (character === "?") result += "(?:[^.]|(?=\\.|$))";
    else if (character === "*") {
      if (next === "." && i + 2 === pattern.length) return `${result}[^.]*`;
      result += ".*";
    } else if (character === "." && (next === "?" || next === "*")) result += "(?:\\.|$)";
    else result += character.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  }
  return result;
}
