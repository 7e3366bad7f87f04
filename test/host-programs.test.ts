import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type RunOptions } from "#decant";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant } from "./decant.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-outside-"));
const program = join(folder, "outside.exe");
const work = join(folder, "work");
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  copyFileSync(join(fixturesFolder, "outside/outside.exe"), program);
  mkdirSync(work);
});

/** What the fixture prints, and what the user is told. */
async function outside(args: readonly string[], options: RunOptions = {}): Promise<{ lines: string[]; warnings: string[]; exit: number }> {
  const warnings: string[] = [];
  const { stdout, stderr, exitCode } = await run(program, args, {
    cache: "off",
    cwd: work,
    allowRun: true,
    onWarning: (sentence) => warnings.push(sentence),
    ...options,
  });
  const lines = (stdout.toString() + stderr.toString()).replaceAll("\r\n", "\n").trimEnd().split("\n");
  return { lines, warnings, exit: exitCode };
}

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

describe("programs of the host's, where they are allowed", () => {
  test("run in the guest's folder, and end with their exit code or signal", async () => {
    expect((await outside(["start", 'sh -c "pwd; exit 44"'])).lines).toEqual([work, "wait 0 code 44"]);
    expect((await outside(["start", 'sh -c "pwd"', ".."])).lines).toEqual([folder, "wait 0 code 0"]);
    expect((await outside(["start", 'sh.exe -c "kill -9 $$"'])).lines).toEqual(["wait 0 code 137"]);
  });

  test("read and write pipes of the guest's, errors in order where they share one", async () => {
    const { lines } = await outside(["capture", 'sh -c "cat; echo err >&2; exit 3"', "some input"]);
    expect(lines).toEqual(["out [some input]", "error [err", "]", "wait 0 code 3"]);
    const joined = await outside(["joined", 'sh -c "echo 1; echo 2 >&2; echo 3; echo 4 >&2"']);
    expect(joined.lines.join(" ").replaceAll(/\] out \[| ?\]|out \[/g, "")).toBe("1 2 3 4 wait 0 code 0");
  });

  test("end with TerminateProcess and with their job, whatever they do about signals", async () => {
    const stubborn = 'sh -c "trap : TERM INT HUP; while :; do sleep 5; done"';
    const ended = ["running 258", "terminated 1", "wait 0 code 77", "assigned 1", "running 258", "wait 0 code 0"];
    expect((await outside(["kill", stubborn, stubborn])).lines).toEqual(ended);
  });

  test("take what they have started with them when they are ended, and leave it when they end by themselves", async () => {
    const started = (name: string): string => `sleep 300 & echo $! > ${name}`;
    await outside(["kill", `sh -c "${started("one")}; wait"`, `sh -c "${started("two")}; wait"`]);
    const isAlive = (name: string): boolean => {
      const id = Number(readFileSync(join(work, name), "utf8"));
      try {
        process.kill(id, 0);
        // A zombie waits for whoever started it, and does nothing more.
        return !readFileSync(`/proc/${id}/stat`, "utf8").includes(") Z ");
      } catch {
        return false;
      }
    };
    await expect.poll(() => isAlive("one") || isAlive("two")).toBe(false);
    await outside(["start", `sh -c "sleep 300 > /dev/null 2>&1 & echo $! > three"`]);
    expect(isAlive("three")).toBe(true);
    process.kill(Number(readFileSync(join(work, "three"), "utf8")));
  });

  test("are found by system, cmd.exe and _spawnvp, and have paths as the host has them", async () => {
    const text =
      '@echo off\r\nuname\r\nset LIST=%CD%\\a;%CD%\\b\r\nsh -c "echo $LIST $SystemRoot$DECANT_TOKEN; ls -d $0" %CD%\\t.bat\r\necho word| cat\r\n';
    writeFileSync(join(work, "t.bat"), text);
    const { lines } = await outside(["system", "t.bat"], { env: { DECANT_TOKEN: "secret" } });
    expect(lines).toEqual(["Linux", `${work}/a:${work}/b`, `${work}/t.bat`, "word"]);
    expect((await outside(["spawn", "expr", "40", "+", "2"])).lines).toEqual(["42"]);
  });

  test("are files of a granted folder, too", async () => {
    script(join(work, "tool.sh"), 'echo "tool $@"');
    expect((await outside(["start", ".\\tool.sh one two"])).lines).toEqual(["tool one two", "wait 0 code 0"]);
    expect((await outside(["system", "tool.sh\\..\\tool.sh one"])).lines).toEqual(["tool one"]);
  });

  test("have the command's own streams", async () => {
    const { stdout, stderr } = await decant(["run", "--allow-run", program, "start", 'sh -c "cat; echo err >&2"'], {
      cwd: work,
      input: "in\n",
    });
    expect([stdout.toString(), stderr]).toEqual(["in\nwait 0 code 0\r\n", "err\n"]);
  });

  test("do not run in a folder that is the guest's alone, nor beside files in memory", async () => {
    const { lines, warnings } = await outside(["start", "pwd", "C:\\Windows"]);
    expect(lines).toEqual(["error 267"]);
    expect(warnings).toEqual(["pwd was not started: a program of this machine cannot run in C:\\Windows"]);
    await expect(run(program, [], { files: {}, allowRun: true })).rejects.toThrow("allowRun and files do not go together");
    expect((await outside(["start", "pwd"], { files: {}, allowRun: false, cwd: "/work" })).lines).toEqual(["error 2"]);
  });
});

describe("programs of the host's that are not allowed", () => {
  test("are not there, and one sentence says what would allow them", async () => {
    const { lines, warnings } = await outside(["start", "uname"], { allowRun: false });
    expect(lines).toEqual(["error 2"]);
    expect(warnings).toEqual([expect.stringMatching(/^the program may not start \/.*\/uname; --allow-run=uname would allow it$/)]);
    script(join(work, "own.sh"), "echo own");
    const own = await outside(["start", ".\\own.sh"], { allowRun: ["uname"] });
    expect(own.lines).toEqual(["error 193"]);
    expect(own.warnings).toEqual([`the program may not start ${work}/own.sh; --allow-run=${work}/own.sh would allow it`]);
    expect((await outside(["start", "uname"], { allowRun: ["expr"] })).lines).toEqual(["error 2"]);
    expect((await outside(["start", ".\\own.sh"], { allowRun: [join(work, "own.sh")] })).lines).toEqual(["own", "wait 0 code 0"]);
  });

  test("a guest cannot have its own program run under a name that is allowed", async () => {
    mkdirSync(join(work, "bin"));
    for (const name of ["uname", "bin/uname"]) script(join(work, name), "echo planted");
    const PATH = process.env["PATH"];
    process.env["PATH"] = `.:${work}:${join(work, "bin")}:${PATH}`;
    try {
      const allowed = (await outside(["hostile", "uname"], { allowRun: ["uname"] })).lines;
      expect(allowed.filter((line) => line.endsWith("Linux")).length).toBeGreaterThan(2);
      expect(allowed.filter((line) => /planted|WAY OUT/.test(line))).toEqual([]);
      const refused = (await outside(["hostile", "uname"], { allowRun: ["no-such-program"] })).lines;
      expect(refused.filter((line) => /Linux|planted|WAY OUT/.test(line))).toEqual([]);
      // The attempts are real ones.
      expect((await outside(["hostile", "uname"])).lines.join()).toContain("WAY OUT");
    } finally {
      process.env["PATH"] = PATH;
    }
  });
});
