import { ERROR, NULL_HANDLE, Win32Error, type Handle } from "@decant/hook";
import { implement, ProcessObject, type Thread } from "@decant/process";
import type { GuestMemory } from "@decant/memory";
import { CompletionPort } from "./completion-port.ts";
import { jobApi } from "./job.api.ts";
import { JobObject, jobsOf, TICKS_PER_MS, type JobLimits } from "./job-object.ts";
import { createNamed, openNamed } from "./named-objects.ts";

/** JOBOBJECTINFOCLASS (winnt.h). */
const CLASS = {
  BASIC_ACCOUNTING: 1,
  BASIC_LIMIT: 2,
  BASIC_PROCESS_ID_LIST: 3,
  END_OF_JOB_TIME: 6,
  ASSOCIATE_COMPLETION_PORT: 7,
  BASIC_AND_IO_ACCOUNTING: 8,
  EXTENDED_LIMIT: 9,
} as const;
/** JOBOBJECT_BASIC_LIMIT_INFORMATION and what follows it in the extended one, by the size of a pointer; `words` have that size. */
const LIMITS = {
  8: {
    quads: { PerProcessUserTimeLimit: 0, PerJobUserTimeLimit: 8 },
    doubles: { LimitFlags: 16, ActiveProcessLimit: 40, PriorityClass: 56, SchedulingClass: 60 },
    words: { MinimumWorkingSetSize: 24, MaximumWorkingSetSize: 32, Affinity: 48 },
    SIZE: 64,
    extended: { ProcessMemoryLimit: 112, JobMemoryLimit: 120, PeakProcessMemoryUsed: 128, PeakJobMemoryUsed: 136 },
    IO: 64,
    EXTENDED_SIZE: 144,
  },
  4: {
    quads: { PerProcessUserTimeLimit: 0, PerJobUserTimeLimit: 8 },
    doubles: { LimitFlags: 16, ActiveProcessLimit: 28, PriorityClass: 36, SchedulingClass: 40 },
    words: { MinimumWorkingSetSize: 20, MaximumWorkingSetSize: 24, Affinity: 32 },
    SIZE: 48,
    extended: { ProcessMemoryLimit: 96, JobMemoryLimit: 100, PeakProcessMemoryUsed: 104, PeakJobMemoryUsed: 108 },
    IO: 48,
    EXTENDED_SIZE: 112,
  },
} as const;
const ACCOUNTING = {
  TotalUserTime: 0,
  ThisPeriodTotalUserTime: 16,
  TotalProcesses: 36,
  ActiveProcesses: 40,
  TotalTerminatedProcesses: 44,
  SIZE: 48,
  IO_SIZE: 96,
} as const;
/** Flags that each structure may have (winnt.h: JOB_OBJECT_*_LIMIT_VALID_FLAGS). */
const VALID = { BASIC: 0xff, EXTENDED: 0x7fff } as const;

