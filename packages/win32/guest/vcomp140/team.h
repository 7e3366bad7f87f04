// Teams of threads, and what the library takes from kernel32.
#pragma once

#define WINAPI __stdcall
#define EXPORT __declspec(dllexport)

extern "C" {
void WINAPI AcquireSRWLockExclusive(void **);
void WINAPI ReleaseSRWLockExclusive(void **);
unsigned char WINAPI TryAcquireSRWLockExclusive(void **);
int WINAPI SleepConditionVariableSRW(void **, void **, unsigned long, unsigned long);
void WINAPI WakeAllConditionVariable(void **);
void WINAPI InitializeCriticalSection(void *);
void WINAPI EnterCriticalSection(void *);
void WINAPI LeaveCriticalSection(void *);
void WINAPI DeleteCriticalSection(void *);
unsigned long WINAPI GetCurrentThreadId();
void *WINAPI CreateThread(void *, decltype(sizeof 0), unsigned long(WINAPI *)(void *), void *, unsigned long, unsigned long *);
int WINAPI CloseHandle(void *);
unsigned long WINAPI TlsAlloc();
void *WINAPI TlsGetValue(unsigned long);
int WINAPI TlsSetValue(unsigned long, void *);
void *WINAPI GetProcessHeap();
void *WINAPI HeapAlloc(void *, unsigned long, decltype(sizeof 0));
int WINAPI HeapFree(void *, unsigned long, void *);
unsigned long WINAPI GetEnvironmentVariableA(const char *, char *, unsigned long);
int WINAPI GetModuleHandleExA(unsigned long, const char *, void **);
int WINAPI QueryPerformanceCounter(long long *);
int WINAPI QueryPerformanceFrequency(long long *);
struct SYSTEM_INFO { unsigned words[2]; void *pointers[2]; decltype(sizeof 0) mask; unsigned processors, more[3]; };
void WINAPI GetSystemInfo(SYSTEM_INFO *);

EXPORT int omp_get_num_procs();
}

/** A lock that is held as long as this lives. */
class Held {
 public:
  explicit Held(void **lock) : lock_(lock) { AcquireSRWLockExclusive(lock); }
  ~Held() { ReleaseSRWLockExclusive(lock_); }

 private:
  void **lock_;
};

/** A loop whose iterations are given out while it runs: how many there are, how many are given. */
struct Loop {
  unsigned long long first, last, step, count, given, chunk;
  bool isUp, isGuided;
};

/** Threads that run one region. What all of them come to is counted, as some go on before others have come. */
struct Team {
  int size;
  /** Threads that have not ended the region yet. */
  int running;
  void *function;
  int argumentCount;
  void **arguments;
  void *lock, *changed;
  int arrived;
  unsigned barriers, singles, sections, loops;
  int nextSection, sectionCount;
  Loop loop;
};

/** What a thread does in a team. */
struct Task {
  Team *team;
  int number;
  /** Of the region around it, or of none. */
  Task *outer;
  /** What a num_threads clause asks of the next region; 0 when there is none. */
  int askedThreads;
  unsigned singles, sections, loops;
  /** The one piece of a loop that is divided beforehand. */
  bool hasPiece;
  unsigned long long pieceFirst, pieceLast;
};

/** The calling thread's. */
Task *currentTask();
/** Memory that is zero. */
void *allocate(decltype(sizeof 0) size);
/** Waits until all of the team have come. */
void waitForTeam(Team *team);
