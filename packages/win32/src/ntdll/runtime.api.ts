import { api, BOOLEAN, BYTES, DWORD, fn, forward, HANDLE, in_, infallible, inout, INT, LARGE_INTEGER, LONG, NTSTATUS, optional, out, PVOID, SIZE_T, ULONG, ULONG_PTR_N,
  USHORT, VOID, ULONGLONG, type Implementation } from "@decant/hook"; // prettier-ignore
import type { Thread } from "@decant/process";

/** What ntdll has of the C runtime, for programs that link no other. */
const C_RUNTIME =
  `_atoi64 _i64toa _itoa _memicmp _snprintf _snwprintf _splitpath _strcmpi _stricmp _strlwr _strnicmp _strupr _ui64toa _ultoa _vsnprintf
  _vsnwprintf _wcsicmp _wcslwr _wcsnicmp _wcsupr _wtoi _wtol abs atan atoi atol bsearch ceil cos fabs floor isalnum isalpha isdigit isgraph islower isprint
  isspace isupper iswalpha iswctype iswdigit iswspace isxdigit labs log mbstowcs memchr memcmp memcpy memmove memset pow qsort sin sprintf sqrt sscanf strcat
  strchr strcmp strcpy strcspn strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtol strtoul swprintf tan tolower toupper towlower towupper vsprintf
  wcscat wcschr wcscmp wcscpy wcscspn wcslen wcsncat wcsncmp wcsncpy wcspbrk wcsrchr wcsspn wcsstr wcstol wcstombs wcstoul`.split(/\s+/);

/** Functions that kernel32 has too, with the same parameters. */
const AS_KERNEL32: Readonly<Record<string, string>> = {
  RtlAllocateHeap: "HeapAlloc",
  RtlFreeHeap: "HeapFree",
  RtlReAllocateHeap: "HeapReAlloc",
  RtlSizeHeap: "HeapSize",
  RtlValidateHeap: "HeapValidate",
  RtlEnterCriticalSection: "EnterCriticalSection",
  RtlLeaveCriticalSection: "LeaveCriticalSection",
  RtlTryEnterCriticalSection: "TryEnterCriticalSection",
  RtlDeleteCriticalSection: "DeleteCriticalSection",
  RtlAcquireSRWLockExclusive: "AcquireSRWLockExclusive",
  RtlReleaseSRWLockExclusive: "ReleaseSRWLockExclusive",
  RtlAcquireSRWLockShared: "AcquireSRWLockShared",
  RtlReleaseSRWLockShared: "ReleaseSRWLockShared",
  RtlTryAcquireSRWLockExclusive: "TryAcquireSRWLockExclusive",
  RtlTryAcquireSRWLockShared: "TryAcquireSRWLockShared",
  RtlInitializeSRWLock: "InitializeSRWLock",
  RtlInitializeConditionVariable: "InitializeConditionVariable",
  RtlWakeConditionVariable: "WakeConditionVariable",
  RtlWakeAllConditionVariable: "WakeAllConditionVariable",
  RtlWakeAddressSingle: "WakeByAddressSingle",
  RtlWakeAddressAll: "WakeByAddressAll",
  RtlAddVectoredExceptionHandler: "AddVectoredExceptionHandler",
  RtlRemoveVectoredExceptionHandler: "RemoveVectoredExceptionHandler",
  RtlGetLastWin32Error: "GetLastError",
  RtlSetLastWin32Error: "SetLastError",
  RtlRestoreLastWin32Error: "RestoreLastError",
  RtlInitializeSListHead: "InitializeSListHead",
  RtlInterlockedPushEntrySList: "InterlockedPushEntrySList",
  RtlInterlockedPopEntrySList: "InterlockedPopEntrySList",
  RtlInterlockedFlushSList: "InterlockedFlushSList",
  RtlQueryDepthSList: "QueryDepthSList",
  RtlEncodePointer: "EncodePointer",
  RtlDecodePointer: "DecodePointer",
  RtlExitUserThread: "ExitThread",
  RtlExitUserProcess: "ExitProcess",
  RtlCaptureStackBackTrace: "RtlCaptureStackBackTrace",
  DbgBreakPoint: "DebugBreak",
  VerSetConditionMask: "VerSetConditionMask",
  RtlQueryPerformanceCounter: "QueryPerformanceCounter",
  RtlQueryPerformanceFrequency: "QueryPerformanceFrequency",
};

