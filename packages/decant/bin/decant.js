#!/usr/bin/env node
// Evaluates the bundle's scripts, with the code that V8 compiled of them in an earlier run where it was kept (packages/decant/src/compiled-code.ts).
"use strict";
const { existsSync, readFileSync, statSync } = require("node:fs");
const { homedir } = require("node:os");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { Script } = require("node:vm");

const COMMANDS_WITHOUT_GUEST = new Set([undefined, "inspect", "serve", "cache", "token", "top", "help", "--help", "-h", "--version", "-V"]);
const dist = join(__dirname, "../dist");
const scripts = new Map();
// Made before anything is loaded, as V8 collects all garbage then.
const memory = COMMANDS_WITHOUT_GUEST.has(process.argv[2]) ? undefined : new WebAssembly.Memory({ initial: 65_535, maximum: 65_535 });

/** What a script exports, the same at every call. */
function load(name) {
  const known = scripts.get(name);
  if (known !== undefined) return known.exports;
  const filename = join(dist, `${name}.js`);
  const source = readFileSync(filename, "latin1");
  const codeName = `code-${name}-${source.slice(3, source.indexOf("\n"))}-${process.version}-${process.arch}`;
  const cachedData = readCode(codeName);
  const script = new Script(source, { filename, ...(cachedData && { cachedData }) });
  const module = { exports: {} };
  scripts.set(name, {
    exports: module.exports,
    codeName,
    isNew: cachedData === undefined || script.cachedDataRejected === true,
    createCode() {
      // V8 takes code only from a process with the same flags.
      if (scripts.has("translation")) setLazyValidation(false);
      return script.createCachedData();
    },
  });
  if (name === "translation") setLazyValidation(true);
  script.runInThisContext()(require, module, module.exports, pathToFileURL(filename).href, {
    load,
    all: scripts,
    memory,
    importModule: (url) => import(url),
  });
  scripts.get(name).exports = module.exports;
  return module.exports;
}

/**
 * Whether V8 looks at a WebAssembly function only when it is first called. A run that translates makes many modules, and V8 hands each to its threads and waits for them:
 * with this it made them in half the time.
 */
function setLazyValidation(isOn) {
  require("node:v8").setFlagsFromString(isOn ? "--wasm-lazy-validation" : "--no-wasm-lazy-validation");
}

/** Compiled code in the user's cache, if the folder is the user's alone and the code is whole: V8 believes what it is given. */
function readCode(codeName) {
  const { DECANT_CACHE: chosen, XDG_CACHE_HOME: caches } = process.env;
  if (chosen === "off") return undefined;
  const folder = chosen || join(caches?.startsWith("/") ? caches : join(homedir(), ".cache"), "decant");
  try {
    const { uid, mode } = statSync(folder);
    if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) return undefined;
    const file = readFileSync(join(folder, `${codeName}.decant`));
    const code = file.subarray(32);
    const { createHash } = require("node:crypto");
    return createHash("sha256").update(code).digest().equals(file.subarray(0, 32)) ? code : undefined;
  } catch {
    return undefined;
  }
}

if (existsSync(join(dist, "decant.js"))) load("decant");
else {
  console.error("decant: this checkout is not built yet. Run `npm run build` in it first.");
  process.exitCode = 1;
}
