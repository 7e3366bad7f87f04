import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CUDA_ERROR } from "@decant/cuda";
import { memoryDriver } from "@decant/cuda/testing";
import { connect } from "@decant/remoting";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { parseListen, requireToken } from "./address.ts";
import { logLine } from "./log.ts";
import { serve } from "./serve.ts";
import { startServerProcess } from "./server-process.ts";

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0)) await undo();
});

async function server(options: Partial<Parameters<typeof serve>[0]> = {}) {
  const driver = memoryDriver();
  const lines: string[] = [];
  const running = await serve({ listen: "127.0.0.1:0", driver, log: (entry) => lines.push(logLine(entry)), ...options });
  cleanUp.push(() => running.stop());
  return { driver, running, lines };
}

const failing = (code: number) => expect.objectContaining({ cuResult: code });

describe("a server", () => {
  test("serves clients, and logs their coming and going", async () => {
    const { driver, running, lines } = await server();
    const cuda = await connect(running.url);
    cuda.cuCtxCreate(0, 0);
    await cuda.cuCtxSynchronize();
    expect(running.sessionCount).toBe(1);
    await cuda.close();
    while (running.sessionCount > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(driver.openSessions).toBe(0);
    expect(lines.map((line) => line.replace(/session [0-9a-f]{16}/, "session ID"))).toEqual([
      `listening on ${running.url}`,
      "session ID from 127.0.0.1 opened",
      "session ID from 127.0.0.1 closed after 2 calls: done",
    ]);
  });

  test("says in a sentence that the port is in use", async () => {
    const { running } = await server();
    const second = serve({ listen: `127.0.0.1:${running.port}`, driver: memoryDriver() });
    await expect(second).rejects.toThrow(`cannot listen on 127.0.0.1:${running.port}: the port is in use`);
  });

  test("lets in who knows the token, and keeps it out of its log", async () => {
    const { running, lines } = await server({ token: "s3cret" });
    await expect(connect(running.url)).rejects.toEqual(failing(CUDA_ERROR.NOT_PERMITTED));
    await expect(connect(running.url, { token: "s3cre" })).rejects.toEqual(failing(CUDA_ERROR.NOT_PERMITTED));
    await (await connect(running.url, { token: "s3cret" })).close();
    expect(lines.join("\n")).not.toContain("s3cre");
  });

  test("refuses web pages, unless their origin is named", async () => {
    const { running } = await server({ origins: ["https://example.org"] });
    const outcome = (origin: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(running.url, { origin });
        socket.on("open", () => resolve("open"));
        socket.on("error", ({ message }) => resolve(message));
        cleanUp.unshift(async () => socket.terminate());
      });
    expect(await outcome("https://elsewhere.example")).toContain("403");
    expect(await outcome("https://example.org")).toBe("open");
  });

  test("takes no more sessions than it may", async () => {
    const { running } = await server({ sessions: 1 });
    const first = await connect(running.url);
    await expect(connect(running.url)).rejects.toEqual(failing(CUDA_ERROR.SYSTEM_NOT_READY));
    await first.close();
  });

  test("answers a browser that comes by http", async () => {
    const { running } = await server();
    const response = await fetch(running.url.replace("ws:", "http:"));
    expect(response.status).toBe(426);
    expect(await response.text()).toContain("WebSocket");
  });

  test("stops at once, and tells its clients", async () => {
    const { running } = await server();
    let lost = "";
    const cuda = await connect(running.url, { onLost: (reason) => (lost = reason) });
    cuda.cuCtxCreate(0, 0);
    await cuda.cuCtxSynchronize();
    await running.stop();
    expect(lost).toBe("the server is stopping");
    expect(() => cuda.cuMemAlloc(4)).toThrow("CUDA_ERROR_EXTERNAL_DEVICE");
    await expect(connect(running.url)).rejects.toEqual(failing(CUDA_ERROR.SYSTEM_NOT_READY));
  });

  test("waits for its clients for the time it is given", async () => {
    const { running } = await server();
    const cuda = await connect(running.url);
    const stopped = running.stop(10_000);
    cuda.cuCtxCreate(0, 0);
    await cuda.cuCtxSynchronize();
    await cuda.close();
    await expect(stopped).resolves.toBeUndefined();
  });
});

