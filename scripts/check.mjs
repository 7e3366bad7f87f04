/** `pnpm check`: types, lint, format, dead code, then the tests. With --static it stops before the tests. */
import { install, run, tool } from "./workspace.mjs";

install();
// With the declarations that the published package has: a type that they cannot name is found here.
tool("tsc", ["--declaration"]);
tool("oxlint", ["--type-aware", "--deny-warnings"]);
tool("oxfmt", ["--check"]);
tool("knip", []);
if (!process.argv.includes("--static")) run(process.execPath, ["scripts/test.mjs"]);
