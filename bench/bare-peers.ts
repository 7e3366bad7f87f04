/** What the CUDA channel is measured against: a bare WebSocket and a bare TCP connection to another process, with the same bytes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WebSocket as WebSocketType, WebSocketServer as WebSocketServerType } from "ws";

// `ws` is a dependency of the channel only, and the bench compares with the same copy of it.
const { WebSocket, WebSocketServer } = createRequire(new URL("../packages/remoting/package.json", import.meta.url))("ws") as {
  WebSocket: typeof WebSocketType;
  WebSocketServer: typeof WebSocketServerType;
};

const MIB = 1024 * 1024;
/** Bytes of a small call and of its answer. */
const SMALL_BYTES = 24;
/** Bytes that a sender has under way before it waits. */
const BUFFERED_BYTES = 8 * MIB;
/** As many bytes as the channel's copies have: one piece, sent again and again, would never leave the processor's cache. Nobody changes it: masks are zero. */
const SOURCE = new Uint8Array(16 * MIB).fill(1);
const self = fileURLToPath(import.meta.url);

/** The other side of a comparison. Copies resolve when the last byte has come. */
export interface Peer {
  roundTrip(): Promise<void>;
  /** Sends so many MiB, of 16 that stay as they are; the channel must make a copy of each. */
  bulkIn(mib: number): Promise<void>;
  bulkOut(mib: number): Promise<void>;
}

export interface BarePeers {
  readonly ws: Peer;
  readonly tcp: Peer;
  stop(): void;
}

/** Starts the other process, and connects to it. */
export async function startBarePeers(): Promise<BarePeers> {
  const child = spawn(process.execPath, ["--import", "tsx", self, "child"], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const ports = JSON.parse(line) as { ws: number; tcp: number };
  // A mask of zeroes, as the channel has it on loopback.
  const socket = new WebSocket(`ws://127.0.0.1:${ports.ws}`, { perMessageDeflate: false, generateMask: (mask) => void mask.fill(0) });
  await once(socket, "open");
  const stream = connect({ port: ports.tcp, host: "127.0.0.1", noDelay: true });
  await once(stream, "connect");
  return {
    ws: webSocketPeer(socket),
    tcp: tcpPeer(stream),
    stop() {
      socket.terminate();
      stream.destroy();
      child.kill();
    },
  };
}

function webSocketPeer(socket: WebSocketType): Peer {
  const roundTrip = async (): Promise<void> => {
    socket.send(new Uint8Array(SMALL_BYTES));
    await once(socket, "message");
  };
  return {
    roundTrip,
    async bulkIn(mib) {
      await sendMany(socket, mib);
      await roundTrip();
    },
    async bulkOut(mib) {
      let left = mib;
      const all = new Promise<void>((resolve) => {
        socket.on("message", function count() {
          if (--left > 0) return;
          socket.off("message", count);
          resolve();
        });
      });
      socket.send(JSON.stringify(mib));
      await all;
    },
  };
}

async function sendMany(socket: WebSocketType, mib: number): Promise<void> {
  for (let sent = 0; sent < mib; sent++) {
    socket.send(piece(sent));
    while (socket.bufferedAmount > BUFFERED_BYTES) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The MiB that is sent after `sent` others. */
function piece(sent: number): Uint8Array {
  const start = (sent * MIB) % SOURCE.length;
  return SOURCE.subarray(start, start + MIB);
}

/** Over TCP a request is 8 bytes, how many follow and how many are wanted back, and then those that follow. */
function tcpPeer(stream: Socket): Peer {
  const ask = async (bytes: number, wanted: number): Promise<void> => {
    const came = arrival(stream, wanted);
    stream.write(request(bytes, wanted));
    await writeMany(stream, bytes);
    await came;
  };
  return {
    roundTrip: () => ask(SMALL_BYTES, SMALL_BYTES),
    bulkIn: (mib) => ask(mib * MIB, 1),
    bulkOut: (mib) => ask(0, mib * MIB),
  };
}

function request(bytes: number, wanted: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(bytes, wanted).buffer);
}

async function writeMany(stream: Socket, bytes: number): Promise<void> {
  for (let sent = 0; sent * MIB < bytes; sent++) {
    stream.write(piece(sent).subarray(0, bytes - sent * MIB));
    while (stream.writableLength > BUFFERED_BYTES) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function arrival(stream: Socket, bytes: number): Promise<void> {
  let left = bytes;
  return new Promise((resolve) => {
    stream.on("data", function count(chunk: Buffer) {
      left -= chunk.length;
      if (left > 0) return;
      stream.off("data", count);
      resolve();
    });
  });
}

/** A WebSocket that echoes small frames, swallows large ones and sends on demand, and TCP connections that do the same. */
async function serveBare(): Promise<void> {
  const webSockets = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  webSockets.on("connection", (socket) => {
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) void sendMany(socket, Number(data));
      else if (data.length < 1000) socket.send(data);
    });
  });
  const tcp = createServer({ noDelay: true }, (stream) => {
    let [left, wanted] = [0, 0];
    stream.on("data", (chunk: Buffer) => {
      let rest = chunk;
      // Requests are small and one at a time: their heads come whole.
      if (left === 0) {
        [left, wanted] = [rest.readUInt32LE(0), rest.readUInt32LE(4)];
        rest = rest.subarray(8);
      }
      left -= rest.length;
      if (left === 0) void writeMany(stream, wanted);
    });
    stream.on("error", () => undefined);
  });
  tcp.listen(0, "127.0.0.1");
  await Promise.all([once(webSockets, "listening"), once(tcp, "listening")]);
  const port = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
  process.stdout.write(`${JSON.stringify({ ws: port(webSockets), tcp: port(tcp) })}\n`);
  // Who asked for it may have been killed.
  process.stdin.on("end", () => process.exit()).resume();
}

if (process.argv[1] === self && process.argv[2] === "child") await serveBare();
