import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant, decantCommand } from "./decant.ts";

const fixture = (path: string): string => join(fixturesFolder, path);
const hello = fixture("hello/hello.exe");
const folder = mkdtempSync(join(tmpdir(), "decant-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

function broken(name: string, change: (image: Buffer) => Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, change(Buffer.from(readFileSync(hello))));
  return path;
}

const withMachine = (machine: number) => (image: Buffer) => {
  image.writeUInt16LE(machine, image.readUInt32LE(0x3c) + 4);
  return image;
};

const withSubsystem = (subsystem: number) => (image: Buffer) => {
  image.writeUInt16LE(subsystem, image.readUInt32LE(0x3c) + 24 + 68);
  return image;
};

describe("a command line that is wrong is refused with one sentence, before anything runs", () => {
  test.each([
    [["helo"], 127, "helo: no such file, and no command of Decant's; `decant --help` lists the commands"],
    [["run", "--timeout", hello], 2, `--timeout takes a number of seconds from 0.001 to 10000000, not "${hello}"`],
    [["run", "--cwd", "/nowhere", hello], 2, "--cwd /nowhere: there is no such folder"],
    [["run", "--gpu", "http://localhost", hello], 2, '--gpu takes a server\'s address, as ws://127.0.0.1:9440, not "http://localhost"'],
    [["run", "--trace", "", hello], 2, "--trace takes a pattern, as 'kernel32!*File*' or '*', not \"\""],
    [["run", "--trace-failed", hello], 2, "--trace-failed goes with --trace PATTERN, as --trace '*'"],
    [["run", "--trace", "*", "--trace-file", "/nowhere/trace", hello], 2, "--trace-file /nowhere/trace: cannot be written (ENOENT)"],
    [["install", "--apply"], 2, "--apply goes with --binfmt: sudo decant install --binfmt --apply"],
    [["top", "localhost", "--once"], 2, 'top takes a server\'s address, as http://127.0.0.1:9440, not "localhost"'],
    [["kernel", "run", "a.ptx", "k", "--gpu", "localhost"], 2, "a.ptx: cannot be read (ENOENT)"],
  ])("%j", async (args, exit, sentence) => {
    const ran = await decant(args);
    expect([ran.exit, ran.stdout.toString(), ran.stderr]).toEqual([exit, "", `decant: ${sentence}\n`]);
  });

  test("but a folder for --mount need not be there yet", async () => {
    const ran = await decant(["run", "--mount", join(folder, "later"), hello]);
    expect([ran.exit, ran.stderr.split("\n")[0]]).toEqual([
      0,
      `decant: --mount ${join(folder, "later")}: there is nothing of this name yet`,
    ]);
  });

  test("help about a command is that command's", async () => {
    const [help, own] = await Promise.all([decant(["help", "prefix"]), decant(["prefix", "--help"])]);
    expect(own.stdout.toString()).toMatch(/^Usage: decant prefix/);
    expect([help.exit, help.stdout.toString()]).toEqual([0, own.stdout.toString()]);
  });
});

describe("what cannot run is refused with one sentence", () => {
  const newExecutable = (image: Buffer): Buffer => {
    image.write("NE", image.readUInt32LE(0x3c), "latin1");
    return image;
  };
  const dotNet = (image: Buffer): Buffer => {
    const directory = image.readUInt32LE(0x3c) + 24 + 112 + 14 * 8;
    image.writeUInt32LE(0x1000, directory);
    image.writeUInt32LE(72, directory + 4);
    return image;
  };
  test.each([
    ["no such file", () => join(folder, "nowhere.exe"), /nowhere\.exe.*(no such file|not found|does not exist)/i],
    ["a text file", () => broken("text.exe", () => Buffer.from("#!/bin/sh\necho hello\n")), /script.*expected a Windows program/],
    ["an empty file", () => broken("empty.exe", () => Buffer.alloc(0)), /empty.*expected a Windows program/],
    ["a truncated PE", () => broken("short.exe", (image) => image.subarray(0, 300)), /truncated|ends/i],
    ["a PE cut in a section", () => broken("cut.exe", (image) => image.subarray(0, image.length - 3000)), /truncated|ends|past the end/i],
    ["an ELF", () => broken("elf.exe", () => Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]), Buffer.alloc(100)])), /ELF/],
    ["a 16-bit program", () => broken("ne.exe", newExecutable), /16-bit/],
    ["an ARM64 program", () => broken("arm64.exe", withMachine(0xaa64)), /ARM64/i],
    ["an ARM program", () => broken("arm.exe", withMachine(0x1c4)), /ARM/i],
    ["a .NET program", () => broken("net.exe", dotNet), /\.NET/],
    ["a folder", () => folder, /folder|directory/i],
    ["a program for UEFI", () => broken("efi.exe", withSubsystem(10)), /firmware/],
  ])("%s", async (_, make, message) => {
    const ran = await decant(["run", make()]);
    expect(ran.exit).not.toBe(0);
    expect(ran.stdout.length).toBe(0);
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr.trim().split("\n")).toHaveLength(1);
    expect(ran.stderr).not.toMatch(/\bat .*:\d+:\d+/);
  });
});

