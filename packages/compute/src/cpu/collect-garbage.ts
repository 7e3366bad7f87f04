import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects now what this thread refers to no more. A shared memory of gigabytes is a small object to the collector, and would otherwise stay until it
 * happens to look. The pool's workers do the same.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
