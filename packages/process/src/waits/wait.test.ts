import { describe, expect, test } from "vitest";
import { Event } from "../objects/event.ts";
import { Mutex } from "../objects/mutex.ts";
import { Semaphore } from "../objects/semaphore.ts";
import { WaitableTimer } from "../objects/waitable-timer.ts";
import { runThreads } from "../test-support.ts";
import { sleep, WAIT, wait, waitFor } from "./wait.ts";

describe("events", () => {
  test("an auto-reset event lets one waiting thread go for each set, in order", async () => {
    const event = new Event(false, false);
    const waiter = (name: string) =>
      function* (thread: Parameters<typeof wait>[0], log: (entry: unknown) => void) {
        yield* wait(thread, [event]);
        log(name);
      };
    const log = await runThreads(waiter("first"), waiter("second"), function* (thread, log) {
      yield* sleep(thread, 0);
      event.set();
      log("set");
      yield* sleep(thread, 1);
      log("set again");
      event.set();
    });
    expect(log).toEqual(["set", "first", "set again", "second"]);
    expect(event.isSignaled()).toBe(false);
  });

  test("a manual-reset event lets all go and stays signaled; a pulse does not stay", async () => {
    const event = new Event(true, false);
    const log = await runThreads(
      function* (thread, log) {
        log(yield* wait(thread, [event]));
        log(yield* wait(thread, [event], { timeoutMs: 0 }));
      },
      function* (thread, log) {
        log(yield* wait(thread, [event]));
        event.reset();
        yield* sleep(thread, 0);
        log(yield* wait(thread, [event], { timeoutMs: 0 }));
      },
      function* (thread) {
        yield* sleep(thread, 0);
        event.set();
      },
    );
    expect(log).toEqual([0, 0, 0, WAIT.TIMEOUT]);
    const pulsed = await runThreads(
      function* (thread, log) {
        log(yield* wait(thread, [event]));
      },
      function* (thread) {
        yield* sleep(thread, 0);
        event.pulse();
      },
    );
    expect([pulsed, event.isSignaled()]).toEqual([[0], false]);
  });
});

describe("waits for several objects", () => {
  test("any: the first signaled object's index, and the others are left alone", async () => {
    const [a, b, c] = [new Event(false, false), new Event(false, true), new Event(false, true)];
    const log = await runThreads(function* (thread, log) {
      log(yield* wait(thread, [a, b, c]));
    });
    expect([log, b.isSignaled(), c.isSignaled()]).toEqual([[1], false, true]);
  });

  test("all: nothing is taken until all are there", async () => {
    const [a, b] = [new Event(false, true), new Semaphore(0, 1)];
    const log = await runThreads(
      function* (thread, log) {
        log(yield* wait(thread, [a, b], { all: true, timeoutMs: 0 }));
        log(a.isSignaled());
        log(yield* wait(thread, [a, b], { all: true }));
        log([a.isSignaled(), b.count]);
      },
      function* (thread) {
        yield* sleep(thread, 0);
        b.post(1);
      },
    );
    expect(log).toEqual([WAIT.TIMEOUT, true, 0, [false, 0]]);
  });

  test("time out after the time given, and not before", async () => {
    const log = await runThreads(function* (thread, log) {
      const start = performance.now();
      log(yield* wait(thread, [new Event(false, false)], { timeoutMs: 20 }));
      log(performance.now() - start >= 19);
    });
    expect(log).toEqual([WAIT.TIMEOUT, true]);
  });
});

describe("mutexes", () => {
  test("are held any number of times by one thread, and by one thread at a time", async () => {
    const mutex = new Mutex();
    const log = await runThreads(
      function* (thread, log) {
        yield* wait(thread, [mutex]);
        yield* wait(thread, [mutex]);
        yield* sleep(thread, 1);
        expect(mutex.unlock(thread)).toBe(2);
        log("still held");
        expect(mutex.unlock(thread)).toBe(1);
        expect(() => mutex.unlock(thread)).toThrow(/NOT_OWNER/);
      },
      function* (thread, log) {
        log(yield* wait(thread, [mutex], { timeoutMs: 0 }));
        log(yield* wait(thread, [mutex]));
        mutex.unlock(thread);
      },
    );
    expect(log).toEqual([WAIT.TIMEOUT, "still held", WAIT.OBJECT_0]);
  });

  test("are abandoned when their owner ends, and say so once", async () => {
    const mutex = new Mutex();
    const log = await runThreads(
      function* (thread) {
        yield* wait(thread, [mutex]);
      },
      function* (thread, log) {
        yield* sleep(thread, 0);
        log(yield* wait(thread, [new Event(false, false), mutex]));
        mutex.unlock(thread);
        log(yield* wait(thread, [mutex]));
      },
    );
    expect(log).toEqual([WAIT.ABANDONED_0 + 1, WAIT.OBJECT_0]);
  });
});

