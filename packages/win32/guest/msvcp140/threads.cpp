// std::mutex, std::condition_variable and std::thread, by the functions and layouts that programs know (xthreads.h).
#include "exceptions.h"

enum { _Thrd_success, _Thrd_nomem, _Thrd_timedout, _Thrd_busy, _Thrd_error };
enum { _Mtx_plain = 1, _Mtx_try = 2, _Mtx_timed = 4, _Mtx_recursive = 0x100 };
constexpr unsigned long INFINITE = 0xffffffff;

struct xtime { long long sec; long nsec; };
struct _Thrd_t { void *_Hnd; unsigned _Id; };

namespace {

/** As large as programs make it; mutexes that they make themselves are zero but for the kind. */
struct Mutex {
  int kind;
  void *unused, *lock;
#ifdef _WIN64
  char space[64 - 2 * sizeof(void *)];
#else
  char space[36 - 2 * sizeof(void *)];
#endif
  long owner;
  int count;
};
struct Condition { void *unused, *variable; };
#ifdef _WIN64
static_assert(sizeof(Mutex) == 80, "as Microsoft lays it out");
#else
static_assert(sizeof(Mutex) == 48, "as Microsoft lays it out");
#endif

/** An owner that no thread is. */
constexpr long NOBODY = -1;

bool isMine(const Mutex *mutex) { return mutex->count != 0 && mutex->owner == static_cast<long>(GetCurrentThreadId()); }

void taken(Mutex *mutex) {
  mutex->count++;
  mutex->owner = static_cast<long>(GetCurrentThreadId());
}

/** Of 64 bits by 32, for which 32-bit compilers call a library. */
unsigned long long divide(unsigned long long number, unsigned by, unsigned *rest) {
#ifdef _WIN64
  *rest = static_cast<unsigned>(number % by);
  return number / by;
#else
  unsigned high = static_cast<unsigned>(number >> 32), low = static_cast<unsigned>(number), highQuotient = high / by;
  high %= by;
  __asm__("divl %3" : "=a"(low), "=d"(*rest) : "0"(low), "r"(by), "1"(high));
  return (static_cast<unsigned long long>(highQuotient) << 32) | low;
#endif
}

/** Milliseconds from now to a time, rounded up; 0 for one that is past. */
unsigned long until(const xtime *when);

int takeWithin(Mutex *mutex, const xtime *until_) {
  if ((mutex->kind & ~_Mtx_recursive) == _Mtx_plain) {
    if (!isMine(mutex)) {
      AcquireSRWLockExclusive(&mutex->lock);
    } else if ((mutex->kind & _Mtx_recursive) == 0) return _Thrd_busy;
    taken(mutex);
    return _Thrd_success;
  }
  for (;;) {
    if (isMine(mutex) ? (mutex->kind & _Mtx_recursive) != 0 : TryAcquireSRWLockExclusive(&mutex->lock) != 0) {
      taken(mutex);
      return _Thrd_success;
    }
    if (until_ != nullptr && until(until_) == 0) return until_->sec == 0 && until_->nsec == 0 ? _Thrd_busy : _Thrd_timedout;
    if (until_ == nullptr && !isMine(mutex)) {
      AcquireSRWLockExclusive(&mutex->lock);
      taken(mutex);
      return _Thrd_success;
    }
    Sleep(1);
  }
}

}  // namespace

