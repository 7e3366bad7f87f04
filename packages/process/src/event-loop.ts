/** Lets the host's event loop take a turn: signals, sockets, timers. Costs a few microseconds. */
export const yieldToHost: () => Promise<void> = makeYield();

function makeYield(): () => Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  if (setImmediate !== undefined) return () => new Promise((resolve) => void setImmediate(resolve));
  // Browsers: a message to oneself is the soonest task there is; setTimeout waits 4 ms.
  const channel = new MessageChannel();
  const waiting: (() => void)[] = [];
  channel.port1.addEventListener("message", () => waiting.shift()?.());
  channel.port1.start();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(0);
    });
}
