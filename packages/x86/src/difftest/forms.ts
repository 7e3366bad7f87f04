/**
 * The forms under test, as text. A line is `mnemonics : sizes : operand lists`; each mnemonic is taken with each list, and with each size where there
 * are any. In a list, `r` is a general register of the size, `m` memory, `i` an immediate (a byte for shifts: `c`), `h` ah to bh, `x` an xmm
 * register; `r32`, `m128` and so on say their own width, `=` repeats the operand before, `rax$` is that register cut to the size, and what is
 * none of these stands as it is. `.byte` gives encodings that the assembler does not choose.
 * assemble.ts turns them to bytes with GNU as (vectors/forms.txt); adding an instruction to the lowering means adding it here.
 */
export const FORM_LINES = `
mov : 8 16 32 64 : r,r | r,m | m,r | r,i | m,i
mov : 8 : h,r8l | r8l,h | h,h | m,h | h,m | h,i
movabs : 64 : r,0x8123456789abcdef | r,0x7fffffff80000000
movabs : : al,[0x20000440] | ax,[0x20000440] | eax,[0x20000440] | rax,[0x20000440] | [0x20000441],al | [0x20000442],rax
movzx movsx : 16 32 64 : r,r8 | r,m8
movzx movsx : 32 : r,h
movzx movsx : 32 64 : r,r16 | r,m16
movsxd : 64 : r,r32 | r,m32
movbe : 16 32 64 : r,m | m,r
movnti : 32 64 : m,r
lea : 16 32 64 : r,m | r,m | r,m | r,m
lea : 64 : r,[rbx+rcx*4-0x80000000] | r,[r13+r13*8] | r,[rsp+rbp+1] | r,[rax*8+0x12345678] | r,[eax+ecx*2-3] | r,[rip-5]
lea : 32 : r,[rbx+rcx*4-0x80000000] | r,[r9d+8] | r,[0x12345678]
xchg : 8 16 32 64 : r,r | m,r
xchg : 8 : h,r8l | h,h
xchg : 32 64 : r,a
bswap : 32 64 : r
cbw cwde cdqe cwd cdq cqo : :
seto setno setb setae sete setne setbe seta sets setns setp setnp setl setge setle setg : 8 : r | m
cmovo cmovno cmovb cmovae cmove cmovne cmovbe cmova cmovs cmovns cmovp cmovnp cmovl cmovge cmovle cmovg : 16 32 64 : r,r
cmovb cmovge cmovp : 16 32 64 : r,m | r,=
add sub adc sbb and or xor cmp : 8 16 32 64 : r,r | r,m | m,r | r,i | r,i | m,i | r,= | a,i
add sub adc sbb and or xor cmp : 16 32 64 : r,1 | r,-1 | m,-128
add sub adc sbb and or xor cmp test : 8 : h,r8l | r8l,h | h,i | h,h | m,h
test : 8 16 32 64 : r,r | m,r | r,i | m,i | r,=
inc dec neg not : 8 16 32 64 : r | m
inc dec neg not : 8 : h
lock add lock sub lock adc lock and lock or lock xor : 32 64 : m,r | m,i
lock inc lock dec lock neg lock not : 32 64 : m
xadd : 8 16 32 64 : r,r | m,r | r,=
lock xadd : 8 32 64 : m,r
shl shr sar rol ror : 8 16 32 64 : r,1 | r,c | r,c | r,c | r,cl | m,1 | m,c | m,cl
rcl rcr : 8 16 32 64 : r,1 | r,c | r,cl | m,1 | m,cl
shl shr sar rol ror rcl : 8 : h,cl | h,1
shl shr rol : 32 64 : r,0 | rcx,cl
shl sar rol rcl rcr : 8 16 32 64 : r,40 | m,99
shld shrd : 16 32 64 : r,r,cl | m,r,cl | r,r,1 | m,r,5 | r,=,7
shld shrd : 16 : r,r,15
shld shrd : 32 64 : r,r,31 | r,r,0
mul imul : 8 16 32 64 : r | m
div idiv : 8 16 32 64 : r | m
mul imul div idiv : 8 : h
imul : 16 32 64 : r,r | r,m | r,= | r,r,i | r,m,i | r,r,100 | r,=,-7
push pop : 64 : r | m
push : 64 : rsp | [rsp+8] | 5 | -3 | 0x12345678 | -0x12345678
push pop : 16 : r | m
pop : 64 : rsp | [rsp+8] | [rsp]
leave pushfq popfq pushfw popfw : :
enter : : 0,0 | 32,0 | 16,1 | 0,2 | 24,5
xlatb : :
bt bts btr btc : 16 32 64 : r,r | r,b | m,b | [rbx],rdx$ | [rsi+8],rax$
bsf bsr tzcnt lzcnt popcnt : 16 32 64 : r,r | r,m | r,=
cmpxchg : 8 16 32 64 : r,r | m,r | rbx$,r | r,rax$
lock cmpxchg : 8 16 32 64 : m,r
cmpxchg8b : 64 : [rsi] | [rbp+16]
cmpxchg16b : 128 : [rsi] | [rbp+16]
crc32 : 32 : r,r8 | r,r16 | r,r32 | r,m8 | r,m16 | r,m32
crc32 : 64 : r,r8 | r,r64 | r,m64
clc stc cmc cld std lahf sahf : :
movsb movsw movsd movsq stosb stosw stosd stosq lodsb lodsw lodsd lodsq : :
rep movsb rep movsw rep movsd rep movsq rep stosb rep stosw rep stosd rep stosq rep lodsb rep lodsd : :
scasb scasw scasd scasq cmpsb cmpsw cmpsd cmpsq : :
repe scasb repe scasw repe scasd repe scasq repe cmpsb repe cmpsw repe cmpsd repe cmpsq : :
repne scasb repne scasw repne scasd repne scasq repne cmpsb repne cmpsw repne cmpsd repne cmpsq : :
nop pause endbr64 mfence lfence sfence fnop fwait : :
nop : 16 32 64 : m
prefetchnta prefetcht0 prefetcht1 prefetcht2 prefetchw clflush : 8 : m
movaps movups movapd movupd movdqa movdqu : : x,x | x,m128 | m128,x
lddqu movntdqa : : x,m128
movntps movntpd movntdq : : m128,x
movss : : x,x | x,m32 | m32,x
movsd : : x,x | x,m64 | m64,x
movd : : x,r32 | r32,x | x,m32 | m32,x
movq : : x,r64 | r64,x | x,m64 | m64,x | x,x
movlps movhps movlpd movhpd : : x,m64 | m64,x
movhlps movlhps : : x,x
movddup : : x,x | x,m64
movshdup movsldup : : x,x | x,m128
movmskps movmskpd pmovmskb : : r32,x
maskmovdqu : : x,x
pextrb : : r32,x,b | m8,x,b
pextrw : : r32,x,b | m16,x,b
pextrd extractps : : r32,x,b | m32,x,b
pextrq : : r64,x,b | m64,x,b
pinsrb : : x,r32,b | x,m8,b
pinsrw : : x,r32,b | x,m16,b
pinsrd : : x,r32,b | x,m32,b
pinsrq : : x,r64,b | x,m64,b
insertps : : x,x,b | x,x,b | x,x,b | x,m32,b
addps subps mulps divps minps maxps addpd subpd mulpd divpd minpd maxpd sqrtps sqrtpd : : x,x | x,m128 | x,=
addss subss mulss divss minss maxss sqrtss : : x,x | x,m32 | x,=
addsd subsd mulsd divsd minsd maxsd sqrtsd : : x,x | x,m64 | x,=
ucomiss comiss : : x,x | x,m32 | x,=
ucomisd comisd : : x,x | x,m64 | x,=
cmpps cmppd : : x,x,0 | x,x,1 | x,x,2 | x,x,3 | x,x,4 | x,x,5 | x,x,6 | x,x,7 | x,m128,1 | x,=,0
cmpss : : x,x,0 | x,x,1 | x,x,2 | x,x,3 | x,x,4 | x,x,5 | x,x,6 | x,x,7 | x,m32,6
cmpsd : : x,x,0 | x,x,1 | x,x,2 | x,x,3 | x,x,4 | x,x,5 | x,x,6 | x,x,7 | x,m64,6
addsubps addsubpd haddps haddpd hsubps hsubpd : : x,x | x,m128
roundps roundpd : : x,x,0 | x,x,1 | x,x,2 | x,x,3 | x,x,4 | x,m128,9
roundss : : x,x,0 | x,x,1 | x,x,2 | x,x,3 | x,m32,12
roundsd : : x,x,0 | x,x,1 | x,x,2 | x,x,3 | x,m64,12
ldmxcsr stmxcsr : 32 : m
cvtsi2ss cvtsi2sd : : x,r32 | x,r64 | x,m32 | x,m64
cvtss2si cvttss2si : : r32,x | r64,x | r32,m32 | r64,m32
cvtsd2si cvttsd2si : : r32,x | r64,x | r32,m64 | r64,m64
cvtss2sd : : x,x | x,m32 | x,=
cvtsd2ss : : x,x | x,m64 | x,=
cvtps2pd cvtdq2pd : : x,x | x,m64
cvtpd2ps cvtdq2ps cvtps2dq cvttps2dq cvtpd2dq cvttpd2dq : : x,x | x,m128 | x,=
paddb paddw paddd paddq psubb psubw psubd psubq paddsb paddsw paddusb paddusw psubsb psubsw psubusb psubusw : : x,x | x,m128 | x,=
pavgb pavgw pminub pmaxub pminsw pmaxsw pminsb pmaxsb pminuw pmaxuw pminsd pmaxsd pminud pmaxud : : x,x | x,m128
pcmpeqb pcmpeqw pcmpeqd pcmpeqq pcmpgtb pcmpgtw pcmpgtd pcmpgtq packsswb packuswb packssdw packusdw : : x,x | x,m128 | x,=
pabsb pabsw pabsd psignb psignw psignd phaddw phaddd phaddsw phsubw phsubd phsubsw pmulhrsw pmaddubsw : : x,x | x,m128
pand por pxor pandn andps orps xorps andnps andpd orpd xorpd andnpd : : x,x | x,m128 | x,=
ptest : : x,x | x,m128 | x,=
pmullw pmulld pmaddwd pmulhw pmulhuw pmuludq pmuldq psadbw : : x,x | x,m128 | x,=
psllw pslld psllq psrlw psrld psrlq psraw psrad : : x,1 | x,5 | x,15 | x,31 | x,63 | x,64 | x,200 | x,x | x,m128 | x,=
pslldq psrldq : : x,1 | x,8 | x,15 | x,16 | x,77
punpcklbw punpckhbw punpcklwd punpckhwd punpckldq punpckhdq punpcklqdq punpckhqdq unpcklps unpckhps unpcklpd unpckhpd : : x,x | x,m128 | x,=
shufps shufpd pshufd pshuflw pshufhw : : x,x,b | x,x,b | x,m128,b | x,=,b
pshufb : : x,x | x,m128 | x,=
palignr : : x,x,0 | x,x,5 | x,x,15 | x,x,16 | x,x,20 | x,m128,33 | x,=,3
blendps blendpd pblendw : : x,x,b | x,m128,b
pblendvb blendvps blendvpd : : x,x,xmm0 | x,m128,xmm0
pmovsxbw pmovzxbw pmovsxwd pmovzxwd pmovsxdq pmovzxdq : : x,x | x,m64
pmovsxbd pmovzxbd pmovsxwq pmovzxwq : : x,x | x,m32
pmovsxbq pmovzxbq : : x,x | x,m16
.byte : : 0xe8,0x00,0x00,0x00,0x00
.byte : : 0xdb,0xe0 | 0xdb,0xe1 | 0xdb,0xe4 | 0xd9,0xda | 0x0f,0x0d,0x13
.byte : : 0x67,0xa4 | 0x67,0xf3,0xaa | 0x67,0xf3,0xa6 | 0x67,0xf2,0xae | 0x67,0xf3,0xa4 | 0x67,0x48,0xad | 0x67,0xf3,0x66,0xad | 0xf3,0x48,0x0f,0x1e,0xc8 | 0xf3,0x0f,0x1e,0xc9
.byte : : 0xc0,0xf0,3 | 0xd3,0xf2 | 0xf3,0x0f,0x1e,0xfb | 0x0f,0x19,0xc0 | 0x66,0x48,0x0f,0x3a,0x61,0xc1,0x0c | 0x66,0x48,0x0f,0x3a,0x60,0xca,0x7a
prefetch : 8 : m
fld fstp : : m32 | m64 | m80 | st(0) | st(3)
fst : : m32 | m64 | st(2)
fild fistp fisttp : 16 32 64 : m
fist : 16 32 : m
fbld fbstp : : [rbx] | [rsi+16]
fld1 fldz fldpi fldl2e fldl2t fldlg2 fldln2 fchs fabs fsqrt frndint fxam ftst : :
fadd fsub fsubr fmul fdiv fdivr : : m32 | m64 | st,st(2) | st(3),st
faddp fsubp fsubrp fmulp fdivp fdivrp : : st(1),st | st(3),st
fiadd fisub fisubr fimul fidiv fidivr : 16 32 : m
f2xm1 fyl2x fyl2xp1 fpatan fptan fsin fcos fsincos fscale fprem fprem1 fxtract : :
fxch fucom fucomp : : st(1) | st(4)
fcom fcomp : : st(1) | st(4) | m32 | m64
fcompp fucompp : :
ficom ficomp : 16 32 : m
fcomi fcomip fucomi fucomip : : st,st(1) | st,st(3)
fcmovb fcmovnb fcmove fcmovne fcmovbe fcmovnbe fcmovu fcmovnu : : st,st(2)
fldcw fnstcw fnstsw : 16 : m
fnstsw : : ax
fninit fnclex fincstp fdecstp : :
ffree ffreep : : st(2)
dpps dppd mpsadbw : : x,x,0xff | x,x,b | x,x,b | x,x,b | x,m128,b
phminposuw : : x,x | x,m128
pcmpestri pcmpestrm pcmpistri pcmpistrm : : x,x,0x00 | x,x,0x01 | x,x,0x02 | x,x,0x03 | x,x,0x04 | x,x,0x05 | x,x,0x06 | x,x,0x07 | x,x,0x08 | x,x,0x09 | x,x,0x0a | x,x,0x0b | x,x,0x0c | x,x,0x0d | x,x,0x0e | x,x,0x0f
pcmpestri pcmpestrm pcmpistri pcmpistrm : : x,x,0x10 | x,x,0x35 | x,x,0x5a | x,x,0x7f | x,x,0x38 | x,x,0x4c | x,x,0x70 | x,x,0x3d | x,m128,0x40 | x,m128,0x18 | x,=,0x0c | x,=,0x72
aesenc aesenclast aesdec aesdeclast aesimc : : x,x | x,m128 | x,=
aeskeygenassist : : x,x,0 | x,x,0x36 | x,m128,0x1b | x,=,0xff
pclmulqdq : : x,x,0 | x,x,1 | x,x,0x10 | x,x,0x11 | x,m128,0x11 | x,=,0
`;

