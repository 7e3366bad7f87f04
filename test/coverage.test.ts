import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { countCoverage, coveragePage, coverageText, type CoverageRow } from "../scripts/coverage.ts";

const COMMAND = "npx tsx scripts/coverage.ts";
/** How far the page may lag behind before it is wrong, and not only late: a part of a DLL's functions, and at least so many. */
const LAG = { part: 0.1, functions: 10 };

test("docs/coverage.md says what there is", () => {
  const rows = countCoverage();
  const page = readFileSync(coveragePage, "utf8");
  const written = new Map(
    [...page.matchAll(/^\| ([\w.-]+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map(
      ([, dll = "", ...counts]) => [dll, counts.map(Number)] as const,
    ),
  );
  const isFar = (now: number, then: number): boolean => Math.abs(now - then) > Math.max(LAG.functions, LAG.part * now);
  const stale = rows.filter(({ dll, declared, mapped }: CoverageRow) => {
    const [thenDeclared = 0, thenMapped = 0] = written.get(dll) ?? [];
    return isFar(declared, thenDeclared) || isFar(mapped, thenMapped);
  });
  expect(stale, `docs/coverage.md is out of date: ${COMMAND}`).toEqual([]);
  if (page !== coverageText(rows)) console.log(`docs/coverage.md is a little out of date: ${COMMAND}`);
  expect(page).toContain(COMMAND);
});
