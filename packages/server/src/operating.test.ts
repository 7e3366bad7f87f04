import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CUDA_ERROR } from "@decant/cuda";
import { memoryDriver } from "@decant/cuda/testing";
import { connect } from "@decant/remoting";
import { afterEach, describe, expect, test } from "vitest";
import type { LogEntry } from "./log.ts";
import { serve } from "./serve.ts";
import { TokenFile } from "./tokens.ts";

const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function server(options: Partial<Parameters<typeof serve>[0]> = {}) {
  const driver = memoryDriver({ keepLog: false });
  const entries: LogEntry[] = [];
  const running = await serve({ listen: "127.0.0.1:0", driver, log: (entry) => entries.push(entry), ...options });
  cleanUp.push(() => running.stop());
  const http = running.url.replace(/^ws/, "http");
  return { driver, running, entries, http };
}

function tokenFile(): TokenFile {
  const folder = mkdtempSync(join(tmpdir(), "decant-server-"));
  cleanUp.push(() => rmSync(folder, { recursive: true }));
  return new TokenFile(join(folder, "tokens.json"));
}

const failing = (code: number) => expect.objectContaining({ cuResult: code });
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe("tokens", () => {
  test("let in with their own limits, and the log names them but has none of their text", async () => {
    const tokens = tokenFile();
    const [small, large] = [tokens.add("small", { limits: { memoryBytes: 1000, modules: 1 } }), tokens.add("large")];
    const { running, entries } = await server({ tokens });
    const cuda = await connect(running.url, { token: small });
    cuda.cuCtxCreate(0, 0);
    expect(cuda.cuMemGetInfo()).toEqual({ free: 1000, total: 1000 });
    await cuda.cuModuleLoadData("kernel a");
    await expect(cuda.cuModuleLoadData("kernel b")).rejects.toMatchObject({
      cuResult: CUDA_ERROR.OUT_OF_MEMORY,
      log: "the session may load 1 modules",
    });
    const other = await connect(running.url, { token: large });
    other.cuCtxCreate(0, 0);
    expect(other.cuMemGetInfo().total).toBeGreaterThan(1000);
    await expect(connect(running.url, { token: `${large}x` })).rejects.toEqual(failing(CUDA_ERROR.NOT_PERMITTED));
    await expect(connect(running.url)).rejects.toEqual(failing(CUDA_ERROR.NOT_PERMITTED));
    expect(entries.filter(({ event }) => event === "opened").map(({ name }) => name)).toEqual(["small", "large"]);
    const text = JSON.stringify(entries);
    expect([small, large].some((token) => text.includes(token.slice(7)))).toBe(false);
  });

  test("that have expired let nobody in", async () => {
    const tokens = tokenFile();
    const [old, fresh] = [
      tokens.add("old", { expires: new Date(Date.now() - 1000).toISOString() }),
      tokens.add("fresh", { expires: new Date(Date.now() + 60_000).toISOString() }),
    ];
    const { running } = await server({ tokens });
    await expect(connect(running.url, { token: old })).rejects.toEqual(failing(CUDA_ERROR.NOT_PERMITTED));
    await (await connect(running.url, { token: fresh })).close();
  });

  test("that are revoked end their sessions, and no others", async () => {
    const tokens = tokenFile();
    const [one, other] = [tokens.add("one"), tokens.add("other")];
    const { running } = await server({ tokens });
    let lost = "";
    const first = await connect(running.url, { token: one, onLost: (reason) => (lost = reason) });
    const second = await connect(running.url, { token: other });
    new TokenFile(tokens.path).revoke("one");
    await until(() => lost !== "");
    expect(lost).toBe("the token was revoked, or has expired");
    expect(() => first.cuCtxCreate(0, 0)).toThrow("CUDA_ERROR_EXTERNAL_DEVICE");
    second.cuCtxCreate(0, 0);
    await second.cuCtxSynchronize();
  });

  test("cannot be guessed at any speed: an address that fails too often has to wait", async () => {
    const { running } = await server({ token: "right", rateLimit: { failures: 3, windowMs: 60_000 } });
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(connect(running.url, { token: `wrong ${attempt}` })).rejects.toEqual(failing(CUDA_ERROR.NOT_PERMITTED));
    await expect(connect(running.url, { token: "right" })).rejects.toMatchObject({
      cuResult: CUDA_ERROR.SYSTEM_NOT_READY,
      log: expect.stringContaining("429"),
    });
  });
});