/** Forms that 32-bit mode alone has, or encodes otherwise. Selectors are those that Linux and Windows share: cs, ds, es and ss. */
export const FORM_LINES_32 = `
aaa aas daa das into : :
.byte : : 0xd6 | 0xe8,0x00,0x00,0x00,0x00
aam aad : : | 7 | 16 | 255
aam : : 0
inc dec push pop : 16 32 : r
inc dec push pop : 32 : m
inc dec : 8 16 : m
push : 32 : esp | [esp+8] | 5 | -3 | 0x12345678
pop : 32 : esp | [esp+8] | [esp]
push : : es | cs | ss | ds
.byte : : 0x06,0x07 | 0x1e,0x1f | 0x16,0x17
.byte : : 0x67,0x8d,0x40,0x05 | 0x67,0x8d,0x01 | 0x67,0x66,0x8d,0x82,0x34,0x12 | 0x67,0x8d,0x0e,0x78,0x56 | 0x67,0x8d,0x5e,0xfe | 0x67,0x66,0x8d,0x07
mov : : eax,cs | ecx,ds | ax,es | word ptr [ebx],ss
pushad popad pushaw popaw pushfd popfd pushfw popfw leave xlatb : :
enter : : 0,0 | 32,0 | 16,1 | 0,2 | 24,5
bound : : eax,[ebx] | ecx,[ebx+8] | dx,[ebx] | si,[ebx+16]
arpl : : ax,cx | word ptr [ebx],dx
imul : 32 : r,m | r,r,i
lea : 32 : r,m | r,[eax+ecx*4-0x80000000] | r,[edi*8+0x12345678] | r,[esp+ebp+1]
mov : 8 16 32 : r,[0x20000440] | [0x20000450],r
mov : : al,[0x20000440] | eax,[0x20000440] | [0x20000441],al | [0x20000442],eax
movsb movsd stosb lodsw scasd cmpsb : :
rep movsd rep stosb repe cmpsb repne scasb : :
`;

