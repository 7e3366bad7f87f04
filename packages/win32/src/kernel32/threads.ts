import { ERROR, Win32Error, type Handle, type Out } from "@decant/hook";
import {
  exitThread,
  getThreadContext,
  implement,
  ProcessObject,
  setThreadContext,
  sleep,
  ThreadObject,
  type Process,
  type Thread,
} from "@decant/process";
import { fileTimeFromMs } from "../files/file-time.ts";
import { isInheritable } from "./security-attributes.ts";
import { threadsApi } from "./threads.api.ts";

const CREATE_SUSPENDED = 4;
const STACK_SIZE_PARAM_IS_A_RESERVATION = 0x1_0000;
/** The pseudo-handle of the calling thread. */
const CURRENT_THREAD = -2 as Handle;
const THREAD_PRIORITIES: ReadonlySet<number> = new Set([-15, -2, -1, 0, 1, 2, 15]);

/** A thread's priority: remembered and told, without effect. */
class Priority {
  value = 0;
  isBoostDisabled = false;
  idealProcessor = 0;
}

const priorityOf = (thread: Thread): Priority => thread.state(Priority, () => new Priority());

export const threads = implement(threadsApi, {
  CreateThread: (thread, attributes, stackSize, start, parameter, flags, id) =>
    create(thread, thread.process, { attributes, stackSize, start, parameter, flags, id }),
  CreateRemoteThread: (thread, hProcess, attributes, stackSize, start, parameter, flags, id) =>
    create(thread, processOf(thread, hProcess), { attributes, stackSize, start, parameter, flags, id }),
  CreateRemoteThreadEx: (thread, hProcess, attributes, stackSize, start, parameter, flags, _list, id) =>
    create(thread, processOf(thread, hProcess), { attributes, stackSize, start, parameter, flags, id }),
  *ExitThread(thread, code) {
    yield* exitThread(thread, code);
  },
  *TerminateThread(thread, handle, code) {
    const target = threadOf(thread, handle);
    if (target === thread) return yield* exitThread(thread, code);
    target.process.endThread(target, code);
    return true;
  },
  *SuspendThread(thread, handle) {
    const target = threadOf(thread, handle);
    const before = thread.kernel.suspendThread(target);
    if (target === thread) yield* sleep(thread, 0);
    return before;
  },
  ResumeThread: (thread, handle) => thread.kernel.resumeThread(threadOf(thread, handle)),
  GetExitCodeThread(thread, handle, code) {
    code.set(objectOf(thread, handle).exitCode);
    return true;
  },
  GetCurrentThread: () => CURRENT_THREAD,
  GetCurrentThreadStackLimits({ stackLow, stackHigh }, LowLimit, HighLimit) {
    LowLimit.set(stackLow);
    HighLimit.set(stackHigh);
  },
  GetCurrentThreadId: (thread) => thread.id,
  GetThreadId: (thread, handle) => threadOf(thread, handle).id,
  GetProcessIdOfThread: (thread, handle) => threadOf(thread, handle).process.id,
  OpenThread({ process, kernel }, _access, inherit, id) {
    const found = [...kernel.processes].flatMap(({ threads: all }) => [...all]).find((each) => each.id === id);
    if (found === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return process.handles.add(found.object, inherit);
  },
  SetThreadPriority(thread, handle, priority) {
    if (!THREAD_PRIORITIES.has(priority)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    priorityOf(threadOf(thread, handle)).value = priority;
    return true;
  },
  GetThreadPriority: (thread, handle) => priorityOf(threadOf(thread, handle)).value,
  SetThreadAffinityMask(thread, handle, mask) {
    threadOf(thread, handle);
    const all = affinityMask(thread);
    if (mask === 0 || mask % (all + 1) !== mask) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return all;
  },
  GetThreadContext(thread, handle, lpContext) {
    const target = threadOf(thread, handle);
    if (target.status === "ended") throw new Win32Error(ERROR.GEN_FAILURE);
    getThreadContext(target, thread.memory, lpContext);
    return true;
  },
  SetThreadContext(thread, handle, lpContext) {
    const target = threadOf(thread, handle);
    if (target.status === "ended") throw new Win32Error(ERROR.GEN_FAILURE);
    setThreadContext(target, thread.memory, lpContext);
    return true;
  },
  GetThreadTimes(thread, handle, lpCreationTime, lpExitTime, lpKernelTime, lpUserTime) {
    const { startedAt, endedAt, busyMs } = objectOf(thread, handle).thread;
    lpCreationTime.set(fileTimeFromMs(startedAt));
    lpExitTime.set(endedAt === undefined ? 0n : fileTimeFromMs(endedAt));
    lpKernelTime.set(0n);
    lpUserTime.set(BigInt(Math.floor(busyMs * 10_000)));
    return true;
  },
  GetThreadPriorityBoost(thread, handle, pDisablePriorityBoost) {
    pDisablePriorityBoost.set(priorityOf(threadOf(thread, handle)).isBoostDisabled);
    return true;
  },
  SetThreadPriorityBoost(thread, handle, bDisablePriorityBoost) {
    priorityOf(threadOf(thread, handle)).isBoostDisabled = bDisablePriorityBoost;
    return true;
  },
  SetThreadIdealProcessor(thread, handle, dwIdealProcessor) {
    const priority = priorityOf(threadOf(thread, handle));
    const before = priority.idealProcessor;
    // MAXIMUM_PROCESSORS asks without changing anything.
    if (dwIdealProcessor > 64) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (dwIdealProcessor !== 64) priority.idealProcessor = dwIdealProcessor;
    return before;
  },
  *SwitchToThread(thread) {
    const others = [...thread.process.threads].some((each) => each !== thread && each.status === "ready");
    yield* sleep(thread, 0);
    return others;
  },
  GetCurrentProcessorNumber: () => 0,
});

interface NewThread {
  readonly attributes: number;
  readonly stackSize: number;
  readonly start: number;
  readonly parameter: bigint;
  readonly flags: number;
  readonly id: Out<number>;
}

/** Makes a thread of a process, and a handle of the caller's for it. */
function create(thread: Thread, process: Process, { attributes, stackSize, start, parameter, flags, id }: NewThread): Handle {
  if ((flags & ~(CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION)) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  // The size is what to commit unless it is said to be the reservation: the larger of both is reserved.
  const reserve = process.modules.program.image.stackReserve;
  const size = stackSize === 0 ? 0 : (flags & STACK_SIZE_PARAM_IS_A_RESERVATION) !== 0 ? stackSize : Math.max(stackSize, reserve);
  const made = process.createThread(start, parameter, { stackSize: size, suspended: (flags & CREATE_SUSPENDED) !== 0 });
  if (!id.isNull) id.set(made.id);
  return thread.process.handles.add(made.object, isInheritable(thread, attributes));
}

/** A process that has not ended. */
function processOf(thread: Thread, handle: Handle): Process {
  const { process } = thread.process.handles.get(handle, ProcessObject);
  if (process.ending !== undefined) throw new Win32Error(ERROR.ACCESS_DENIED);
  return process;
}

function objectOf({ process }: Thread, handle: Handle): ThreadObject {
  return process.handles.get(handle, ThreadObject);
}

function threadOf(thread: Thread, handle: Handle): Thread {
  return handle === CURRENT_THREAD ? thread : objectOf(thread, handle).thread;
}

/** A bit for each processor that the guest is told of. */
function affinityMask({ process }: Thread): number {
  return 2 ** Math.min(process.host.cpuCount, 32) - 1;
}
