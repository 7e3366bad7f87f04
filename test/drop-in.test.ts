import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canRunWindowsExeNatively, spawnExe } from "cross-spawn-windows-exe";
import { rcedit } from "rcedit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixturesFolder } from "../fixtures/build.ts";
import { decant, decantCommand } from "./decant.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-drop-in-"));
const bin = join(folder, "bin");
const fixture = (path: string): string => join(fixturesFolder, path);
const before = { ...process.env };

/** A machine with Node and Decant, and no Wine: what a build script finds after `npm install decant`. */
beforeAll(() => {
  mkdirSync(bin);
  chmodSync(decantCommand, 0o755);
  symlinkSync(decantCommand, join(bin, "decant"));
  symlinkSync(process.execPath, join(bin, "node"));
  // /usr/bin/env is by its own path.
  process.env["PATH"] = bin;
  process.env["WINE_BINARY"] = "decant";
  process.env["DECANT_CACHE"] = join(folder, "cache");
});
afterAll(() => {
  process.env = before;
  rmSync(folder, { recursive: true });
});

/** An icon of 2 by 2 points in 32 bits. */
function iconFile(): string {
  const image = Buffer.alloc(40 + 16 + 8);
  image.writeUInt32LE(40, 0);
  image.writeInt32LE(2, 4);
  image.writeInt32LE(4, 8);
  image.writeUInt16LE(1, 12);
  image.writeUInt16LE(32, 14);
  image.fill(0xaa, 40, 56);
  const head = Buffer.from([0, 0, 1, 0, 1, 0, 2, 2, 0, 0, 1, 0, 32, 0, image.length, 0, 0, 0, 22, 0, 0, 0]);
  const path = join(folder, "icon.ico");
  writeFileSync(path, Buffer.concat([head, image]));
  return path;
}

function manifestFile(): string {
  const path = join(folder, "app.manifest");
  writeFileSync(path, `<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0"></assembly>`);
  return path;
}

function copyOfHello(name: string): string {
  const path = join(folder, name);
  copyFileSync(fixture("hello/hello.exe"), path);
  return path;
}

describe("WINE_BINARY=decant", () => {
  test("there is no Wine here", () => {
    expect([canRunWindowsExeNatively(), existsSync(join(bin, "wine"))]).toEqual([false, false]);
  });

  test("rcedit changes a program's resources, to the bytes that it makes of them under Wine 8", async () => {
    const program = copyOfHello("edited.exe");
    await rcedit(program, {
      "version-string": { FileDescription: "My program", CompanyName: "\u00c7\u00e9dille & Co" },
      "file-version": "1.2.3.4",
      "product-version": "5.6.7.8",
      icon: iconFile(),
      "application-manifest": manifestFile(),
    });
    // Recorded with `wine rcedit-x64.exe hello.exe` and the same options: Wine 8.0, Debian.
    const recorded = "930fd22216f67d293f3bd6bfa510a4564511566fc9401c22fe42b04b72b14a47";
    expect(createHash("sha256").update(readFileSync(program)).digest("hex")).toBe(recorded);
    const ran = await decant(["run", program, "still"]);
    expect(ran.stdout.toString()).toContain("argv[1] = <still>");
  });

  test("what rcedit says of a program, and how it ends where it gives up, are as under Wine 8", async () => {
    const binary = join(import.meta.dirname, "../node_modules/rcedit/bin/rcedit-x64.exe");
    const program = copyOfHello("named.exe");
    await rcedit(program, { "version-string": { CompanyName: "\u00c7\u00e9dille & Co" } });
    // It prints in the ANSI code page; the letters above 0x7f are not UTF-8 then.
    expect(await spawnExe(binary, [program, "--get-version-string", "CompanyName"])).toMatch(/^..dille & Co$/);
    // It aborts on what it made itself of an icon and a manifest at once.
    await rcedit(program, { icon: iconFile(), "application-manifest": manifestFile() });
    await expect(spawnExe(binary, [program, "--get-version-string", "CompanyName"])).rejects.toMatchObject({ code: 9 });
  });

  test("a program's output, arguments and exit code come through", async () => {
    expect(await spawnExe(fixture("hello/hello.exe"), ["two words", 'a "quote"'], { cwd: folder })).toContain('argv[2] = <a "quote">');
    const failing = spawnExe(fixture("faults/faults.exe"), ["exit", "7"], { cwd: folder });
    await expect(failing).rejects.toMatchObject({ code: 7 });
  });
});