test.each([
  ["nowhere.exe", 127],
  [fixture("faults/missing.exe"), 0x35],
])("--json ends with a line of JSON also where nothing ran (%s)", async (program, exit) => {
  const ran = await decant(["run", "--json", program]);
  const [sentence, json, ...more] = ran.stderr.trim().split("\n");
  expect(JSON.parse(json ?? "")).toEqual({ program, exitCode: exit, ending: "not-started", message: sentence?.replace("decant: ", "") });
  expect({ exit: ran.exit, more }).toEqual({ exit, more: [] });
});

describe("what an option names is looked at before the program runs", () => {
  test.each([
    [["--prefix", "/proc/decant/none"], 1, "the prefix /proc/decant/none cannot be used: ENOENT"],
    [["--hook", "none.ts"], 2, "--hook none.ts: there is no such file"],
  ])("%j", async (options, exit, sentence) => {
    const ran = await decant(["run", ...options, fixture("hello/hello.exe")]);
    expect({ exit: ran.exit, stdout: ran.stdout.toString() }).toEqual({ exit, stdout: "" });
    expect(ran.stderr).toContain(sentence);
  });

  test("an address that is none", async () => {
    const ran = await decant(["serve", "--listen", "somewhere"]);
    expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining("--listen takes HOST:PORT") });
  });
});

test("a trace that shows nothing says so", async () => {
  const none = await decant(["run", "--trace", "kernel32!NoSuch*", fixture("hello/hello.exe")]);
  expect(none.stderr).toContain("no call matched --trace 'kernel32!NoSuch*'");
  // Here some match, and do not look as asked for.
  const filtered = await decant(["run", "--trace", "*", "--trace-result", "none-such", fixture("hello/hello.exe")]);
  expect(filtered).toMatchObject({ exit: 0, stderr: "done, exit 0\r\n" });
});