/**
 * Jobs. Limits of processes, memory and time are held; working sets, priorities and affinities are remembered, and nothing comes of them. A limit of the
 * kinds that "JobObjectExtendedLimitInformation" alone knows is refused in the basic structure, as documented.
 */
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
        const isExtended = JobObjectInformationClass === CLASS.EXTENDED_LIMIT;
        const next = readLimits(memory, lpJobObjectInformation, layout, isExtended, pointerSize);
        if ((next.LimitFlags & ~(isExtended ? VALID.EXTENDED : VALID.BASIC)) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
        target.setLimits(next);
        return true;
      }
      case CLASS.END_OF_JOB_TIME: {
        if (length !== 4) throw new Win32Error(ERROR.BAD_LENGTH);
        const action = memory.u32(lpJobObjectInformation);
        if (action > 1) throw new Win32Error(ERROR.INVALID_PARAMETER);
        target.endsAtJobTime = action === 0;
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
      view.setBigUint64(ACCOUNTING.TotalUserTime, BigInt(Math.floor(job.busyMs * TICKS_PER_MS)), true);
      view.setBigUint64(ACCOUNTING.ThisPeriodTotalUserTime, BigInt(Math.floor(job.busyMs * TICKS_PER_MS)), true);
      if (infoClass === CLASS.BASIC_AND_IO_ACCOUNTING) writeIo(view, ACCOUNTING.SIZE, job);
      view.setUint32(ACCOUNTING.TotalProcesses, job.totalProcesses, true);
      view.setUint32(ACCOUNTING.ActiveProcesses, job.processes.size, true);
      view.setUint32(ACCOUNTING.TotalTerminatedProcesses, job.terminatedProcesses, true);
      return new Uint8Array(view.buffer);
    }
    case CLASS.BASIC_LIMIT:
    case CLASS.EXTENDED_LIMIT: {
      const isExtended = infoClass === CLASS.EXTENDED_LIMIT;
      const view = sized(isExtended ? layout.EXTENDED_SIZE : layout.SIZE);
      const { limits } = job;
      for (const [name, at] of Object.entries(layout.quads)) view.setBigUint64(at, BigInt(limits[name as keyof JobLimits]), true);
      for (const [name, at] of Object.entries(layout.doubles)) view.setUint32(at, limits[name as keyof JobLimits], true);
      const word = (at: number, value: number): void =>
        pointerSize === 8 ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, Math.min(value, 0xffff_ffff), true);
      for (const [name, at] of Object.entries(layout.words)) word(at, limits[name as keyof JobLimits]);
      if (!isExtended) {
        // Those that only the other structure has are not told in this one.
        view.setUint32(layout.doubles.LimitFlags, limits.LimitFlags & VALID.BASIC, true);
        return new Uint8Array(view.buffer);
      }
      writeIo(view, layout.IO, job);
      const { extended } = layout;
      word(extended.ProcessMemoryLimit, limits.ProcessMemoryLimit);
      word(extended.JobMemoryLimit, limits.JobMemoryLimit);
      word(extended.PeakProcessMemoryUsed, job.peakProcessBytes);
      word(extended.PeakJobMemoryUsed, job.peakBytes);
      return new Uint8Array(view.buffer);
    }
    case CLASS.BASIC_PROCESS_ID_LIST:
      return idList([...job.processes].map(({ id }) => id), pointerSize, room); // prettier-ignore
    default:
      throw new Win32Error(ERROR.INVALID_PARAMETER);
  }
}

/** Reads either structure; what the basic one lacks stays as it is in none. */
function readLimits(memory: GuestMemory, from: number, layout: (typeof LIMITS)[4 | 8], isExtended: boolean, pointerSize: 4 | 8): JobLimits {
  const word = (at: number): number => Number(pointerSize === 8 ? memory.u64(from + at) : BigInt(memory.u32(from + at)));
  const { quads, doubles, words, extended } = layout;
  return {
    PerProcessUserTimeLimit: Number(memory.u64(from + quads.PerProcessUserTimeLimit)),
    PerJobUserTimeLimit: Number(memory.u64(from + quads.PerJobUserTimeLimit)),
    LimitFlags: memory.u32(from + doubles.LimitFlags),
    ActiveProcessLimit: memory.u32(from + doubles.ActiveProcessLimit),
    PriorityClass: memory.u32(from + doubles.PriorityClass),
    SchedulingClass: memory.u32(from + doubles.SchedulingClass),
    MinimumWorkingSetSize: word(words.MinimumWorkingSetSize),
    MaximumWorkingSetSize: word(words.MaximumWorkingSetSize),
    Affinity: word(words.Affinity),
    ProcessMemoryLimit: isExtended ? word(extended.ProcessMemoryLimit) : 0,
    JobMemoryLimit: isExtended ? word(extended.JobMemoryLimit) : 0,
  };
}

/** IO_COUNTERS of all that are or were members. */
function writeIo(view: DataView, at: number, { io }: JobObject): void {
  [io.reads, io.writes, 0, io.bytesRead, io.bytesWritten].forEach((value, index) => view.setBigUint64(at + 8 * index, BigInt(value), true));
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
