import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { PtxModule } from "./parse/ast.ts";
import { formsOf } from "./tested-forms.ts";

/** Where processes that run tests leave the forms that they have run: a folder, named by the environment. */
export const FORMS_FOLDER = "DECANT_PTX_FORMS";

const noted = new Set<string>();

/** Notes what a test runs, for `tested-forms-setup.fixture.ts`. */
export function noteForms(module: PtxModule): void {
  const folder = process.env[FORMS_FOLDER];
  if (folder === undefined) return;
  const fresh = [...formsOf(module)].filter((form) => !noted.has(form));
  for (const form of fresh) noted.add(form);
  if (fresh.length > 0) appendFileSync(join(folder, String(process.pid)), `${fresh.join("\n")}\n`);
}
