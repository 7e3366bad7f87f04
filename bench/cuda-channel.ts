/**
 * The CUDA channel, between two processes on loopback: `npx tsx bench/cuda-channel.ts [--json]`. Posted launches, round trips and bulk
 * copies to a driver that does next to nothing, each beside bare `ws` carrying the same bytes in the same run.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { memoryDriver } from "@decant/cuda/testing";
import { connect } from "@decant/remoting";
import { serveParent, startServerProcess } from "@decant/server";
import type { WebSocket as Socket, WebSocketServer as SocketServer } from "ws";
import { median, report, type Row } from "./report.ts";

// `ws` is a dependency of the channel only, and the bench compares with the same copy of it.
const { WebSocket, WebSocketServer } = createRequire(new URL("../packages/remoting/package.json", import.meta.url))("ws") as {
  WebSocket: typeof Socket;
  WebSocketServer: typeof SocketServer;
};

const MIB = 1024 * 1024;
const LAUNCHES = 200_000;
const ROUND_TRIPS = 3_000;
const COPY_MIB = 256;
const ROUNDS = 5;

const self = fileURLToPath(import.meta.url);
if (process.argv.includes("child-driver")) {
  await serveParent(memoryDriver({ keepLog: false }));
  process.exit(0);
} else if (process.argv.includes("child-bare")) serveBare();
else await measure();

async function measure(): Promise<void> {
  const child = await startServerProcess([process.execPath, "--import", "tsx", self, "child-driver"]);
  const cuda = await connect(child.url, { token: child.token });
  cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData("kernel nothing 8,8,8,4");
  const f = cuda.cuModuleGetFunction(module, "nothing");
  const p = cuda.cuMemAlloc(16 * MIB);
  const source = new Uint8Array(16 * MIB).fill(1);
  const bare = await startBare();

  const measures: Record<string, (() => Promise<number>)[]> = {
    "us of the client's for a posted launch": [async () => (await launch()).postedUs],
    "launches/s through to the driver, millions": [async () => (await launch()).throughMillions],
    "round trip, us": [() => roundTrips(async () => cuda.cuCtxSynchronize()), () => roundTrips(bare.roundTrip)],
    "copy to the device, GB/s": [copyIn, () => bare.bulkIn(COPY_MIB)],
    "copy to the host, GB/s": [copyOut, () => bare.bulkOut(COPY_MIB)],
  };
  const rows: Row[] = [];
  for (const [name, sides] of Object.entries(measures)) {
    const values = sides.map(() => [] as number[]);
    for (let round = -1; round < ROUNDS; round++)
      for (const [side, run] of sides.entries()) {
        const value = await run();
        if (round >= 0) values[side]!.push(value);
      }
    const [ours, theirs] = values.map(median);
    rows.push({ what: name, decant: ours, "bare ws": theirs, ratio: theirs === undefined ? undefined : ours! / theirs });
  }
  report("the CUDA channel on loopback", rows, ["A ratio above 1 is slower for the round trip and faster for copies."]);
  await cuda.close();
  await child.stop();
  bare.stop();

  async function launch(): Promise<{ postedUs: number; throughMillions: number }> {
    const parameters = new Uint8Array(28);
    const start = performance.now();
    for (let index = 0; index < LAUNCHES; index++) cuda.cuLaunchKernel(f, 64, 1, 1, 256, 1, 1, 0, 0, parameters);
    const posted = performance.now();
    await cuda.cuCtxSynchronize();
    return { postedUs: ((posted - start) * 1000) / LAUNCHES, throughMillions: LAUNCHES / (performance.now() - start) / 1000 };
  }

  async function copyIn(): Promise<number> {
    const start = performance.now();
    for (let sent = 0; sent < COPY_MIB; sent += 16) {
      cuda.cuMemcpyHtoD(p, source);
      await cuda.backpressure();
    }
    await cuda.cuCtxSynchronize();
    return gigabytesPerSecond(COPY_MIB, start);
  }

  async function copyOut(): Promise<number> {
    const start = performance.now();
    for (let received = 0; received < COPY_MIB; received += 16) await cuda.cuMemcpyDtoH(p, 16 * MIB, 0, source);
    return gigabytesPerSecond(COPY_MIB, start);
  }
}

async function roundTrips(trip: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let index = 0; index < ROUND_TRIPS; index++) await trip();
  return ((performance.now() - start) * 1000) / ROUND_TRIPS;
}

function gigabytesPerSecond(mib: number, start: number): number {
  return (mib * MIB) / 1e6 / (performance.now() - start);
}

/** A bare WebSocket with the client's settings, to a process that echoes small frames, swallows large ones, and sends on demand. */
async function startBare() {
  const child = spawn(process.execPath, ["--import", "tsx", self, "child-bare"], { stdio: ["pipe", "pipe", "inherit"] });
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const socket = new WebSocket(url, { perMessageDeflate: false, generateMask: (mask: Buffer) => void mask.fill(0) });
  await once(socket, "open");
  const roundTrip = async (): Promise<void> => {
    socket.send(new Uint8Array(24));
    await once(socket, "message");
  };
  return {
    roundTrip,
    async bulkIn(mib: number): Promise<number> {
      const start = performance.now();
      for (let sent = 0; sent < mib; sent++) {
        // As the channel must, each piece is a copy of the caller's bytes.
        socket.send(new Uint8Array(MIB).fill(1));
        while (socket.bufferedAmount > 8 * MIB) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await roundTrip();
      return gigabytesPerSecond(mib, start);
    },
    async bulkOut(mib: number): Promise<number> {
      const start = performance.now();
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
      return gigabytesPerSecond(mib, start);
    },
    stop() {
      socket.terminate();
      child.kill();
    },
  };
}

function serveBare(): void {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  server.on("listening", () => process.stdout.write(`ws://127.0.0.1:${(server.address() as { port: number }).port}\n`));
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        if (data.length < 1000) socket.send(data);
        return;
      }
      void (async () => {
        for (let left = Number(data); left > 0; left--) {
          socket.send(new Uint8Array(MIB).fill(1));
          while (socket.bufferedAmount > 8 * MIB) await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })();
    });
  });
}
