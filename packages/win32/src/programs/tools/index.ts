import { attrib } from "./attrib.ts";
import { certutil } from "./certutil.ts";
import { fc } from "./fc.ts";
import { find } from "./find.ts";
import { findstr } from "./findstr.ts";
import { more } from "./more.ts";
import { ping } from "./ping.ts";
import { reg } from "./reg.ts";
import { robocopy } from "./robocopy.ts";
import { sort } from "./sort.ts";
import { chcp, hostname, timeout, whoami } from "./system-tools.ts";
import { taskkill, tasklist } from "./task-tools.ts";
import { tree } from "./tree.ts";
import { where } from "./where.ts";
import { xcopy } from "./xcopy.ts";

/** The programs beside cmd.exe that batch files call. */
export const tools = {
  "attrib.exe": attrib,
  "certutil.exe": certutil,
  "chcp.com": chcp,
  "fc.exe": fc,
  "find.exe": find,
  "findstr.exe": findstr,
  "hostname.exe": hostname,
  "more.com": more,
  "ping.exe": ping,
  "reg.exe": reg,
  "robocopy.exe": robocopy,
  "sort.exe": sort,
  "taskkill.exe": taskkill,
  "tasklist.exe": tasklist,
  "timeout.exe": timeout,
  "tree.com": tree,
  "where.exe": where,
  "whoami.exe": whoami,
  "xcopy.exe": xcopy,
} as const;
