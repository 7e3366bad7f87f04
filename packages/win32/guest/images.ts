/** A DLL of our own in guest code: the folder of its sources, and what it imports, by DLL, names of x86's stdcall functions with their bytes. */
export interface GuestImage {
  readonly name: string;
  readonly imports: Readonly<Record<string, string>>;
  /** What it exports besides what its sources say: names of functions that x86 decorates. */
  readonly exports?: readonly string[];
  /** More flags of the compiler's. */
  readonly flags?: readonly string[];
}

/** Every DLL that is guest code. */
export const guestImages: readonly GuestImage[] = [
  {
    name: "msvcp140",
    imports: {
      "kernel32.dll": `AcquireSRWLockExclusive@4 CloseHandle@4 DeleteCriticalSection@4 EnterCriticalSection@4 FormatMessageA@28 GetCurrentThreadId@0
        GetExitCodeThread@8 GetNativeSystemInfo@4 GetSystemTimeAsFileTime@4 InitOnceExecuteOnce@16 InitializeCriticalSection@4
        LeaveCriticalSection@4 QueryPerformanceCounter@4 QueryPerformanceFrequency@4 RaiseException@16 ReleaseSRWLockExclusive@4
        RtlPcToFileHeader@8 Sleep@4 SleepConditionVariableSRW@16 SwitchToThread@0 TryAcquireSRWLockExclusive@4 WaitForSingleObject@8
        WakeAllConditionVariable@4 WakeConditionVariable@4`,
      "vcruntime140.dll": `_CxxThrowException@8 __CxxFrameHandler3 __current_exception __std_exception_copy __std_exception_destroy __std_terminate
        __uncaught_exceptions memcpy memset`,
      "ucrtbase.dll": `___lc_codepage_func ___mb_cur_max_func __acrt_iob_func __pctype_func __stdio_common_vsprintf_s _beginthreadex _callnewh
        _endthreadex _errno _fseeki64 _fsopen _lock_file _set_new_handler _strtoi64 _strtoui64 _unlock_file _wfsopen abort calloc cosh exp
        fclose fflush fgetc fgetpos fputc fread free fwrite iswctype ldexp localeconv malloc mbrtowc rand_s setlocale sinh strcoll strftime
        strlen strtod strtof strtol strtoul strxfrm tolower toupper towlower towupper wcrtomb wcscoll wcsxfrm`,
    },
  },
  {
    // OpenMP's run-time library.
    name: "vcomp140",
    imports: {
      "kernel32.dll": `AcquireSRWLockExclusive@4 CloseHandle@4 CreateThread@24 DeleteCriticalSection@4 EnterCriticalSection@4
        GetCurrentThreadId@0 GetEnvironmentVariableA@12 GetModuleHandleExA@12 GetProcessHeap@0 GetSystemInfo@4 HeapAlloc@12 HeapFree@12
        InitializeCriticalSection@4 LeaveCriticalSection@4 QueryPerformanceCounter@4 QueryPerformanceFrequency@4
        ReleaseSRWLockExclusive@4 SleepConditionVariableSRW@16 TlsAlloc@0 TlsGetValue@4 TlsSetValue@8 TryAcquireSRWLockExclusive@4
        WakeAllConditionVariable@4`,
      "msvcrt.dll": "memcpy memset",
    },
    flags: ["-fno-rtti", "-fno-exceptions", "-fno-cxx-exceptions"],
  },
  {
    // The imaging components, and with them the other objects that programs make in their process: streams over files, shell links.
    name: "windowscodecs",
    imports: {
      "kernel32.dll": `CloseHandle@4 CreateFileW@28 ExpandEnvironmentStringsW@12 GetDriveTypeW@4 GetFileAttributesExW@12 GetFileSize@8
        GetFullPathNameW@16 GetLastError@0 GetVolumeInformationW@32 MultiByteToWideChar@24 ReadFile@20 SetEndOfFile@4 SetFilePointerEx@20
        WideCharToMultiByte@32 WriteFile@20`,
      "ole32.dll": "CoTaskMemAlloc@4",
      "msvcrt.dll": "abort free malloc memcmp memcpy memset realloc",
    },
    flags: ["-fno-rtti", "-fno-exceptions", "-fno-cxx-exceptions"],
    exports: ["DllGetClassObject", "DllCanUnloadNow", "SHCreateStreamOnFileA", "SHCreateStreamOnFileW"],
  },
  // No DLL of Windows': what a mapping calls.
  { name: "sorting", imports: {}, flags: ["-O2", "-fno-vectorize", "-fno-slp-vectorize", "-fno-unroll-loops"] },
];
