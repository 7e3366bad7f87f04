import { STREAM_PER_THREAD } from "@decant/cuda";

/**
 * The `_ptsz` or `_ptds` form of a function: a default stream, 0 in the argument at `position` (or no argument there),
 * means the thread's own.
 */
export function perThread<T, A extends unknown[], R>(position: number, body: (thread: T, ...args: A) => R): (thread: T, ...args: A) => R {
  return (thread, ...args) => {
    const moved: unknown[] = args;
    moved[position] = moved[position] || STREAM_PER_THREAD;
    return body(thread, ...(moved as A)); // the same arguments, but for the stream, a number as before
  };
}
