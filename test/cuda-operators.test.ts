import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant, decantCommand } from "./decant.ts";

const program = join(fixturesFolder, "vector-add/vector-add.exe");
const folder = mkdtempSync(join(tmpdir(), "decant-operators-"));
const tokens = join(folder, "tokens.json");
const log: string[] = [];
let server: ChildProcess;
let url: string;
let token: string;

/** Starts `decant serve` and gives its address and its log. */
async function start(args: readonly string[], lines: string[]): Promise<{ server: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [decantCommand, "serve", "--listen", "127.0.0.1:0", "--log-format", "json", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, XDG_CONFIG_HOME: folder },
  });
  const found = await new Promise<string>((resolve) => {
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      lines.push(line);
      const entry = JSON.parse(line) as { event: string; url?: string };
      if (entry.event === "listening" && entry.url) resolve(entry.url);
    });
  });
  return { server: child, url: found };
}

beforeAll(async () => {
  token = (await decant(["token", "add", "ci", "--tokens", tokens, "--memory", "1M", "--expires", "1h"])).stdout.toString().trim();
  ({ server, url } = await start(["--tokens", tokens], log));
});

afterAll(() => {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

test("a token is printed once, listed without its text, and lets a program compute within its limits", async () => {
  expect(token).toMatch(/^decant_[\w-]{43}$/);
  const list = await decant(["token", "list", "--tokens", tokens]);
  expect(list.stdout.toString()).toMatch(/^ci {2}made \d{4}-\d\d-\d\d, expires in (59|60) min, 1\.0 MiB\n$/);
  const json = (await decant(["token", "list", "--json", "--tokens", tokens])).stdout.toString();
  expect(JSON.parse(json)).toEqual([expect.objectContaining({ name: "ci", limits: { memoryBytes: 1048576 } })]);
  expect(json).not.toContain("hash");
  const ran = await decant(["run", "--gpu", url, program, "1001"], { env: { DECANT_TOKEN: token } });
  expect(ran.exit).toBe(0);
  const large = await decant(["run", "--gpu", url, program, "1000000"], { env: { DECANT_TOKEN: token } });
  expect(large.stderr).toContain("CUDA_ERROR_OUT_OF_MEMORY");
});

test("top shows the sessions of a server to who has a token", async () => {
  const refused = await decant(["top", "--once", url]);
  expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining("asks for a token: set DECANT_TOKEN")]);
  const shown = await decant(["top", "--once", url], { env: { DECANT_TOKEN: token } });
  expect(shown.stdout.toString()).toMatch(/^0 sessions · 0 B of device memory · \d+ calls · in .* refused\n$/);
  const absent = await decant(["top", "--once", "http://127.0.0.1:9"]);
  expect([absent.exit, absent.stderr]).toEqual([1, expect.stringContaining("there is no server at http://127.0.0.1:9")]);
});

test("a revoked token lets nobody in", async () => {
  await decant(["token", "add", "gone", "--tokens", tokens]);
  const revoked = await decant(["token", "revoke", "gone", "--tokens", tokens]);
  expect(revoked.stdout.toString()).toBe("revoked gone\n");
  expect((await decant(["token", "revoke", "gone", "--tokens", tokens])).stderr).toContain("there is no token named gone");
});

test("each thing that happens is an entry, and no entry holds a secret", () => {
  const entries = log.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(entries.map(({ event }) => event)).toEqual(expect.arrayContaining(["listening", "opened", "closed"]));
  for (const entry of entries) expect(Date.parse(entry["time"] as string)).toBeGreaterThan(0);
  expect(log.join("")).not.toContain(token.slice(7));
});

test("a server that is killed is CUDA_ERROR_EXTERNAL_DEVICE to the program, which ends", async () => {
  const killed = await start([], []);
  const running = decant(["run", "--gpu", killed.url, join(fixturesFolder, "mandelbrot/mandelbrot.exe"), join(folder, "picture.bmp")], {
    env: { DECANT_TOKEN: "" },
  });
  setTimeout(() => killed.server.kill("SIGKILL"), 300);
  // Whether it was killed before, in or after the program's work, the program ends by itself.
  expect([0, 1]).toContain((await running).exit);
});

test("asked to stop, a server says so and goes", async () => {
  const lines: string[] = [];
  const stopped = await start([], lines);
  stopped.server.kill("SIGTERM");
  const code = await new Promise((resolve) => stopped.server.once("exit", resolve));
  expect(code).toBe(0);
  expect(lines.at(-1)).toContain("stopping");
});
