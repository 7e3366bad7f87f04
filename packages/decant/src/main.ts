/** The `decant` command: does what this process's command line says. */
import { endProcess } from "./end-process.ts";
import { perform } from "./perform.ts";

void perform(process.argv.slice(2)).then(endProcess);
