// Parallel regions: the thread that comes to one runs it with others, which are kept for the next.
#include "team.h"

extern "C" void callRegion(void *function, int count, void **arguments);

namespace {

constexpr unsigned long INFINITE = 0xffffffff;
constexpr int MAX_THREADS = 64;

unsigned long slot;
/** What regions have without a clause of their own; 0 until somebody asks. */
int wantedThreads;
bool isNested, isDynamic;

/** A thread that waits for work, or has some. */
struct Worker {
  Worker *next;
  Task task;
  void *wake;
};
void *poolLock;
Worker *idle;

void runTask(Task *task) {
  TlsSetValue(slot, task);
  const Team *const team = task->team;
  callRegion(team->function, team->argumentCount, team->arguments);
}

void endTask(Team *team) {
  const Held held(&team->lock);
  if (--team->running == 0) WakeAllConditionVariable(&team->changed);
}

unsigned long WINAPI work(void *given) {
  Worker *const worker = static_cast<Worker *>(given);
  for (;;) {
    Team *const team = worker->task.team;
    runTask(&worker->task);
    {
      const Held held(&poolLock);
      worker->task.team = nullptr;
      worker->next = idle;
      idle = worker;
    }
    // The region's end is told last: its team is gone then, and the worker may have another.
    endTask(team);
    const Held held(&poolLock);
    while (worker->task.team == nullptr) SleepConditionVariableSRW(&worker->wake, &poolLock, INFINITE, 0);
  }
}

/** Gives a task to a thread that waits, or to a new one; false when there is none. */
bool start(Team *team, int number, Task *outer) {
  const Task task{team, number, outer};
  {
    const Held held(&poolLock);
    if (idle != nullptr) {
      Worker *const worker = idle;
      idle = worker->next;
      worker->task = task;
      WakeAllConditionVariable(&worker->wake);
      return true;
    }
  }
  Worker *const worker = static_cast<Worker *>(allocate(sizeof(Worker)));
  if (worker == nullptr) return false;
  worker->task = task;
  // Threads stay in this library: it stays too.
  void *self;
  GetModuleHandleExA(1 | 4, reinterpret_cast<const char *>(&work), &self);
  void *const thread = CreateThread(nullptr, 0, work, worker, 0, nullptr);
  if (thread == nullptr) {
    HeapFree(GetProcessHeap(), 0, worker);
    return false;
  }
  CloseHandle(thread);
  return true;
}

int numberIn(const char *variable) {
  char text[16];
  const unsigned long length = GetEnvironmentVariableA(variable, text, sizeof text);
  int number = 0;
  for (unsigned long i = 0; i < length && i < sizeof text && text[i] >= '0' && text[i] <= '9'; i++) number = 10 * number + text[i] - '0';
  return number;
}

int regionThreads() {
  if (wantedThreads == 0) {
    const int asked = numberIn("OMP_NUM_THREADS");
    wantedThreads = asked > 0 ? asked : omp_get_num_procs();
  }
  return wantedThreads < MAX_THREADS ? wantedThreads : MAX_THREADS;
}

bool isInRegion(const Task *task) { return task->team->function != nullptr; }

}  // namespace

void *allocate(decltype(sizeof 0) size) { return HeapAlloc(GetProcessHeap(), 8, size); }

Task *currentTask() {
  if (Task *const task = static_cast<Task *>(TlsGetValue(slot))) return task;
  // A thread outside of any region: a team of its own.
  struct Alone { Task task; Team team; };
  Alone *const alone = static_cast<Alone *>(allocate(sizeof(Alone)));
  alone->team.size = 1;
  alone->task.team = &alone->team;
  TlsSetValue(slot, &alone->task);
  return &alone->task;
}

void waitForTeam(Team *team) {
  const Held held(&team->lock);
  const unsigned barrier = team->barriers;
  if (++team->arrived == team->size) {
    team->arrived = 0;
    team->barriers++;
    WakeAllConditionVariable(&team->changed);
    return;
  }
  while (team->barriers == barrier) SleepConditionVariableSRW(&team->changed, &team->lock, INFINITE, 0);
}

