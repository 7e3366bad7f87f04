import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo } from "node:net";
import { CUDA_ERROR, callNames, CudaError, signature } from "@decant/cuda";
import { memoryDriver } from "@decant/cuda/testing";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { connect } from "./client.ts";
import { defaultWireLimits, PROTOCOL_VERSION } from "./limits.ts";
import { listening } from "./listening.fixture.ts";
import { BULK_MARK, FRAME, packMessage, unpackMessage } from "./message.ts";
import { Sessions, type SessionsOptions } from "./sessions.ts";
import type { MessageSocket } from "./socket.ts";

const MIB = 1024 * 1024;
async function server(options: SessionsOptions = {}) {
  const driver = memoryDriver({ kernels: { wait: () => new Promise((resolve) => setTimeout(resolve, 2)) }, totalMem: 512 * MIB });
  const sessions = new Sessions(driver, options);
  return { driver, sessions, ...(await listening(sessions)) };
}

const hello = packMessage([FRAME.HELLO, PROTOCOL_VERSION, null, callNames.map(signature), defaultWireLimits.windowBytes]);
const call = (name: (typeof callNames)[number], ...args: unknown[]): unknown[] => [callNames.indexOf(name), ...args];
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test("a connection that is cut at any byte of its beginning is refused or resumed, and leaves no session behind", async () => {
  const { port, sessions } = await server({ graceMs: 1_000, helloTimeoutMs: 100 });
  let cutAfter = 0;
  const proxy = createServer((client) => {
    // Only the first connection is cut: one that resumes gets through.
    let left = cutAfter;
    cutAfter = Infinity;
    const upstream = connectTcp(port, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on("error", () => undefined);
      from.on("close", () => to.destroy());
      from.on("data", (data) => {
        left -= data.length;
        to.write(left >= 0 ? data : data.subarray(0, data.length + left));
        if (left < 0) to.end(() => from.destroy());
      });
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  const outcomes = { refused: 0, finished: 0 };
  for (let bytes = 0; bytes < 9_000; bytes += 271) {
    cutAfter = bytes;
    try {
      const cuda = await connect(`ws://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
      cuda.cuCtxCreate(0, 0);
      const p = cuda.cuMemAlloc(1000);
      cuda.cuMemsetD8(p, 7, 1000);
      expect((await cuda.cuMemcpyDtoH(p, 1000)).every((byte) => byte === 7)).toBe(true);
      await cuda.close();
      outcomes.finished++;
    } catch (error) {
      expect(error).toBeInstanceOf(CudaError);
      expect((error as CudaError).cuResult).toBe(CUDA_ERROR.SYSTEM_NOT_READY);
      outcomes.refused++;
    }
  }
  expect(outcomes.refused).toBeGreaterThan(5);
  expect(outcomes.finished).toBeGreaterThan(5);
  await until(() => sessions.size === 0);
});

/** A client that reads nothing unless told to. */
async function deafClient(url: string, frames: readonly Uint8Array[]) {
  const socket = new WebSocket(url);
  await once(socket, "open");
  socket.send(hello);
  await once(socket, "message");
  socket.pause();
  for (const frame of frames) socket.send(frame);
  return socket;
}

test("a client that asks for much and reads nothing does not fill the server's memory", async () => {
  const { driver, url } = await server();
  const base = 2 ** 32 + 0x10000;
  const copies = Array.from({ length: 300 }, () => packMessage([FRAME.CALLS, call("cuMemcpyDtoH", 1, base, MIB)]));
  const socket = await deafClient(url, [
    packMessage([FRAME.CALLS, call("cuCtxCreate", 1, 0, 0, 0), call("cuMemAlloc", base, 1, MIB)]),
    ...copies,
  ]);
  const made = (): number => driver.log.filter(({ name }) => name === "cuMemcpyDtoH").length;
  await until(() => made() > 10);
  await new Promise((resolve) => setTimeout(resolve, 200));
  // What may be under way and wait, of which each copy is a MiB, and the one that is over it.
  expect(made()).toBeLessThanOrEqual(defaultWireLimits.queuedBytes / MIB + 1);
  let received = 0;
  socket.on("message", (data: Buffer) => {
    received += data[0] === BULK_MARK ? 1 : 0;
    // It reports all as used up, as it should.
    socket.send(packMessage([FRAME.ACKNOWLEDGE, 0, 0]));
  });
  socket.resume();
  await until(() => received >= 10);
  socket.terminate();
});

test.each<[string, SessionsOptions]>([
  ["of the server's", { limits: { ...defaultWireLimits, queuedCalls: 20 } }],
  ["of a token's", { authorize: () => ({ name: "short", queuedCalls: 20 }) }],
])("a full queue (%s) holds its own session back, runs everything in the end, and holds up no other", async (_, options) => {
  const { driver, url } = await server(options);
  const cuda = await connect(url);
  cuda.cuCtxCreate(0, 0);
  const f = cuda.cuModuleGetFunction(await cuda.cuModuleLoadData("kernel wait"), "wait");
  for (let index = 0; index < 200; index++) cuda.cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, []);
  const launched = (): number => driver.log.filter(({ name }) => name === "cuLaunchKernel").length;
  await until(() => launched() > 0);
  expect(launched()).toBeLessThan(60);
  const other = await connect(url);
  other.cuCtxCreate(0, 0);
  await other.cuCtxSynchronize();
  expect(launched()).toBeLessThan(200);
  await cuda.cuCtxSynchronize();
  expect(launched()).toBe(200);
});

test("ten thousand damaged frames end their own sessions, and none else", async () => {
  const { sessions, url, driver } = await server();
  const neighbour = await connect(url);
  neighbour.cuCtxCreate(0, 0);
  const whole = packMessage([
    FRAME.CALLS,
    call("cuCtxCreate", 1, 0, 0, 0),
    call("cuMemAlloc", 2 ** 32 + 0x10000, 1, 4096),
    call("cuCtxSynchronize", 1),
  ]);
  let seed = 1;
  const random = (below: number): number => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8) % below;
  let goodbyes = 0;
  for (let number = 0; number < 10_000; number++) {
    const socket = fakeSocket();
    sessions.accept(socket);
    socket.onFrame(hello);
    await Promise.resolve();
    const frame = whole.slice(0, random(4) === 0 ? random(whole.length) : whole.length);
    for (let change = 0; change <= random(3) && frame.length > 0; change++) frame[random(frame.length)] = random(256);
    while (socket.sent.length === 0) await Promise.resolve();
    socket.onFrame(frame);
    goodbyes += socket.sent.some((sent) => sent[0] !== BULK_MARK && unpackMessage(sent, defaultWireLimits)[0] === FRAME.GOODBYE) ? 1 : 0;
    socket.onClose("done");
  }
  expect(goodbyes).toBeGreaterThan(3_000);
  await neighbour.cuCtxSynchronize();
  await until(() => sessions.size === 1);
  expect(driver.openSessions).toBe(1);
});

function fakeSocket(): MessageSocket & { readonly sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  return {
    sent,
    send: (frame: Uint8Array) => void sent.push(frame),
    close: () => undefined,
    terminate: () => undefined,
    onFrame: () => undefined,
    onClose: () => undefined,
  };
}
