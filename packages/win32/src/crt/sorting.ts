import { guestCall, implement, mapGuestCode, type GuestGenerator, type Thread } from "@decant/process";
import { loadImage } from "../guest-images/load-image.ts";
import { sortingApi } from "./sorting.api.ts";

/** Searching and sorting are guest code (guest/sorting): only the call itself comes here, none of the comparisons. */
export const sorting = implement(sortingApi, {
  *qsort(thread, base, number, width, compare) {
    if (number > 1) yield* call(thread, "qsort", base, number, width, compare);
  },
  *qsort_s(thread, base, number, width, compare, context) {
    if (number > 1) yield* call(thread, "qsort_s", base, number, width, compare, context);
  },
  bsearch: (thread, key, base, number, width, compare) => call(thread, "bsearch", key, base, number, width, compare),
  bsearch_s: (thread, key, base, number, width, compare, context) => call(thread, "bsearch_s", key, base, number, width, compare, context),
  _lfind: (thread, key, base, number, width, compare) => call(thread, "_lfind", key, base, number, width, compare),
  _lfind_s: (thread, key, base, number, width, compare, context) => call(thread, "_lfind_s", key, base, number, width, compare, context),
  _lsearch: (thread, key, base, number, width, compare) => call(thread, "_lsearch", key, base, number, width, compare),
  _lsearch_s: (thread, key, base, number, width, compare, context) =>
    call(thread, "_lsearch_s", key, base, number, width, compare, context),
});

/** Where a process has the code. */
class SortingCode {
  readonly addresses: ReadonlyMap<string, number>;

  constructor({ process, pointerSize }: Thread) {
    this.addresses = mapGuestCode(process, loadImage(pointerSize === 8 ? "sorting-x64" : "sorting-x86"), "sorting");
  }
}

function call(thread: Thread, name: string, ...args: readonly number[]): GuestGenerator<number> {
  const { addresses } = thread.process.state(SortingCode, () => new SortingCode(thread));
  return guestCall(thread, addresses.get(name)!, ...args);
}
