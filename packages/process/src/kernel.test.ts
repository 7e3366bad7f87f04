import { expect, test } from "vitest";
import { idleKernel } from "./test-support.ts";
import type { Thread } from "./threads/thread.ts";

const readyThread = (): Thread => ({ status: "new", suspendCount: 0 }) as unknown as Thread;

test("a thread that keeps nobody waiting has the host's turn; others that are ready, timers and waits for the host shorten it", () => {
  const { kernel } = idleKernel({ hostTurnMs: 50 });
  expect(kernel.sliceMs()).toBe(50);
  const cancel = kernel.timers.after(1, () => {});
  // No sooner than Windows' clock ticks.
  expect(kernel.sliceMs()).toBe(15.6);
  cancel();
  kernel.timers.after(60_000, () => {});
  expect(kernel.sliceMs()).toBe(50);
  const ended = kernel.beginHostWait();
  expect(kernel.sliceMs()).toBe(5);
  ended();
  kernel.startThread(readyThread());
  expect(kernel.sliceMs()).toBe(31.2);
});

test("unless a run says otherwise, the host has its turn every 5 ms", () => {
  const { kernel } = idleKernel();
  expect(kernel.sliceMs()).toBe(5);
  kernel.startThread(readyThread());
  expect(kernel.sliceMs()).toBe(5);
});
