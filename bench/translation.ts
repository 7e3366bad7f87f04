/**
 * Translation speed: `npx tsx bench/translation.ts [program.exe] [--instructions 50000] [--json]`, of the bundle (`npm run build`). Functions of a real program
 * (7za.exe of the npm package 7zip-bin unless one is named) are translated to modules in batches as a run does, starting from those of its function table, in a
 * process that has translated nothing before, its first so many instructions (cold), then all of it, three times (warm). As in the command, V8 has the code
 * that it compiled of the translator in an earlier process, and the settings that bin/decant.js makes. V8 compiles functions when they first run, so of its
 * time only what it takes to accept a module is in here. Bytes are what is kept for an instruction: its module's code, and the tables beside it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { GUEST_BASE, GuestMemory, PAGE } from "@decant/memory";
import { readFunctionTable, readImage, RvaView, SECTION } from "@decant/pe";
import type * as Translation from "@decant/x86/translation";
import { packageFolder } from "../test/programs/packages.ts";
import { report, type Row } from "./report.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    instructions: { type: "string", default: "50000" },
    json: { type: "boolean" },
    // The other processes of the bench: one writes compiled code to a file, the next begins with it.
    "write-code": { type: "string" },
    "read-code": { type: "string" },
  },
});
if (values["write-code"] === undefined && values["read-code"] === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "decant-bench-"));
  const code = join(folder, "code");
  const run = (option: string): boolean =>
    spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1), option, code], { stdio: "inherit" }).status === 0;
  const isDone = run("--write-code") && run("--read-code");
  rmSync(folder, { recursive: true });
  process.exit(isDone ? 0 : 1);
}

/** As bin/decant.js has it in a run's first second, and after that. */
const LITTLE_INLINING = "--max-inlined-bytecode-size-cumulative=200";
const INLINING = "--max-inlined-bytecode-size-cumulative=920";
const TRANSLATOR = fileURLToPath(new URL("../packages/decant/dist/translation.js", import.meta.url));
const cachedData = values["read-code"] === undefined ? undefined : readFileSync(values["read-code"]);
const script = new Script(readFileSync(TRANSLATOR, "latin1"), { filename: TRANSLATOR, ...(cachedData && { cachedData }) });
if (script.cachedDataRejected === true) throw new Error("V8 does not take the code that it has compiled");
for (const flag of ["--no-flush-bytecode", "--wasm-lazy-validation", LITTLE_INLINING]) setFlagsFromString(flag);
const module = { exports: {} };
script.runInThisContext()(createRequire(TRANSLATOR), module, module.exports, pathToFileURL(TRANSLATOR).href);
const { Decoder, linkBatch, Translator } = module.exports as typeof Translation;
const coldCount = Number(values.instructions);
const program = positionals[0] ?? join(packageFolder("7zip-bin@5.2.0"), "win/x64/7za.exe");
const BASE = 0x4000_0000;

const image = readImage(readFileSync(program));
const memory = new GuestMemory();
memory.allocate(image.sizeOfImage, PAGE.READWRITE, { at: BASE });
for (const { rawOffset, rva, rawSize } of image.sections)
  memory.bytes.set(image.bytes.subarray(rawOffset, rawOffset + rawSize), BASE + rva - GUEST_BASE);
for (const { rva, virtualSize, characteristics } of image.sections) {
  const protection =
    characteristics & SECTION.EXECUTE ? PAGE.EXECUTE_READ : characteristics & SECTION.WRITE ? PAGE.READWRITE : PAGE.READONLY;
  memory.protect(BASE + rva, virtualSize, protection);
}
const entries = readFunctionTable(image, new RvaView(image)).map(({ begin }) => BASE + begin);
if (entries.length === 0) throw new Error(`${program} has no function table`);

/** Goes on from pass to pass: of a module like one before, which is still there, V8 would make nothing. */
let slot = 0;
if (values["write-code"] !== undefined) {
  pass("", coldCount);
  for (const flag of ["--flush-bytecode", "--no-wasm-lazy-validation", INLINING]) setFlagsFromString(flag);
  writeFileSync(values["write-code"], script.createCachedData());
  process.exit();
}
const rows: Row[] = [pass("cold", coldCount)];
setFlagsFromString(INLINING);
for (let i = 0; i < 3; i++) rows.push(pass("all of it", Infinity));
report(`translation of ${program.split("/").at(-1)}`, rows);

function pass(name: string, limit: number): Row {
  const decoder = new Decoder(memory, 64);
  const done = new Set<number>();
  const form = { guarding: "trap", hasExactFloats: false } as const;
  const translator = new Translator({
    memory,
    decoder,
    stubAt: () => undefined,
    isReturnSite: () => false,
    stubOfSyscall: () => undefined,
    form: () => form,
    isTranslated: (address) => done.has(address),
  });
  let instructions = 0;
  let code = 0;
  let tables = 0;
  const pages = new Set<number>();
  let modules = 0;
  let v8 = 0;
  const start = performance.now();
  const startCpu = process.cpuUsage();
  for (const entry of entries) {
    if (instructions >= limit) break;
    if (done.has(entry)) continue;
    const units = translator.translate([entry]);
    modules++;
    const { bytes } = linkBatch(units, ++slot, []);
    const linked = performance.now();
    new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    v8 += performance.now() - linked;
    code += bytes.length;
    for (const unit of units) {
      done.add(unit.entry);
      pages.add(unit.entry >>> 12);
      instructions += unit.instructionCount;
      // What an installed unit keeps: where it may trap, the ranges that it was made from and their bytes, return addresses.
      tables += unit.sites.length + unit.ranges.reduce((sum, [from, to]) => sum + 8 + to - from, 4 * unit.returnSites.length);
    }
  }
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(startCpu);
  return {
    pass: name,
    instructions,
    modules,
    ms,
    "processor ms": (user + system) / 1000,
    "of it V8": v8,
    "instructions/s": (1000 * instructions) / ms,
    "code bytes/instruction": code / instructions,
    "table bytes/instruction": tables / instructions,
    "code map bytes/instruction": (16_384 * pages.size) / instructions,
  };
}
