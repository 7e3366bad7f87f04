import type { BuiltInProgram } from "./built-in.ts";
import { commandProcessor } from "./cmd/command-processor.ts";
import type { BUILT_IN_PROGRAMS } from "./names.ts";
import { tools } from "./tools/index.ts";

/** The bodies of Windows' programs that are built in. */
export const bodies: Readonly<Record<(typeof BUILT_IN_PROGRAMS)[number], BuiltInProgram>> = { "cmd.exe": commandProcessor, ...tools };