describe("an address to listen on", () => {
  test.each([
    ["127.0.0.1:9440", { host: "127.0.0.1", port: 9440 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    [":80", { host: "127.0.0.1", port: 80 }],
    ["localhost:65535", { host: "localhost", port: 65535 }],
  ])("%s", (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  test.each(["9440", "127.0.0.1", "127.0.0.1:65536", "::1:80", "host:port"])("%s is none", (text) => {
    expect(() => parseListen(text)).toThrow("HOST:PORT");
  });

  test.each(["0.0.0.0", "::", "192.168.1.2", "127.0.0.1.example.org", "host"])("%s needs a token", (host) => {
    expect(() => requireToken({ host, port: 1 }, false)).toThrow("needs a token");
    expect(() => requireToken({ host, port: 1 }, true)).not.toThrow();
  });

  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])("%s needs none", (host) => {
    expect(() => requireToken({ host, port: 1 }, false)).not.toThrow();
  });
});

describe("a server process", () => {
  const start = async () => {
    const fixture = fileURLToPath(new URL("server-process.fixture.ts", import.meta.url));
    const child = await startServerProcess([process.execPath, "--import", "tsx", fixture]);
    cleanUp.push(() => child.stop());
    return child;
  };

  test("computes for who knows its token, and ends when it is told to", async () => {
    const child = await start();
    await expect(connect(child.url)).rejects.toEqual(failing(CUDA_ERROR.NOT_PERMITTED));
    const cuda = await connect(child.url, { token: child.token });
    cuda.cuCtxCreate(0, 0);
    const module = await cuda.cuModuleLoadData("kernel increment 8,4");
    const p = cuda.cuMemAlloc(300_000);
    cuda.cuMemcpyHtoD(p, new Uint8Array(300_000).fill(41));
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "increment"), 1, 1, 1, 1, 1, 1, 0, 0, [p, 300_000]);
    const result = await cuda.cuMemcpyDtoH(p, 300_000);
    expect(result.every((value) => value === 42)).toBe(true);
    await child.stop();
    expect(() => process.kill(child.pid, 0)).toThrow("ESRCH");
  });

  test.skipIf(process.platform !== "linux")("has its token in no list of processes", async () => {
    const child = await start();
    expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).toContain("server-process.fixture.ts");
    for (const pid of [child.pid, process.pid]) expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(child.token);
    expect(child.url).not.toContain(child.token);
  });

  test("that dies in a launch fails its client's wait at once", async () => {
    const child = await start();
    const cuda = await connect(child.url, { token: child.token });
    cuda.cuCtxCreate(0, 0);
    const module = await cuda.cuModuleLoadData("kernel die");
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "die"), 1, 1, 1, 1, 1, 1, 0, 0);
    await expect(cuda.cuCtxSynchronize()).rejects.toEqual(failing(CUDA_ERROR.EXTERNAL_DEVICE));
  });

  test("that is killed in the middle of copies fails them, in either direction", async () => {
    for (const direction of ["in", "out"] as const) {
      const child = await start();
      const cuda = await connect(child.url, { token: child.token });
      cuda.cuCtxCreate(0, 0);
      const size = 100 << 20;
      const p = cuda.cuMemAlloc(size);
      await cuda.cuCtxSynchronize();
      const copies = Array.from({ length: 5 }, async () => {
        if (direction === "out") return cuda.cuMemcpyDtoH(p, size);
        cuda.cuMemcpyHtoD(p, new Uint8Array(size));
        return cuda.cuCtxSynchronize();
      });
      process.kill(child.pid, "SIGKILL");
      const outcomes = await Promise.allSettled(copies);
      expect(outcomes.at(-1)).toEqual({ status: "rejected", reason: failing(CUDA_ERROR.EXTERNAL_DEVICE) });
    }
  });

  test("that cannot start says so", async () => {
    await expect(startServerProcess([process.execPath, "-e", "process.exit(7)"])).rejects.toThrow("exit code 7");
    await expect(startServerProcess(["/no/such/program"])).rejects.toThrow("cannot start the CUDA server");
  });
});
