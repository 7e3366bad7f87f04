#!/usr/bin/env node
// Evaluates the bundle's scripts, with the code that V8 compiled of them in an earlier run where it was kept (packages/decant/src/compiled-code.ts).
"use strict";
const { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } = require("node:fs");
const { homedir, tmpdir } = require("node:os");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { Script } = require("node:vm");

const COMMANDS_WITHOUT_GUEST = new Set(
  "inspect serve cache prefix shim install doctor token top daemon help --help -h --version -V".split(" ").concat(undefined),
);
const dist = join(__dirname, "../dist");
const scripts = new Map();
/** A guest's, made before anything is loaded, as V8 collects all garbage then. Compiled code is read and checked in it first, at its end. */
let memory;
const HEAD_BYTES = 8;
/** What V8 puts in the place of calls in one function, in bytes of bytecode: by default, and while much is translated. */
const INLINING = "--max-inlined-bytecode-size-cumulative=920";
const LITTLE_INLINING = "--max-inlined-bytecode-size-cumulative=200";
const START_MS = 1000;
let hashFunction;
let areFlagsSet = false;

/** What a script exports, the same at every call. */
function load(name) {
  const script = prepare(name);
  if (script.module !== undefined) return script.module.exports;
  const module = (script.module = { exports: {} });
  // What this run compiles is kept, or added to what was: V8 would drop functions that have not run for a while.
  if (script.isNew || name === "translation") setFlags("--no-flush-bytecode");
  if (name === "translation") {
    setFlags("--wasm-lazy-validation");
    inlineLittleAtFirst();
  }
  const shared = { load, read, all: scripts, memory, expectMuchCode, daemonFolder, importModule: (url) => import(url) };
  script.compiled.runInThisContext()(requireModule, module, module.exports, pathToFileURL(script.filename).href, shared);
  return module.exports;
}

/** A script, with the code that was kept of it, not run yet; undefined when that is a condition, and there is none. */
function prepare(name, mustBeKept = false) {
  const known = scripts.get(name);
  if (known !== undefined) return known;
  const filename = join(dist, `${name}.js`);
  const source = readFileSync(filename, "latin1");
  const codeName = `code-${name}-${source.slice(3, source.indexOf("\n"))}-${process.version}-${process.arch}`;
  const kept = readCode(codeName);
  if (mustBeKept && kept === undefined) return undefined;
  const compiled = new Script(source, { filename, ...(kept && { cachedData: kept }) });
  kept?.fill(0);
  // What is loaded before there is a memory is too small to keep.
  const isNew = memory !== undefined && (kept === undefined || compiled.cachedDataRejected === true);
  const script = { module: undefined, filename, compiled, codeName, isNew, createCode: () => createCode(compiled) };
  scripts.set(name, script);
  return script;
}

/** Node's modules, and "decant:SCRIPT/MODULE": a module of the command's own in another of its scripts (scripts/parts.mjs). */
function requireModule(name) {
  const [, script, module] = /^decant:([^/]+)\/(.+)$/.exec(name) ?? [];
  return script === undefined ? require(name) : load(script).modules[module]();
}

/** A file of the bundle's. */
function read(name) {
  return readFileSync(join(dist, name));
}

/**
 * Compiled code in the user's cache, if the folder is the user's alone and the code is whole: V8 believes what it is given. The file is a hash of eight bytes, and the
 * code. A run from the cache spends its time on starting, so hashing is WebAssembly: loading node:crypto takes longer than all of it.
 */
