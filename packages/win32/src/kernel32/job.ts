import { ERROR, NULL_HANDLE, Win32Error, type Handle } from "@decant/hook";
import { implement, ProcessObject, type Thread } from "@decant/process";
import { CompletionPort } from "./completion-port.ts";
import { jobApi } from "./job.api.ts";
import { JOB_LIMIT, JobObject, jobsOf } from "./job-object.ts";
import { createNamed, openNamed } from "./named-objects.ts";

/** JOBOBJECTINFOCLASS (winnt.h). */
const CLASS = {
  BASIC_ACCOUNTING: 1,
  BASIC_LIMIT: 2,
  BASIC_PROCESS_ID_LIST: 3,
  ASSOCIATE_COMPLETION_PORT: 7,
  BASIC_AND_IO_ACCOUNTING: 8,
  EXTENDED_LIMIT: 9,
} as const;
/** JOBOBJECT_BASIC_LIMIT_INFORMATION and what follows it in the extended one, by the size of a pointer. */
const LIMITS = {
  8: { LimitFlags: 16, ActiveProcessLimit: 40, SIZE: 64, EXTENDED_SIZE: 144 },
  4: { LimitFlags: 16, ActiveProcessLimit: 28, SIZE: 48, EXTENDED_SIZE: 112 },
} as const;
const ACCOUNTING = {
  TotalUserTime: 0,
  TotalProcesses: 36,
  ActiveProcesses: 40,
  TotalTerminatedProcesses: 44,
  SIZE: 48,
  IO_SIZE: 96,
} as const;
/** What a job can hold its members to here. */
const KNOWN_LIMITS =
  JOB_LIMIT.ACTIVE_PROCESS |
  JOB_LIMIT.DIE_ON_UNHANDLED_EXCEPTION |
  JOB_LIMIT.BREAKAWAY_OK |
  JOB_LIMIT.SILENT_BREAKAWAY_OK |
  JOB_LIMIT.KILL_ON_JOB_CLOSE;

/** Jobs. Limits of memory and time are refused with ERROR_NOT_SUPPORTED. */
export const job = implement(jobApi, {
  CreateJobObject: (thread, lpJobAttributes, lpName) =>
    createNamed(thread, { name: lpName, attributes: lpJobAttributes }, JobObject, () => new JobObject()),
  OpenJobObject: (thread, _dwDesiredAccess, bInheritHandle, lpName) => openNamed(thread, lpName, JobObject, bInheritHandle),
  AssignProcessToJobObject({ process: { handles } }, hJob, hProcess) {
    const { process } = handles.get(hProcess, ProcessObject);
    if (process.ending !== undefined) throw new Win32Error(ERROR.ACCESS_DENIED);
    handles.get(hJob, JobObject).assign(process);
    return true;
  },
  SetInformationJobObject(thread, hJob, JobObjectInformationClass, lpJobObjectInformation, length) {
    const target = thread.process.handles.get(hJob, JobObject);
    const { memory, pointerSize } = thread;
    const layout = LIMITS[pointerSize];
    switch (JobObjectInformationClass) {
      case CLASS.BASIC_LIMIT:
      case CLASS.EXTENDED_LIMIT: {
        if (length !== (JobObjectInformationClass === CLASS.BASIC_LIMIT ? layout.SIZE : layout.EXTENDED_SIZE))
          throw new Win32Error(ERROR.BAD_LENGTH);
        const limits = memory.u32(lpJobObjectInformation + layout.LimitFlags);
        if ((limits & ~KNOWN_LIMITS) !== 0) throw new Win32Error(ERROR.NOT_SUPPORTED);
        target.limitFlags = limits;
        target.activeProcessLimit = memory.u32(lpJobObjectInformation + layout.ActiveProcessLimit);
        return true;
      }
      case CLASS.ASSOCIATE_COMPLETION_PORT: {
        if (length !== 2 * pointerSize) throw new Win32Error(ERROR.BAD_LENGTH);
        const port = thread.process.handles.get((memory.u32(lpJobObjectInformation + pointerSize) | 0) as Handle, CompletionPort);
        target.port = { port, key: memory.word(lpJobObjectInformation) };
        return true;
      }
      default:
        throw new Win32Error(ERROR.INVALID_PARAMETER);
    }
  },
  QueryInformationJobObject(thread, hJob, JobObjectInformationClass, lpJobObjectInformation, length, lpReturnLength) {
    const target = jobOf(thread, hJob);
    const bytes = describe(target, JobObjectInformationClass, thread.pointerSize, length);
    thread.memory.write(lpJobObjectInformation, bytes);
    lpReturnLength.set(bytes.length);
    return true;
  },
  IsProcessInJob({ process: { handles } }, ProcessHandle, JobHandle, Result) {
    const jobs = jobsOf(handles.get(ProcessHandle, ProcessObject).process);
    Result.set(JobHandle === NULL_HANDLE ? jobs.size > 0 : jobs.has(handles.get(JobHandle, JobObject)));
    return true;
  },
  TerminateJobObject({ process: { handles } }, hJob, uExitCode) {
    handles.get(hJob, JobObject).terminate(uExitCode);
    return true;
  },
});

