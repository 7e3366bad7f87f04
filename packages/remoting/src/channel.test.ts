import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Cuda } from "@decant/cuda";
import { CUDA_ERROR, CudaError, driverCalls, signature } from "@decant/cuda";
import { memoryDriver, type TestKernel } from "@decant/cuda/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { connect } from "./client.ts";
import { BULK_BYTES, CHUNK_BYTES, defaultWireLimits, PROTOCOL_VERSION } from "./limits.ts";
import { listening } from "./listening.fixture.ts";
import { FRAME, packMessage, unpackMessage } from "./message.ts";
import { Sessions, type SessionsOptions } from "./sessions.ts";

const kernels: Record<string, TestKernel> = {
  double({ memory, parameters }) {
    const n = parameters.getUint32(8, true);
    const bytes = memory(Number(parameters.getBigUint64(0, true)), n);
    bytes.forEach((value, index) => (bytes[index] = value * 2));
  },
  async slow() {
    await new Promise((resolve) => setTimeout(resolve, 30));
  },
  fault() {
    throw new CudaError(CUDA_ERROR.ILLEGAL_ADDRESS, "at 0x10");
  },
  hello({ print }) {
    print("hello from a kernel\n");
  },
};
const image = "kernel double 8,4\nkernel slow\nkernel fault\nkernel hello";

async function server(options: SessionsOptions = {}, driverOptions: Parameters<typeof memoryDriver>[0] = {}) {
  const driver = memoryDriver({ kernels, ...driverOptions });
  const events: string[] = [];
  const sessions = new Sessions(driver, {
    ...options,
    onEvent: (event) => events.push("reason" in event ? `${event.kind}: ${event.reason}` : event.kind),
  });
  return { driver, sessions, events, ...(await listening(sessions)) };
}

async function program(cuda: Cuda) {
  cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData(image);
  const launch = (name: string, params: Parameters<Cuda["cuLaunchKernel"]>[9] = []) =>
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, name), 1, 1, 1, 1, 1, 1, 0, 0, params);
  return { cuda, module, launch };
}

const WINDOW = defaultWireLimits.windowBytes;
const failing = (code: number) => expect.objectContaining({ cuResult: code });
const pattern = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index * 31 + (index >>> 10));
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

test("a program runs at the other end", async () => {
  const { url, driver } = await server();
  const { cuda, launch } = await program(await connect(url));
  const p = cuda.cuMemAlloc(100);
  cuda.cuMemcpyHtoD(p, pattern(100));
  launch("double", [p, 100]);
  expect([...(await cuda.cuMemcpyDtoH(p, 100))]).toEqual([...pattern(100)].map((value) => (value * 2) & 0xff));
  expect(driver.log.map(({ name }) => name)).toEqual([
    "cuCtxCreate",
    "cuModuleLoadData",
    "cuMemAlloc",
    "cuMemcpyHtoD",
    "cuLaunchKernel",
    "cuMemcpyDtoH",
  ]);
  await cuda.close();
  await until(() => driver.openSessions === 0);
});

test("posted calls are executed in the order in which they were made", async () => {
  const { url, driver } = await server();
  const { cuda } = await program(await connect(url));
  const p = cuda.cuMemAlloc(4000);
  for (let index = 0; index < 1000; index++) cuda.cuMemsetD32(p + 4 * index, index, 1000 - index);
  const result = new Uint32Array((await cuda.cuMemcpyDtoH(p, 4000)).slice().buffer);
  expect([...result]).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  expect(driver.log.filter(({ name }) => name === "cuMemsetD2D").map(({ args }) => args[3])).toEqual([...result]);
});