test("semaphores count, and refuse more than their maximum", async () => {
  const semaphore = new Semaphore(1, 2);
  expect(semaphore.post(1)).toBe(1);
  expect(() => semaphore.post(1)).toThrow(/TOO_MANY_POSTS/);
  expect(() => new Semaphore(3, 2)).toThrow(/INVALID_PARAMETER/);
  expect(() => semaphore.post(0)).toThrow(/INVALID_PARAMETER/);
  const log = await runThreads(function* (thread, log) {
    for (let i = 0; i < 3; i++) log(yield* wait(thread, [semaphore], { timeoutMs: 0 }));
  });
  expect(log).toEqual([0, 0, WAIT.TIMEOUT]);
});

test("threads are signaled when they end, with their exit code", async () => {
  const log = await runThreads(
    function* (thread) {
      yield* sleep(thread, 1);
    },
    function* (thread, log, threads) {
      log(yield* wait(thread, [threads[0]!.object]));
      log(threads[0]!.object.exitCode);
    },
  );
  expect(log).toEqual([0, 7]);
});

test("timers fire once, or by their period", async () => {
  const log = await runThreads(function* (thread, log) {
    const timer = new WaitableTimer(thread.kernel.timers, false);
    timer.set(1, 0);
    log(yield* wait(thread, [timer]));
    log(yield* wait(thread, [timer], { timeoutMs: 5 }));
    timer.set(1, 1);
    for (let i = 0; i < 3; i++) log(yield* wait(thread, [timer]));
    timer.cancel();
    log(yield* wait(thread, [timer], { timeoutMs: 5 }));
  });
  expect(log).toEqual([0, WAIT.TIMEOUT, 0, 0, 0, WAIT.TIMEOUT]);
});

test("waiting for the host lets other threads run, and throws what the host threw", async () => {
  let finish: (value: string) => void = () => {};
  const promise = new Promise<string>((resolve) => (finish = resolve));
  const log = await runThreads(
    function* (_thread, log) {
      log(yield* waitFor(promise));
      try {
        yield* waitFor(Promise.reject(new Error("broken")));
      } catch (error) {
        log((error as Error).message);
      }
    },
    function* (thread, log) {
      yield* sleep(thread, 0);
      log("meanwhile");
      finish("late");
    },
  );
  expect(log).toEqual(["meanwhile", "late", "broken"]);
});

test("an alertable wait ends when an APC is queued, after it ran; others do not", async () => {
  const event = new Event(false, false);
  const next = new Event(false, false);
  const log = await runThreads(
    function* (thread, log) {
      log(yield* wait(thread, [event], { timeoutMs: 5 }));
      log(yield* wait(thread, [event], { alertable: true }));
      next.set();
      log(yield* sleep(thread, 60_000, true));
    },
    function* (thread, log, threads) {
      yield* sleep(thread, 0);
      const apc = (name: string) =>
        function* () {
          log(name);
          yield* sleep(thread, 0);
        };
      threads[0]!.queueApc(apc("one"));
      yield* wait(thread, [next]);
      threads[0]!.queueApc(apc("two"));
    },
  );
  expect(log).toEqual([WAIT.TIMEOUT, "one", WAIT.IO_COMPLETION, "two", WAIT.IO_COMPLETION]);
});

test("a thread that is stopped runs the finally blocks of the mappings that wait for it", async () => {
  const event = new Event(false, false);
  const log = await runThreads(
    function* (thread, log) {
      try {
        yield* wait(thread, [event]);
      } finally {
        log("cleaned up");
      }
    },
    function* (thread, log, threads) {
      yield* sleep(thread, 0);
      thread.process.endThread(threads[0]!, 3);
      event.set();
      log([threads[0]!.object.exitCode, event.isSignaled()]);
    },
  );
  expect(log).toEqual(["cleaned up", [3, true]]);
});
