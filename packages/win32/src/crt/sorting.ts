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
 * Sorts in place, as qsort must, and in the order in which Windows does: programs can see in which order they are asked, and how elements that compare
 * alike end up. Quicksort about the middle of three, the larger part later; of eight elements or fewer, the largest goes to the end each time.
 */
function* sort({ memory }: Thread, base: number, number: number, width: number, compare: Compare): GuestGenerator<void> {
  if (number < 2 || width === 0) return;
  const later: { low: number; high: number }[] = [{ low: base, high: base + (number - 1) * width }];
  for (let part = later.pop(); part !== undefined; part = later.pop()) {
    let { low, high } = part;
    while (low < high) {
      if ((high - low) / width + 1 <= SHORT) {
        yield* sortShort(memory, low, high, width, compare);
        break;
      }
      const [left, right] = yield* partition(memory, low, high, width, compare);
      const isLeftLarger = left - low >= high - right;
      if (isLeftLarger) {
        if (low < left) later.push({ low, high: left });
        low = right;
      } else {
        if (right < high) later.push({ low: right, high });
        high = left;
      }
    }
  }
}

/** The largest number of elements that are not worth partitioning. */
const SHORT = 8;

function* sortShort(memory: GuestMemory, low: number, high: number, width: number, compare: Compare): GuestGenerator<void> {
  for (let end = high; end > low; end -= width) {
    let largest = low;
    for (let at = low + width; at <= end; at += width) if (((yield* compare(at, largest)) | 0) > 0) largest = at;
    swap(memory, largest, end, width);
  }
}

/** Brings what is not greater than the middle element to its left. Returns the last element of the left part and the first of the right one. */
function* partition(
  memory: GuestMemory,
  low: number,
  high: number,
  width: number,
  compare: Compare,
): GuestGenerator<readonly [left: number, right: number]> {
  let middle = low + Math.floor(((high - low) / width + 1) / 2) * width;
  for (const [a, b] of [
    [low, middle],
    [low, high],
    [middle, high],
  ] as const)
    // prettier-ignore
    if (((yield* compare(a, b)) | 0) > 0) swap(memory, a, b, width);
  let right = low;
  let left = high;
  for (;;) {
    if (middle > right) {
      do right += width;
      while (right < middle && ((yield* compare(right, middle)) | 0) <= 0);
    }
    if (middle <= right) {
      do right += width;
      while (right < left && ((yield* compare(right, middle)) | 0) <= 0);
    }
    do left -= width;
    while (left > middle && ((yield* compare(left, middle)) | 0) > 0);
    if (left < right) break;
    swap(memory, right, left, width);
    if (middle === left) middle = right;
  }
  // Elements like the middle one, beside it, are where they belong.
  left += width;
  if (middle < left) {
    do left -= width;
    while (left > middle && ((yield* compare(left, middle)) | 0) === 0);
  }
  if (middle >= left) {
    do left -= width;
    while (left > low && ((yield* compare(left, middle)) | 0) === 0);
  }
  return [left, right];
}

function swap(memory: GuestMemory, a: number, b: number, width: number): void {
  if (a === b) return;
  const first = memory.read(a, width);
  memory.copy(a, b, width);
  memory.write(b, first);
}

/** Looks at the middle of what is left, the lower one of an even number, as Windows does. */
function* binarySearch(
  base: number,
  number: number,
  width: number,
  compare: (at: number) => GuestGenerator<number>,
): GuestGenerator<number> {
  let first = 0;
  for (let count = number; count > 0;) {
    const half = count >>> 1;
    if (half === 0) return ((yield* compare(base + first * width)) | 0) === 0 ? base + first * width : 0;
    const middle = (count & 1) === 1 ? half : half - 1;
    const sign = (yield* compare(base + (first + middle) * width)) | 0;
    if (sign === 0) return base + (first + middle) * width;
    if (sign > 0) first += middle + 1;
    count = sign < 0 ? middle : half;
  }
  return 0;
}