extern "C" {

EXPORT long long _Xtime_get_ticks() {
  unsigned long long now;
  GetSystemTimeAsFileTime(&now);
  // From 1601 to 1970, in units of 100 ns.
  return static_cast<long long>(now - 116444736000000000ull);
}
EXPORT int xtime_get(xtime *to, int kind) {
  if (kind != 1 || to == nullptr) return 0;
  unsigned rest;
  to->sec = static_cast<long long>(divide(static_cast<unsigned long long>(_Xtime_get_ticks()), 10000000, &rest));
  to->nsec = static_cast<long>(rest) * 100;
  return kind;
}
EXPORT long _Xtime_diff_to_millis2(const xtime *left, const xtime *right) {
  const long long milliseconds = (left->sec - right->sec) * 1000 + static_cast<long>(left->nsec - right->nsec + 999999) / 1000000;
  return milliseconds <= 0 ? 0 : milliseconds > 0x7fffffff ? 0x7fffffff : static_cast<long>(milliseconds);
}
EXPORT long _Xtime_diff_to_millis(const xtime *when) {
  xtime now;
  xtime_get(&now, 1);
  return _Xtime_diff_to_millis2(when, &now);
}
EXPORT long long _Query_perf_counter() {
  long long value;
  QueryPerformanceCounter(&value);
  return value;
}
EXPORT long long _Query_perf_frequency() {
  long long value;
  QueryPerformanceFrequency(&value);
  return value;
}

EXPORT void _Mtx_init_in_situ(Mutex *mutex, int kind) {
  memset(mutex, 0, sizeof *mutex);
  mutex->kind = kind;
  mutex->owner = NOBODY;
}
EXPORT void _Mtx_destroy_in_situ(Mutex *) {}
EXPORT int _Mtx_init(Mutex **to, int kind) {
  *to = static_cast<Mutex *>(malloc(sizeof(Mutex)));
  if (*to == nullptr) return _Thrd_nomem;
  _Mtx_init_in_situ(*to, kind);
  return _Thrd_success;
}
EXPORT void _Mtx_destroy(Mutex *mutex) { free(mutex); }
EXPORT int _Mtx_current_owns(Mutex *mutex) { return isMine(mutex); }
EXPORT int _Mtx_lock(Mutex *mutex) { return takeWithin(mutex, nullptr); }
EXPORT int _Mtx_trylock(Mutex *mutex) {
  if (isMine(mutex) ? (mutex->kind & _Mtx_recursive) == 0 : TryAcquireSRWLockExclusive(&mutex->lock) == 0) return _Thrd_busy;
  taken(mutex);
  return _Thrd_success;
}
EXPORT int _Mtx_timedlock(Mutex *mutex, const xtime *when) {
  const int result = takeWithin(mutex, when);
  return result == _Thrd_busy ? _Thrd_timedout : result;
}
EXPORT int _Mtx_unlock(Mutex *mutex) {
  if (--mutex->count == 0) {
    mutex->owner = NOBODY;
    ReleaseSRWLockExclusive(&mutex->lock);
  }
  return _Thrd_success;
}
EXPORT void *_Mtx_getconcrtcs(Mutex *mutex) { return &mutex->unused; }
EXPORT void _Mtx_clear_owner(Mutex *mutex) {
  mutex->owner = NOBODY;
  mutex->count--;
}
EXPORT void _Mtx_reset_owner(Mutex *mutex) { taken(mutex); }

EXPORT void _Cnd_init_in_situ(Condition *condition) { *condition = {nullptr, nullptr}; }
EXPORT void _Cnd_destroy_in_situ(Condition *) {}
EXPORT int _Cnd_init(Condition **to) {
  // As large as programs' own.
  *to = static_cast<Condition *>(calloc(1, 72));
  return *to == nullptr ? _Thrd_nomem : _Thrd_success;
}
EXPORT void _Cnd_destroy(Condition *condition) { free(condition); }
EXPORT int _Cnd_wait(Condition *condition, Mutex *mutex) {
  _Mtx_clear_owner(mutex);
  SleepConditionVariableSRW(&condition->variable, &mutex->lock, INFINITE, 0);
  _Mtx_reset_owner(mutex);
  return _Thrd_success;
}
EXPORT int _Cnd_timedwait(Condition *condition, Mutex *mutex, const xtime *when) {
  _Mtx_clear_owner(mutex);
  const bool isWoken = SleepConditionVariableSRW(&condition->variable, &mutex->lock, until(when), 0) != 0;
  _Mtx_reset_owner(mutex);
  return isWoken || until(when) != 0 ? _Thrd_success : _Thrd_timedout;
}
EXPORT int _Cnd_signal(Condition *condition) {
  WakeConditionVariable(&condition->variable);
  return _Thrd_success;
}
EXPORT int _Cnd_broadcast(Condition *condition) {
  WakeAllConditionVariable(&condition->variable);
  return _Thrd_success;
}

// Conditions that a thread's end tells: promises that are kept then, and threads that wait for one to start.
struct AtExit { unsigned long thread; Condition *condition; Mutex *mutex; int *ready; };
static AtExit atExit[20];
static void *atExitLock = nullptr;
EXPORT void _Cnd_register_at_thread_exit(Condition *condition, Mutex *mutex, int *ready) {
  for (;;) {
    AcquireSRWLockExclusive(&atExitLock);
    for (AtExit &each : atExit) {
      if (each.mutex != nullptr) continue;
      each = {GetCurrentThreadId(), condition, mutex, ready};
      ReleaseSRWLockExclusive(&atExitLock);
      return;
    }
    ReleaseSRWLockExclusive(&atExitLock);
    Sleep(1);
  }
}
EXPORT void _Cnd_unregister_at_thread_exit(Mutex *mutex) {
  AcquireSRWLockExclusive(&atExitLock);
  for (AtExit &each : atExit) if (each.mutex == mutex) each.mutex = nullptr;
  ReleaseSRWLockExclusive(&atExitLock);
}
EXPORT void _Cnd_do_broadcast_at_thread_exit() {
  const unsigned long self = GetCurrentThreadId();
  AcquireSRWLockExclusive(&atExitLock);
  for (AtExit &each : atExit) {
    if (each.mutex == nullptr || each.thread != self) continue;
    if (each.ready != nullptr) *each.ready = 1;
    _Mtx_unlock(each.mutex);
    _Cnd_broadcast(each.condition);
    each.mutex = nullptr;
  }
  ReleaseSRWLockExclusive(&atExitLock);
}

EXPORT int _Thrd_join(_Thrd_t thread, int *code) {
  if (WaitForSingleObject(thread._Hnd, INFINITE) == INFINITE) return _Thrd_error;
  unsigned long result;
  if (code != nullptr) {
    if (GetExitCodeThread(thread._Hnd, &result) == 0) return _Thrd_error;
    *code = static_cast<int>(result);
  }
  return CloseHandle(thread._Hnd) == 0 ? _Thrd_error : _Thrd_success;
}
EXPORT int _Thrd_detach(_Thrd_t thread) { return CloseHandle(thread._Hnd) == 0 ? _Thrd_error : _Thrd_success; }
EXPORT unsigned _Thrd_id() { return static_cast<unsigned>(GetCurrentThreadId()); }
EXPORT _Thrd_t _Thrd_current() { return {nullptr, _Thrd_id()}; }
EXPORT int _Thrd_equal(_Thrd_t left, _Thrd_t right) { return left._Id == right._Id; }
EXPORT void _Thrd_yield() { SwitchToThread(); }
EXPORT void _Thrd_sleep(const xtime *when) {
  for (unsigned long left; (left = until(when)) != 0;) Sleep(left);
}
EXPORT unsigned _Thrd_hardware_concurrency() {
  SYSTEM_INFO system;
  GetNativeSystemInfo(&system);
  return system.processors;
}
EXPORT void _Thrd_exit(int code) { _endthreadex(static_cast<unsigned>(code)); }
EXPORT void _Thrd_abort(const char *) { abort(); }
EXPORT int _Thrd_start(_Thrd_t *thread, unsigned(__stdcall *function)(void *), void *argument) {
  thread->_Hnd = reinterpret_cast<void *>(_beginthreadex(nullptr, 0, function, argument, 0, &thread->_Id));
  return thread->_Hnd == nullptr ? _Thrd_error : _Thrd_success;
}
struct Start { int(__cdecl *function)(void *); void *argument; };
static unsigned __stdcall startThread(void *given) {
  const Start start = *static_cast<Start *>(given);
  free(given);
  const int result = start.function(start.argument);
  _Cnd_do_broadcast_at_thread_exit();
  return static_cast<unsigned>(result);
}
EXPORT int _Thrd_create(_Thrd_t *thread, int(__cdecl *function)(void *), void *argument) {
  Start *const start = static_cast<Start *>(malloc(sizeof(Start)));
  if (start == nullptr) return _Thrd_nomem;
  *start = {function, argument};
  const int result = _Thrd_start(thread, startThread, start);
  if (result != _Thrd_success) free(start);
  return result;
}

// Locks of the older functions, and of shared_ptr's atomic access.
static void *sharedPointerLock = nullptr;
EXPORT void _Lock_shared_ptr_spin_lock() { AcquireSRWLockExclusive(&sharedPointerLock); }
EXPORT void _Unlock_shared_ptr_spin_lock() { ReleaseSRWLockExclusive(&sharedPointerLock); }
EXPORT void _Mtxinit(void *section) { InitializeCriticalSection(section); }
EXPORT void _Mtxdst(void *section) { DeleteCriticalSection(section); }
EXPORT void _Mtxlock(void *section) { EnterCriticalSection(section); }
EXPORT void _Mtxunlock(void *section) { LeaveCriticalSection(section); }
EXPORT void __set_stl_sync_api_mode(int) {}

}

namespace {
unsigned long until(const xtime *when) { return static_cast<unsigned long>(_Xtime_diff_to_millis(when)); }
}

namespace std {
struct once_flag { void *_Opaque; };
extern "C" int WINAPI InitOnceExecuteOnce(void *, int(WINAPI *)(void *, void *, void **), void *, void **);
EXPORT int _Execute_once(once_flag &flag, int(__cdecl *function)(void *, void *, void **), void *argument) {
#ifdef _WIN64
  return InitOnceExecuteOnce(&flag, function, argument, nullptr);
#else
  // Programs' functions are cdecl; what calls them is stdcall.
  struct Call { int(__cdecl *function)(void *, void *, void **); void *argument; } call{function, argument};
  return InitOnceExecuteOnce(&flag, [](void *once, void *given, void **context) __attribute__((stdcall)) -> int {
    const Call *const made = static_cast<const Call *>(given);
    return made->function(once, made->argument, context);
  }, &call, nullptr);
#endif
}
}
