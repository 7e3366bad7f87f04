/** A conversion of a scanf format. */
export interface Directive {
  readonly suppressed: boolean;
  /** Characters at most; undefined for the conversion's own limit. */
  readonly width: number | undefined;
  readonly size: "char" | "short" | "none" | "long" | "int64" | "word";
  readonly letter: string;
  /** For %[: whether a character belongs to the set. */
  readonly accepts: ((unit: number) => boolean) | undefined;
  /** Where the format goes on. */
  readonly end: number;
}

const SIZES: readonly (readonly [string, Directive["size"]])[] = [
  ["I64", "int64"], ["I32", "none"], ["ll", "int64"], ["hh", "char"], ["h", "short"], ["l", "long"], ["L", "int64"], ["w", "long"],
  ["z", "word"], ["t", "word"], ["j", "int64"], ["I", "word"],
]; // prettier-ignore

/** Reads the conversion behind the percent sign at `at - 1` ("Format specification fields: scanf and wscanf functions"). */
export function parseDirective(format: string, at: number): Directive {
  const match = /^(\*?)(\d*)/.exec(format.slice(at, at + 32))!;
  let end = at + match[0].length;
  let size: Directive["size"] = "none";
  for (const [prefix, meaning] of SIZES) {
    if (!format.startsWith(prefix, end)) continue;
    size = meaning;
    end += prefix.length;
    break;
  }
  const letter = format[end] ?? "";
  end += letter.length;
  let accepts: Directive["accepts"];
  if (letter === "[") [accepts, end] = parseSet(format, end);
  return { suppressed: match[1] === "*", width: match[2] === "" ? undefined : Number(match[2]), size, letter, accepts, end };
}

/** "a-z]": a first "^" inverts, a first "]" is a member, "-" between two makes a range. */
function parseSet(format: string, start: number): [accepts: (unit: number) => boolean, end: number] {
  const inverted = format[start] === "^";
  let at = inverted ? start + 1 : start;
  const members = new Set<number>();
  const first = at;
  while (at < format.length && (format[at] !== "]" || at === first)) {
    const low = format.charCodeAt(at);
    if (format[at + 1] === "-" && at + 2 < format.length && format[at + 2] !== "]") {
      const high = format.charCodeAt(at + 2);
      for (let unit = Math.min(low, high); unit <= Math.max(low, high); unit++) members.add(unit);
      at += 3;
    } else {
      members.add(low);
      at++;
    }
  }
  return [(unit) => members.has(unit) !== inverted, Math.min(at + 1, format.length)];
}