/**
 * MMX's forms, whose registers the harness does not set: each with registers loaded before and stored after, `mm1` and what it is combined with, or
 * whole lines. The x87 is left free.
 */
export const MMX_FORMS: readonly string[] = [
  ..."paddb paddw paddd paddq psubb psubw psubd psubq paddsb paddsw paddusb paddusw psubsb psubsw psubusb psubusw".split(" "),
  ..."pavgb pavgw pminub pmaxub pminsw pmaxsw pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd pabsb pabsw pabsd pand por pxor pandn".split(
    " ",
  ),
  ..."pmullw pmaddwd pmulhw pmulhuw pmuludq pmulhrsw pmaddubsw psadbw psignb psignw psignd packsswb packuswb packssdw".split(" "),
  ..."punpckhbw punpckhwd punpckhdq phaddw phaddd phaddsw phsubw phsubd phsubsw pshufb psllw pslld psllq psrlw psrld psrlq psraw psrad".split(
    " ",
  ),
]
  .flatMap((name) => ["mm2", "mm1", "qword ptr [rbx+24]"].map((operand) => `${name} mm1, ${operand}`))
  .concat(
    ["punpcklbw", "punpcklwd", "punpckldq"].flatMap((name) => [`${name} mm1, mm2`, `${name} mm1, dword ptr [rbx+24]`]),
    ["psllw", "pslld", "psllq", "psrlw", "psrld", "psrlq", "psraw", "psrad"].flatMap((name) =>
      [3, 15, 40, 64].map((count) => `${name} mm1, ${count}`),
    ),
    [0, 3, 8, 11, 16].map((count) => `palignr mm1, mm2, ${count}`),
    ["pshufw mm1, mm2, 0x1b", "pshufw mm1, qword ptr [rbx+24], 0xc6", "movd mm1, eax", "movq mm1, rax", "movd mm1, dword ptr [rbx+24]"],
    ["movd eax, mm1", "movq rax, mm1", "movd dword ptr [rbx+32], mm1", "movq mm1, mm2", "movntq [rbx+32], mm1", "pmovmskb eax, mm1"],
    ["pextrw eax, mm1, 2", "pextrw ecx, mm2, 7", "pinsrw mm1, eax, 1", "pinsrw mm1, word ptr [rbx+24], 6"],
    ["movdq2q mm1, xmm3", "movq2dq xmm3, mm1", "cvtpi2ps xmm3, mm1", "cvtpi2ps xmm3, qword ptr [rbx+24]", "cvtpi2pd xmm3, mm2"],
    ["cvtps2pi mm1, xmm3", "cvttps2pi mm1, xmm3", "cvttps2pi mm1, qword ptr [rbx+24]", "cvtpd2pi mm1, xmm3", "cvttpd2pi mm1, xmm3"],
    ["lea rdi, [rbx+32]; maskmovq mm1, mm2"],
  )
  .map((text) => `movq mm1, [rbx]; movq mm2, [rbx+8]; ${text}; movq [rbx+16], mm1; emms`);

