import type { Implementation } from "@decant/hook";
import { ntFile } from "./ntdll/file.ts";
import { functionTables } from "./ntdll/function-tables.ts";
import { ntPipe } from "./ntdll/pipe.ts";
import { ntQuery } from "./ntdll/query.ts";
import { rtlNames } from "./ntdll/names.ts";
import { ntForwards } from "./ntdll/runtime.api.ts";
import { ntRuntime } from "./ntdll/runtime.ts";
import { ntSystem } from "./ntdll/system.ts";
import { ntWait } from "./ntdll/wait.ts";
import { multimediaTime } from "./winmm/time.ts";
import { securityInterface } from "./secur32/security-interface.ts";
import { socketStartup } from "./ws2_32/startup.ts";

/** What other DLLs than kernel32 say of processes, waits and time. */
export const processTopics = [
  multimediaTime,
  ntFile,
  ntPipe,
  functionTables,
  ntForwards,
  ntRuntime,
  ntSystem,
  ntWait,
  ntQuery,
  rtlNames,
  securityInterface,
  socketStartup,
] as const satisfies readonly Implementation[];
