/**
 * Writes docs/coverage.md from the API tables: for each built-in DLL what is declared, what of it is mapped, and what of that programs import whose output was recorded under Wine.
 * `npx tsx scripts/coverage.ts`, after functions were added.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readImage, readImports } from "@decant/pe";
import { fixtureCases } from "../fixtures/cases.ts";
import { fixturesFolder } from "../fixtures/build.ts";
import { builtInDlls } from "#decant";

/** The page. */
export const coveragePage = join(import.meta.dirname, "../docs/coverage.md");

/** A DLL's row: functions that are declared, mapped, and compared with Wine. */
export interface CoverageRow {
  readonly dll: string;
  readonly declared: number;
  readonly mapped: number;
  readonly compared: number;
}

/** DLLs of the CUDA runtime, which have the same functions over again: docs/cuda.md names those. */
const RUNTIMES = new Set(["cudart64_110", "cudart64_12", "cudart64_13", "nvcudart_hybrid64"]);

/** Counts what there is now. */
export function countCoverage(): CoverageRow[] {
  const registry = builtInDlls({ open: () => Promise.reject(new Error("no CUDA is needed to count")), close: () => {} }, () => {});
  const compared = comparedFunctions();
  return registry
    .coverage()
    .map(({ dll, declared, implemented, missing }) => {
      const lacking = new Set(missing);
      const used = [...(compared.get(dll) ?? [])].filter((name) => !lacking.has(name) && registry.declared(dll, name) !== undefined);
      return { dll, declared, mapped: implemented, compared: used.length };
    })
    .filter(({ dll, declared }) => declared > 0 && !RUNTIMES.has(dll));
}

/** The page's text. */
export function coverageText(rows: readonly CoverageRow[]): string {
  const sum = (of: (row: CoverageRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const line = ({ dll, declared, mapped, compared }: CoverageRow): string => `| ${dll} | ${declared} | ${mapped} | ${compared} |`;
  const total = {
    dll: "**all**",
    declared: sum(({ declared }) => declared),
    mapped: sum(({ mapped }) => mapped),
    compared: sum(({ compared }) => compared),
  };
  return `# Which functions there are

Made by \`npx tsx scripts/coverage.ts\`, from the tables in packages/win32 and packages/nvcuda. *Declared* functions are known by their types: their calls are decoded, also where a hook supplies them.
*Mapped* ones are answered; calling one that is not ends the program with its name and arguments. (Of nvcuda, many answer CUDA_ERROR_NOT_SUPPORTED; the CUDA runtime is counted in cuda.md.) *Compared* ones are imported by our own programs whose output was recorded under Wine 8 and is compared
with by \`npm test\`; many more have tests of their own. Functions with an A and a W variant count twice.

| DLL | declared | mapped | compared |
|---|---:|---:|---:|
${[...rows.map(line), line(total)].join("\n")}

\`decant inspect program.exe\` says which functions a program needs, and which of them are missing.
`;
}

/** What programs import that Wine's answers are recorded of, by DLL. */
function comparedFunctions(): Map<string, Set<string>> {
  const recorded = JSON.parse(readFileSync(join(fixturesFolder, "expected.json"), "utf8")) as Record<string, { source: string }>;
  const found = new Map<string, Set<string>>();
  for (const { name, program } of fixtureCases) {
    const path = join(fixturesFolder, program);
    if (recorded[name]?.source.startsWith("wine") !== true || !existsSync(path)) continue;
    for (const { dll, symbols } of readImports(readImage(readFileSync(path)))) {
      const key = dll.toLowerCase().replace(/\.dll$/, "");
      const names = found.get(key) ?? new Set<string>();
      for (const symbol of symbols) if (symbol.name !== undefined) names.add(symbol.name);
      found.set(key, names);
    }
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(coveragePage, coverageText(countCoverage()));
