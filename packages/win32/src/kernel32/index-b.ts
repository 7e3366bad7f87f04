import type { Implementation } from "@decant/hook";
import { exceptions, unwinding } from "./exceptions.ts";
import { modules } from "./modules.ts";
import { systemInfo } from "./system-info.ts";
import { threads } from "./threads.ts";
import { time } from "./time.ts";
import { tls } from "./tls.ts";

/** Modules, exceptions, storage of threads, threads, time and the system. */
export const kernel32b = [exceptions, unwinding, modules, systemInfo, threads, time, tls] as const satisfies readonly Implementation[];