describe("copies", () => {
  test.each([0, 1, BULK_BYTES - 1, BULK_BYTES, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 3])(
    "of %i bytes go there and back",
    async (size) => {
      const { url } = await server();
      const { cuda } = await program(await connect(url));
      const p = cuda.cuMemAlloc(size + 1);
      const source = pattern(size);
      cuda.cuMemcpyHtoD(p, source);
      // The bytes were taken at the call.
      source.fill(0xee);
      const result = await cuda.cuMemcpyDtoH(p, size);
      expect(Buffer.compare(result, pattern(size))).toBe(0);
    },
  );

  test.each([100, BULK_BYTES])("of %i bytes to the host land in the array that is given, and nowhere else", async (size) => {
    const { url } = await server();
    const { cuda } = await program(await connect(url));
    const p = cuda.cuMemAlloc(size);
    cuda.cuMemcpyHtoD(p, pattern(size));
    const whole = new Uint8Array(size + 2).fill(0xaa);
    const into = whole.subarray(1, size + 1);
    const { session } = cuda.client;
    expect(await session.cuMemcpyDtoH(cuda.cuCtxGetCurrent(), p, size, into)).toBe(into);
    expect(Buffer.compare(into, pattern(size))).toBe(0);
    expect([whole[0], whole.at(-1)]).toEqual([0xaa, 0xaa]);
  });

  test("a poster of bulk is held back while the channel is full", async () => {
    const { url } = await server({}, { keepLog: false });
    const { cuda } = await program(await connect(url));
    const p = cuda.cuMemAlloc(32 << 20);
    cuda.cuMemcpyHtoD(p, new Uint8Array(32 << 20).fill(7));
    const more = cuda.backpressure();
    expect(more).toBeInstanceOf(Promise);
    await more;
    expect((await cuda.cuMemcpyDtoH(p + (32 << 20) - 1, 1))[0]).toBe(7);
  });

  test("a module image larger than a frame arrives", async () => {
    const { url } = await server();
    const { cuda } = await program(await connect(url));
    const module = await cuda.cuModuleLoadData(`kernel wide 8\n${"# padding\n".repeat(300_000)}`);
    expect(cuda.cuModuleGetFunctionCount(module)).toBe(1);
  });

  test("the server stops reading while too much is under way, and loses nothing", async () => {
    const { url, driver } = await server({ limits: { ...defaultWireLimits, queuedBytes: 1 << 20 } });
    const { cuda, launch } = await program(await connect(url));
    const p = cuda.cuMemAlloc(1 << 20);
    launch("slow");
    for (let index = 0; index < 20; index++) cuda.cuMemcpyHtoD(p, new Uint8Array(1 << 20).fill(index));
    await new Promise((resolve) => setTimeout(resolve, 15));
    expect(driver.log.filter(({ name }) => name === "cuMemcpyHtoD").length).toBeLessThan(10);
    expect((await cuda.cuMemcpyDtoH(p, 1))[0]).toBe(19);
  });
});

