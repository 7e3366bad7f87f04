// Calls a parallel region's function with as many arguments as the compiler said: callRegion(function, count, arguments).
#ifdef _WIN64
__asm__(R"(
.text
.globl callRegion
.def callRegion; .scl 2; .type 32; .endef
.seh_proc callRegion
callRegion:
  pushq %rbp
  .seh_pushreg %rbp
  pushq %rsi
  .seh_pushreg %rsi
  pushq %rdi
  .seh_pushreg %rdi
  movq %rsp, %rbp
  .seh_setframe %rbp, 0
  .seh_endprologue
  movq %rcx, %rax
  movslq %edx, %rcx
  movq %r8, %rsi
  # Four places at least, as registers have theirs; 16-byte aligned.
  leaq 47(,%rcx,8), %rdx
  andq $-16, %rdx
  subq %rdx, %rsp
  movq %rsp, %rdi
  rep movsq
  movq (%rsp), %rcx
  movq 8(%rsp), %rdx
  movq 16(%rsp), %r8
  movq 24(%rsp), %r9
  callq *%rax
  movq %rbp, %rsp
  popq %rdi
  popq %rsi
  popq %rbp
  retq
.seh_endproc
)");
#else
__asm__(R"(
.text
.globl _callRegion
.def _callRegion; .scl 2; .type 32; .endef
_callRegion:
  pushl %ebp
  movl %esp, %ebp
  pushl %esi
  pushl %edi
  movl 12(%ebp), %ecx
  movl 16(%ebp), %esi
  leal (,%ecx,4), %eax
  subl %eax, %esp
  andl $-16, %esp
  movl %esp, %edi
  rep movsl
  calll *8(%ebp)
  leal -8(%ebp), %esp
  popl %edi
  popl %esi
  popl %ebp
  retl
)");
#endif
