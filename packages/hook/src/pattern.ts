import type { ApiFunction } from "./api-function.ts";

/**
 * A predicate from patterns separated by commas: "kernel32!*File*,-*Tls*". A name without "!" is one in any DLL, "*" is any text, "-"
 * excludes; with exclusions alone everything else matches. CreateFile stands for CreateFileA and CreateFileW.
 */
export function patternMatcher(patterns: string): (target: FunctionName) => boolean {
  const parts = patterns
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "" && part !== "-");
  const excluded = parts.filter((part) => part.startsWith("-")).map((part) => globMatcher(part.slice(1)));
  const included = parts.filter((part) => !part.startsWith("-")).map(globMatcher);
  return (target) => (included.length === 0 || included.some((matches) => matches(target))) && !excluded.some((matches) => matches(target));
}

/** Whether a pattern matches a function by its name alone. */
export function matchesName(patterns: string, dll: string, name: string): boolean {
  return patternMatcher(patterns)({ dll, name, key: name });
}

type FunctionName = Pick<ApiFunction, "dll" | "name" | "key">;

function globMatcher(glob: string): (target: FunctionName) => boolean {
  const bang = glob.indexOf("!");
  const dll = globExpression(bang < 0 ? "*" : glob.slice(0, bang).replace(/\.dll$/i, ""));
  const name = globExpression(glob.slice(bang + 1));
  return (target) => dll.test(target.dll) && (name.test(target.name) || name.test(target.key));
}

function globExpression(glob: string): RegExp {
  const source = glob.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`, "i");
}
