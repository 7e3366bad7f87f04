import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { FarStreams } from "./far-streams.ts";
import { FRAME, onFrames, type Run } from "./frames.ts";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** Two ends of a socket. */
async function pair(): Promise<[Socket, Socket]> {
  const folder = mkdtempSync(join(tmpdir(), "decant-streams-"));
  const server = createServer().listen(join(folder, "socket"));
  const near = connect(join(folder, "socket"));
  const [far] = (await once(server, "connection")) as [Socket];
  open.push(() => {
    near.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return [near, far];
}

const run = (kind: "pipe" | "terminal" | "null"): Run => ({
  args: [],
  cwd: "/",
  umask: 0,
  environment: {},
  streams: [kind, kind, kind],
  size: { columns: 50, rows: 12 },
});

/** The frames that come to a socket, in their order, until there are so many. */
async function frames(socket: Socket, count: number): Promise<[number, string][]> {
  const got: [number, string][] = [];
  return await new Promise((resolve) => {
    onFrames(socket, (kind, bytes) => {
      if (got.push([kind, bytes.toString("latin1")]) === count) resolve(got);
    });
  });
}

test("input is asked for when somebody reads, and not before", async () => {
  const [near, far] = await pair();
  const streams = new FarStreams(near);
  const { stdin, stdout } = streams.open(run("pipe"));
  stdout.write(Buffer.from("before"));
  const read = stdin.read(100) as Promise<Uint8Array>;
  expect(await frames(far, 2)).toEqual([[FRAME.output, "before"], [FRAME.read, ""]]); // prettier-ignore
  streams.take(FRAME.input, Buffer.from("typed"));
  expect(Buffer.from(await read).toString()).toBe("typed");
  streams.take(FRAME.input, Buffer.alloc(0));
  expect(await stdin.read(100)).toHaveLength(0);
});

test("outputs go in one order, long ones in pieces; the null device is a file", async () => {
  const [near, far] = await pair();
  const { stdin, stdout, stderr } = new FarStreams(near).open(run("null"));
  stdout.write(Buffer.alloc(100_000, 65));
  stderr.write(Buffer.from("e"));
  const got = await frames(far, 3);
  expect(got.map(([kind, text]) => [kind, text.length])).toEqual([[FRAME.output, 65_536], [FRAME.output, 34_464], [FRAME.error, 1]]); // prettier-ignore
  expect([stdin.kind, stdout.kind, stdout.columns, await stdin.read(1)]).toEqual(["file", "file", undefined, new Uint8Array(0)]);
});

test("an output that nobody reads fails, the other goes on", async () => {
  const [near, far] = await pair();
  const streams = new FarStreams(near);
  const { stdout, stderr } = streams.open(run("pipe"));
  streams.take(FRAME.broken, Buffer.of(1));
  expect(() => stdout.write(Buffer.from("x"))).toThrow("EPIPE");
  stderr.write(Buffer.from("y"));
  expect(await frames(far, 1)).toEqual([[FRAME.error, "y"]]);
});

test("a terminal has a size, tells of another, and is set to give keys at once", async () => {
  const [near, far] = await pair();
  const streams = new FarStreams(near);
  const { stdin, stdout } = streams.open(run("terminal"));
  expect([stdin.kind, stdout.isTerminal, stdout.columns, stdout.rows]).toEqual(["terminal", true, 50, 12]);
  let told = 0;
  const stop = stdout.onResize?.(() => told++);
  streams.take(FRAME.resize, Buffer.of(40, 0, 0x2c, 1));
  stop?.();
  streams.take(FRAME.resize, Buffer.of(0, 0, 0, 0));
  expect([told, stdout.columns, stdout.rows]).toEqual([1, undefined, undefined]);
  stdin.setRaw?.(true);
  stdin.setRaw?.(false);
  expect((await frames(far, 3)).filter(([kind]) => kind === FRAME.raw)).toEqual([[FRAME.raw, "\u0001"], [FRAME.raw, "\0"]]); // prettier-ignore
});
