// Runs machine code on given register states and answers with the states after it: the reference of the differential tests.
// stdin:  { u32 cases, u32 code_bytes, code, struct state[cases] } again and again; stdout: struct state[cases] for each. The top bit of code_bytes says that it is a
// program, which goes on behind what faults.
// Built by processor.ts: gcc -O1 -o harness harness.c, and with -m32 for 32-bit mode (x86-64 Linux only).
#define _GNU_SOURCE
#ifdef __x86_64__
#include <asm/prctl.h>
#endif
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// The layout is state.ts's. Addresses are fixed, below 2 GiB, and the same in the translated run.
#define WINDOW_BYTES 256
struct state {
  uint64_t gpr[16];
  uint64_t rflags;
  uint32_t mxcsr;
  uint32_t fault; // 0, or the signal
  uint8_t xmm[16][16];
  uint8_t window[WINDOW_BYTES];
  uint8_t x87[128]; // eight registers of sixteen bytes, st0 first; in: so many as the depth says
  uint16_t fcw, fsw, depth, ftag;
};

#define CONTEXT 0x10000000
#define CODE 0x11000000
#define WINDOW 0x20000000

struct context {
  struct state s;          // 0
  uint64_t host_rsp;       // 0x318
  uint64_t code;           // 0x320
  uint64_t after;          // 0x328
  uint8_t pad[0xd0];       // 0x330
  uint8_t fx[512];         // 0x400
};
static struct context *const ctx = (struct context *)CONTEXT;
_Static_assert(__builtin_offsetof(struct context, host_rsp) == 0x318, "layout");
_Static_assert(__builtin_offsetof(struct context, fx) == 0x400, "layout");

void run_case(void);
extern char after_case[], after_fault[];
#ifdef __x86_64__
__asm__(
    ".text\n.globl run_case\nrun_case:\n"
    "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, 0x10000318\n"
    "fninit\nfldcw 0x10000310\n"
    "movzwl 0x10000314, %ecx\n"
    "shl $4, %ecx\n1: jz 2f\nfldt 0x10000280(%rcx)\nsub $16, %ecx\njmp 1b\n2:\n"
    "ldmxcsr 0x10000088\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nmovups (0x10000090+16*\\n), %xmm\\n\n.endr\n"
    "pushq 0x10000080\npopfq\n"
    "mov 0x10000000, %rax\nmov 0x10000008, %rcx\nmov 0x10000010, %rdx\nmov 0x10000018, %rbx\n"
    "mov 0x10000028, %rbp\nmov 0x10000030, %rsi\nmov 0x10000038, %rdi\n"
    "mov 0x10000040, %r8\nmov 0x10000048, %r9\nmov 0x10000050, %r10\nmov 0x10000058, %r11\n"
    "mov 0x10000060, %r12\nmov 0x10000068, %r13\nmov 0x10000070, %r14\nmov 0x10000078, %r15\n"
    "mov 0x10000020, %rsp\n"
    "jmp *0x10000320\n"
    ".globl after_case\nafter_case:\n"
    "mov %rsp, 0x10000020\n"
    "mov %rax, 0x10000000\nmov %rcx, 0x10000008\nmov %rdx, 0x10000010\nmov %rbx, 0x10000018\n"
    "mov %rbp, 0x10000028\nmov %rsi, 0x10000030\nmov %rdi, 0x10000038\n"
    "mov %r8, 0x10000040\nmov %r9, 0x10000048\nmov %r10, 0x10000050\nmov %r11, 0x10000058\n"
    "mov %r12, 0x10000060\nmov %r13, 0x10000068\nmov %r14, 0x10000070\nmov %r15, 0x10000078\n"
    "mov 0x10000318, %rsp\n"
    "pushfq\npopq 0x10000080\n"
    ".globl after_fault\nafter_fault:\n"
    "cld\n"
    "stmxcsr 0x10000088\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nmovups %xmm\\n, (0x10000090+16*\\n)\n.endr\n"
    "fxsave 0x10000400\nfninit\n"
    "mov 0x10000318, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n");
