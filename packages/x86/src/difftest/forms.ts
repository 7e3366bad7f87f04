/**
 * The forms under test, as text. A line is `mnemonics : sizes : operand lists`; each mnemonic is taken with each list, and with each size where there
 * are any. In a list, `r` is a general register of the size, `m` memory, `i` an immediate (a byte for shifts: `c`), `h` ah to bh, `x` an xmm
 * register; `r32`, `m128` and so on say their own width, `=` repeats the operand before, and what is none of these stands as it is.
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
enter : : 0,0 | 32,0
`;
