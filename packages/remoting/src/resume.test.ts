import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { CUDA_ERROR, callNames, signature, type Cuda } from "@decant/cuda";
import { memoryDriver, type TestKernel } from "@decant/cuda/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { connect } from "./client.ts";
import { defaultWireLimits, PROTOCOL_VERSION } from "./limits.ts";
import { listening } from "./listening.fixture.ts";
import { FRAME, packMessage, unpackMessage } from "./message.ts";
import { Sessions, type SessionsOptions } from "./sessions.ts";

const MIB = 1024 * 1024;
/** A server behind a proxy that cuts connections, by hand or after so many bytes, and may let nobody through. */
async function server(options: SessionsOptions = {}) {
  let added = 0;
  const kernels: Record<string, TestKernel> = {
    add: () => void added++,
    slow: () => new Promise((resolve) => setTimeout(resolve, 50)),
  };
  const driver = memoryDriver({ kernels, keepLog: false, totalMem: 512 * MIB });
  const events: string[] = [];
  const sessions = new Sessions(driver, {
    ...options,
    onEvent: (event) => events.push("reason" in event ? `${event.kind}: ${event.reason}` : event.kind),
  });
  const { listener, port: target } = await listening(sessions);

  const open = new Set<Socket>();
  const proxy = {
    connections: 0,
    blocked: false,
    /** Bytes in either direction after which a connection is cut; undefined for never. */
    cutAfter: undefined as (() => number) | undefined,
    cut: () => open.forEach((socket) => socket.destroy()),
  };
  const front = createServer((client) => {
    proxy.connections++;
    const upstream = connectTcp(target, "127.0.0.1");
    let left = proxy.cutAfter?.() ?? Infinity;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on("error", () => undefined);
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
      from.on("data", (data) => {
        left -= data.length;
        if (left > 0) to.write(data);
        else {
          // What comes before the cut arrives, in the middle of a frame.
          to.end(data.subarray(0, data.length + left));
          from.destroy();
        }
      });
    }
    if (proxy.blocked) client.destroy();
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  onTestFinished(() => {
    proxy.cut();
    front.close();
  });
  const url = `ws://127.0.0.1:${(front.address() as AddressInfo).port}`;
  return { driver, sessions, listener, front, proxy, url, events, added: () => added };
}

async function program(cuda: Cuda) {
  cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData("kernel add\nkernel slow");
  const launch = (name: string): void => cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 1, 1, 1, 1, 1, 1, 0, 0, []);
  return { cuda, launch };
}

const failing = (code: number) => expect.objectContaining({ cuResult: code });
const noise = (size: number, seed: number): Uint8Array => {
  let state = seed >>> 0 || 1;
  return Uint8Array.from({ length: size }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);
};