function readCode(codeName) {
  const { DECANT_CACHE, XDG_CACHE_HOME: caches } = process.env;
  const chosen = cacheOption() ?? DECANT_CACHE;
  if (chosen === "off" || memory === undefined) return undefined;
  const folder = chosen || join(caches?.startsWith("/") ? caches : join(homedir(), ".cache"), "decant");
  let file;
  try {
    const { uid, mode } = statSync(folder);
    if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) return undefined;
    file = openSync(join(folder, `${codeName}.decant`));
    const { size } = fstatSync(file);
    const bytes = Buffer.from(memory.buffer, memory.buffer.byteLength - 8 * Math.ceil(size / 8), size);
    if (readSync(file, bytes, 0, size, 0) === size && size > HEAD_BYTES) {
      const code = bytes.subarray(HEAD_BYTES);
      if (bytes.readBigInt64LE(0) === hash(code)) return code;
    }
    bytes.fill(0);
    return undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** What `--cache` says, before the program's name; what follows that is the program's. */
function cacheOption() {
  for (let at = 2; at < process.argv.length && !/^--$|\.(exe|com)$/i.test(process.argv[at]); at++) {
    if (process.argv[at] === "--cache") return process.argv[at + 1];
    if (process.argv[at].startsWith("--cache=")) return process.argv[at].slice("--cache=".length);
  }
  return undefined;
}

/** The hash of bytes in the memory. */
function hash(bytes) {
  hashFunction ??= new WebAssembly.Instance(new WebAssembly.Module(read("hash.wasm")), { env: { memory } }).exports.hash;
  return hashFunction(bytes.byteOffset | 0, bytes.length, 0n);
}

/** The code of all functions of a script that have run, with its hash before it. */
function createCode(script) {
  // V8 takes code only from a process with the same flags.
  setFlags("--flush-bytecode");
  if (scripts.has("translation")) {
    setFlags("--no-wasm-lazy-validation");
    setFlags(INLINING);
  }
  const code = script.createCachedData();
  const place = Buffer.from(memory.buffer, memory.buffer.byteLength - 8 * Math.ceil(code.length / 8), code.length);
  code.copy(place);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeBigInt64LE(hash(place));
  return Buffer.concat([head, code]);
}

/**
 * Changes how V8 works. `--wasm-lazy-validation` has it look at a WebAssembly function only when that is first called: a run that translates makes many modules, and V8
 * hands each to its threads and waits for them; with this it made them in half the time.
 */
function setFlags(flags) {
  // V8 takes kept code only where its settings are those with which it was made: most programs need these scripts sooner or later.
  if (!areFlagsSet && memory !== undefined) for (const name of ["runtimes", "windows"]) prepare(name, true);
  areFlagsSet = true;
  require("node:v8").setFlagsFromString(flags);
}

/**
 * V8 optimises what translates in a thread of its own, which has more to do than time while a program starts: most functions run as they are until it comes to
 * them. With little put in the place of calls it is done with each sooner, and all are as fast by then. API functions, which go through more, would stay slower.
 */
function inlineLittleAtFirst() {
  setFlags(LITTLE_INLINING);
  setTimeout(setFlags, START_MS, INLINING).unref();
}

/**
 * Has V8 optimise a WebAssembly function only when it has run for some 20 ms. Much code means that most of it runs seldom: by default V8's threads optimised
 * hundreds of functions that were as good as done, which took half of such a run's processor time.
 */
function expectMuchCode() {
  setFlags("--wasm-tiering-budget=60000000");
}

/** Where daemons of this user's have their sockets (packages/decant/src/daemon/place.ts). */
function daemonFolder() {
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  return runtime?.startsWith("/") ? join(runtime, "decant") : join(tmpdir(), `decant-${process.getuid?.()}`);
}

/** Does what the command line says: by the daemon, where it is a run and there is one. */
async function start() {
  const [command] = process.argv.slice(2);
  const isRunner = command === "daemon" && process.argv[3] === "runner";
  if (isRunner || !COMMANDS_WITHOUT_GUEST.has(command)) {
    // Where there never was a daemon nothing more is loaded to ask, which takes 2 ms.
    if (!isRunner && command !== "kernel" && process.env.DECANT_DAEMON !== "off" && existsSync(daemonFolder())) {
      const exitCode = await load("client").runByDaemon(process.argv.slice(2));
      if (exitCode !== undefined) process.exit(exitCode);
    }
    memory = new WebAssembly.Memory({ initial: 65_535, maximum: 65_535 });
  }
  load("decant");
}

if (existsSync(join(dist, "decant.js"))) void start();
else {
  console.error("decant: this checkout is not built yet. Run `npm run build` in it first.");
  process.exitCode = 1;
}