test("an address whose connections say what no client says has to wait, where there are tokens", async () => {
  const { WebSocket } = await import("ws");
  const speak = async (url: string): Promise<void> => {
    const socket = new WebSocket(url);
    await new Promise((resolve) => socket.on("open", resolve));
    socket.send(Uint8Array.of(0xff));
    await new Promise((resolve) => socket.on("close", resolve));
  };
  for (const [token, result] of [
    ["right", "429"],
    [undefined, "in"],
  ] as const) {
    const { running } = await server({ token, rateLimit: { failures: 3, windowMs: 60_000 } });
    for (let attempt = 0; attempt < 3; attempt++) await speak(running.url);
    const entered = connect(running.url, token === undefined ? {} : { token }).then(
      () => "in",
      (error: { log?: string }) => error.log,
    );
    expect(await entered).toContain(result);
  }
});

test("a certificate makes it wss", async () => {
  const file = (name: string): string => readFileSync(new URL(`../testdata/localhost-${name}.pem`, import.meta.url), "utf8");
  const { running } = await server({ tls: { cert: file("cert"), key: file("key") } });
  expect(running.url).toMatch(/^wss:/);
  const cuda = await connect(running.url, { ca: file("cert") });
  cuda.cuCtxCreate(0, 0);
  await cuda.cuCtxSynchronize();
  await cuda.close();
  await expect(connect(running.url)).rejects.toMatchObject({ cuResult: CUDA_ERROR.SYSTEM_NOT_READY, log: expect.stringContaining("self") });
});