describe("programs that cannot go on say why", () => {
  test("a missing DLL is named, with the places that were searched", async () => {
    const ran = await decant(["run", fixture("faults/missing.exe")]);
    expect(ran.exit).toBe(0x35);
    expect(ran.stderr).toMatch(/decant-has-no-such-library\.dll/);
    expect(ran.stderr).toMatch(/searched/i);
    expect(ran.stderr).toMatch(/put it beside the program\n$/);
    expect(ran.stderr).toContain("faults");
  });

  test("a packed program that ends without a word when something that it imports is missing has that said", async () => {
    const ran = await decant(["run", fixture("packed/faults.exe"), "arguments"]);
    expect(ran.exit).not.toBe(0);
    expect(ran.stderr).toBe(
      "decant: faults.exe ended itself when it did not find KERNEL32.DLL!DecantHasNoSuchFunction, which is not mapped\n",
    );
  });

  test("an unmapped import ends the program only when it is called, with its name and arguments", async () => {
    const fine = await decant(["run", fixture("faults/faults.exe"), "exit", "3"]);
    expect({ exit: fine.exit, stdout: fine.stdout.toString() }).toEqual({ exit: 3, stdout: "before\r\n" });
    const ran = await decant(["run", fixture("faults/faults.exe"), "unmapped"]);
    expect(ran.exit).not.toBe(0);
    expect(ran.stdout.toString()).toBe("before\r\n");
    expect(ran.stderr).toMatch(/KERNEL32\.DLL!DecantHasNoSuchFunction\(0x7, 0x[0-9a-f]+ "seven"/);
  });

  test.each([
    ["null", /ACCESS_VIOLATION.*mov/, 0xc0000005],
    ["divide", /INTEGER_DIVIDE_BY_ZERO.*div/, 0xc0000094],
    ["illegal", /ILLEGAL_INSTRUCTION.*ud2/, 0xc000001d],
  ])("a fault (%s) of an x86 program too", async (kind, message, status) => {
    const ran = await decant(["run", "--json", fixture("faults/faults-x86.exe"), kind]);
    expect(ran.stderr).toMatch(message);
    expect(JSON.parse(ran.stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({ exitCode: status });
  });

  test("an x86 program that calls what is not mapped shows its arguments from the stack", async () => {
    const ran = await decant(["run", fixture("faults/faults-x86.exe"), "unmapped"]);
    expect(ran.exit).not.toBe(0);
    expect(ran.stderr).toMatch(/KERNEL32\.DLL!DecantHasNoSuchFunction\(0x7, 0x[0-9a-f]+ "seven"/);
  });

  test.each([
    ["null", /ACCESS_VIOLATION.*mov/, 0xc0000005],
    ["divide", /INTEGER_DIVIDE_BY_ZERO.*div/, 0xc0000094],
    ["illegal", /ILLEGAL_INSTRUCTION.*ud2/, 0xc000001d],
  ])("a fault (%s) is one sentence, and the exit code is its status", async (kind, message, status) => {
    const ran = await decant(["run", "--json", fixture("faults/faults.exe"), kind]);
    expect(ran.stderr).toMatch(message);
    expect(JSON.parse(ran.stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({ exitCode: status });
    expect(ran.exit).toBe(status & 255);
  });

  test("a program of the windows subsystem runs, and is told that it has no windows", async () => {
    const ran = await decant(["run", fixture("faults/window.exe"), "word"]);
    expect(ran.exit).toBe(5);
    expect(ran.stderr).toMatch(/no windows/i);
  });
});

describe("exit codes", () => {
  test.each([
    ["0", 0],
    ["7", 7],
    ["255", 255],
    ["256", 1],
    ["0x1234", 0x34],
    ["0xffffffff", 255],
  ])("ExitProcess(%s) ends with %i", async (code, exit) => {
    expect((await decant(["run", fixture("faults/faults.exe"), "exit", code])).exit).toBe(exit);
  });

  test("--json gives the whole code", async () => {
    const ran = await decant(["run", "--json", fixture("faults/faults.exe"), "exit", "0x12345600"]);
    expect(JSON.parse(ran.stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({ exitCode: 0x12345600 });
    expect(ran.exit).toBe(1);
  });

  test("--json says how much memory there was: at least the image and the stack committed, and Node resident", async () => {
    const ran = await decant(["run", "--json", fixture("hello/hello.exe")]);
    const { memory } = JSON.parse(ran.stderr.trim().split("\n").at(-1) ?? "");
    expect(memory.peakCommittedBytes).toBeGreaterThan(2 ** 17);
    expect(memory.peakCommittedBytes).toBeLessThan(2 ** 26);
    expect(memory.peakResidentBytes).toBeGreaterThan(2 ** 25);
  });
});

describe("streams", () => {
  test("bytes go through untouched, megabytes of them", async () => {
    const input = Buffer.alloc(3_000_000);
    for (let i = 0; i < input.length; i++) input[i] = (i * 2654435761) >>> 24;
    const ran = await decant(["run", fixture("echo/echo.exe")], { input });
    expect(ran.stdout.equals(input)).toBe(true);
    expect(ran.stderr).toBe("3000000 bytes\r\n");
  });

  test("a closed pipe ends the program quietly", async () => {
    const child = spawn(process.execPath, [decantCommand, "run", fixture("echo/echo.exe"), "flood"], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.stdout.destroy();
    await new Promise((resolve) => child.on("close", resolve));
    expect(stderr).toBe("");
  });

  test("standard input is waited for, and lines are answered as they come", async () => {
    const child = spawn(process.execPath, [decantCommand, "run", fixture("echo/echo.exe"), "lines"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const stdout: string[] = [];
    child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes.toString()));
    const closed = new Promise((resolve) => child.on("close", resolve));
    for (const line of ["one", "two"]) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      child.stdin.write(`${line}\n`);
    }
    child.stdin.end();
    expect(await closed).toBe(0);
    expect(stdout.join("")).toBe("1: one\r\n2: two\r\n");
  });
});

test("what Node was asked to record of a run of much code is written when the program has ended", async () => {
  const coverage = join(folder, "coverage");
  const ran = await decant(["run", "--checked", fixture("exceptions/cxx-gnu.exe")], { env: { NODE_V8_COVERAGE: coverage } });
  expect(ran.exit).toBe(0);
  expect(readdirSync(coverage)).toHaveLength(1);
});

describe("what does not end is ended", () => {
  test.each(["nested", "fib", "spin", "sleep"])("%s ends at --timeout 1", async (kind) => {
    const start = performance.now();
    const ran = await decant(["run", "--timeout", "1", fixture("loops/loops.exe"), kind]);
    expect(ran.stdout.toString()).toBe("started\r\n");
    expect(ran.stderr).toMatch(/time limit of 1 second/);
    expect(ran.exit).toBe(124);
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test.each(["nested", "fib", "spin", "sleep"])("%s ends at Ctrl-C", async (kind) => {
    const child = spawn(process.execPath, [decantCommand, "run", fixture("loops/loops.exe"), kind], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGINT");
    expect(await closed).toBe(0x3a);
  });
});

describe("the command itself", () => {
  test("`decant program.exe args` is `decant run program.exe args`", async () => {
    const ran = await decant([hello, "--help"]);
    expect(ran.stdout.toString()).toContain("argv[1] = <--help>");
  });

  test("--version is one line", async () => {
    expect((await decant(["--version"])).stdout.toString()).toMatch(/^decant \d+\.\d+\.\d+\n$/);
  });

  test.each([["--help"], ["run", "--help"], ["inspect", "--help"], ["serve", "--help"]])("%s %s teaches", async (...args) => {
    const ran = await decant(args.filter((word) => typeof word === "string"));
    expect(ran.exit).toBe(0);
    expect(ran.stdout.toString()).toMatch(/Usage/);
    expect(ran.stdout.toString()).toMatch(/Example/);
  });

  test.each([
    [["run"], /program/],
    [["run", "--no-such-option", hello], /no-such-option/],
    [["run", "--timeout", "never", hello], /--timeout takes a number of seconds/],
    [["inspect"], /program/],
  ])("%j is refused", async (args, message) => {
    const ran = await decant(args);
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toMatch(message);
  });

  test("inspect says what the image is, what it imports, and what of that is mapped", async () => {
    const { stdout } = await decant(["inspect", fixture("faults/faults.exe")]);
    const text = stdout.toString();
    expect(text).toMatch(/x86-64/);
    expect(text).toMatch(/console/);
    expect(text).toMatch(/kernel32\.dll/i);
    expect(text).toMatch(/msvcrt\.dll/i);
    expect(text).toMatch(/DecantHasNoSuchFunction.*not mapped/);
    const json = JSON.parse((await decant(["inspect", "--json", fixture("faults/faults.exe")])).stdout.toString());
    expect(json).toMatchObject({ machine: "x86-64", subsystem: "console" });
  });

  test("--allow-net lets sockets use this machine's network, which answers as the one of their own does", async () => {
    const expected = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/expected.json"), "latin1"))["sockets of one program"];
    const ran = await decant(["run", "--allow-net", fixture("sockets/sockets.exe")]);
    expect(ran.stdout.toString("latin1")).toBe(expected.stdout);
  });

  test("--trace shows calls by type", async () => {
    const ran = await decant(["run", "--trace", "kernel32!ExitProcess", fixture("faults/faults.exe"), "exit", "3"]);
    expect(ran.stderr).toMatch(/kernel32!ExitProcess\(uExitCode=3\)/);
  });

  test("environment variables and the current folder are the guest's", async () => {
    const ran = await decant(["run", "--env", "DECANT_FIXTURE=given", hello]);
    expect(ran.stdout.toString()).toContain("|given");
  });
});
