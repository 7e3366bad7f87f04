import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, availableParallelism, freemem, platform, totalmem } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { commandPath } from "./command-path.ts";
import { prefixesFolder } from "./prefixes.ts";

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly state: "works" | "limited" | "fails";
  readonly says: string;
  /** What to do about it. */
  readonly advice?: string;
}

const GUEST_PAGES = 65_535;
const GIBIBYTE = 2 ** 30;
/** What a run uses beside the guest's own memory, with a program of some size. */
const COMFORTABLE_BYTES = 512 * 2 ** 20;

/** Looks at this machine. */
export function examine(): Finding[] {
  return [node(), host(), webAssembly(), memories(), memoryLimit(), processors(), cache(), prefixes(), binfmt(), nvidia(), wine()];
}

function node(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  const says = `${process.version} at ${process.execPath}`;
  if (major < 20) return { what: "Node", state: "fails", says, advice: "Decant needs Node 20 or newer" };
  return { what: "Node", state: "works", says };
}

function host(): Finding {
  const says = `${platform()} on ${arch()}`;
  if (platform() === "linux" && arch() === "x64") return { what: "host", state: "works", says };
  return { what: "host", state: "limited", says, advice: "only Linux on x86-64 is tested; reports are welcome" };
}

/** A function that adds two vectors: eight bytes of SIMD say whether V8 has it. */
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

function webAssembly(): Finding {
  const what = "WebAssembly";
  if (typeof WebAssembly === "undefined") {
    return { what, state: "fails", says: "it is off", advice: "Node was started with --jitless; take that out of NODE_OPTIONS" };
  }
  if (!WebAssembly.validate(SIMD)) return { what, state: "fails", says: "SIMD is missing", advice: "the processor has to have SSE4.1" };
  return { what, state: "works", says: "with SIMD" };
}

/** Whether address space for guests can be had: 4 GiB each, of which only what is used takes memory. */
function memories(): Finding {
  const what = "address space";
  const kept: WebAssembly.Memory[] = [];
  try {
    for (let count = 0; count < 2; count++) kept.push(new WebAssembly.Memory({ initial: GUEST_PAGES, maximum: GUEST_PAGES }));
    return { what, state: "works", says: "4 GiB for each guest process can be reserved" };
  } catch {
    const advice = "`ulimit -v` has to be unlimited, and vm.overcommit_memory may not be 2 (`sysctl vm.overcommit_memory`)";
    if (kept.length > 0) return { what, state: "limited", says: "there is room for one guest process, not for a second", advice };
    return { what, state: "fails", says: "4 GiB of address space cannot be reserved", advice };
  }
}

function memoryLimit(): Finding {
  const what = "memory";
  const group = readText("/sys/fs/cgroup/memory.max")?.trim();
  const limit = group === undefined || group === "max" ? totalmem() : Math.min(Number(group), totalmem());
  const size = (bytes: number): string => `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
  const says = `${size(limit)}${limit < totalmem() ? " for this control group" : ""}, ${size(freemem())} free`;
  if (limit < COMFORTABLE_BYTES)
    return { what, state: "limited", says, advice: "large programs need 0.5 GiB and more beside their own data" };
  return { what, state: "works", says };
}

function processors(): Finding {
  const count = availableParallelism();
  const says = `${count}; a Windows program uses one, CUDA kernels on the processor all of them`;
  return { what: "processors", state: count > 1 ? "works" : "limited", says };
}

function cache(): Finding {
  const what = "cache";
  const folder = cacheFolder(undefined);
  if (folder === undefined) return { what, state: "limited", says: "off (DECANT_CACHE)", advice: "each run translates its program anew" };
  const existing = firstExisting(folder);
  const { uid, mode } = statSync(existing);
  if (existing === folder && process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) {
    return { what, state: "limited", says: `${folder} is not used`, advice: `others could change it: chown it to you, and chmod go-w` };
  }
  if (!isWritable(existing))
    return { what, state: "limited", says: `${folder} cannot be written`, advice: "say where with DECANT_CACHE=FOLDER" };
  return { what, state: "works", says: folder };
}

function prefixes(): Finding {
  const folder = prefixesFolder();
  if (isWritable(firstExisting(folder))) return { what: "prefixes", state: "works", says: folder };
  return {
    what: "prefixes",
    state: "limited",
    says: `${folder} cannot be written`,
    advice: "say where with DECANT_PREFIXES=FOLDER; without prefixes C: is in memory",
  };
}

function binfmt(): Finding {
  const what = "./program.exe";
  if (existsSync("/proc/sys/fs/binfmt_misc/decant")) return { what, state: "works", says: "runs through Decant" };
  return { what, state: "limited", says: "does not run directly", advice: "`decant install --binfmt` says how it would" };
}

function nvidia(): Finding {
  const what = "NVIDIA GPU";
  if (!existsSync("/proc/driver/nvidia/version")) return { what, state: "limited", says: "there is none; CUDA runs on the processor" };
  try {
    createRequire(commandPath).resolve("koffi");
    return { what, state: "works", says: "`decant serve --driver nvidia` can use it" };
  } catch {
    return {
      what,
      state: "limited",
      says: "it needs the npm package koffi, which is not installed",
      advice: "npm install koffi, beside decant",
    };
  }
}

function wine(): Finding {
  const found = (process.env["PATH"] ?? "").split(delimiter).find((folder) => folder !== "" && existsSync(join(folder, "wine")));
  const says =
    found === undefined
      ? "not installed; only expectSameAsWine in tests would use it"
      : `${join(found, "wine")}; only expectSameAsWine in tests uses it`;
  return { what: "Wine", state: "works", says };
}

function firstExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : firstExisting(dirname(path));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
