import { find } from "./find.ts";
import { findstr } from "./findstr.ts";
import { more } from "./more.ts";
import { sort } from "./sort.ts";
import { where } from "./where.ts";

/** The programs beside cmd.exe that batch files call. */
export const tools = { "find.exe": find, "findstr.exe": findstr, "more.com": more, "sort.exe": sort, "where.exe": where } as const;
