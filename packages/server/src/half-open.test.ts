import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { CUDA_ERROR } from "@decant/cuda";
import { memoryDriver } from "@decant/cuda/testing";
import { connect } from "@decant/remoting";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LogEntry } from "./log.ts";
import { serve } from "./serve.ts";

// Heartbeats are the test's to give; connections, and everything else that takes time, are real.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] }));
const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** A server behind a network that can lose everything on its way without telling either end: no FIN, no RST. */
async function server(options: { graceMs?: number } = {}) {
  let added = 0;
  const driver = memoryDriver({ keepLog: false, kernels: { add: () => void added++ } });
  const entries: LogEntry[] = [];
  const running = await serve({ listen: "127.0.0.1:0", driver, log: (entry) => entries.push(entry), ...options });
  const open = new Set<Socket>();
  const network = { isClosed: false, swallow: () => open.forEach((socket) => socket.removeAllListeners("data").resume()) };
  const front = createServer((client) => {
    if (network.isClosed) return void client.destroy();
    const upstream = connectTcp(running.port, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on("data", (data) => to.write(data));
      from.on("error", () => undefined);
    }
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  cleanUp.push(async () => {
    for (const socket of open) socket.destroy();
    front.close();
    await running.stop();
  });
  const events = (): string[] => entries.map(({ event, reason }) => (reason === undefined ? event : `${event}: ${reason}`));
  return { driver, running, network, events, added: () => added, url: `ws://127.0.0.1:${(front.address() as AddressInfo).port}` };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};
const SILENT = "the other end has been silent for too long";

test("a connection that swallows everything is given up by both ends and replaced, and no call is lost", async () => {
  const { url, network, events, added } = await server();
  const cuda = await connect(url);
  cuda.cuCtxCreate(0, 0);
  const f = cuda.cuModuleGetFunction(await cuda.cuModuleLoadData("kernel add"), "add");
  const launch = (): void => cuda.cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, []);
  launch();
  await cuda.cuCtxSynchronize();
  network.swallow();
  launch();
  const waiting = cuda.cuCtxSynchronize();
  vi.advanceTimersByTime(50_000);
  await waiting;
  expect(added()).toBe(2);
  expect(events().filter((event) => event.startsWith("detached"))).toEqual([`detached: ${SILENT}`]);
  expect(events().filter((event) => event === "resumed")).toHaveLength(1);
  await cuda.close();
});

test("a client that has vanished leaves nothing when the time of grace is over; it is told CUDA_ERROR_EXTERNAL_DEVICE if it still lives", async () => {
  const { url, network, events, driver, running } = await server({ graceMs: 60 });
  const cuda = await connect(url);
  cuda.cuCtxCreate(0, 0);
  cuda.cuMemAlloc(1 << 20);
  await cuda.cuCtxSynchronize();
  network.swallow();
  network.isClosed = true;
  const waiting = cuda.cuCtxSynchronize();
  vi.advanceTimersByTime(50_000);
  await expect(waiting).rejects.toMatchObject({ cuResult: CUDA_ERROR.EXTERNAL_DEVICE });
  await until(() => running.sessionCount === 0);
  expect([driver.openSessions, driver.allocatedBytes]).toEqual([0, 0]);
  expect(events().at(-1)).toBe(`closed: ${SILENT}; it did not come back within 0.06 s`);
});
