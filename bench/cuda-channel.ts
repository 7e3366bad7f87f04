/**
 * The CUDA channel, between two processes on loopback: `npx tsx bench/cuda-channel.ts [--json]`. Posted launches, round trips and bulk
 * copies to a driver that does next to nothing, each beside bare `ws` and bare TCP carrying the same bytes in the same run.
 */
import { fileURLToPath } from "node:url";
import { memoryDriver } from "@decant/cuda/testing";
import { connect } from "@decant/remoting";
import { serveParent, startServerProcess } from "@decant/server";
import { startBarePeers } from "./bare-peers.ts";
import { median, report, type Row } from "./report.ts";

const MIB = 1024 * 1024;
const LAUNCHES = 200_000;
const ROUND_TRIPS = 3_000;
const COPY_MIB = 256;
const ROUNDS = 5;

const self = fileURLToPath(import.meta.url);
if (process.argv.includes("child-driver")) {
  await serveParent(memoryDriver({ keepLog: false }));
  process.exit(0);
} else await measure();

async function measure(): Promise<void> {
  const child = await startServerProcess([process.execPath, "--import", "tsx", self, "child-driver"]);
  const cuda = await connect(child.url, { token: child.token });
  cuda.cuCtxCreate(0, 0);
  const module = await cuda.cuModuleLoadData("kernel nothing 8,8,8,4");
  const f = cuda.cuModuleGetFunction(module, "nothing");
  const p = cuda.cuMemAlloc(16 * MIB);
  const source = new Uint8Array(16 * MIB).fill(1);
  const bare = await startBarePeers();

  const measures: Record<string, (() => Promise<number>)[]> = {
    "us of the client's for a posted launch": [async () => (await launch()).postedUs],
    "launches/s through to the driver, millions": [async () => (await launch()).throughMillions],
    "round trip, us": [
      () => roundTrips(async () => cuda.cuCtxSynchronize()),
      () => roundTrips(bare.ws.roundTrip),
      () => roundTrips(bare.tcp.roundTrip),
    ],
    "copy to the device, GB/s": [() => copies(copyIn), () => copies(bare.ws.bulkIn), () => copies(bare.tcp.bulkIn)],
    "copy to the host, GB/s": [() => copies(copyOut), () => copies(bare.ws.bulkOut), () => copies(bare.tcp.bulkOut)],
  };
  const rows: Row[] = [];
  for (const [name, sides] of Object.entries(measures)) {
    const values = sides.map(() => [] as number[]);
    for (let round = -1; round < ROUNDS; round++)
      for (const [side, run] of sides.entries()) {
        const value = await run();
        if (round >= 0) values[side]!.push(value);
      }
    const [ours, ws, tcp] = values.map(median);
    rows.push({ what: name, decant: ours, "bare ws": ws, "bare TCP": tcp, "of ws": ws === undefined ? undefined : ours! / ws });
  }
  report("the CUDA channel on loopback", rows, ["A ratio above 1 is slower for the round trip, and faster for copies."]);
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

  async function copyIn(mib: number): Promise<void> {
    for (let sent = 0; sent < mib; sent += 16) {
      cuda.cuMemcpyHtoD(p, source);
      await cuda.backpressure();
    }
    await cuda.cuCtxSynchronize();
  }

  async function copyOut(mib: number): Promise<void> {
    for (let received = 0; received < mib; received += 16) await cuda.cuMemcpyDtoH(p, 16 * MIB, 0, source);
  }
}

async function roundTrips(trip: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let index = 0; index < ROUND_TRIPS; index++) await trip();
  return ((performance.now() - start) * 1000) / ROUND_TRIPS;
}

async function copies(copy: (mib: number) => Promise<void>): Promise<number> {
  const start = performance.now();
  await copy(COPY_MIB);
  return (COPY_MIB * MIB) / 1e6 / (performance.now() - start);
}
