import { createRequire } from "node:module";
import type * as Wasi from "node:wasi";

/** What there may be when a command is done, and is not waited for. */
const ENDS_AT_ONCE = new Set(["TTYWrap", "PipeWrap", "Timeout", "Immediate"]);

/** From so much WebAssembly on, in bytes, V8's threads have more to do than it takes to load WASI. */
const MUCH_BYTES = 2 ** 19;

let areThreadsBusy = false;

/** Says how much WebAssembly the run had, in bytes: V8 may still optimise it when the run ends. */
export function sayCompiled(bytes: number): void {
  areThreadsBusy ||= bytes >= MUCH_BYTES;
}

/**
 * Ends this process when nothing is left to do. By itself Node waits for V8's threads, which may compile the guest's code better for minutes still, for nobody. Sockets and
 * files are waited for.
 */
export function endProcess(code: number): void {
  process.exitCode = code;
  // Standard streams are written at once, but on Windows.
  if (process.platform === "win32" || process.getActiveResourcesInfo().some((name) => !ENDS_AT_ONCE.has(name))) return;
  if (areThreadsBusy && !isObserved()) exitAtOnce(code);
  process.exit();
}

/** Whether Node was asked for anything, as a profile, which it writes before it ends. */
function isObserved(): boolean {
  const { NODE_OPTIONS: options, NODE_V8_COVERAGE: coverage } = process.env;
  return process.execArgv.length > 0 || Boolean(options) || Boolean(coverage);
}

/**
 * exit(3), which puts terminals back as they were and to which only WASI's `proc_exit` leads. process.exit() waits until V8's threads are through all functions that they were
 * given: 30 to 300 ms after a short run of much code (bench/programs.ts). WASI says that it is experimental at the next tick, and there is none.
 */
function exitAtOnce(code: number): void {
  process.emit("exit", code);
  const { WASI } = createRequire(import.meta.url)("node:wasi") as typeof Wasi;
  const wasi = new WASI({ version: "preview1", returnOnExit: false });
  wasi.initialize({ exports: { memory: new WebAssembly.Memory({ initial: 1 }) } });
  const { proc_exit: exit } = wasi.wasiImport as { proc_exit(code: number): void };
  exit(code);
}