describe("by http", () => {
  test("it says whether it lives and whether it would take another session", async () => {
    const { running, http } = await server({ sessions: 1 });
    expect((await fetch(`${http}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${http}/readyz`)).text()).toBe("ready\n");
    const cuda = await connect(running.url);
    const full = await fetch(`${http}/readyz`);
    expect([full.status, await full.text()]).toEqual([503, "the server is full\n"]);
    await cuda.close();
    const stopping = running.stop(100);
    expect((await fetch(`${http}/readyz`).catch(() => undefined))?.status ?? 503).toBe(503);
    await stopping;
  });

  test("it counts for Prometheus", async () => {
    const { running, http } = await server();
    const cuda = await connect(running.url);
    cuda.cuCtxCreate(0, 0);
    cuda.cuMemAlloc(4096);
    await cuda.cuModuleLoadData("bad").catch(() => undefined);
    for (const name of ["cuGreenCtxCreate", "cuGreenCtxCreate", "cuNothing"]) cuda.client.session.unsupportedCall(1, name);
    await cuda.cuCtxSynchronize();
    const text = await (await fetch(`${http}/metrics`)).text();
    expect(text).toContain('decant_sessions{state="connected"} 1\n');
    expect(text).toContain("decant_device_memory_bytes 4096\n");
    expect(text).toContain('decant_calls_total{function="cuMemAlloc"} 1\n');
    expect(text).toContain('decant_failures_total{result="CUDA_ERROR_INVALID_PTX"} 1\n');
    expect(text).toContain('decant_unsupported_calls_total{function="cuGreenCtxCreate"} 2\n');
    expect(text).not.toContain("cuNothing");
    expect(text).toMatch(/decant_answer_seconds_bucket\{le="\+Inf"\} 2\n/);
    // Every line is a comment or a sample, as the text format says.
    const sample = /^(# (HELP|TYPE) decant_\w+ .+|decant_\w+(\{\w+="[^"]*"\})? [-+.\de]+)$/;
    expect(
      text
        .trimEnd()
        .split("\n")
        .filter((line) => !sample.test(line)),
    ).toEqual([]);
  });

  test("it counts the bytes of copies in both directions", async () => {
    const { running, http } = await server();
    const cuda = await connect(running.url);
    cuda.cuCtxCreate(0, 0);
    const p = cuda.cuMemAlloc(300_000);
    cuda.cuMemcpyHtoD(p, new Uint8Array(300_000));
    await cuda.cuMemcpyDtoH(p, 200_000);
    const text = await (await fetch(`${http}/metrics`)).text();
    const bytes = ["received", "sent"].map((way) => Number(new RegExp(`^decant_${way}_bytes_total (\\d+)$`, "m").exec(text)?.[1]));
    expect(bytes.map((count) => Math.floor(count / 100_000))).toEqual([3, 2]);
  });

  test("it shows how it is used to holders of a token only, where there are tokens", async () => {
    const tokens = tokenFile();
    const token = tokens.add("operator");
    const { http } = await server({ tokens });
    for (const path of ["/metrics", "/sessions"]) {
      expect((await fetch(http + path)).status).toBe(401);
      expect((await fetch(http + path, { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
      expect((await fetch(http + path, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    }
    expect((await fetch(`${http}/healthz`)).status).toBe(200);
  });

  test("it does not show it to a stranger whom a proxy on the machine passes on", async () => {
    const { http } = await server();
    expect((await fetch(`${http}/sessions`, { headers: { "x-forwarded-for": "203.0.113.7" } })).status).toBe(401);
    expect((await fetch(`${http}/sessions`)).status).toBe(200);
  });

  test("other requests are refused", async () => {
    const { http } = await server();
    expect((await fetch(http, { method: "POST" })).status).toBe(405);
    expect((await fetch(`${http}/elsewhere`)).status).toBe(426);
  });
});

test("behind a proxy, addresses are the proxy's word, and its last one", async () => {
  const { running, entries } = await server({ trustProxy: true });
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(running.url, { headers: { "x-forwarded-for": "198.51.100.1, 203.0.113.7" } });
  await new Promise((resolve) => socket.on("open", resolve));
  socket.send(Uint8Array.of(0xff));
  await until(() => entries.some(({ event }) => event === "refused"));
  expect(entries.find(({ event }) => event === "refused")?.from).toBe("203.0.113.7");
});

test("a hundred sessions at once all compute, and leave nothing", async () => {
  const { running, driver } = await server();
  const all = await Promise.all(Array.from({ length: 100 }, () => connect(running.url)));
  expect(running.sessionCount).toBe(100);
  const sums = await Promise.all(
    all.map(async (cuda, index) => {
      cuda.cuCtxCreate(0, 0);
      const p = cuda.cuMemAlloc(64);
      cuda.cuMemsetD8(p, index, 64);
      return (await cuda.cuMemcpyDtoH(p, 64)).reduce((sum, byte) => sum + byte, 0);
    }),
  );
  expect(sums).toEqual(all.map((_, index) => 64 * index));
  await Promise.all(all.map((cuda) => cuda.close()));
  await until(() => running.sessionCount === 0);
  expect([driver.openSessions, driver.allocatedBytes]).toEqual([0, 0]);
});

test("a server that drains lets nobody in whose driver was still being opened, and ends", async () => {
  const slow = memoryDriver({ keepLog: false });
  let opened = (): void => undefined;
  const driver = {
    ...slow,
    open: (options: Parameters<typeof slow.open>[0]) => new Promise<void>((resolve) => (opened = resolve)).then(() => slow.open(options)),
  };
  const { running } = await server({ driver });
  const entered = connect(running.url);
  await until(() => running.sessionCount === 1);
  const stopped = running.stop(0);
  opened();
  await expect(entered).rejects.toMatchObject({ cuResult: CUDA_ERROR.SYSTEM_NOT_READY, log: "the server is stopping" });
  await stopped;
  expect(slow.openSessions).toBe(0);
});

test("a server that drains lets a session that is away come back and finish", async () => {
  const { running } = await server();
  const cuda = await connect(running.url);
  cuda.cuCtxCreate(0, 0);
  await cuda.cuCtxSynchronize();
  const stopped = running.stop(10_000);
  await expect(connect(running.url)).rejects.toMatchObject({ cuResult: CUDA_ERROR.SYSTEM_NOT_READY, log: "the server is stopping" });
  await cuda.cuCtxSynchronize();
  await cuda.close();
  await stopped;
});
