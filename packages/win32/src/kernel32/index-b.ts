import type { Implementation } from "@decant/hook";
import { exceptions, unwinding } from "./exceptions.ts";
import { modules } from "./modules.ts";
import { systemInfo } from "./system-info.ts";
import { fibers } from "./fibers.ts";
import { oldPool, pool } from "./thread-pool.ts";
import { threads } from "./threads.ts";
import { time } from "./time.ts";
import { tls } from "./tls.ts";

/** Modules, exceptions, storage of threads, fibers, pools, threads, time and the system. */
export const kernel32b = [
  exceptions,
  unwinding,
  modules,
  systemInfo,
  fibers,
  oldPool,
  pool,
  threads,
  time,
  tls,
] as const satisfies readonly Implementation[];