/** Rtl functions about memory, times and random numbers ("Winternl.h", "Run-Time Library Routines"). */
export const ntRuntimeApi = api("ntdll", {
  RtlZeroMemory: fn(VOID, ["Destination", PVOID], ["Length", SIZE_T]),
  RtlFillMemory: fn(VOID, ["Destination", PVOID], ["Length", SIZE_T], ["Fill", INT]),
  RtlMoveMemory: fn(VOID, ["Destination", PVOID], ["Source", PVOID], ["Length", SIZE_T]),
  RtlCopyMemory: fn(VOID, ["Destination", PVOID], ["Source", PVOID], ["Length", SIZE_T]),
  RtlCompareMemory: fn(infallible(SIZE_T), ["Source1", BYTES], ["Source2", BYTES], ["Length", SIZE_T]),
  RtlInitializeCriticalSection: fn(NTSTATUS, ["lpCriticalSection", PVOID]),
  RtlInitializeCriticalSectionAndSpinCount: fn(NTSTATUS, ["lpCriticalSection", PVOID], ["dwSpinCount", DWORD]),
  RtlInitString: fn(VOID, ["DestinationString", PVOID], ["SourceString", PVOID]),
  RtlInitAnsiString: fn(VOID, ["DestinationString", PVOID], ["SourceString", PVOID]),
  RtlTimeToSecondsSince1970: fn(infallible(BOOLEAN), ["Time", in_(ULONGLONG)], ["ElapsedSeconds", out(ULONG)]),
  RtlSecondsSince1970ToTime: fn(VOID, ["ElapsedSeconds", ULONG], ["Time", out(ULONGLONG)]),
  RtlRandom: fn(infallible(ULONG), ["Seed", inout(ULONG)]),
  RtlRandomEx: fn(infallible(ULONG), ["Seed", inout(ULONG)]),
  RtlUniform: fn(infallible(ULONG), ["Seed", inout(ULONG)]),
  RtlAdjustPrivilege: fn(NTSTATUS, ["Privilege", ULONG], ["Enable", BOOLEAN], ["CurrentThread", BOOLEAN], ["Enabled", out(BOOLEAN)]),
  RtlImageNtHeader: fn(infallible(PVOID), ["ModuleAddress", PVOID]),
  RtlImageDirectoryEntryToData: fn(
    infallible(PVOID),
    ["BaseOfImage", PVOID],
    ["MappedAsImage", BOOLEAN],
    ["DirectoryEntry", USHORT],
    ["Size", out(ULONG)],
  ),
  RtlAddressInSectionTable: fn(infallible(PVOID), ["NtHeaders", PVOID], ["BaseOfImage", PVOID], ["VirtualAddress", ULONG]),
  RtlImageRvaToVa: fn(infallible(PVOID), ["NtHeaders", PVOID], ["Base", PVOID], ["Rva", ULONG], ["LastRvaSection", PVOID]),
  RtlGetLastNtStatus: fn(infallible(LONG)),
  RtlUpcaseUnicodeChar: fn(infallible(ULONG), ["SourceCharacter", ULONG]),
  RtlDowncaseUnicodeChar: fn(infallible(ULONG), ["SourceCharacter", ULONG]),
  RtlComputeCrc32: fn(infallible(ULONG), ["PartialCrc", ULONG], ["Buffer", BYTES], ["Length", ULONG]),
  RtlGetSystemTimePrecise: fn(infallible(ULONGLONG)),
  NtQuerySystemTime: fn(NTSTATUS, ["SystemTime", out(ULONGLONG)]),
  NtQueryPerformanceCounter: fn(NTSTATUS, ["Counter", out(LARGE_INTEGER)], ["Frequency", optional(out(LARGE_INTEGER))]),
  NtQueryTimerResolution: fn(NTSTATUS, ["MaximumTime", out(ULONG)], ["MinimumTime", out(ULONG)], ["CurrentTime", out(ULONG)]),
  NtSetTimerResolution: fn(NTSTATUS, ["DesiredTime", ULONG], ["SetResolution", BOOLEAN], ["ActualTime", out(ULONG)]),
  NtYieldExecution: fn(NTSTATUS),
  NtTestAlert: fn(NTSTATUS),
  NtTerminateProcess: fn(NTSTATUS, ["ProcessHandle", HANDLE], ["ExitStatus", ULONG]),
  NtSuspendProcess: fn(NTSTATUS, ["ProcessHandle", HANDLE]),
  NtResumeProcess: fn(NTSTATUS, ["ProcessHandle", HANDLE]),
  NtAllocateVirtualMemory: fn(
    NTSTATUS,
    ["ProcessHandle", HANDLE],
    ["BaseAddress", inout(PVOID)],
    ["ZeroBits", ULONG_PTR_N],
    ["RegionSize", inout(SIZE_T)],
    ["AllocationType", ULONG],
    ["Protect", ULONG],
  ),
  NtFreeVirtualMemory: fn(
    NTSTATUS,
    ["ProcessHandle", HANDLE],
    ["BaseAddress", inout(PVOID)],
    ["RegionSize", inout(SIZE_T)],
    ["FreeType", ULONG],
  ),
  NtProtectVirtualMemory: fn(
    NTSTATUS,
    ["ProcessHandle", HANDLE],
    ["BaseAddress", inout(PVOID)],
    ["RegionSize", inout(SIZE_T)],
    ["NewProtect", ULONG],
    ["OldProtect", out(ULONG)],
  ),
});

/** What is found under the same parameters elsewhere. */
export const ntForwards: Implementation<Thread, object> = {
  table: api(
    "ntdll",
    Object.fromEntries([
      ...C_RUNTIME.map((name) => [name, forward(`msvcrt.${name}`)] as const),
      ...Object.entries(AS_KERNEL32).map(([name, other]) => [name, forward(`kernel32.${other}`)] as const),
    ]),
  ),
  bodies: {},
};
