/**
 * CUDA at a distance: `npx tsx bench/cuda-distance.ts [--json]`. An iterative solver's pattern, 1,000 posted launches with a wait after each 100, through a
 * proxy that delays every byte by half a round trip each way; beside it what that must cost: its time on loopback and a round trip for each wait.
 */
import { once } from "node:events";
import { spawn } from "node:child_process";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { memoryDriver } from "@decant/cuda/testing";
import { connect } from "@decant/remoting";
import { serveParent, startServerProcess } from "@decant/server";
import { median, report, type Row } from "./report.ts";

const LAUNCHES = 1000;
const SYNCS = 10;
const ROUNDS = 7;
const ROUND_TRIPS_MS = [0, 1, 10, 30];

const self = fileURLToPath(import.meta.url);
const [, , role, target, delay] = process.argv;
if (role === "child-driver") {
  await serveParent(memoryDriver({ keepLog: false }));
  process.exit(0);
} else if (role === "child-proxy") await serveDelayed(Number(target), Number(delay));
else await measure();

async function measure(): Promise<void> {
  const child = await startServerProcess([process.execPath, "--import", "tsx", self, "child-driver"]);
  const solvers = [];
  for (const delay of ROUND_TRIPS_MS) {
    const args = ["--import", "tsx", self, "child-proxy", new URL(child.url).port, String(delay / 2)];
    const proxy = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [port] = (await once(createInterface({ input: proxy.stdout }), "line")) as [string];
    const cuda = await connect(`ws://127.0.0.1:${port}`, { token: child.token });
    cuda.cuCtxCreate(0, 0);
    const f = cuda.cuModuleGetFunction(await cuda.cuModuleLoadData("kernel step 8,8,4"), "step");
    const solve = async (): Promise<number> => {
      const start = performance.now();
      for (let launch = 1; launch <= LAUNCHES; launch++) {
        cuda.cuLaunchKernel(f, 64, 1, 1, 256, 1, 1, 0, 0, new Uint8Array(20));
        if (launch % (LAUNCHES / SYNCS) === 0) await cuda.cuCtxSynchronize();
      }
      return performance.now() - start;
    };
    solvers.push({ delay, solve, cuda, proxy, times: [] as number[] });
  }
  for (let round = -2; round < ROUNDS; round++)
    for (const { solve, times } of solvers) {
      const time = await solve();
      if (round >= 0) times.push(time);
    }
  const [near] = solvers.map(({ times }) => median(times));
  const rows: Row[] = solvers.map(({ delay, times }) => {
    const ours = median(times);
    const least = near! + SYNCS * delay;
    return { "round trip added, ms": delay, "decant, ms": ours, "loopback + waits, ms": least, ratio: ours / least };
  });
  report(`an iterative solver: ${LAUNCHES} launches, ${SYNCS} waits`, rows, [
    "The first row is the time on loopback, through the same proxy. Aim: at most 1.1.",
  ]);
  for (const { cuda, proxy } of solvers) {
    await cuda.close();
    proxy.kill();
  }
  await child.stop();
}

/** A process of its own: a proxy to a port of loopback that passes everything on after a time, in both directions. */
async function serveDelayed(target: number, ms: number): Promise<void> {
  const pass = (from: Socket, to: Socket): void => {
    from.setNoDelay(true);
    const late = delayed(ms, (data) => void to.write(data));
    from.on("data", (data: Buffer) => void (ms === 0 ? to.write(data) : late(data)));
    from.on("close", () => to.destroy());
    from.on("error", () => undefined);
  };
  const server = createServer((client) => {
    const upstream = connectTcp(target, "127.0.0.1");
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
}

/** Hands bytes on after a time, in their order. Timers of Node are whole milliseconds, and late: the rest of the time is waited for turn by turn. */
function delayed(ms: number, then: (data: Buffer) => void): (data: Buffer) => void {
  const waiting: { readonly due: number; readonly data: Buffer }[] = [];
  const look = (): void => {
    for (let first = waiting[0]; first !== undefined && performance.now() >= first.due; first = waiting[0]) {
      waiting.shift();
      then(first.data);
    }
    const [first] = waiting;
    if (first === undefined) return;
    const rest = first.due - performance.now();
    if (rest < 3) setImmediate(look);
    else setTimeout(look, Math.floor(rest) - 2);
  };
  return (data) => {
    waiting.push({ due: performance.now() + ms, data });
    if (waiting.length === 1) look();
  };
}