describe("errors", () => {
  test("of a posted launch are latched: the next answer fails, and with a sticky one all later calls", async () => {
    const { url } = await server();
    const { cuda, launch } = await program(await connect(url));
    launch("fault");
    await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({ cuResult: CUDA_ERROR.ILLEGAL_ADDRESS, log: "at 0x10" });
    await expect(async () => cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
  });

  test("of the compiler come back from the call, with its log", async () => {
    const { url } = await server();
    const { cuda } = await program(await connect(url));
    await expect(cuda.cuModuleLoadData("bad")).rejects.toMatchObject({
      cuResult: CUDA_ERROR.INVALID_PTX,
      log: expect.stringContaining("line 1"),
    });
  });

  test("in the types of arguments are found before anything is sent", async () => {
    const { url } = await server();
    const { cuda } = await program(await connect(url));
    const session = cuda.client.session;
    expect(() => session.cuMemsetD2D(1, 1, 0, -1, 1, 1, 1)).toThrow("cuMemsetD2D: expected U32");
    await cuda.cuCtxSynchronize();
  });
});

test("what a kernel prints comes before the wait is over", async () => {
  const { url } = await server();
  let output = "";
  const { cuda, launch } = await program(await connect(url, { onOutput: (text) => (output += new TextDecoder().decode(text)) }));
  launch("hello");
  await cuda.cuCtxSynchronize();
  expect(output).toBe("hello from a kernel\n");
});

describe("two sessions", () => {
  test("know nothing of each other's memory and handles", async () => {
    const { url, driver } = await server();
    const one = await program(await connect(url));
    const other = await program(await connect(url));
    const p = one.cuda.cuMemAlloc(16);
    one.cuda.cuMemsetD8(p, 1, 16);
    const q = other.cuda.cuMemAlloc(16);
    expect(q).toBe(p);
    other.cuda.cuMemsetD8(q, 2, 16);
    expect((await one.cuda.cuMemcpyDtoH(p, 1))[0]).toBe(1);
    // Past what its own client would let through: an address that only the other session has.
    const theirs = other.cuda.cuMemAlloc(1 << 20);
    const { session } = one.cuda.client;
    const context = one.cuda.cuCtxGetCurrent();
    await expect(session.cuMemcpyDtoH(context, theirs, 16)).rejects.toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    session.cuMemFree(theirs, context);
    await expect(session.cuCtxSynchronize(context)).rejects.toEqual(failing(CUDA_ERROR.INVALID_VALUE));
    expect(driver.allocatedBytes).toBe(16 + 16 + (1 << 20));
    // A fault in one is none in the other.
    one.launch("fault");
    await expect(one.cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.ILLEGAL_ADDRESS));
    await other.cuda.cuCtxSynchronize();
  });

  test("one that goes leaves nothing behind", async () => {
    const { url, driver, events } = await server();
    const one = await program(await connect(url));
    one.cuda.cuMemAlloc(1 << 20);
    await one.cuda.cuCtxSynchronize();
    expect(driver.allocatedBytes).toBe(1 << 20);
    await one.cuda.close();
    await until(() => driver.openSessions === 0);
    expect(driver.allocatedBytes).toBe(0);
    expect(events).toEqual(["opened", "closed: done"]);
    expect(() => one.cuda.cuMemAlloc(4)).toThrow("CUDA_ERROR_DEINITIALIZED");
  });

  test("memory beyond the session's limit fails at the call", async () => {
    const { url } = await server({ guardLimits: { handles: 20, modules: 2, memoryBytes: 1000, copyBytes: 1 << 20 } });
    const { cuda } = await program(await connect(url));
    expect(cuda.cuMemGetInfo()).toEqual({ free: 1000, total: 1000 });
    expect(() => cuda.cuMemAlloc(1001)).toThrow("CUDA_ERROR_OUT_OF_MEMORY");
    for (let index = 0; index < 20; index++) cuda.cuEventCreate();
    await expect(cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.OUT_OF_MEMORY));
  });
});

describe("a connection that is lost for good", () => {
  test("fails what waits and what comes after with CUDA_ERROR_EXTERNAL_DEVICE, at once", async () => {
    const { url, listener } = await server({ graceMs: 0 });
    let lost = "";
    const { cuda, launch } = await program(await connect(url, { onLost: (reason) => (lost = reason) }));
    launch("slow");
    const waiting = cuda.cuCtxSynchronize();
    for (const client of listener.clients) client.terminate();
    await expect(waiting).rejects.toEqual(failing(CUDA_ERROR.EXTERNAL_DEVICE));
    expect(() => cuda.cuMemAlloc(4)).toThrow("CUDA_ERROR_EXTERNAL_DEVICE");
    expect(lost).toContain("closed");
  });

  test("in the middle of a copy fails the copy", async () => {
    const { url, listener } = await server({ graceMs: 0 }, { keepLog: false });
    const { cuda } = await program(await connect(url));
    const p = cuda.cuMemAlloc(64 << 20);
    const copy = cuda.cuMemcpyDtoH(p, 64 << 20);
    setTimeout(() => listener.clients.forEach((client) => client.terminate()), 5);
    await expect(copy).rejects.toEqual(failing(CUDA_ERROR.EXTERNAL_DEVICE));
  });

  test("frees the session at the server when nobody comes back in time", async () => {
    const { url, driver } = await server({ graceMs: 20 });
    const socket = new WebSocket(url);
    await once(socket, "open");
    socket.send(hello());
    await once(socket, "message");
    expect(driver.openSessions).toBe(1);
    socket.terminate();
    await until(() => driver.openSessions === 0);
  });
});

