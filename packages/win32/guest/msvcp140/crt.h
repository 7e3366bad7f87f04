// What the library takes from the C runtime and from kernel32. There are no headers of Microsoft's: this is all.
#pragma once

using size_t = decltype(sizeof 0);
using ptrdiff_t = decltype(static_cast<char *>(nullptr) - static_cast<char *>(nullptr));
using uintptr_t = size_t;
using va_list = __builtin_va_list;

struct _iobuf;
struct tm { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst; };
struct lconv {
  char *decimal_point, *thousands_sep, *grouping, *int_curr_symbol, *currency_symbol, *mon_decimal_point, *mon_thousands_sep, *mon_grouping,
      *positive_sign, *negative_sign;
  char int_frac_digits, frac_digits, p_cs_precedes, p_sep_by_space, n_cs_precedes, n_sep_by_space, p_sign_posn, n_sign_posn;
  wchar_t *_W_decimal_point, *_W_thousands_sep, *_W_int_curr_symbol, *_W_currency_symbol, *_W_mon_decimal_point, *_W_mon_thousands_sep,
      *_W_positive_sign, *_W_negative_sign;
};
struct _Mbstatet { unsigned long _Wchar; unsigned short _Byte, _State; };

extern "C" {
void *malloc(size_t);
void *calloc(size_t, size_t);
void free(void *);
int _callnewh(size_t);
[[noreturn]] void abort();
[[noreturn]] void terminate();
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
void *memchr(const void *, int, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlen(const char *);
size_t wcslen(const wchar_t *);
int strcmp(const char *, const char *);
char *strerror(int);
char *setlocale(int, const char *);
lconv *localeconv();
const unsigned short *__pctype_func();
unsigned ___lc_codepage_func();
int ___mb_cur_max_func();
int tolower(int);
int toupper(int);
unsigned short towlower(unsigned short);
unsigned short towupper(unsigned short);
int iswctype(unsigned short, unsigned short);
size_t mbrtowc(wchar_t *, const char *, size_t, _Mbstatet *);
size_t wcrtomb(char *, wchar_t, _Mbstatet *);
int strcoll(const char *, const char *);
int wcscoll(const wchar_t *, const wchar_t *);
size_t strxfrm(char *, const char *, size_t);
size_t wcsxfrm(wchar_t *, const wchar_t *, size_t);
size_t strftime(char *, size_t, const char *, const tm *);
size_t wcsftime(wchar_t *, size_t, const wchar_t *, const tm *);
double strtod(const char *, char **);
float strtof(const char *, char **);
long strtol(const char *, char **, int);
unsigned long strtoul(const char *, char **, int);
long long _strtoi64(const char *, char **, int);
unsigned long long _strtoui64(const char *, char **, int);
int *_errno();
int __stdio_common_vsprintf_s(unsigned long long options, char *buffer, size_t count, const char *format, void *locale, va_list arguments);
_iobuf *__acrt_iob_func(unsigned);
_iobuf *_fsopen(const char *, const char *, int);
_iobuf *_wfsopen(const wchar_t *, const wchar_t *, int);
int fclose(_iobuf *);
int fflush(_iobuf *);
int fgetc(_iobuf *);
int fputc(int, _iobuf *);
int ungetc(int, _iobuf *);
unsigned short fgetwc(_iobuf *);
unsigned short fputwc(wchar_t, _iobuf *);
unsigned short ungetwc(unsigned short, _iobuf *);
size_t fread(void *, size_t, size_t, _iobuf *);
size_t fwrite(const void *, size_t, size_t, _iobuf *);
int _fseeki64(_iobuf *, long long, int);
int fgetpos(_iobuf *, long long *);
void _lock_file(_iobuf *);
void _unlock_file(_iobuf *);
void _invalid_parameter_noinfo_noreturn();
int rand_s(unsigned *);
double exp(double);
double cosh(double);
double sinh(double);
double ldexp(double, int);

// vcruntime140
struct __std_exception_data { const char *_What; bool _DoFree; };
void __std_exception_copy(const __std_exception_data *, __std_exception_data *);
void __std_exception_destroy(__std_exception_data *);
int __uncaught_exceptions();
void **__current_exception();
void **__current_exception_context();

// kernel32
#define WINAPI __stdcall
void WINAPI AcquireSRWLockExclusive(void **);
void WINAPI ReleaseSRWLockExclusive(void **);
unsigned char WINAPI TryAcquireSRWLockExclusive(void **);
void WINAPI WakeConditionVariable(void **);
void WINAPI WakeAllConditionVariable(void **);
int WINAPI SleepConditionVariableSRW(void **, void **, unsigned long, unsigned long);
void WINAPI EnterCriticalSection(void *);
void WINAPI LeaveCriticalSection(void *);
void WINAPI InitializeCriticalSection(void *);
void WINAPI DeleteCriticalSection(void *);
unsigned long WINAPI GetCurrentThreadId();
unsigned long WINAPI GetLastError();
unsigned long WINAPI GetTickCount();
unsigned long long WINAPI GetTickCount64();
void WINAPI Sleep(unsigned long);
int WINAPI SwitchToThread();
unsigned long WINAPI WaitForSingleObject(void *, unsigned long);
int WINAPI GetExitCodeThread(void *, unsigned long *);
int WINAPI CloseHandle(void *);
void WINAPI GetSystemTimeAsFileTime(unsigned long long *);
int WINAPI QueryPerformanceCounter(long long *);
int WINAPI QueryPerformanceFrequency(long long *);
void WINAPI RaiseException(unsigned long, unsigned long, unsigned long, const uintptr_t *);
unsigned long WINAPI FormatMessageA(unsigned long, const void *, unsigned long, unsigned long, char *, unsigned long, void *);
struct SYSTEM_INFO { unsigned words[6]; uintptr_t mask; unsigned processors, more[4]; };
void WINAPI GetNativeSystemInfo(SYSTEM_INFO *);
uintptr_t _beginthreadex(void *, unsigned, unsigned(__stdcall *)(void *), void *, unsigned, unsigned *);
void _endthreadex(unsigned);
}

// Programs that are built with these headers import what the library exports.
#ifndef EXPORT
#define EXPORT __declspec(dllexport)
#endif
inline void *operator new(size_t, void *at) noexcept { return at; }
inline void operator delete(void *, void *) noexcept {}
