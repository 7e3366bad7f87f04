import type { Siblings } from "./type.ts";

/** What counts a buffer's elements: the name of a parameter (one that is a pointer counts by what it points to; "a*b" is a product), RESULT, a number, or the least of several. */
export type Count = string | number | readonly (string | number)[];

/** The count as far as it is known; undefined where it is not, or where it is negative. */
export function countOf(count: Count | undefined, siblings: Siblings): number | undefined {
  if (typeof count === "object") {
    const counts = count.map((each) => countOf(each, siblings));
    return counts.includes(undefined) ? undefined : Math.min(...(counts as number[]));
  }
  if (typeof count === "string" && count.includes("*")) {
    const factors = count.split("*").map((each) => countOf(each, siblings));
    return factors.includes(undefined) ? undefined : (factors as number[]).reduce((product, factor) => product * factor);
  }
  const value = typeof count === "string" ? siblings[count] : count;
  if (typeof value === "number") return value >= 0 ? value : undefined;
  if (typeof value !== "object" || value === null || !("get" in value) || typeof value.get !== "function") return undefined;
  if ("isNull" in value && value.isNull === true) return undefined;
  const target: unknown = (value.get as () => unknown)();
  return typeof target === "number" ? target : undefined;
}