describe("a client is not let in", () => {
  test("with CUDA_ERROR_SYSTEM_NOT_READY when nobody listens", async () => {
    const { url, listener } = await server();
    listener.close();
    await expect(connect(url)).rejects.toMatchObject({
      cuResult: CUDA_ERROR.SYSTEM_NOT_READY,
      log: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("with CUDA_ERROR_NOT_PERMITTED when its token is missing or wrong", async () => {
    const { url, driver } = await server({ authorize: (token) => (token === "right" ? { name: "" } : "no") });
    await expect(connect(url)).rejects.toMatchObject({ cuResult: CUDA_ERROR.NOT_PERMITTED, log: "no" });
    await expect(connect(url, { token: "wrong" })).rejects.toMatchObject({
      cuResult: CUDA_ERROR.NOT_PERMITTED,
      log: "no",
    });
    expect(driver.openSessions).toBe(0);
    await (await connect(url, { token: "right" })).close();
  });

  test("when it says nothing", async () => {
    const { url } = await server({ helloTimeoutMs: 20 });
    const socket = new WebSocket(url);
    const [code, reason] = await once(socket, "close");
    expect([code, String(reason)]).toEqual([1008, "no hello came"]);
  });

  test("when it speaks another version, and is told which the server speaks", async () => {
    const { url } = await server();
    const reply = await firstReply(url, packMessage([FRAME.HELLO, 99, null, []]));
    expect(reply).toEqual([
      FRAME.GOODBYE,
      CUDA_ERROR.SYSTEM_DRIVER_MISMATCH,
      `the server speaks protocol ${PROTOCOL_VERSION}, the client 99`,
    ]);
  });
});

test.each([
  ["without a token or nil", [FRAME.HELLO, PROTOCOL_VERSION, 7, [], WINDOW]],
  ["whose calls are no texts", [FRAME.HELLO, PROTOCOL_VERSION, null, [7], WINDOW]],
  ["without a window", [FRAME.HELLO, PROTOCOL_VERSION, null, []]],
  ["whose window is negative", [FRAME.HELLO, PROTOCOL_VERSION, null, [], -1]],
  ["of more values than it has", [FRAME.HELLO, PROTOCOL_VERSION, null, [], WINDOW, 1]],
])("a hello %s is refused", async (_, message) => {
  const { url, driver } = await server();
  expect(await firstReply(url, packMessage(message))).toEqual([
    FRAME.GOODBYE,
    CUDA_ERROR.SYSTEM_DRIVER_MISMATCH,
    expect.stringContaining("the hello is not"),
  ]);
  expect(driver.openSessions).toBe(0);
});

test("calls that the server lacks, or knows in another form, fail with CUDA_ERROR_NOT_SUPPORTED or are never offered", async () => {
  const { url } = await server();
  const names = ["post cuFutureCall(context:CONTEXT):VOID", signature("cuCtxSynchronize"), "post cuMemFree(address:U32):VOID"];
  const reply = await firstReply(url, packMessage([FRAME.HELLO, PROTOCOL_VERSION, null, names, WINDOW]));
  expect(reply.slice(0, 3)).toEqual([FRAME.WELCOME, PROTOCOL_VERSION, [1]]);
});

describe("a bad frame ends its session with a reason, and nothing else:", () => {
  const names = Object.keys(driverCalls);
  const call = (name: string, ...args: unknown[]): Uint8Array => packMessage([FRAME.CALLS, [names.indexOf(name), ...args]]);
  const bulk = (...fields: number[]): Uint8Array => new Uint8Array(Uint32Array.of(0xc1, ...fields, 0).buffer);

  test.each<[string, Uint8Array | string, string]>([
    ["no bytes", new Uint8Array(0), "the message ends"],
    ["text", "hello", "the message ends"],
    ["noise", Uint8Array.of(0xff, 0x00, 0x12), "follow the message"],
    ["a second hello", packMessage([FRAME.HELLO, PROTOCOL_VERSION, null, []]), "out of place"],
    ["an answer", packMessage([FRAME.ANSWERS, [0, 0, null]]), "out of place"],
    ["a call that is not an array", packMessage([FRAME.CALLS, 7]), "must be an array"],
    ["an unknown call", packMessage([FRAME.CALLS, [9999]]), "there is no call 9999"],
    ["a call that is named by a property of lists", packMessage([FRAME.CALLS, ["length"]]), 'there is no call "length"'],
    ["a call whose number is text", packMessage([FRAME.CALLS, ["0", 4096, 0, 0, 0]]), 'there is no call "0"'],
    ["a type of many lines", packMessage(["\n\u001b[2J"]), 'a frame of type "\\n\\u001b[2J" is out of place'],
    ["a chunk of more than a MiB", new Uint8Array([...bulk(1, 2 ** 21, 0), ...new Uint8Array(2 ** 20)]), "over the limit"],
    ["too few arguments", call("cuMemFree", 1), "2 arguments, 1 were sent"],
    ["an argument of the wrong type", call("cuMemFree", "a", 1), "expected DEVICEPTR"],
    ["a negative size", call("cuMemAlloc", 2 ** 32, 4096, -1), "expected SIZE"],
    ["a fraction", call("cuMemAlloc", 0.5, 4096, 1), "expected DEVICEPTR"],
    ["a transfer that never came", call("cuModuleLoadData", 5000, 4096, 77), "transfer 77 is not complete"],
    ["a bulk frame out of order", bulk(1, 100, 50), "out of order"],
    [
      "a good call before a bad one",
      packMessage([FRAME.CALLS, [names.indexOf("cuCtxCreate"), 4096, 0, 0, 0], [9999]]),
      "there is no call 9999",
    ],
  ])("%s", async (_, frame, reason) => {
    const { url, driver } = await server();
    const neighbour = await program(await connect(url));
    const before = driver.log.length;
    const socket = new WebSocket(url);
    await once(socket, "open");
    socket.send(hello());
    await once(socket, "message");
    socket.send(frame);
    const [data] = await once(socket, "message");
    expect(unpackMessage(data, defaultWireLimits)).toEqual([FRAME.GOODBYE, CUDA_ERROR.EXTERNAL_DEVICE, expect.stringContaining(reason)]);
    await once(socket, "close");
    expect(driver.log.length).toBe(before);
    await neighbour.cuda.cuCtxSynchronize();
    expect(driver.openSessions).toBe(1);
  });

  test("a frame over the limit", async () => {
    const { url, driver } = await server({ graceMs: 20 });
    const neighbour = await program(await connect(url));
    const socket = new WebSocket(url);
    await once(socket, "open");
    socket.send(hello());
    await once(socket, "message");
    socket.send(new Uint8Array(defaultWireLimits.frameBytes + 1));
    const [code] = await once(socket, "close");
    expect(code).toBe(1009);
    await neighbour.cuda.cuCtxSynchronize();
    await until(() => driver.openSessions === 1);
  });
});

test("a client believes no answer of a frame in which another is wrong", async () => {
  const { url } = await server();
  // Between the two: what comes from the server is changed once the session stands.
  const listener = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => listener.close());
  const answers: unknown[][] = [];
  listener.on("connection", (socket) => {
    const upstream = new WebSocket(url);
    const early: Buffer[] = [];
    upstream.on("open", () => early.forEach((data) => upstream.send(data)));
    upstream.on("error", () => undefined);
    upstream.on("message", (data: Buffer) => {
      const message = unpackMessage(data, defaultWireLimits);
      if (message[0] !== FRAME.ANSWERS) return socket.send(data);
      answers.push(...(message.slice(1) as unknown[][]));
      return socket.send(packMessage([FRAME.ANSWERS, ...answers, [answers[0]?.[0], 0, null]]));
    });
    socket.on("message", (data: Buffer) => (upstream.readyState === WebSocket.OPEN ? upstream.send(data) : early.push(data)));
  });
  await once(listener, "listening");
  const cuda = await connect(`ws://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  cuda.cuCtxCreate(0, 0);
  await expect(cuda.cuCtxSynchronize()).rejects.toMatchObject({
    cuResult: CUDA_ERROR.EXTERNAL_DEVICE,
    log: expect.stringContaining("is answered twice"),
  });
});

test("a client gives up a server that sends what it may not", async () => {
  const listener = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => listener.close());
  listener.on("connection", (socket) => socket.on("message", () => socket.send(Uint8Array.of(0xff))));
  await once(listener, "listening");
  const url = `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  await expect(connect(url)).rejects.toMatchObject({ cuResult: CUDA_ERROR.SYSTEM_NOT_READY, log: expect.stringContaining("may not") });
});

function hello(): Uint8Array {
  return packMessage([
    FRAME.HELLO,
    PROTOCOL_VERSION,
    null,
    (Object.keys(driverCalls) as (keyof typeof driverCalls)[]).map(signature),
    WINDOW,
  ]);
}

async function firstReply(url: string, frame: Uint8Array): Promise<unknown[]> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  socket.send(frame);
  const [data] = await once(socket, "message");
  socket.terminate();
  return unpackMessage(data, defaultWireLimits);
}
