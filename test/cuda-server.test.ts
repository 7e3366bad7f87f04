import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant, decantCommand } from "./decant.ts";

const program = join(fixturesFolder, "vector-add/vector-add.exe");
const token = "a token for this test";
const log: string[] = [];
let server: ChildProcess;
let url: string;

beforeAll(async () => {
  server = spawn(process.execPath, [decantCommand, "serve", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, DECANT_TOKEN: token, NO_COLOR: "1" },
  });
  url = await new Promise<string>((resolve) => {
    createInterface({ input: server.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      log.push(line);
      const found = /listening on (ws:\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
});

afterAll(() => server.kill("SIGTERM"));

test("a program computes on the server that --gpu names, with the token from the environment", async () => {
  const ran = await decant(["run", "--gpu", url, program, "1001"], { env: { DECANT_TOKEN: token } });
  expect(ran.stdout.toString()).toBe("vector addition of 1001 elements: 0 wrong, checksum f333136c\r\n");
  expect(ran.exit).toBe(0);
  expect(log.join("\n")).toMatch(/session \w+ from 127\.0\.0\.1 opened/);
  expect(log.join("\n")).not.toContain(token);
});

test("two programs compute at the same time", async () => {
  const both = await Promise.all(["1001", "50000"].map((n) => decant(["run", "--gpu", url, program, n], { env: { DECANT_TOKEN: token } })));
  expect(both.map(({ stdout }) => stdout.toString())).toEqual([
    "vector addition of 1001 elements: 0 wrong, checksum f333136c\r\n",
    "vector addition of 50000 elements: 0 wrong, checksum 9f111b83\r\n",
  ]);
});

test("a wrong token is CUDA_ERROR_NOT_PERMITTED to the program, and the server goes on", async () => {
  const ran = await decant(["run", "--gpu", url, program], { env: { DECANT_TOKEN: "wrong" } });
  expect(ran.exit).toBe(1);
  expect(ran.stderr).toMatch(/cuInit\(0\): error 800 \(CUDA_ERROR_NOT_PERMITTED\)/);
  expect((await decant(["run", "--gpu", url, program, "10"], { env: { DECANT_TOKEN: token } })).exit).toBe(0);
});

test("a server that is not there is CUDA_ERROR_SYSTEM_NOT_READY, and a sentence", async () => {
  const ran = await decant(["run", "--gpu", "ws://127.0.0.1:9", program]);
  expect(ran.exit).toBe(1);
  expect(ran.stderr).toMatch(/error 802 \(CUDA_ERROR_SYSTEM_NOT_READY\)/);
  expect(ran.stderr).toMatch(/127\.0\.0\.1:9/);
});

test("serve refuses to listen off loopback without a token", async () => {
  const ran = await decant(["serve", "--listen", "0.0.0.0:0"], { env: { DECANT_TOKEN: "" } });
  expect(ran.exit).not.toBe(0);
  expect(ran.stderr).toMatch(/needs a token/);
});
