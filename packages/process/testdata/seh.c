/* Structured exception handling with hand-written scope tables, for tests. Built like guest.c, as seh.exe. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define IMPORT __declspec(dllimport)
IMPORT int Mode(void);
IMPORT void LogNumber(u64);
IMPORT void Raise(u32 code);
IMPORT void CallBack(void (*)(int), int);
IMPORT void ExitProcess(u32);

int guarded(void (*body)(void));
void cleaned(void (*body)(void));

/* EXCEPTION_POINTERS -> record -> code: handled when it is even. */
long filter(void **pointers, void *frame) {
  u32 code = *(u32 *)pointers[0];
  LogNumber(code);
  if (code == 0x99) {
    *(u32 *)((char *)pointers[0] + 4) = 0;
    return -1;
  }
  return (code & 1) == 0;
}

void cleanup(int abnormal, void *frame) { LogNumber(0x100 + abnormal); }

__asm__(
    ".text\n.globl guarded\n.seh_proc guarded\nguarded:\n"
    "pushq %rbx\n.seh_pushreg %rbx\nsubq $32, %rsp\n.seh_stackalloc 32\n.seh_endprologue\n"
    ".seh_handler __C_specific_handler, @except, @unwind\n"
    "movl $0x1000, %ebx\n"
    "1: call *%rcx\nnop\n2: movl $1, %eax\njmp 4f\n"
    "3: addl %ebx, %eax\n"
    "4: addq $32, %rsp\npopq %rbx\nret\n"
    ".seh_handlerdata\n.long 1\n.rva 1b, 2b, filter, 3b\n.text\n.seh_endproc\n");

__asm__(
    ".text\n.globl cleaned\n.seh_proc cleaned\ncleaned:\n"
    "subq $40, %rsp\n.seh_stackalloc 40\n.seh_endprologue\n"
    ".seh_handler __C_specific_handler, @except, @unwind\n"
    "1: call *%rcx\nnop\n2: addq $40, %rsp\nret\n"
    ".seh_handlerdata\n.long 1\n.rva 1b, 2b, cleanup\n.long 0\n.text\n.seh_endproc\n");

static void clobber(u32 code) {
  __asm__ volatile("movl $0x5555, %%ebx" ::: "rbx", "rsi", "rdi", "r12");
  Raise(code);
}
static void raiseEven(void) { clobber(0x42); }
static void raiseOdd(void) { clobber(0x43); }
static void raiseAndGoOn(void) {
  clobber(0x99);
  LogNumber(0x9999);
}
static void callsCleaned(void) { cleaned(raiseEven); }
static void fromCallback(int ignored) { raiseEven(); }
static void throughHost(void) { CallBack(fromCallback, 0); }
static void faults(void) {
  __asm__ volatile("ud2");
}
static void inner(void) { LogNumber(guarded(raiseOdd)); }

void start(void) {
  switch (Mode()) {
  case 0: LogNumber(guarded(raiseEven)); break;
  case 1: LogNumber(guarded(callsCleaned)); break;
  case 2: LogNumber(guarded(raiseAndGoOn)); break;
  case 3: LogNumber(guarded(throughHost)); break;
  case 4: LogNumber(guarded(faults)); break;
  case 5: LogNumber(guarded(inner)); break;
  }
  ExitProcess(0);
}
