/**
 * Guest code speed: `npx tsx bench/guest-speed.ts [kernel…] [--json]`. The same C source and flags, as a Windows program under Decant and as a
 * native one, in turn; each kernel's best time of at least three runs after warm-up. Needs gcc for the native side.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchFolder, decantCommand, geometricMean, output, report, type Row } from "./report.ts";

const names = ["crc", "list", "sieve", "matrix", "interpreter", "sha256", "indirect", "fib", "sort", "nbody"];
const builds = [
  { label: "-O2", program: "kernels.exe", flags: ["-O2"] },
  { label: "-O2 -fno-tree-vectorize", program: "kernels-scalar.exe", flags: ["-O2", "-fno-tree-vectorize"] },
];

const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const folder = mkdtempSync(join(tmpdir(), "decant-bench-"));
try {
  for (const { label, program, flags } of builds) {
    const native = join(folder, program.replace(".exe", ""));
    output("gcc", [...flags, join(benchFolder, "kernels/kernels.c"), "-o", native]);
    const rows: Row[] = [];
    for (const name of names.filter((kernel) => wanted.length === 0 || wanted.includes(kernel))) {
      const own = measure(native, [name]);
      const guest = measure(process.execPath, [decantCommand, "run", join(benchFolder, "kernels", program), name]);
      if (own.checksum !== guest.checksum) throw new Error(`${name}: checksum ${guest.checksum}, but native code computes ${own.checksum}`);
      rows.push({ kernel: name, "native ms": own.ms, "decant ms": guest.ms, ratio: guest.ms / own.ms });
    }
    const mean = geometricMean(rows.map(({ ratio }) => Number(ratio)));
    report(`guest speed, gcc ${label}`, [...rows, { kernel: "geometric mean", ratio: mean }]);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function measure(command: string, args: readonly string[]): { checksum: string; ms: number } {
  const [, checksum = "", ms = ""] = output(command, args).trim().split(/\s+/);
  return { checksum, ms: Number(ms) };
}
