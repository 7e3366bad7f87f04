import type { Implementation } from "@decant/hook";
import { completion } from "./completion.ts";
import { copyFile } from "./copy-file.ts";
import { deviceControl } from "./device-control.ts";
import { createProcess, createProcessAsUser } from "./create-process.ts";
import { directory } from "./directory.ts";
import { error } from "./error.ts";
import { errorReporting } from "./error-reporting.ts";
import { file } from "./file.ts";
import { fileIo } from "./file-io.ts";
import { fileMapping } from "./file-mapping.ts";
import { folderChangeCalls } from "./folder-changes.ts";
import { handle } from "./handle.ts";
import { heap } from "./heap.ts";
import { lockFile } from "./lock-file.ts";
import { job } from "./job.ts";
import { pipe } from "./pipe.ts";
import { process } from "./process.ts";
import { sync } from "./sync.ts";
import { toolhelp } from "./toolhelp.ts";
import { virtual } from "./virtual.ts";
import { volume } from "./volume.ts";
import { waiting } from "./wait.ts";

/** The topics of kernel32. */
export const kernel32 = [
  completion,
  copyFile,
  deviceControl,
  createProcess,
  createProcessAsUser,
  directory,
  error,
  errorReporting,
  file,
  fileIo,
  fileMapping,
  folderChangeCalls,
  handle,
  heap,
  lockFile,
  job,
  pipe,
  process,
  sync,
  toolhelp,
  virtual,
  volume,
  waiting,
] as const satisfies readonly Implementation[];
