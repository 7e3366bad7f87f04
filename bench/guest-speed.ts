/**
 * Guest code speed: `npx tsx bench/guest-speed.ts [kernel…] [--bits 32] [--checked] [--json]`. The same C sources and flags, as a Windows program under Decant and
 * as a native one, in turn; each kernel's best time of at least three runs after warm-up. Needs gcc for the native side.
 * With `--checked` each kernel runs with all accesses checked too. fixtures/build.ts makes the Windows programs. With `--bits 32` the native side is 32-bit code too where gcc -m32 can link, else 64-bit code.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchFolder, decantCommand, geometricMean, output, report, type Row } from "./report.ts";

/** Long enough for the engine to have compiled the hot code well, on a machine that has other work. */
const LEAST_MS = "1200";

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { bits: { type: "string", default: "64" }, checked: { type: "boolean" }, json: { type: "boolean" } },
});
const is32 = options.bits === "32";
const kernelsFolder = join(benchFolder, "kernels");
const sources = readdirSync(kernelsFolder)
  .filter((name) => name.endsWith(".c"))
  .map((name) => join(kernelsFolder, name));
const names = [...readFileSync(join(kernelsFolder, "kernels.h"), "utf8").matchAll(/X\((\w+)\)/g)].map(([, name]) => name as string);
const suffix = is32 ? "-32" : "";
const widthFlags = is32 ? ["-msse2", "-mfpmath=sse"] : [];
const builds = [
  { label: "-O2", program: `kernels${suffix}.exe`, flags: ["-O2", ...widthFlags] },
  { label: "-O2 -fno-tree-vectorize", program: `kernels-scalar${suffix}.exe`, flags: ["-O2", "-fno-tree-vectorize", ...widthFlags] },
];

const folder = mkdtempSync(join(tmpdir(), "decant-bench-"));
try {
  for (const { label, program, flags } of builds) {
    const windows = join(kernelsFolder, program);
    if (!existsSync(windows)) throw new Error(`${windows} is missing`);
    const native = join(folder, program.replace(".exe", ""));
    const width = buildNative(native, flags);
    const rows: Row[] = [];
    for (const name of names.filter((kernel) => wanted.length === 0 || wanted.includes(kernel))) {
      const own = measure(native, [name, LEAST_MS]);
      const guest = measure(process.execPath, [decantCommand, "run", windows, name, LEAST_MS]);
      if (own.checksum !== guest.checksum) throw new Error(`${name}: checksum ${guest.checksum}, but native code computes ${own.checksum}`);
      const checked = options.checked ? measure(process.execPath, [decantCommand, "run", "--checked", windows, name]) : undefined;
      rows.push({
        kernel: name,
        "native ms": own.ms,
        "decant ms": guest.ms,
        ratio: guest.ms / own.ms,
        ...(checked !== undefined && { "checked / default": checked.ms / guest.ms }),
      });
    }
    const ratios = rows.map(({ ratio }) => Number(ratio));
    report(`guest speed, ${options.bits}-bit code, gcc ${label}, native side ${width}-bit`, [
      ...rows,
      {
        kernel: "geometric mean",
        ratio: geometricMean(ratios),
        ...(options.checked && { "checked / default": geometricMean(rows.map((row) => Number(row["checked / default"]))) }),
      },
      { kernel: "worst", ratio: Math.max(...ratios) },
    ]);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Returns the width of the code that it could make. */
function buildNative(program: string, flags: readonly string[]): 64 | 32 {
  if (is32 && spawnSync("gcc", ["-m32", ...flags, ...sources, "-o", program], { stdio: "ignore" }).status === 0) return 32;
  output("gcc", [...flags, ...sources, "-o", program]);
  return 64;
}

function measure(command: string, args: readonly string[]): { checksum: string; ms: number } {
  const [, checksum = "", ms = ""] = output(command, args).trim().split(/\s+/);
  return { checksum, ms: Number(ms) };
}