describe("a connection that breaks", () => {
  test("is replaced without the program noticing: no call is lost, and none runs twice", async () => {
    const { url, proxy, added, events } = await server();
    let lost = "";
    const { cuda, launch } = await program(await connect(url, { onLost: (reason) => (lost = reason) }));
    for (let index = 0; index < 2000; index++) {
      launch("add");
      if (index % 400 === 100) proxy.cut();
      if (index % 100 === 0) await cuda.cuCtxSynchronize();
    }
    await cuda.cuCtxSynchronize();
    expect(added()).toBe(2000);
    expect(proxy.connections).toBeGreaterThan(3);
    expect(events.filter((event) => event === "resumed").length).toBe(proxy.connections - 1);
    expect(lost).toBe("");
    await cuda.close();
  });

  test("in the middle of copies, again and again at any byte, harms none of their bytes", async () => {
    const { url, proxy } = await server();
    const { cuda } = await program(await connect(url));
    let seed = 42;
    proxy.cutAfter = () => 200_000 + ((seed = (seed * 69069 + 1) >>> 0) % 3_000_000);
    proxy.cut();
    const size = 8 * MIB + 12_345;
    const p = cuda.cuMemAlloc(size);
    const sent = noise(size, 7);
    cuda.cuMemcpyHtoD(p, sent);
    const back = await cuda.cuMemcpyDtoH(p, size);
    expect(Buffer.compare(back, sent)).toBe(0);
    expect(proxy.connections).toBeGreaterThan(5);
  });

  test("while a kernel runs, brings its end to the program after all", async () => {
    const { url, proxy, driver } = await server();
    const { cuda, launch } = await program(await connect(url));
    launch("slow");
    const waiting = cuda.cuCtxSynchronize();
    setTimeout(proxy.cut, 10);
    await waiting;
    expect(driver.openSessions).toBe(1);
    expect(proxy.connections).toBe(2);
  });

  test("is tried again until somebody answers", async () => {
    const { url, proxy } = await server();
    const { cuda } = await program(await connect(url));
    proxy.blocked = true;
    proxy.cut();
    const waiting = cuda.cuCtxSynchronize();
    setTimeout(() => (proxy.blocked = false), 300);
    await waiting;
    expect(proxy.connections).toBeGreaterThan(3);
  });

  test("does not come back in time: the program fails with CUDA_ERROR_EXTERNAL_DEVICE, and the server frees everything", async () => {
    const { url, proxy, driver, events } = await server({ graceMs: 150 });
    let lost = "";
    const { cuda } = await program(await connect(url, { onLost: (reason) => (lost = reason) }));
    cuda.cuMemAlloc(MIB);
    await cuda.cuCtxSynchronize();
    proxy.blocked = true;
    proxy.cut();
    await expect(cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.EXTERNAL_DEVICE));
    expect(lost).toContain("cannot be taken up again");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(driver.openSessions).toBe(0);
    expect(events.at(-1)).toContain("did not come back within 0.15 s");
  });

  test("to a server that is gone fails within moments, not after the time of grace", async () => {
    const { url, proxy, front } = await server();
    const { cuda } = await program(await connect(url));
    front.close();
    proxy.cut();
    const start = performance.now();
    await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({
      cuResult: CUDA_ERROR.EXTERNAL_DEVICE,
      log: expect.stringContaining("ECONNREFUSED"),
    });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test("to a server that was started anew fails at once, and says why", async () => {
    const { url, proxy, sessions, listener } = await server();
    const { cuda } = await program(await connect(url));
    proxy.blocked = true;
    proxy.cut();
    // The session ends while its client is away, as it does with a server's process.
    sessions.end("restart");
    listener.clients.forEach((client) => client.terminate());
    proxy.blocked = false;
    await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({
      cuResult: CUDA_ERROR.EXTERNAL_DEVICE,
      log: expect.stringContaining("no such session"),
    });
  });

  test("is given up by a program that closes", async () => {
    const { url, proxy, driver } = await server({ graceMs: 100 });
    const { cuda } = await program(await connect(url));
    proxy.blocked = true;
    proxy.cut();
    await cuda.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(driver.openSessions).toBe(0);
  });
});

/** A client of its own making: its first frames are whatever a test says. */
async function client(url: string) {
  const socket = new WebSocket(url);
  const received: unknown[][] = [];
  socket.on("message", (data: Buffer) => received.push(unpackMessage(new Uint8Array(data), defaultWireLimits)));
  await once(socket, "open");
  const closed = once(socket, "close").then(([code]) => code as number);
  const next = async (): Promise<unknown[]> => {
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    return received.shift()!;
  };
  return { socket, next, closed };
}

const hello = packMessage([FRAME.HELLO, PROTOCOL_VERSION, null, callNames.map(signature), defaultWireLimits.windowBytes]);

describe("a session", () => {
  test("is taken up with its key only", async () => {
    const { url, events } = await server();
    const first = await client(url);
    first.socket.send(hello);
    const [, , , , id, key] = await first.next();
    const wrong = Uint8Array.from(key as Uint8Array, (byte, index) => (index === 31 ? byte ^ 1 : byte));
    for (const [name, secret] of [
      [id, wrong],
      [id, new Uint8Array(0)],
      [id, null],
      ["0000000000000000", key],
      [7, key],
    ]) {
      const thief = await client(url);
      thief.socket.send(packMessage([FRAME.RESUME, PROTOCOL_VERSION, name, secret, 0, 0]));
      expect((await thief.next())[0]).toBe(FRAME.GOODBYE);
      expect(await thief.closed).toBe(1008);
    }
    expect(events.filter((event) => event.startsWith("refused")).length).toBe(5);
    expect(first.socket.readyState).toBe(WebSocket.OPEN);
  });

  test("that two clients take up is the later one's; the other is told", async () => {
    const { url } = await server();
    const first = await client(url);
    first.socket.send(hello);
    const [, , , , id, key] = await first.next();
    const second = await client(url);
    second.socket.send(packMessage([FRAME.RESUME, PROTOCOL_VERSION, id, key, 0, 0]));
    expect(await second.next()).toEqual([FRAME.RESUMED, 0, 0]);
    expect(await first.next()).toEqual([FRAME.GOODBYE, CUDA_ERROR.EXTERNAL_DEVICE, "another connection has taken the session up"]);
    second.socket.send(
      packMessage([FRAME.CALLS, [callNames.indexOf("cuCtxCreate"), 4096, 0, 0, 0], [callNames.indexOf("cuCtxSynchronize"), 4096]]),
    );
    for (;;) {
      const message = await second.next();
      if (message[0] === FRAME.ACKNOWLEDGE) continue;
      expect(message).toEqual([FRAME.ANSWERS, [1, 0, null]]);
      break;
    }
  });

  test("is not taken up by a client that claims what cannot be", async () => {
    const { url } = await server();
    const first = await client(url);
    first.socket.send(hello);
    const [, , , , id, key] = await first.next();
    for (const [claim, reason] of [
      [[5, 100], "never sent"],
      [[0, -1], "two counts"],
      [[0, 0, 0], "five values"],
    ] as const) {
      const liar = await client(url);
      liar.socket.send(packMessage([FRAME.RESUME, PROTOCOL_VERSION, id, key, ...claim]));
      expect(await liar.next()).toEqual([FRAME.GOODBYE, CUDA_ERROR.EXTERNAL_DEVICE, expect.stringContaining(reason)]);
    }
    // Whoever has the session has not noticed.
    first.socket.send(
      packMessage([FRAME.CALLS, [callNames.indexOf("cuCtxCreate"), 4096, 0, 0, 0], [callNames.indexOf("cuCtxSynchronize"), 4096]]),
    );
    expect(await first.next()).toEqual([FRAME.ANSWERS, [1, 0, null]]);
  });
});

describe("a module image that the server has seen", () => {
  const image = `kernel add\n${"# padding\n".repeat(10_000)}`;

  test("is not sent again, and is the same module", async () => {
    const { url, sessions } = await server();
    const bytesOf = async (): Promise<number> => {
      const before = sessions.metrics.bytesIn;
      const cuda = await connect(url);
      cuda.cuCtxCreate(0, 0);
      const module = await cuda.cuModuleLoadData(image);
      expect(cuda.cuModuleGetFunctionCount(module)).toBe(1);
      await cuda.close();
      return sessions.metrics.bytesIn - before;
    };
    expect(await bytesOf()).toBeGreaterThan(image.length);
    expect(await bytesOf()).toBeLessThan(1000);
  });

  test("is unknown to those who came in by another name", async () => {
    const { url, sessions } = await server({ authorize: (token) => ({ name: token ?? "" }) });
    const load = async (token: string): Promise<number> => {
      const before = sessions.metrics.bytesIn;
      const cuda = await connect(url, { token });
      cuda.cuCtxCreate(0, 0);
      await cuda.cuModuleLoadData(image);
      await cuda.close();
      return sessions.metrics.bytesIn - before;
    };
    await load("one");
    expect(await load("other")).toBeGreaterThan(image.length);
    expect(await load("one")).toBeLessThan(1000);
  });
});
