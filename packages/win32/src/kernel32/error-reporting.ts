import { E, ERROR, HresultError, Win32Error } from "@decant/hook";
import { implement, ProcessObject, type Process, type Thread } from "@decant/process";
import { errorReportingApi } from "./error-reporting.api.ts";

const S_OK = 0;
/** WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES, WER_MAX_REGISTERED_ENTRIES, WER_MAX_MEM_BLOCK_SIZE. */
const LIMIT = { MODULES: 16, ENTRIES: 512, BLOCK_BYTES: 0x1_0000 } as const;

/** What a process wants to be in a report. None is ever made but Decant's own, which has no room for it. */
class Reporting {
  flags = 0;
  readonly modules = new Set<string>();
  /** Files and blocks of memory. */
  readonly entries = new Set<string>();

  static of(process: Process): Reporting {
    return process.state(Reporting, () => new Reporting());
  }
}

/** Windows Error Reporting: what is registered is remembered, and counted. */
export const errorReporting = implement(errorReportingApi, {
  WerSetFlags({ process }, dwFlags) {
    Reporting.of(process).flags = dwFlags;
    return S_OK;
  },
  WerGetFlags(thread, hProcess, pdwFlags) {
    pdwFlags.set(Reporting.of(thread.process.handles.get(hProcess, ProcessObject).process).flags);
    return S_OK;
  },
  WerRegisterRuntimeExceptionModule: (thread, dll, context) => register(modulesOf(thread), LIMIT.MODULES, moduleName(dll, context)),
  WerUnregisterRuntimeExceptionModule: (thread, dll, context) => unregister(modulesOf(thread), moduleName(dll, context)),
  WerRegisterMemoryBlock(thread, pvAddress, dwSize) {
    if (pvAddress === 0n || dwSize === 0 || dwSize > LIMIT.BLOCK_BYTES) throw new HresultError(E.INVALIDARG);
    return register(entriesOf(thread), LIMIT.ENTRIES, `block ${pvAddress}`);
  },
  WerUnregisterMemoryBlock: (thread, pvAddress) => unregister(entriesOf(thread), `block ${pvAddress}`),
  WerRegisterFile: (thread, pwzFile) => register(entriesOf(thread), LIMIT.ENTRIES, fileName(pwzFile)),
  WerUnregisterFile: (thread, pwzFilePath) => unregister(entriesOf(thread), fileName(pwzFilePath)),
});

function modulesOf({ process }: Thread): Set<string> {
  return Reporting.of(process).modules;
}

function entriesOf({ process }: Thread): Set<string> {
  return Reporting.of(process).entries;
}

function moduleName(dll: string | undefined, context: bigint): string {
  return `${fileName(dll)} ${context}`;
}

function fileName(name: string | undefined): string {
  if (name === undefined) throw new HresultError(E.INVALIDARG);
  return `file ${name.toLowerCase()}`;
}

function register(among: Set<string>, limit: number, what: string): number {
  if (!among.has(what) && among.size === limit) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
  among.add(what);
  return S_OK;
}

function unregister(among: Set<string>, what: string): number {
  if (!among.delete(what)) throw new Win32Error(ERROR.NOT_FOUND);
  return S_OK;
}