/** NULL stands for the job of the calling process, which has to be in one. */
function jobOf({ process }: Thread, handle: Handle): JobObject {
  if (handle !== NULL_HANDLE) return process.handles.get(handle, JobObject);
  const own = [...jobsOf(process)].at(-1);
  if (own === undefined) throw new Win32Error(ERROR.ACCESS_DENIED);
  return own;
}

function describe(job: JobObject, infoClass: number, pointerSize: 4 | 8, room: number): Uint8Array {
  const layout = LIMITS[pointerSize];
  const sized = (size: number): DataView => {
    if (room < size) throw new Win32Error(ERROR.BAD_LENGTH);
    return new DataView(new ArrayBuffer(size));
  };
  switch (infoClass) {
    case CLASS.BASIC_ACCOUNTING:
    case CLASS.BASIC_AND_IO_ACCOUNTING: {
      const view = sized(infoClass === CLASS.BASIC_ACCOUNTING ? ACCOUNTING.SIZE : ACCOUNTING.IO_SIZE);
      const busyMs = [...job.processes].flatMap(({ threads }) => [...threads]).reduce((sum, thread) => sum + thread.busyMs, 0);
      view.setBigUint64(ACCOUNTING.TotalUserTime, BigInt(Math.floor(busyMs * 10_000)), true);
      view.setUint32(ACCOUNTING.TotalProcesses, job.totalProcesses, true);
      view.setUint32(ACCOUNTING.ActiveProcesses, job.processes.size, true);
      view.setUint32(ACCOUNTING.TotalTerminatedProcesses, job.terminatedProcesses, true);
      return new Uint8Array(view.buffer);
    }
    case CLASS.BASIC_LIMIT:
    case CLASS.EXTENDED_LIMIT: {
      const view = sized(infoClass === CLASS.BASIC_LIMIT ? layout.SIZE : layout.EXTENDED_SIZE);
      view.setUint32(layout.LimitFlags, job.limitFlags, true);
      view.setUint32(layout.ActiveProcessLimit, job.activeProcessLimit, true);
      return new Uint8Array(view.buffer);
    }
    case CLASS.BASIC_PROCESS_ID_LIST:
      return idList([...job.processes].map(({ id }) => id), pointerSize, room); // prettier-ignore
    default:
      throw new Win32Error(ERROR.INVALID_PARAMETER);
  }
}

/** Two counts, then as many ids as there is room for. */
function idList(ids: readonly number[], pointerSize: 4 | 8, room: number): Uint8Array {
  const fitting = Math.floor((room - 8) / pointerSize);
  if (fitting < ids.length) throw new Win32Error(room < 8 + pointerSize ? ERROR.BAD_LENGTH : ERROR.MORE_DATA);
  const view = new DataView(new ArrayBuffer(8 + pointerSize * ids.length));
  view.setUint32(0, ids.length, true);
  view.setUint32(4, ids.length, true);
  ids.forEach((id, index) => view.setUint32(8 + pointerSize * index, id, true));
  return new Uint8Array(view.buffer);
}
