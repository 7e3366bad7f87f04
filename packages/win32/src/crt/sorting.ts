import type { GuestMemory } from "@decant/memory";
import { guestCall, implement, type GuestGenerator, type Thread } from "@decant/process";
import { sortingApi } from "./sorting.api.ts";

export const sorting = implement(sortingApi, {
  *qsort(thread, base, number, width, compare) {
    yield* sort(thread, base, number, width, (a, b) => guestCall(thread, compare, a, b));
  },
  *qsort_s(thread, base, number, width, compare, context) {
    yield* sort(thread, base, number, width, (a, b) => guestCall(thread, compare, context, a, b));
  },
  *bsearch(thread, key, base, number, width, compare) {
    return yield* binarySearch(base, number, width, (at) => guestCall(thread, compare, key, at));
  },
  *bsearch_s(thread, key, base, number, width, compare, context) {
    return yield* binarySearch(base, number, width, (at) => guestCall(thread, compare, context, key, at));
  },
  *_lfind(thread, key, base, number, width, compare) {
    const count = thread.memory.u32(number);
    for (let i = 0; i < count; i++) if (((yield* guestCall(thread, compare, key, base + i * width)) | 0) === 0) return base + i * width;
    return 0;
  },
});

/** The sign of a guest's answer, given two elements' addresses. */
type Compare = (a: number, b: number) => GuestGenerator<number>;

/**
 * Sorts in place, as qsort must: the comparison sees the elements where they lie. Heapsort is never quadratic, whatever the comparison answers;
 * short arrays take insertion, which compares less. Neither is stable, and C asks for nothing else.
 */
function* sort({ memory }: Thread, base: number, number: number, width: number, compare: Compare): GuestGenerator<void> {
  if (number < 2 || width === 0) return;
  const at = (i: number): number => base + i * width;
  if (number <= INSERTION_LIMIT) {
    for (let i = 1; i < number; i++) {
      for (let j = i; j > 0 && ((yield* compare(at(j - 1), at(j))) | 0) > 0; j--) swap(memory, at(j - 1), at(j), width);
    }
    return;
  }
  for (let root = (number >> 1) - 1; root >= 0; root--) yield* siftDown(memory, at, root, number, width, compare);
  for (let end = number - 1; end > 0; end--) {
    swap(memory, at(0), at(end), width);
    yield* siftDown(memory, at, 0, end, width, compare);
  }
}

const INSERTION_LIMIT = 8;

function* siftDown(
  memory: GuestMemory,
  at: (i: number) => number,
  from: number,
  end: number,
  width: number,
  compare: Compare,
): GuestGenerator<void> {
  for (let root = from; ;) {
    let child = 2 * root + 1;
    if (child >= end) return;
    if (child + 1 < end && ((yield* compare(at(child), at(child + 1))) | 0) < 0) child++;
    if (((yield* compare(at(root), at(child))) | 0) >= 0) return;
    swap(memory, at(root), at(child), width);
    root = child;
  }
}

function swap(memory: GuestMemory, a: number, b: number, width: number): void {
  const first = memory.read(a, width);
  memory.copy(a, b, width);
  memory.write(b, first);
}

function* binarySearch(
  base: number,
  number: number,
  width: number,
  compare: (at: number) => GuestGenerator<number>,
): GuestGenerator<number> {
  let low = 0;
  for (let high = number; low < high;) {
    const middle = (low + high) >>> 1;
    const sign = (yield* compare(base + middle * width)) | 0;
    if (sign === 0) return base + middle * width;
    if (sign < 0) high = middle;
    else low = middle + 1;
  }
  return 0;
}