/** The x87's state in memory. What processors differ in, or is not kept, is overwritten: addresses of the last instruction and operand, MXCSR's mask. */
export const X87_STATE_FORMS: readonly string[] = [
  `fnstenv [rbx]; ${forgotten(12, 16, 20, 24)}`,
  `fnstenv [rbx]; fldcw word ptr [rbx+64]; fincstp; fldenv [rbx]; ${forgotten(12, 16, 20, 24)}`,
  `fnsave [rbx]; ${forgotten(12, 16, 20, 24)}`,
  `fnsave [rbx]; fld1; frstor [rbx]; ${forgotten(12, 16, 20, 24)}`,
  `fxsave [rbx]; ${forgotten(8, 12, 16, 20, 28)}`,
  `fxsave64 [rbx]; ${forgotten(8, 12, 16, 20, 28)}`,
  `fxsave [rbx]; xorps xmm0, xmm0; pcmpeqd xmm3, xmm3; pxor xmm15, xmm15; fxrstor [rbx]; ${forgotten(8, 12, 16, 20, 28)}`,
  `fxsave64 [rbx]; movaps xmm9, xmm1; fxrstor64 [rbx]; ${forgotten(8, 12, 16, 20, 28)}`,
];

function forgotten(...offsets: readonly number[]): string {
  return offsets.map((offset) => `mov dword ptr [rbx+${offset}], 0`).join("; ");
}
