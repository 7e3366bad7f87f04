/* A program without a C library, for tests of processes: what it does is chosen by Mode(). Built by
   x86_64-w64-mingw32-dlltool -d guest.def -l libguest.a && x86_64-w64-mingw32-gcc -Os -s -nostdlib -fno-builtin -fno-optimize-sibling-calls -e start guest.c -o guest.exe libguest.a */
typedef unsigned int u32;
typedef unsigned long long u64;
#define IMPORT __declspec(dllimport)
IMPORT int Mode(void);
IMPORT void Log(const char *);
IMPORT void LogNumber(u64);
IMPORT int CallBack(int (*)(int, int, int, int, int, int), int);
IMPORT void Nap(u32);
IMPORT u32 NewThread(u32 (*)(void *), void *);
IMPORT void Join(u32);
IMPORT void BadPointer(void *);
IMPORT void FreeTwice(void);
IMPORT void OnException(long (*)(void **));
IMPORT void OnConsole(int (*)(u32));
IMPORT void ExitThread(u32);
IMPORT void ExitProcess(u32);
IMPORT void Missing(int, const char *);

static volatile int shared;

static int six(int a, int b, int c, int d, int e, int f) {
  Nap(1);
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

static int nested(int depth, int b, int c, int d, int e, int f) {
  return depth == 0 ? 1 : 1 + CallBack(nested, depth - 1);
}

static u32 worker(void *name) {
  for (int i = 0; i < 3; i++) {
    Log(name);
    Nap(2);
  }
  return 5;
}

static u32 quitter(void *name) {
  Log(name);
  ExitThread(6);
  return 0;
}

static u32 setter(void *unused) {
  shared = 1;
  return 0;
}

static u32 ender(void *unused) {
  ExitProcess(77);
  return 0;
}

/* CONTEXT.Rip lies at 0xF8: go on behind the two-byte instruction. */
static long skip(void **pointers) {
  LogNumber(*(u32 *)pointers[0]);
  *(u64 *)((char *)pointers[1] + 0xf8) += 2;
  return -1;
}

static long pass(void **pointers) {
  LogNumber(*(u32 *)pointers[0]);
  return 0;
}

static int refuse(u32 event) {
  LogNumber(event);
  return shared++ == 0;
}

static int recurse(int n) {
  volatile char space[500];
  space[n & 255] = 1;
  return recurse(n + 1) + space[5];
}

void start(void) {
  switch (Mode()) {
  case 0:
    LogNumber(CallBack(six, 7));
    LogNumber(CallBack(nested, 20));
    ExitProcess(300);
  case 1: {
    u32 a = NewThread(worker, "a"), b = NewThread(worker, "b"), c = NewThread(quitter, "c");
    Join(a);
    Join(b);
    Join(c);
    Log("joined");
    return;
  }
  case 2:
    NewThread(setter, 0);
    while (!shared) {
    }
    ExitProcess(2);
  case 3:
    NewThread(ender, 0);
    Nap(1000000);
    break;
  case 4:
    *(volatile int *)0x10 = 1;
    break;
  case 5:
    OnException(skip);
    __asm__ volatile("ud2");
    Log("after");
    ExitProcess(5);
  case 6:
    OnException(pass);
    __asm__ volatile("ud2");
    break;
  case 7:
    BadPointer((void *)0xe0000000);
    break;
  case 8:
    FreeTwice();
    break;
  case 9:
    Missing(7, "seven");
    break;
  case 10:
    for (;;) {
    }
  case 11:
    ((void (*)(void))0x5000000)();
    break;
  case 12:
    OnConsole(refuse);
    for (;;) Nap(1000000);
  case 13:
    Nap(1000000);
    break;
  case 14:
    LogNumber(recurse(0));
    break;
  case 15: {
    volatile int zero = 0;
    LogNumber(10 / zero);
    break;
  }
  case 16:
    __asm__ volatile("int3");
    break;
  }
}
