// Are the differential tests able to find bugs? Puts each of a list of bugs into a copy of the package, one at a time, and replays the recordings there.
// node --import tsx packages/x86/src/difftest/mutants.ts [part of a bug's name]
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MUTANTS, staleMutants } from "./mutant-list.ts";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const TSX = import.meta.resolve("tsx");

const stale = staleMutants();
if (stale.length > 0) throw new Error(`mutants: the source does not hold what these replace: ${stale.join("; ")}`);
const chosen = MUTANTS.filter(({ name }) => name.includes(process.argv[2] ?? ""));
let found = 0;
for (const { name, file, from, to } of chosen) {
  const start = performance.now();
  const copy = mkdtempSync(join(tmpdir(), "decant-mutant-"));
  try {
    for (const part of ["src", "vectors", "package.json"]) cpSync(join(PACKAGE, part), join(copy, part), { recursive: true });
    symlinkSync(join(PACKAGE, "node_modules"), join(copy, "node_modules"));
    const path = join(copy, "src", file);
    const source = readFileSync(path, "utf8");
    writeFileSync(path, source.replace(from, to));
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", TSX, join(copy, "src/difftest/replay-until-failure.ts")], { encoding: "utf8" }); // prettier-ignore
    if (status === 0) console.log(`NOT FOUND  ${name}`);
    else if (status !== 1) throw new Error(`mutants: "${name}" does not run: ${stderr}`);
    else {
      found++;
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      console.log(`found      ${name} (${seconds} s): ${stdout.split("\n")[0]?.slice(0, 100)}`);
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}
console.log(`${found} of ${chosen.length} seeded bugs were found`);
process.exitCode = found === chosen.length ? 0 : 1;
