/* A DLL that logs what it is told, and a program that imports it (with -DPROGRAM), for tests. Built like guest.c:
   gcc -shared -e DllMain attach.c -o attach.dll -lguest, then gcc -DPROGRAM -e start attach.c -o attach.exe attach.dll -lguest. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define IMPORT __declspec(dllimport)
IMPORT int Mode(void);
IMPORT void LogNumber(u64);
IMPORT u32 NewThread(u32 (*)(void *), void *);
IMPORT void Join(u32);
IMPORT void ExitProcess(u32);

#ifndef PROGRAM
__declspec(dllexport) int value = 11;

int DllMain(void *module, u32 reason, void *reserved) {
  LogNumber(0x100 + reason + (reserved ? 0x10 : 0));
  return Mode() != 1;
}

__declspec(dllexport) void work(void) { LogNumber(value++); }
#else
IMPORT int value;
IMPORT void work(void);

/* A TLS directory by hand: a variable for each thread, and a callback. */
u32 tls_index;
static const int tls_template = 42;
static void on_tls(void *module, u32 reason, void *reserved) { LogNumber(0x200 + reason); }
static void (*const callbacks[])(void *, u32, void *) = {on_tls, 0};
const struct {
  const void *start, *end;
  u32 *index;
  const void *callbacks;
  u32 zero_fill, characteristics;
} _tls_used = {&tls_template, &tls_template + 1, &tls_index, callbacks, 16, 0};

static int *local(void) {
  char **vector;
  __asm__("movq %%gs:0x58, %0" : "=r"(vector));
  return (int *)vector[tls_index];
}

static u32 worker(void *unused) {
  LogNumber((*local())++);
  return 0;
}

void start(void) {
  LogNumber((*local())++);
  value = 20;
  work();
  Join(NewThread(worker, 0));
  LogNumber(*local());
  if (Mode() == 2) return;
  ExitProcess(value);
}
#endif
