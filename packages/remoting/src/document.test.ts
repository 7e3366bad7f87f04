import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { callNames, signature } from "@decant/cuda";
import { memoryDriver } from "@decant/cuda/testing";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { listening } from "./listening.fixture.ts";
import { Sessions } from "./sessions.ts";

// A client of docs/protocol.md, and of nothing else: its calls are read from that page, and its messages are packed here.
const page = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");
const signatures = /## The calls\n[^]*?```\n([^]*?)\n```/.exec(page)![1]!.split("\n");

async function serve(): Promise<string> {
  return (await listening(new Sessions(memoryDriver(), { graceMs: 5_000 }))).url;
}

type Value = null | number | string | Uint8Array | readonly Value[];

/** MessagePack in its longest forms. */
function pack(value: Value): Buffer {
  const head = (type: number, length: number): Buffer => {
    const bytes = Buffer.from([type, 0, 0, 0, 0]);
    bytes.writeUInt32BE(length, 1);
    return bytes;
  };
  if (value === null) return Buffer.from([0xc0]);
  if (typeof value === "number") {
    const bytes = Buffer.from([0xcb, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === "string") return Buffer.concat([head(0xdb, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(0xc6, value.length), value]);
  return Buffer.concat([head(0xdd, value.length), ...value.map(pack)]);
}

/** All that a server may send: nil, booleans, integers, floats, text, bin and arrays. */
function unpack(bytes: Buffer): unknown {
  let at = 0;
  const take = (size: number): Buffer => bytes.subarray(at, (at += size));
  const length = (size: number): number => take(size).readUIntBE(0, size);
  const list = (count: number): unknown[] => Array.from({ length: count }, () => next());
  function next(): unknown {
    const type = take(1)[0]!;
    if (type < 0x80) return type;
    if (type >= 0xe0) return type - 0x100;
    if (type >= 0xa0 && type < 0xc0) return take(type & 31).toString();
    if (type >= 0x90 && type < 0xa0) return list(type & 15);
    if (type === 0xc0) return null;
    if (type === 0xc2 || type === 0xc3) return type === 0xc3;
    if (type >= 0xc4 && type <= 0xc6) return take(length(1 << (type - 0xc4)));
    if (type === 0xca) return take(4).readFloatBE();
    if (type === 0xcb) return take(8).readDoubleBE();
    if (type >= 0xcc && type <= 0xce) return length(1 << (type - 0xcc));
    if (type === 0xcf) return Number(take(8).readBigUInt64BE());
    if (type >= 0xd0 && type <= 0xd2) return take(1 << (type - 0xd0)).readIntBE(0, 1 << (type - 0xd0));
    if (type === 0xd3) return Number(take(8).readBigInt64BE());
    if (type >= 0xd9 && type <= 0xdb) return take(length(1 << (type - 0xd9))).toString();
    if (type === 0xdc || type === 0xdd) return list(length(2 << (type - 0xdc)));
    throw new Error(`what is 0x${type.toString(16)}?`);
  }
  return next();
}

/** One connection after the other, and what a session counts over all of them. */
class Client {
  socket!: WebSocket;
  readonly #frames: Buffer[] = [];
  #wake = (): void => undefined;
  /** Counted frames and their bytes that have come, and counted frames that were sent. */
  received = 0;
  receivedBytes = 0;
  readonly sent: Buffer[] = [];
  calls = 0;
  readonly answers = new Map<number, readonly unknown[]>();
  readonly transfers = new Map<number, Buffer>();

  async connect(url: string): Promise<void> {
    // What came over an earlier connection and was not counted comes again.
    this.#frames.length = 0;
    const socket = (this.socket = new WebSocket(url));
    socket.on("message", (data: Buffer) => {
      if (socket !== this.socket) return;
      this.#frames.push(data);
      this.#wake();
    });
    onTestFinished(() => socket.terminate());
    await once(socket, "open");
  }

  async frame(): Promise<Buffer> {
    while (this.#frames.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#frames.shift()!;
  }

  message(...values: readonly Value[]): void {
    this.socket.send(pack(values));
  }

  #count(frame: Buffer): void {
    this.sent.push(frame);
    this.socket.send(frame);
  }

  /** Gives the count of the last of the calls. */
  post(...calls: readonly (readonly [name: string, ...args: Value[]])[]): number {
    const numbered = calls.map(([name, ...args]) => [signatures.findIndex((text) => text.split(/[ (]/)[1] === name), ...args]);
    this.#count(pack([3, ...numbered]));
    this.calls += calls.length;
    return this.calls - 1;
  }

  bulk(transfer: number, bytes: Uint8Array): number {
    this.#count(Buffer.concat([Buffer.from(Uint32Array.of(0xc1, transfer, bytes.length, 0).buffer), bytes]));
    return transfer;
  }

  /** Reads frames until a call is answered. */
  async answer(count: number): Promise<readonly unknown[]> {
    while (!this.answers.has(count)) {
      const frame = await this.frame();
      const message = frame[0] === 0xc1 ? undefined : (unpack(frame) as unknown[]);
      if (message?.[0] === 7) continue;
      if (message?.[0] === 6) throw new Error(`goodbye: ${String(message[1])} ${String(message[2])}`);
      this.received++;
      this.receivedBytes += frame.length;
      if (message === undefined) this.transfers.set(frame.readUInt32LE(4), frame.subarray(16));
      else for (const answer of message.slice(1) as unknown[][]) this.answers.set(answer[0] as number, answer);
    }
    return this.answers.get(count)!;
  }

  acknowledge(): void {
    this.socket.send(Buffer.concat([Buffer.from([0x93, 0x07]), pack(this.received), pack(this.receivedBytes)]));
  }
}

test("the page lists the calls as they are", () => {
  expect(signatures).toEqual(callNames.map(signature));
});

test("a client that was written from the page copies, resumes, and is refused what it may not", async () => {
  const url = await serve();
  const client = new Client();
  await client.connect(url);
  client.message(1, 2, null, signatures, 4 << 20);
  const welcome = unpack(await client.frame()) as unknown[];
  const [type, version, supported, driver, session, key, , window] = welcome;
  expect([type, version, supported]).toEqual([2, 2, signatures.map((_, number) => number)]);
  expect(window).toBeGreaterThanOrEqual(4 << 20);
  const [, , [device]] = driver as [string, number, unknown[][]];
  const [base, stride, slots, start, , granularity] = device![4] as number[];
  expect(slots).toBeGreaterThan(1);

  // Context 3 has slot 1; its memory begins there.
  const address = base! + stride! + Math.ceil(start! / granularity!) * granularity!;
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index * 7);
  client.post(["cuCtxCreate", 3, 0, 0, 1], ["cuMemAlloc", address, 3, bytes.length]);
  client.post(["cuMemcpyHtoD", 3, address, client.bulk(1, bytes)], ["cuMemsetD2D", 3, address, 0, 0xff, 1, 3, 1]);
  const copied = await client.answer(client.post(["cuMemcpyDtoH", 3, address, bytes.length]));
  expect(copied.slice(1, 2)).toEqual([0]);
  const back = client.transfers.get(copied[2] as number)!;
  expect([...back.subarray(0, 5), back.equals(Buffer.concat([Buffer.from([255, 255, 255]), bytes.subarray(3)]))]).toEqual([
    255,
    255,
    255,
    21,
    28,
    true,
  ]);
  client.acknowledge();

  // An image by its hash, which the server has not seen yet, and then has.
  const image = Buffer.from(`kernel nothing 8\n${" ".repeat(20_000)}`);
  const hash = createHash("sha256").update(image).digest("hex");
  expect((await client.answer(client.post(["cuModuleLoadData", 4, 3, hash]))).slice(1)).toEqual([-1, hash]);
  const [, , loaded] = await client.answer(client.post(["cuModuleLoadData", 4, 3, image]));
  expect((loaded as unknown[][][])[0]!.map(([name]) => name)).toEqual(["nothing"]);
  // When it keeps an image is the server's matter; until then it has done nothing.
  let again = [0, -1] as readonly unknown[];
  while (again[1] === -1) again = await client.answer(client.post(["cuModuleLoadData", 5, 3, hash]));
  expect(again.slice(1)).toEqual([0, loaded]);

  // The connection breaks; what had not arrived is sent again, and the session goes on.
  client.socket.terminate();
  const lost = client.post(["cuMemsetD2D", 3, address, 0, 0xee, 1, 1, 1], ["cuMemcpyDtoH", 3, address, 2]);
  await client.connect(url);
  client.message(8, 2, session as string, key as Uint8Array, client.received, client.receivedBytes);
  const [resumed, frames] = unpack(await client.frame()) as number[];
  expect(resumed).toBe(9);
  for (const frame of client.sent.slice(frames)) client.socket.send(frame);
  expect((await client.answer(lost)).slice(1)).toEqual([0, Buffer.from([0xee, 0xff])]);

  // A failure of a post is the next answer's; a frame that cannot be ends the session.
  expect((await client.answer(client.post(["cuMemFree", address + granularity!, 3], ["cuCtxSynchronize", 3]))).slice(1, 2)).toEqual([1]);
  expect((await client.answer(client.post(["cuCtxSynchronize", 3]))).slice(1)).toEqual([0, null]);
  client.post(["cuMemsetD2D", 3, "here", 0, 0, 1, 1, 1]);
  await expect(client.answer(client.calls)).rejects.toThrow(/goodbye: 911 bad frame/);
});
