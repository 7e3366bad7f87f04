/** Reads and writes all vector registers and all but four others. */
const USES_ALL = [
  ...Array.from({ length: 16 }, (_, n) => `paddd xmm${n}, xmm${(n + 1) % 16}`),
  ...["rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"].map((register) => `add ${register}, rax`),
].join("\n    ");

/**
 * Small guest programs for the tests, as assembly text and as bytes. The entry is the label `start`, at 0x140000; 0x500000 is writable data.
 * programs.test.ts assembles the text again where there is an assembler.
 */
export const PROGRAMS = {
  guesses: {
    mode: 64,
    source: `
    push rbx
    push rsi
    sub rsp, 0x28
    mov ebx, ecx
    mov rsi, rdx
    lea rax, [rip+2f]
    lea rax, [rip+3f]
    xor eax, eax
1:  call qword ptr [rsi]
    dec ebx
    jnz 1b
    add rsp, 0x28
    pop rsi
    pop rbx
    ret
2:  add eax, 1
    ret
3:  add eax, 100
    ret
    nop
4:  add eax, 10000
    push rax
    pop rax
    ret`,
    bytes: "53564883ec2889cb4889d6488d0516000000488d051300000031c0ff16ffcb75fa4883c4285e5bc383c001c383c064c39005102700005058c3",
  },
  scalarLoop: {
    mode: 64,
    source: `
    movupd xmm0, [rdx]
    movsd xmm1, [rdx+16]
1:  addsd xmm0, xmm1
    movapd xmm2, xmm0
    dec ecx
    jnz 1b
    ret`,
    bytes: "660f1002f20f104a10f20f58c1660f28d0ffc975f4c3",
  },
  scalarWays: {
    mode: 64,
    source: `
    movupd xmm0, [rdx]
    movsd xmm3, [rdx]
    cmp ecx, 1
    jb 3f
    je 1f
    mov eax, 0x40200000
    mov dword ptr [rdx+4], eax
    xor eax, eax
    movd xmm4, eax
    mov dword ptr [rdx], eax
    movss xmm0, xmm4
    addss xmm0, xmm4
    movlpd xmm0, [rdx]
    jmp 3f
1:  movhpd xmm0, [rdx+24]
    movsd xmm1, [rdx+16]
    movsd xmm0, xmm1
3:  addsd xmm0, xmm3
    ret`,
    bytes:
      "660f1002f20f101a83f901722e741eb80000204089420431c0660f6ee08902f30f10c4f30f58c4660f1202eb0e660f164218f20f104a10f20f10c1f20f58c3c3",
  },
  leaf: {
    mode: 64,
    source: `
    push rbx
    sub rsp, 0x20
    mov ebx, ecx
    xor eax, eax
1:  call 3f
    dec ebx
    jnz 1b
2:  add rsp, 0x20
    pop rbx
    ret
3:  add eax, [rdx]
    cmp dword ptr [rdx+4], 0
    jne 4f
    ret
4:  lea r8, [rip+5f]
    mov [rsp], r8
    ret
5:  add eax, 1000
    jmp 2b`,
    bytes: "534883ec2089cb31c0e80a000000ffcb75f74883c4205bc30302837a04007501c34c8d05050000004c890424c305e8030000ebde",
  },
  leafLoop: {
    mode: 64,
    source: `
    push rbx
    mov ebx, 7
    call 1f
    add eax, ebx
    pop rbx
    ret
1:  xor eax, eax
2:  add eax, 3
    dec ecx
    jnz 2b
    ret`,
    bytes: "53bb07000000e80400000001d85bc331c083c003ffc975f9c3",
  },
  leafFlags: {
    mode: 64,
    source: `
    sub rsp, 0x28
    call 1f
    sbb eax, eax
    add rsp, 0x28
    ret
1:  cmp ecx, edx
    ret`,
    bytes: "4883ec28e80700000019c04883c428c339d1c3",
  },
  fib: {
    mode: 64,
    source: `
    cmp ecx, 2
    jae 1f
    mov eax, ecx
    ret
1:  push rbx
    push rsi
    sub rsp, 0x28
    mov ebx, ecx
    lea ecx, [rbx-1]
    call start
    mov esi, eax
    lea ecx, [rbx-2]
    call start
    add eax, esi
    add rsp, 0x28
    pop rsi
    pop rbx
    ret`,
    bytes: "83f902730389c8c353564883ec2889cb8d4bffe8e8ffffff89c68d4bfee8deffffff01f04883c4285e5bc3",
  },
  depth: {
    mode: 64,
    source: `
    push rbx
    mov ebx, ecx
    xor eax, eax
    test ecx, ecx
    je 1f
    dec ecx
    call start
    add eax, ebx
1:  pop rbx
    ret`,
    bytes: "5389cb31c085c97409ffc9e8f0ffffff01d85bc3",
  },
  wide: {
    mode: 64,
    source: `
    test ecx, ecx
    je 1f
    ${USES_ALL}
    dec ecx
    call start
    ${USES_ALL}
    inc eax
    ret
1:  xor eax, eax
    ret`,
    bytes:
      "85c90f84de000000660ffec1660ffeca660ffed3660ffedc660ffee5660ffeee660ffef766410ffef866450ffec166450ffeca66450ffed366450ffedc66450ffee566450ffeee66450ffef766440ffef84801c24801c64801c74901c04901c14901c24901c34901c44901c54901c64901c7ffc9e887ffffff660ffec1660ffeca660ffed3660ffedc660ffee5660ffeee660ffef766410ffef866450ffec166450ffeca66450ffed366450ffedc66450ffee566450ffeee66450ffef766440ffef84801c24801c64801c74901c04901c14901c24901c34901c44901c54901c64901c7ffc0c331c0c3",
  },
  wideHelper: {
    mode: 64,
    source: `
    inc dword ptr [0x500000]
    call f
    ret
f:  test ecx, ecx
    je 1f
    ${USES_ALL}
    push rcx
    push rdx
    push rbx
    xor eax, eax
    cpuid
    pop rbx
    pop rdx
    pop rcx
    dec ecx
    call f
    ${USES_ALL}
    inc eax
    ret
1:  xor eax, eax
    ret`,
    bytes:
      "ff042500005000e801000000c385c90f84e8000000660ffec1660ffeca660ffed3660ffedc660ffee5660ffeee660ffef766410ffef866450ffec166450ffeca66450ffed366450ffedc66450ffee566450ffeee66450ffef766440ffef84801c24801c64801c74901c04901c14901c24901c34901c44901c54901c64901c751525331c00fa25b5a59ffc9e87dffffff660ffec1660ffeca660ffed3660ffedc660ffee5660ffeee660ffef766410ffef866450ffec166450ffeca66450ffed366450ffedc66450ffee566450ffeee66450ffef766440ffef84801c24801c64801c74901c04901c14901c24901c34901c44901c54901c64901c7ffc0c331c0c3",
  },
  frame: {
    mode: 64,
    source: `
    push rbx
    push rbp
    mov rbp, rsp
    sub rsp, 0x40
    xor eax, eax
    test ecx, ecx
    jne 1f
    mov ebx, [rax]
1:  call f
    sub rsp, 16
    push rcx
    pop rdx
    test edx, edx
    xor ebx, ebx
    mov ebx, [rbx]
    leave
    pop rbx
    ret
f:  xor ebx, ebx
    ret`,
    bytes: "53554889e54883ec4031c085c975028b18e80f0000004883ec10515a85d231db8b1bc95bc331dbc3",
  },
  deepApi: {
    mode: 64,
    source: `
    push rbx
    test ecx, ecx
    je 1f
    dec ecx
    call start
    add eax, 1
    pop rbx
    ret
1:  call qword ptr [0x500000]
    pop rbx
    ret`,
    bytes: "5385c9740cffc9e8f4ffffff83c0015bc3ff1425000050005bc3",
  },
  gccSwitch: {
    mode: 64,
    source: `
    xor eax, eax
    lea r9, [rip + table]
    mov edx, 1
again:
    movzx r8d, dl
    and r8d, 7
    cmp r8b, 4
    ja other
    movsxd r8, dword ptr [r9 + r8*4]
    add r8, r9
    jmp r8
zero:  add eax, 1
    jmp next
one:   add eax, 10
    jmp next
two:   add eax, 100
    jmp next
three: xor eax, 5
    jmp next
four:  sub eax, 3
    jmp next
other: add eax, 7
next:
    add edx, 1
    dec ecx
    jne again
    ret
    .balign 4
table:
    .long zero - table, one - table, two - table, three - table, four - table`,
    bytes:
      "31c04c8d0d43000000ba01000000440fb6c24183e0074180f80477234f6304814d01c841ffe083c001eb1783c00aeb1283c064eb0d83f005eb0883e803eb0383c00783c201ffc975c5c36690daffffffdfffffffe4ffffffe9ffffffeeffffff",
  },
  msvcSwitch: {
    mode: 64,
    source: `
    mov eax, ecx
    lea rdx, [rip + start]
    cmp eax, 2
    ja other
    cdqe
    mov ecx, [rdx + rax*4 + table - start]
    add rcx, rdx
    jmp rcx
zero: mov eax, 100
    ret
one: mov eax, 101
    ret
two: mov eax, 102
    ret
other: mov eax, 7
    ret
    .balign 4
table:
    .long zero - start, one - start, two - start`,
    bytes:
      "89c8488d15f7ffffff83f802772048988b8c82340000004801d1ffe1b864000000c3b865000000c3b866000000c3b807000000c31c0000002200000028000000",
  },
  plainSwitch: {
    mode: 64,
    source: `
    push rbp
    mov rbp, rsp
    mov [rbp+0x10], ecx
    cmp dword ptr [rbp+0x10], 2
    ja other
    mov eax, [rbp+0x10]
    lea rdx, [rax*4+0]
    lea rax, [rip+table]
    mov eax, [rdx+rax]
    cdqe
    lea rdx, [rip+table]
    add rax, rdx
    jmp rax
zero: mov eax, 100
    pop rbp
    ret
one: mov eax, 101
    pop rbp
    ret
two: mov eax, 102
    pop rbp
    ret
other: mov eax, 7
    pop rbp
    ret
    .balign 4
table:
    .long zero - table, one - table, two - table`,
    bytes:
      "554889e5894d10837d100277388b4510488d148500000000488d052d0000008b04024898488d15210000004801d0ffe0b8640000005dc3b8650000005dc3b8660000005dc3b8070000005dc3e4ffffffebfffffff2ffffff",
  },
  irreducible: {
    mode: 64,
    source: `
    xor eax, eax
    mov r8d, 40
    cmp edx, 1
    je b
    cmp edx, 2
    je c
a:  add eax, 3
    test eax, 8
    jne d
b:  xor eax, ecx
    dec r8d
    js done
    test eax, 1
    je e
c:  imul eax, eax, 7
    add eax, r8d
    test eax, 4
    je a
d:  add eax, 11
    dec r8d
    js done
    test eax, 2
    jne c
e:  lea eax, [rax + rax*2 + 1]
    test eax, 16
    jne d
    dec r8d
    jns a
done: ret`,
    bytes:
      "31c041b82800000083fa01740f83fa02741883c003a908000000751b31c841ffc87833a901000000741c6bc0074401c0a90400000074db83c00b41ffc87817a90200000075e48d444001a91000000075e641ffc879bcc3",
  },
  saved: {
    mode: 64,
    source: `
    push rbx
    push rsi
    sub rsp, 0x28
    mov ebx, 1000
    mov esi, 200
    movd xmm6, ecx
    call g
    add eax, ebx
    add eax, esi
    movd edx, xmm6
    add eax, edx
    add rsp, 0x28
    pop rsi
    pop rbx
    ret
g:  push rbx
    mov ebx, 30
    sub rsp, 0x20
    call qword ptr [0x500000]
    add eax, ebx
    add rsp, 0x20
    pop rbx
    ret`,
    bytes:
      "53564883ec28bbe8030000bec8000000660f6ef1e81100000001d801f0660f7ef201d04883c4285e5bc353bb1e0000004883ec20ff14250000500001d84883c4205bc3",
  },
  jump: {
    mode: 64,
    source: `
    push rbx
    mov ebx, 5
    lea rdx, [rip+back]
    mov [0x500000], rdx
    mov [0x500008], rsp
    mov ecx, 4
    call down
    mov eax, 1
    jmp out
back: mov eax, ebx
    add eax, 37
out: pop rbx
    ret
down: push rbx
    mov ebx, 99
    sub ecx, 1
    js leap
    call down
    pop rbx
    ret
leap: mov rsp, [0x500008]
    mov ebx, 5
    jmp qword ptr [0x500000]`,
    bytes:
      "53bb05000000488d152100000048891425000050004889242508005000b904000000e80e000000b801000000eb0589d883c0255bc353bb6300000083e9017807e8f0ffffff5bc3488b242508005000bb05000000ff242500005000",
  },
  patched: {
    mode: 64,
    source: `
    push rbx
    push rsi
    sub rsp, 0x28
    mov ebx, ecx
    xor esi, esi
1:  call f
    add esi, eax
    call qword ptr [0x500000]
    dec ebx
    jne 1b
    mov eax, esi
    add rsp, 0x28
    pop rsi
    pop rbx
    ret
    .balign 16
f:  mov eax, 1
    ret`,
    bytes: "53564883ec2889cb31f6e82100000001c6ff142500005000ffcb75ee89f04883c4285e5bc366662e0f1f840000000000b801000000c3",
  },
  thunks: {
    mode: 64,
    source: `
    sub rsp, 0x28
    call thunk
    mov [0x500100], eax
    call qword ptr [0x500000]
    add [0x500100], eax
    call tail
    add eax, [0x500100]
    add rsp, 0x28
    ret
tail: jmp thunk
thunk: jmp qword ptr [rip + slot]`,
    bytes: "4883ec28e82800000089042500015000ff14250000500001042500015000e80c000000030425000150004883c428c3eb00ff25c9ff3b00",
  },
  copy: {
    mode: 64,
    source: `
    sub rsp, 0x28
    call qword ptr [0x500000]
    add rsp, 0x28
    add rax, rbx
    ret`,
    bytes: "4883ec28ff1425000050004883c4284801d8c3",
  },
  pointers: {
    mode: 64,
    source: `
    push rbx
    push rsi
    sub rsp, 0x28
    mov ebx, ecx
    xor eax, eax
1:  mov edx, ebx
    and edx, 1
    call qword ptr [0x500000 + rdx*8]
    dec ebx
    jne 1b
    add rsp, 0x28
    pop rsi
    pop rbx
    ret`,
    bytes: "53564883ec2889cb31c089da83e201ff14d500005000ffcb75f04883c4285e5bc3",
  },
  pingPong: {
    mode: 64,
    source: `
    inc eax
    mov rdx, [0x500000]
    jmp rdx`,
    bytes: "ffc0488b142500005000ffe2",
  },
  counts: {
    mode: 64,
    source: `
    mov eax, 0
    jrcxz out
1:  add eax, 2
    loop 1b
out: ret`,
    bytes: "b800000000e30583c002e2fbc3",
  },
  stdcall: {
    mode: 32,
    source: `
    push ebx
    mov ebx, [esp+8]
    push ebx
    push 7
    call f
    add eax, ebx
    pop ebx
    ret 4
f:  mov eax, [esp+4]
    imul eax, [esp+8]
    ret 8`,
    bytes: "538b5c2408536a07e80600000001d85bc204008b4424040faf442408c20800",
  },
} as const;
