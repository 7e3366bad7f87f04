import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { type MessageSocket, openSocket } from "./socket.ts";
import { wiredSocket } from "./wired-socket.ts";

const MIB = 1024 * 1024;
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const undo of cleanUp.splice(0).reverse()) undo();
});

async function pair() {
  const listener = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  cleanUp.push(() => listener.close());
  await once(listener, "listening");
  const arrived = once(listener, "connection") as Promise<[WebSocket, IncomingMessage]>;
  const near = await openSocket(`ws://127.0.0.1:${(listener.address() as AddressInfo).port}`, MIB);
  const [webSocket, request] = await arrived;
  const far = wiredSocket(webSocket, { stream: request.socket, mask: "none", frameBytes: MIB });
  cleanUp.push(() => near.terminate());
  return { near, far, webSocket };
}

/** The next frames, until there are so many. */
function received(socket: MessageSocket, count: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  return new Promise((resolve) => {
    socket.onFrame = (frame) => void (frames.push(frame) === count && resolve(frames));
  });
}

test("frames of any length arrive whole and in order, in both directions, with the WebSocket's own frames between them", async () => {
  const { near, far, webSocket } = await pair();
  const frames = [0, 1, 124, 125, 126, 127, 3, 65_535, 65_536, 5, 300_000, 125].map((size, number) =>
    new Uint8Array(size).fill(number + 1),
  );
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    const all = received(to, frames.length);
    for (const frame of frames) {
      from.send(frame);
      webSocket.ping(Uint8Array.of(frame.length & 0xff));
    }
    const equal = (await all).map((frame, index) => Buffer.compare(frame, frames[index]!) === 0);
    expect(equal).toEqual(frames.map(() => true));
  }
});

test("a text frame is passed on as one with no bytes, which nobody takes for a message", async () => {
  const { near, webSocket } = await pair();
  const frames = received(near, 1);
  webSocket.send("text");
  expect((await frames)[0]).toHaveLength(0);
});

test("nothing is sent when the socket is closing", async () => {
  const { near, far } = await pair();
  const reason = new Promise((resolve) => (far.onClose = resolve));
  let frames = 0;
  far.onFrame = () => frames++;
  near.close(1000, "done");
  near.send(Uint8Array.of(1));
  expect(await reason).toBe("done");
  expect(frames).toBe(0);
});
