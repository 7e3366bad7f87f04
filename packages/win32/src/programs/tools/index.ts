import { attrib } from "./attrib.ts";
import { fc } from "./fc.ts";
import { find } from "./find.ts";
import { findstr } from "./findstr.ts";
import { more } from "./more.ts";
import { sort } from "./sort.ts";
import { chcp, hostname, timeout, whoami } from "./system-tools.ts";
import { where } from "./where.ts";
import { xcopy } from "./xcopy.ts";

/** The programs beside cmd.exe that batch files call. */
export const tools = {
  "attrib.exe": attrib,
  "chcp.com": chcp,
  "fc.exe": fc,
  "find.exe": find,
  "findstr.exe": findstr,
  "hostname.exe": hostname,
  "more.com": more,
  "sort.exe": sort,
  "timeout.exe": timeout,
  "where.exe": where,
  "whoami.exe": whoami,
  "xcopy.exe": xcopy,
} as const;
