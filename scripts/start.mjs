/** `npm start`: installs, builds, and runs a Windows program and a CUDA program as a short demonstration, each with what was hooked. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, install, root } from "./workspace.mjs";

install();
build();

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const decant = join(root, "packages/decant/bin/decant.js");
const folder = mkdtempSync(join(tmpdir(), "decant-demo-"));

/** Shows a command as one would type it, runs it, and prints what it wrote. */
function show(title, args) {
  console.log(`\n${paint(1, title)}`);
  console.log(paint(36, `$ npx decant ${args.map((word) => word.replace(`${root}/`, "")).join(" ")}`));
  const { status } = spawnSync(process.execPath, [decant, ...args], { cwd: folder, stdio: "inherit" });
  if (status !== 0) {
    console.error(`this ended with ${status}`);
    process.exit(1);
  }
}

show("1. A Windows program: its machine code runs as WebAssembly, its API calls are hooked", [
  "run",
  "--trace",
  "msvcrt!__getmainargs,msvcrt!getenv,kernel32!ExitProcess",
  join(root, "fixtures/hello/hello.exe"),
  "one",
  "two words",
]);
show("2. SHA-256 of a file, by a Windows program: what it asks of Windows' files", [
  "run",
  "--trace",
  "kernel32!CreateFile*,kernel32!ReadFile,kernel32!WriteFile,kernel32!CloseHandle",
  join(root, "fixtures/sha256/sha256.exe"),
  join(root, "LICENSE"),
]);
show("3. A CUDA program: its Driver API calls cross a WebSocket to another process, where PTX runs on the processor", [
  "run",
  "--trace",
  "nvcuda!*",
  join(root, "fixtures/mandelbrot/mandelbrot.exe"),
  "mandelbrot.bmp",
]);
const picture = join(folder, "mandelbrot.bmp");
console.log(`\nThe picture: ${picture} (${statSync(picture).size} bytes). Now try: npx decant --help`);