#else
// The lower halves of the first eight registers, and xmm0 to xmm7.
__asm__(
    ".text\n.globl run_case\nrun_case:\n"
    "push %ebx\npush %ebp\npush %esi\npush %edi\n"
    "mov %esp, 0x10000318\n"
    "fninit\nfldcw 0x10000310\n"
    "movzwl 0x10000314, %ecx\n"
    "shl $4, %ecx\n1: jz 2f\nfldt 0x10000280(%ecx)\nsub $16, %ecx\njmp 1b\n2:\n"
    "ldmxcsr 0x10000088\n"
    ".irp n,0,1,2,3,4,5,6,7\nmovups (0x10000090+16*\\n), %xmm\\n\n.endr\n"
    "pushl 0x10000080\npopfl\n"
    "mov 0x10000000, %eax\nmov 0x10000008, %ecx\nmov 0x10000010, %edx\nmov 0x10000018, %ebx\n"
    "mov 0x10000028, %ebp\nmov 0x10000030, %esi\nmov 0x10000038, %edi\n"
    "mov 0x10000020, %esp\n"
    "jmp *0x10000320\n"
    ".globl after_case\nafter_case:\n"
    "mov %esp, 0x10000020\n"
    "mov %eax, 0x10000000\nmov %ecx, 0x10000008\nmov %edx, 0x10000010\nmov %ebx, 0x10000018\n"
    "mov %ebp, 0x10000028\nmov %esi, 0x10000030\nmov %edi, 0x10000038\n"
    "mov 0x10000318, %esp\n"
    "pushfl\npopl 0x10000080\n"
    ".globl after_fault\nafter_fault:\n"
    "cld\n"
    "stmxcsr 0x10000088\n"
    ".irp n,0,1,2,3,4,5,6,7\nmovups %xmm\\n, (0x10000090+16*\\n)\n.endr\n"
    "fxsave 0x10000400\nfninit\n"
    "mov 0x10000318, %esp\n"
    "pop %edi\npop %esi\npop %ebp\npop %ebx\nret\n");
#endif

#ifdef __x86_64__
#define REG_IP REG_RIP
#define LEAVE {0xff, 0x24, 0x25, 0x28, 0x03, 0x00, 0x10} // jmp [ctx->after]
#else
#define REG_IP REG_EIP
#define LEAVE {0xff, 0x25, 0x28, 0x03, 0x00, 0x10}
#endif

// Whether what runs is a program, which goes on behind what faults.
static int goes_on;

// The instructions of programs that fault: int3, behind which the signal comes, ud2, and those of seven bytes with an address.
static int fault_length(int signal, const uint8_t *ip) {
  return signal == SIGTRAP ? 0 : ip[0] == 0x0f ? 2 : 7;
}

static void on_signal(int signal, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *uc = context;
  if (goes_on) {
    uc->uc_mcontext.gregs[REG_IP] += fault_length(signal, (uint8_t *)uc->uc_mcontext.gregs[REG_IP]);
    return;
  }
  ctx->s.fault = (uint32_t)signal;
  uc->uc_mcontext.gregs[REG_IP] = (greg_t)(uintptr_t)after_fault;
  uc->uc_mcontext.gregs[REG_EFL] &= ~0x40500; // DF, TF, AC
}

static void must_read(void *buffer, size_t bytes) {
  if (fread(buffer, 1, bytes, stdin) != bytes) exit(2);
}

int main(void) {
  if (mmap((void *)CONTEXT, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) return 3;
  uint8_t *code = mmap((void *)CODE, 16384, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  uint8_t *window = mmap((void *)WINDOW, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (code == MAP_FAILED || window == MAP_FAILED) return 3;
  window += 1024;
#ifdef __x86_64__
  syscall(SYS_arch_prctl, ARCH_SET_GS, WINDOW);
#endif
  stack_t alternate = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  sigaction(SIGFPE, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  sigaction(SIGTRAP, &action, NULL);
  uint32_t header[2];
  while (fread(header, 1, sizeof header, stdin) == sizeof header) {
    goes_on = header[1] >> 31;
    header[1] &= 0x7fffffff;
    must_read(code, header[1]);
    static const uint8_t leave[] = LEAVE;
    memcpy(code + header[1], leave, sizeof leave);
    for (uint32_t n = 0; n < header[0]; n++) {
      must_read(&ctx->s, sizeof ctx->s);
      ctx->code = CODE;
      ctx->after = (uint64_t)(uintptr_t)after_case;
      ctx->s.fault = 0;
      memcpy(window, ctx->s.window, WINDOW_BYTES);
      run_case();
      memcpy(ctx->s.window, window, WINDOW_BYTES);
      memcpy(ctx->s.x87, ctx->fx + 32, 128);
      memcpy(&ctx->s.fcw, ctx->fx, 2);
      memcpy(&ctx->s.fsw, ctx->fx + 2, 2);
      ctx->s.ftag = ctx->fx[4];
      fwrite(&ctx->s, 1, sizeof ctx->s, stdout);
    }
  }
  return 0;
}
