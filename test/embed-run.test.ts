import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { run, spawn, type RunOptions } from "#decant";
import { afterAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";

const fixture = (path: string): string => join(fixturesFolder, path);
const hello = fixture("hello/hello.exe");
const echo = fixture("echo/echo.exe");
const folder = mkdtempSync(join(tmpdir(), "decant-embed-"));
afterAll(() => rmSync(folder, { recursive: true }));
const off: RunOptions = { cache: "off" };

describe("run", () => {
  test("keeps what a program writes, and gives its exit code whole", async () => {
    const ran = await run(hello, ["one", "two words"], { ...off, env: { DECANT_FIXTURE: "given" } });
    expect(ran.stdout.toString()).toContain("argv[2] = <two words>\r\n");
    expect(ran.stdout.toString()).toContain("|given");
    expect(ran).toMatchObject({ exitCode: 0, ending: "exit", message: undefined });
    expect(await run(fixture("faults/faults.exe"), ["exit", "0x12345600"], off)).toMatchObject({ exitCode: 0x12345600 });
  });

  test("takes input as text, and as a stream, and writes to streams", async () => {
    expect((await run(echo, [], { ...off, input: "text" })).stdout.toString()).toBe("text");
    const [input, output] = [new PassThrough(), new PassThrough().setEncoding("utf8")];
    const running = run(echo, ["lines"], { ...off, stdin: input, stdout: output });
    for (const line of ["one", "two"]) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      input.write(`${line}\n`);
    }
    input.end();
    const ran = await running;
    expect(output.read()).toBe("1: one\r\n2: two\r\n");
    expect(ran.stdout.length).toBe(0);
  });

  test("waits for a stream that is slower than the program", async () => {
    let received = 0;
    let most = 0;
    const slow = new Writable({
      highWaterMark: 1000,
      write(chunk: Buffer, _encoding, done) {
        received += chunk.length;
        most = Math.max(most, slow.writableLength);
        setTimeout(done, 1);
      },
    });
    const input = Buffer.alloc(2_000_000, "0123456789");
    const ran = await run(echo, [], { ...off, input, stdout: slow, stderr: "ignore" });
    slow.end();
    await once(slow, "finish");
    expect([ran.exitCode, received]).toEqual([0, input.length]);
    expect(most).toBeLessThan(input.length);
  });

  test("has its files in memory, and nothing of the host's", async () => {
    const sha = fixture("sha256/sha256.exe");
    const found = await run(sha, ["in.txt"], { ...off, files: { "in.txt": "abc" } });
    expect(found.stdout.toString()).toContain("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const secret = join(folder, "secret.txt");
    writeFileSync(secret, "abc");
    const hidden = await run(sha, [`Z:${secret.replaceAll("/", "\\")}`], { ...off, files: {} });
    expect(hidden.exitCode).not.toBe(0);
    expect(hidden.stdout.toString()).not.toContain("ba7816bf");
  });

  test("gives back the files that a program made in memory", async () => {
    const ran = await run(readFileSync(fixture("files/files.exe")), [], { ...off, name: "files.exe", files: { "sub/given.txt": "given" } });
    expect(ran.ending).toBe("exit");
    expect(ran.files.get("sub/given.txt")?.toString()).toBe("given");
  });

  test("sets hooks that are functions, and traces", async () => {
    const codes: unknown[] = [];
    const traced: string[] = [];
    const ran = await run(fixture("faults/faults.exe"), ["exit", "3"], {
      ...off,
      hooks: ({ hook }) =>
        hook("kernel32!ExitProcess", {
          enter(call) {
            codes.push(call.args.uExitCode);
            call.args.uExitCode = 9;
          },
        }),
      trace: { pattern: "kernel32!ExitProcess", onCall: ({ name }) => traced.push(name) },
    });
    expect([codes, traced, ran.exitCode]).toEqual([[3], ["kernel32!ExitProcess"], 9]);
  });

  test("ends at its limits, and says which", async () => {
    const ran = await run(fixture("loops/loops.exe"), ["spin"], { ...off, timeoutMs: 300 });
    expect(ran).toMatchObject({ ending: "timeout", message: "loops.exe was stopped after 0.3 s" });
    await expect(run(hello, [], { ...off, memoryLimitBytes: 2 ** 20 })).rejects.toThrow("does not fit into a memory limit");
  });

  test("ends when it is aborted, and rejects with the reason", async () => {
    const controller = new AbortController();
    const output = new PassThrough();
    const ran = run(fixture("loops/loops.exe"), ["sleep"], { ...off, stdout: output, signal: controller.signal });
    output.once("data", () => controller.abort(new Error("enough")));
    await expect(ran).rejects.toThrow("enough");
    await expect(run(hello, [], { signal: AbortSignal.abort() })).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });

  test("tells of a fault as a result, with the report", async () => {
    const ran = await run(fixture("crash/crash.exe"), ["null"], off);
    expect(ran).toMatchObject({ exitCode: 0xc0000005, ending: "fault", report: { place: { symbol: "read_through" } } });
    expect(ran.message).toContain("STATUS_ACCESS_VIOLATION");
  });

  test("rejects with a sentence for what is no program", async () => {
    await expect(run(join(folder, "none.exe"))).rejects.toThrow("none.exe: no such file");
    await expect(run(Buffer.from("#!/bin/sh"))).rejects.toThrow("expected a Windows program");
  });

  test("runs several at once", async () => {
    const all = await Promise.all(["one", "two", "three"].map((word) => run(hello, [word], off)));
    expect(all.map(({ stdout }) => /argv\[1\] = <(\w+)>/.exec(stdout.toString())?.[1])).toEqual(["one", "two", "three"]);
  });
});

describe("spawn has the shape of child_process.spawn", () => {
  const spawned = { cache: "off" };

  test("streams, events and the exit code", async () => {
    const child = spawn(echo, ["lines"], spawned);
    const events: unknown[] = [];
    child.on("spawn", () => events.push("spawn"));
    child.on("exit", (code, signal) => events.push(["exit", code, signal]));
    child.stdout?.setEncoding("utf8");
    const lines: string[] = [];
    child.stdout?.on("data", (text: string) => lines.push(text));
    child.stdin?.end("one\ntwo\n");
    expect(await once(child, "close")).toEqual([0, null]);
    expect(events).toEqual(["spawn", ["exit", 0, null]]);
    expect(lines.join("")).toBe("1: one\r\n2: two\r\n");
    expect(child).toMatchObject({ exitCode: 0, signalCode: null, killed: false });
    expect(child.pid).toBeGreaterThan(0);
  });

  test("kill ends it by a signal, and SIGINT is Ctrl-C", async () => {
    for (const [signal, ended] of [
      ["SIGTERM", [null, "SIGTERM"]],
      ["SIGINT", [0x3a, null]],
    ] as const) {
      const child = spawn(fixture("loops/loops.exe"), ["sleep"], { ...spawned, stdio: ["ignore", "pipe", "ignore"] });
      await once(child.stdout!, "data");
      expect(child.kill(signal)).toBe(true);
      expect(await once(child, "exit")).toEqual(ended);
    }
  });

  test("options: current folder, environment, stdio, signal, and a program that is not there", async () => {
    const child = spawn(hello, [], {
      ...spawned,
      cwd: folder,
      env: { ...process.env, DECANT_FIXTURE: "spawned" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout?.on("data", (bytes: Buffer) => (text += bytes.toString()));
    await once(child, "close");
    expect(text).toContain("|spawned");
    const [error] = (await once(spawn(join(folder, "none.exe")), "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ENOENT");
    const aborted = spawn(fixture("loops/loops.exe"), ["sleep"], { ...spawned, stdio: "ignore", signal: AbortSignal.timeout(200) });
    expect(await once(aborted, "error")).toEqual([expect.objectContaining({ name: "AbortError" })]);
  });

  test("hook scripts", async () => {
    const script = join(folder, "hooks.ts");
    writeFileSync(
      script,
      `export default ({ hook }: any) => hook("kernel32!ExitProcess", { enter(call: any) { call.args.uExitCode = 44; } });`,
    );
    const child = spawn(fixture("faults/faults.exe"), ["exit", "3"], { ...spawned, hookScripts: [script], stdio: "ignore" });
    expect(await once(child, "exit")).toEqual([44, null]);
  });
});