extern "C" {

EXPORT void _vcomp_fork(int isParallel, int count, void *function, ...) {
  Task *const outer = currentTask();
  const int asked = outer->askedThreads;
  outer->askedThreads = 0;
  Team team{};
  team.function = function;
  team.argumentCount = count;
  __builtin_va_list arguments;
  __builtin_va_start(arguments, function);
  team.arguments = reinterpret_cast<void **>(arguments);
  const bool isSerial = !isParallel || (isInRegion(outer) && outer->team->size > 1 && !isNested);
  const int wanted = isSerial ? 1 : asked > 0 ? (asked < MAX_THREADS ? asked : MAX_THREADS) : regionThreads();
  team.size = team.running = wanted;
  // A thread that cannot be had is missing before any of the others looks.
  AcquireSRWLockExclusive(&team.lock);
  int started = 1;
  while (started < wanted && start(&team, started, outer)) started++;
  team.size = started;
  team.running = started;
  ReleaseSRWLockExclusive(&team.lock);
  Task task{&team, 0, outer};
  runTask(&task);
  TlsSetValue(slot, outer);
  const Held held(&team.lock);
  team.running--;
  while (team.running > 0) SleepConditionVariableSRW(&team.changed, &team.lock, INFINITE, 0);
  __builtin_va_end(arguments);
}

EXPORT void _vcomp_set_num_threads(int count) {
  if (count > 0) currentTask()->askedThreads = count;
}
EXPORT void omp_set_num_threads(int count) {
  if (count > 0) wantedThreads = count;
}
EXPORT int omp_get_max_threads() { return regionThreads(); }
EXPORT int omp_get_num_threads() { return currentTask()->team->size; }
EXPORT int omp_get_thread_num() { return currentTask()->number; }
EXPORT int _vcomp_get_thread_num() { return omp_get_thread_num(); }
EXPORT int omp_get_num_procs() {
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  return static_cast<int>(system.processors);
}
EXPORT int omp_in_parallel() {
  // A region of one thread inside of another is in a parallel one all the same.
  for (const Task *task = currentTask(); task != nullptr; task = task->outer) if (task->team->size > 1) return 1;
  return 0;
}
EXPORT void omp_set_nested(int value) { isNested = value != 0; }
EXPORT int omp_get_nested() { return isNested; }
EXPORT void omp_set_dynamic(int value) { isDynamic = value != 0; }
EXPORT int omp_get_dynamic() { return isDynamic; }

EXPORT void _vcomp_barrier() { waitForTeam(currentTask()->team); }
EXPORT void _vcomp_flush() { __sync_synchronize(); }

EXPORT int _vcomp_master_begin() { return currentTask()->number == 0; }
EXPORT void _vcomp_master_end() {}
EXPORT void _vcomp_master_barrier() { _vcomp_barrier(); }

EXPORT int _vcomp_single_begin(int) {
  Task *const task = currentTask();
  Team *const team = task->team;
  task->singles++;
  const Held held(&team->lock);
  if (team->singles == task->singles || static_cast<int>(task->singles - team->singles) < 0) return 0;
  team->singles = task->singles;
  return 1;
}
EXPORT void _vcomp_single_end() {}

EXPORT void _vcomp_sections_init(int count) {
  Task *const task = currentTask();
  Team *const team = task->team;
  task->sections++;
  const Held held(&team->lock);
  if (static_cast<int>(task->sections - team->sections) <= 0) return;
  team->sections = task->sections;
  team->nextSection = 0;
  team->sectionCount = count;
}
EXPORT int _vcomp_sections_next() {
  Task *const task = currentTask();
  Team *const team = task->team;
  const Held held(&team->lock);
  return team->sections == task->sections && team->nextSection < team->sectionCount ? team->nextSection++ : -1;
}

int __stdcall start(void *, unsigned reason, void *) {
  if (reason == 1) slot = TlsAlloc();
  return 1;
}
}
