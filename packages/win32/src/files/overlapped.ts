import { statusOf, Win32Error, win32FromStatus, ERROR, type Handle, type Out } from "@decant/hook";
import { MemoryAccessError } from "@decant/memory";
import { Event, guestCall, type GuestGenerator, type Thread } from "@decant/process";
import type { IoObject, OverlappedAccess } from "./io-object.ts";
import type { IoOutcome, PendingIo } from "./pending-io.ts";

/** The status of an access that has not ended. */
export const STATUS_PENDING = 0x103n;
const STATUS_END_OF_FILE = 0xc000_0011;
const STATUS_UNSUCCESSFUL = 0xc000_0001;
/** FILE_SKIP_COMPLETION_PORT_ON_SUCCESS. */
const SKIP_PORT_ON_SUCCESS = 1;

/** An OVERLAPPED structure of the guest's. */
export type OverlappedPlace = Out<
  { Offset: number; OffsetHigh: number; hEvent: Handle; Internal: bigint; InternalHigh: bigint },
  { Internal?: bigint; InternalHigh?: bigint }
>;

/** What is told when an access ends: by the event, to the file's port, or to a completion routine. */
interface Telling {
  readonly thread: Thread;
  readonly object: IoObject;
  readonly place: OverlappedPlace;
  readonly event: Event | undefined;
  /** The low bit of hEvent keeps the port from hearing of it. */
  readonly toPort: boolean;
  /** ReadFileEx and WriteFileEx: a routine that runs in an alertable wait. */
  readonly routine: number;
}

/** Prepares an access with an OVERLAPPED structure. Throws ERROR_INVALID_HANDLE for an event that is none. */
export function startTelling(thread: Thread, object: IoObject, place: OverlappedPlace, routine = 0): Telling {
  const { hEvent } = place.get();
  // hEvent is the program's own to use with a completion routine.
  const handle = routine === 0 ? ((hEvent & ~1) as Handle) : 0;
  const event = handle === 0 ? undefined : thread.process.handles.get(handle as Handle, Event);
  event?.reset();
  place.update({ Internal: STATUS_PENDING, InternalHigh: 0n });
  return { thread, object, place, event, toPort: routine === 0 && (hEvent & 1) === 0, routine };
}

/** The access has ended before its call returns. */
export function tellNow(telling: Telling, count: number, isEnd = false): void {
  tell(telling, isEnd ? STATUS_END_OF_FILE : 0, count, true);
  if (isEnd) throw new Win32Error(ERROR.HANDLE_EOF);
}

/** The access goes on: it is told later. `finish` stores the result, and returns the count of bytes. Throws ERROR_IO_PENDING. */
export function tellLater<T>(telling: Telling, pending: PendingIo<T>, finish: (outcome: IoOutcome<T>) => number): never {
  const { thread, object, place } = telling;
  const access: OverlappedAccess = { thread, overlapped: place.address, cancel: () => pending.cancel() };
  object.accesses.add(access);
  const endHostWait = pending.isOfHost ? thread.kernel.beginHostWait() : undefined;
  pending.onEnd((outcome) => {
    object.accesses.delete(access);
    endHostWait?.();
    if (thread.process.ending === undefined) {
      const { status, count } = finished(outcome, finish);
      tell(telling, status, count, false);
    }
    object.accessEnded(access);
  });
  throw new Win32Error(ERROR.IO_PENDING);
}

/** Waits for an access of a call that returns when it has ended. The thread's end takes it back. */
export function* waitForIo<T>(thread: Thread, pending: PendingIo<T>): GuestGenerator<T> {
  const outcome =
    pending.outcome ??
    ((yield {
      kind: "block",
      waitsForHost: pending.isOfHost,
      begin(resume) {
        let isActive = true;
        pending.onEnd((ended) => {
          if (isActive) resume(ended);
        });
        return () => {
          isActive = false;
          pending.cancel();
        };
      },
    }) as IoOutcome<T>);
  void thread;
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

function finished<T>(outcome: IoOutcome<T>, finish: (outcome: IoOutcome<T>) => number): { status: number; count: number } {
  try {
    const count = finish(outcome);
    return { status: "error" in outcome ? statusOfError(outcome.error) : 0, count };
  } catch (error) {
    return { status: statusOfError(error), count: 0 };
  }
}

function statusOfError(error: unknown): number {
  return (statusOf(error) ?? STATUS_UNSUCCESSFUL) >>> 0;
}

function tell({ thread, object, place, event, toPort, routine }: Telling, status: number, count: number, isNow: boolean): void {
  try {
    place.update({ Internal: BigInt(status), InternalHigh: BigInt(count) });
  } catch (error) {
    // The program has freed the structure in the meantime.
    if (!(error instanceof MemoryAccessError) || isNow) throw error;
  }
  event?.set();
  // A call that fails at once says so itself, and to nobody else.
  if (isNow && status !== 0) return;
  const overlapped = BigInt(place.address);
  if (routine !== 0) {
    const code = status === 0 ? 0 : win32FromStatus(status);
    thread.queueApc(() => runRoutine(thread, routine, code, count, place.address));
  } else if (toPort && !(isNow && (object.completionModes & SKIP_PORT_ON_SUCCESS) !== 0)) {
    object.completion?.port.post({ bytes: count, key: object.completion.key, overlapped, status });
  }
}

function* runRoutine(thread: Thread, routine: number, code: number, count: number, overlapped: number): GuestGenerator<void> {
  yield* guestCall(thread, routine, code, count, overlapped);
}
