import { api, arrayIn, BOOL, CALLBACK, DWORD, fn, HANDLE, handleOr, in_, LARGE_INTEGER, LONG, NULL_HANDLE, optional, orElse, out, OPAQUE, PVOID, text, TSTR, VOID, ULONG_PTR } from "@decant/hook";

const WAIT_RESULT = orElse(DWORD, 0xffff_ffff);
const OBJECT = handleOr(NULL_HANDLE);

/** Kernel objects that can be waited for ("Synchronization Functions"). */
export const waitApi = api("kernel32", {
  CreateEvent: text(OBJECT, ["lpEventAttributes", PVOID], ["bManualReset", BOOL], ["bInitialState", BOOL], ["lpName", TSTR]),
  CreateEventEx: text(OBJECT, ["lpEventAttributes", PVOID], ["lpName", TSTR], ["dwFlags", DWORD], ["dwDesiredAccess", DWORD]),
  OpenEvent: text(OBJECT, ["dwDesiredAccess", DWORD], ["bInheritHandle", BOOL], ["lpName", TSTR]),
  SetEvent: fn(BOOL, ["hEvent", HANDLE]),
  ResetEvent: fn(BOOL, ["hEvent", HANDLE]),
  PulseEvent: fn(BOOL, ["hEvent", HANDLE]),
  CreateMutex: text(OBJECT, ["lpMutexAttributes", PVOID], ["bInitialOwner", BOOL], ["lpName", TSTR]),
  CreateMutexEx: text(OBJECT, ["lpMutexAttributes", PVOID], ["lpName", TSTR], ["dwFlags", DWORD], ["dwDesiredAccess", DWORD]),
  OpenMutex: text(OBJECT, ["dwDesiredAccess", DWORD], ["bInheritHandle", BOOL], ["lpName", TSTR]),
  ReleaseMutex: fn(BOOL, ["hMutex", HANDLE]),
  CreateSemaphore: text(OBJECT, ["lpSemaphoreAttributes", PVOID], ["lInitialCount", LONG], ["lMaximumCount", LONG], ["lpName", TSTR]),
  CreateSemaphoreEx: text(OBJECT, ["lpSemaphoreAttributes", PVOID], ["lInitialCount", LONG], ["lMaximumCount", LONG], ["lpName", TSTR], ["dwFlags", DWORD], ["dwDesiredAccess", DWORD]),
  OpenSemaphore: text(OBJECT, ["dwDesiredAccess", DWORD], ["bInheritHandle", BOOL], ["lpName", TSTR]),
  ReleaseSemaphore: fn(BOOL, ["hSemaphore", HANDLE], ["lReleaseCount", LONG], ["lpPreviousCount", optional(out(LONG))]),
  CreateWaitableTimer: text(OBJECT, ["lpTimerAttributes", PVOID], ["bManualReset", BOOL], ["lpTimerName", TSTR]),
  CreateWaitableTimerEx: text(OBJECT, ["lpTimerAttributes", PVOID], ["lpTimerName", TSTR], ["dwFlags", DWORD], ["dwDesiredAccess", DWORD]),
  OpenWaitableTimer: text(OBJECT, ["dwDesiredAccess", DWORD], ["bInheritHandle", BOOL], ["lpTimerName", TSTR]),
  SetWaitableTimer: fn(BOOL, ["hTimer", HANDLE], ["lpDueTime", in_(LARGE_INTEGER)], ["lPeriod", LONG], ["pfnCompletionRoutine", CALLBACK], ["lpArgToCompletionRoutine", OPAQUE], ["fResume", BOOL]),
  CancelWaitableTimer: fn(BOOL, ["hTimer", HANDLE]),
  WaitForSingleObject: fn(WAIT_RESULT, ["hHandle", HANDLE], ["dwMilliseconds", DWORD]),
  WaitForSingleObjectEx: fn(WAIT_RESULT, ["hHandle", HANDLE], ["dwMilliseconds", DWORD], ["bAlertable", BOOL]),
  WaitForMultipleObjects: fn(WAIT_RESULT, ["nCount", DWORD], ["lpHandles", arrayIn(HANDLE, "nCount")], ["bWaitAll", BOOL], ["dwMilliseconds", DWORD]),
  WaitForMultipleObjectsEx: fn(WAIT_RESULT, ["nCount", DWORD], ["lpHandles", arrayIn(HANDLE, "nCount")], ["bWaitAll", BOOL], ["dwMilliseconds", DWORD], ["bAlertable", BOOL]),
  SignalObjectAndWait: fn(WAIT_RESULT, ["hObjectToSignal", HANDLE], ["hObjectToWaitOn", HANDLE], ["dwMilliseconds", DWORD], ["bAlertable", BOOL]),
  Sleep: fn(VOID, ["dwMilliseconds", DWORD]),
  SleepEx: fn(DWORD, ["dwMilliseconds", DWORD], ["bAlertable", BOOL]),
  QueueUserAPC: fn(orElse(DWORD, 0), ["pfnAPC", CALLBACK], ["hThread", HANDLE], ["dwData", ULONG_PTR]),
  CreateIoCompletionPort: fn(OBJECT, ["FileHandle", HANDLE], ["ExistingCompletionPort", HANDLE], ["CompletionKey", ULONG_PTR], ["NumberOfConcurrentThreads", DWORD]),
  GetQueuedCompletionStatus: fn(BOOL, ["CompletionPort", HANDLE], ["lpNumberOfBytesTransferred", out(DWORD)], ["lpCompletionKey", out(ULONG_PTR)], ["lpOverlapped", out(OPAQUE)], ["dwMilliseconds", DWORD]),
  PostQueuedCompletionStatus: fn(BOOL, ["CompletionPort", HANDLE], ["dwNumberOfBytesTransferred", DWORD], ["dwCompletionKey", ULONG_PTR], ["lpOverlapped", OPAQUE]),
});
