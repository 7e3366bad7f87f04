import type { Mnemonic as IcedMnemonic } from "iced-x86";

/**
 * The decoder's numbers for mnemonics, without the vector extensions that no guest is told of (AVX and later).
 * The package's own enumeration cannot be imported without running its loader, so the numbers stand here and its types check them.
 */
export const MNEMONIC = {
  INVALID: 0, Aaa: 1, Aad: 2, Aam: 3, Aas: 4, Adc: 5, Adcx: 6, Add: 7, Addpd: 8, Addps: 9, Addsd: 10, Addss: 11,
  Addsubpd: 12, Addsubps: 13, Adox: 14, Aesdec: 15, Aesdeclast: 16, Aesenc: 17, Aesenclast: 18, Aesimc: 19,
  Aeskeygenassist: 20, And: 21, Andn: 22, Andnpd: 23, Andnps: 24, Andpd: 25, Andps: 26, Arpl: 27, Bextr: 28,
  Blcfill: 29, Blci: 30, Blcic: 31, Blcmsk: 32, Blcs: 33, Blendpd: 34, Blendps: 35, Blendvpd: 36, Blendvps: 37,
  Blsfill: 38, Blsi: 39, Blsic: 40, Blsmsk: 41, Blsr: 42, Bndcl: 43, Bndcn: 44, Bndcu: 45, Bndldx: 46, Bndmk: 47,
  Bndmov: 48, Bndstx: 49, Bound: 50, Bsf: 51, Bsr: 52, Bswap: 53, Bt: 54, Btc: 55, Btr: 56, Bts: 57, Bzhi: 58, Call: 59,
  Cbw: 60, Cdq: 61, Cdqe: 62, Cl1invmb: 63, Clac: 64, Clc: 65, Cld: 66, Cldemote: 67, Clflush: 68, Clflushopt: 69,
  Clgi: 70, Cli: 71, Clrssbsy: 72, Clts: 73, Clwb: 74, Clzero: 75, Cmc: 76, Cmova: 77, Cmovae: 78, Cmovb: 79,
  Cmovbe: 80, Cmove: 81, Cmovg: 82, Cmovge: 83, Cmovl: 84, Cmovle: 85, Cmovne: 86, Cmovno: 87, Cmovnp: 88, Cmovns: 89,
  Cmovo: 90, Cmovp: 91, Cmovs: 92, Cmp: 93, Cmppd: 94, Cmpps: 95, Cmpsb: 96, Cmpsd: 97, Cmpsq: 98, Cmpss: 99,
  Cmpsw: 100, Cmpxchg: 101, Cmpxchg16b: 102, Cmpxchg8b: 103, Comisd: 104, Comiss: 105, Cpuid: 106, Cqo: 107, Crc32: 108,
  Cvtdq2pd: 109, Cvtdq2ps: 110, Cvtpd2dq: 111, Cvtpd2pi: 112, Cvtpd2ps: 113, Cvtpi2pd: 114, Cvtpi2ps: 115,
  Cvtps2dq: 116, Cvtps2pd: 117, Cvtps2pi: 118, Cvtsd2si: 119, Cvtsd2ss: 120, Cvtsi2sd: 121, Cvtsi2ss: 122,
  Cvtss2sd: 123, Cvtss2si: 124, Cvttpd2dq: 125, Cvttpd2pi: 126, Cvttps2dq: 127, Cvttps2pi: 128, Cvttsd2si: 129,
  Cvttss2si: 130, Cwd: 131, Cwde: 132, Daa: 133, Das: 134, Db: 135, Dd: 136, Dec: 137, Div: 138, Divpd: 139, Divps: 140,
  Divsd: 141, Divss: 142, Dppd: 143, Dpps: 144, Dq: 145, Dw: 146, Emms: 147, Encls: 148, Enclu: 149, Enclv: 150,
  Endbr32: 151, Endbr64: 152, Enqcmd: 153, Enqcmds: 154, Enter: 155, Extractps: 156, Extrq: 157, F2xm1: 158, Fabs: 159,
  Fadd: 160, Faddp: 161, Fbld: 162, Fbstp: 163, Fchs: 164, Fclex: 165, Fcmovb: 166, Fcmovbe: 167, Fcmove: 168,
  Fcmovnb: 169, Fcmovnbe: 170, Fcmovne: 171, Fcmovnu: 172, Fcmovu: 173, Fcom: 174, Fcomi: 175, Fcomip: 176, Fcomp: 177,
  Fcompp: 178, Fcos: 179, Fdecstp: 180, Fdisi: 181, Fdiv: 182, Fdivp: 183, Fdivr: 184, Fdivrp: 185, Femms: 186,
  Feni: 187, Ffree: 188, Ffreep: 189, Fiadd: 190, Ficom: 191, Ficomp: 192, Fidiv: 193, Fidivr: 194, Fild: 195,
  Fimul: 196, Fincstp: 197, Finit: 198, Fist: 199, Fistp: 200, Fisttp: 201, Fisub: 202, Fisubr: 203, Fld: 204,
  Fld1: 205, Fldcw: 206, Fldenv: 207, Fldl2e: 208, Fldl2t: 209, Fldlg2: 210, Fldln2: 211, Fldpi: 212, Fldz: 213,
  Fmul: 214, Fmulp: 215, Fnclex: 216, Fndisi: 217, Fneni: 218, Fninit: 219, Fnop: 220, Fnsave: 221, Fnsetpm: 222,
  Fnstcw: 223, Fnstenv: 224, Fnstsw: 225, Fpatan: 226, Fprem: 227, Fprem1: 228, Fptan: 229, Frndint: 230, Frstor: 231,
  Frstpm: 232, Fsave: 233, Fscale: 234, Fsetpm: 235, Fsin: 236, Fsincos: 237, Fsqrt: 238, Fst: 239, Fstcw: 240,
  Fstdw: 241, Fstenv: 242, Fstp: 243, Fstpnce: 244, Fstsg: 245, Fstsw: 246, Fsub: 247, Fsubp: 248, Fsubr: 249,
  Fsubrp: 250, Ftst: 251, Fucom: 252, Fucomi: 253, Fucomip: 254, Fucomp: 255, Fucompp: 256, Fxam: 257, Fxch: 258,
  Fxrstor: 259, Fxrstor64: 260, Fxsave: 261, Fxsave64: 262, Fxtract: 263, Fyl2x: 264, Fyl2xp1: 265, Getsec: 266,
  Gf2p8affineinvqb: 267, Gf2p8affineqb: 268, Gf2p8mulb: 269, Haddpd: 270, Haddps: 271, Hlt: 272, Hsubpd: 273,
  Hsubps: 274, Ibts: 275, Idiv: 276, Imul: 277, In: 278, Inc: 279, Incsspd: 280, Incsspq: 281, Insb: 282, Insd: 283,
  Insertps: 284, Insertq: 285, Insw: 286, Int: 287, Int1: 288, Into: 289, Invd: 290, Invept: 291, Invlpg: 292,
  Invlpga: 293, Invpcid: 294, Invvpid: 295, Iret: 296, Ja: 297, Jae: 298, Jb: 299, Jbe: 300, Jcxz: 301, Je: 302,
  Jecxz: 303, Jg: 304, Jge: 305, Jl: 306, Jle: 307, Jmp: 308, Jmpe: 309, Jne: 310, Jno: 311, Jnp: 312, Jns: 313,
  Jo: 314, Jp: 315, Jrcxz: 316, Js: 317, Lahf: 369, Lar: 370, Lddqu: 371, Ldmxcsr: 372, Lds: 373, Lea: 374, Leave: 375,
  Les: 376, Lfence: 377, Lfs: 378, Lgdt: 379, Lgs: 380, Lidt: 381, Lldt: 382, Llwpcb: 383, Lmsw: 384, Loadall: 385,
  Lodsb: 386, Lodsd: 387, Lodsq: 388, Lodsw: 389, Loop: 390, Loope: 391, Loopne: 392, Lsl: 393, Lss: 394, Ltr: 395,
  Lwpins: 396, Lwpval: 397, Lzcnt: 398, Maskmovdqu: 399, Maskmovq: 400, Maxpd: 401, Maxps: 402, Maxsd: 403, Maxss: 404,
  Mcommit: 405, Mfence: 406, Minpd: 407, Minps: 408, Minsd: 409, Minss: 410, Monitor: 411, Monitorx: 412, Mov: 414,
  Movapd: 415, Movaps: 416, Movbe: 417, Movd: 418, Movddup: 419, Movdir64b: 420, Movdiri: 421, Movdq2q: 422,
  Movdqa: 423, Movdqu: 424, Movhlps: 425, Movhpd: 426, Movhps: 427, Movlhps: 428, Movlpd: 429, Movlps: 430,
  Movmskpd: 431, Movmskps: 432, Movntdq: 433, Movntdqa: 434, Movnti: 435, Movntpd: 436, Movntps: 437, Movntq: 438,
  Movntsd: 439, Movntss: 440, Movq: 441, Movq2dq: 442, Movsb: 443, Movsd: 444, Movshdup: 445, Movsldup: 446, Movsq: 447,
  Movss: 448, Movsw: 449, Movsx: 450, Movsxd: 451, Movupd: 452, Movups: 453, Movzx: 454, Mpsadbw: 455, Mul: 456,
  Mulpd: 457, Mulps: 458, Mulsd: 459, Mulss: 460, Mulx: 461, Mwait: 462, Mwaitx: 463, Neg: 464, Nop: 465, Not: 466,
  Or: 467, Orpd: 468, Orps: 469, Out: 470, Outsb: 471, Outsd: 472, Outsw: 473, Pabsb: 474, Pabsd: 475, Pabsw: 476,
  Packssdw: 477, Packsswb: 478, Packusdw: 479, Packuswb: 480, Paddb: 481, Paddd: 482, Paddq: 483, Paddsb: 484,
  Paddsw: 485, Paddusb: 486, Paddusw: 487, Paddw: 488, Palignr: 489, Pand: 490, Pandn: 491, Pause: 492, Pavgb: 493,
  Pavgusb: 494, Pavgw: 495, Pblendvb: 496, Pblendw: 497, Pclmulqdq: 498, Pcmpeqb: 499, Pcmpeqd: 500, Pcmpeqq: 501,
  Pcmpeqw: 502, Pcmpestri: 503, Pcmpestri64: 504, Pcmpestrm: 505, Pcmpestrm64: 506, Pcmpgtb: 507, Pcmpgtd: 508,
  Pcmpgtq: 509, Pcmpgtw: 510, Pcmpistri: 511, Pcmpistrm: 512, Pcommit: 513, Pconfig: 514, Pdep: 515, Pext: 516,
  Pextrb: 517, Pextrd: 518, Pextrq: 519, Pextrw: 520, Pf2id: 521, Pf2iw: 522, Pfacc: 523, Pfadd: 524, Pfcmpeq: 525,
  Pfcmpge: 526, Pfcmpgt: 527, Pfmax: 528, Pfmin: 529, Pfmul: 530, Pfnacc: 531, Pfpnacc: 532, Pfrcp: 533, Pfrcpit1: 534,
  Pfrcpit2: 535, Pfrcpv: 536, Pfrsqit1: 537, Pfrsqrt: 538, Pfrsqrtv: 539, Pfsub: 540, Pfsubr: 541, Phaddd: 542,
  Phaddsw: 543, Phaddw: 544, Phminposuw: 545, Phsubd: 546, Phsubsw: 547, Phsubw: 548, Pi2fd: 549, Pi2fw: 550,
  Pinsrb: 551, Pinsrd: 552, Pinsrq: 553, Pinsrw: 554, Pmaddubsw: 555, Pmaddwd: 556, Pmaxsb: 557, Pmaxsd: 558,
  Pmaxsw: 559, Pmaxub: 560, Pmaxud: 561, Pmaxuw: 562, Pminsb: 563, Pminsd: 564, Pminsw: 565, Pminub: 566, Pminud: 567,
  Pminuw: 568, Pmovmskb: 569, Pmovsxbd: 570, Pmovsxbq: 571, Pmovsxbw: 572, Pmovsxdq: 573, Pmovsxwd: 574, Pmovsxwq: 575,
  Pmovzxbd: 576, Pmovzxbq: 577, Pmovzxbw: 578, Pmovzxdq: 579, Pmovzxwd: 580, Pmovzxwq: 581, Pmuldq: 582, Pmulhrsw: 583,
  Pmulhrw: 584, Pmulhuw: 585, Pmulhw: 586, Pmulld: 587, Pmullw: 588, Pmuludq: 589, Pop: 590, Popa: 591, Popcnt: 592,
  Popf: 593, Por: 594, Prefetch: 595, Prefetchnta: 596, Prefetcht0: 597, Prefetcht1: 598, Prefetcht2: 599,
  Prefetchw: 600, Prefetchwt1: 601, Psadbw: 602, Pshufb: 603, Pshufd: 604, Pshufhw: 605, Pshuflw: 606, Pshufw: 607,
  Psignb: 608, Psignd: 609, Psignw: 610, Pslld: 611, Pslldq: 612, Psllq: 613, Psllw: 614, Psrad: 615, Psraw: 616,
  Psrld: 617, Psrldq: 618, Psrlq: 619, Psrlw: 620, Psubb: 621, Psubd: 622, Psubq: 623, Psubsb: 624, Psubsw: 625,
  Psubusb: 626, Psubusw: 627, Psubw: 628, Pswapd: 629, Ptest: 630, Ptwrite: 631, Punpckhbw: 632, Punpckhdq: 633,
  Punpckhqdq: 634, Punpckhwd: 635, Punpcklbw: 636, Punpckldq: 637, Punpcklqdq: 638, Punpcklwd: 639, Push: 640,
  Pusha: 641, Pushf: 642, Pxor: 643, Rcl: 644, Rcpps: 645, Rcpss: 646, Rcr: 647, Rdfsbase: 648, Rdgsbase: 649,
  Rdmsr: 650, Rdpid: 651, Rdpkru: 652, Rdpmc: 653, Rdpru: 654, Rdrand: 655, Rdseed: 656, Rdsspd: 657, Rdsspq: 658,
  Rdtsc: 659, Rdtscp: 660, Reservednop: 661, Ret: 662, Retf: 663, Rol: 664, Ror: 665, Rorx: 666, Roundpd: 667,
  Roundps: 668, Roundsd: 669, Roundss: 670, Rsm: 671, Rsqrtps: 672, Rsqrtss: 673, Rstorssp: 674, Sahf: 675, Sal: 676,
  Salc: 677, Sar: 678, Sarx: 679, Saveprevssp: 680, Sbb: 681, Scasb: 682, Scasd: 683, Scasq: 684, Scasw: 685, Seta: 686,
  Setae: 687, Setb: 688, Setbe: 689, Sete: 690, Setg: 691, Setge: 692, Setl: 693, Setle: 694, Setne: 695, Setno: 696,
  Setnp: 697, Setns: 698, Seto: 699, Setp: 700, Sets: 701, Setssbsy: 702, Sfence: 703, Sgdt: 704, Sha1msg1: 705,
  Sha1msg2: 706, Sha1nexte: 707, Sha1rnds4: 708, Sha256msg1: 709, Sha256msg2: 710, Sha256rnds2: 711, Shl: 712,
  Shld: 713, Shlx: 714, Shr: 715, Shrd: 716, Shrx: 717, Shufpd: 718, Shufps: 719, Sidt: 720, Skinit: 721, Sldt: 722,
  Slwpcb: 723, Smsw: 724, Sqrtpd: 725, Sqrtps: 726, Sqrtsd: 727, Sqrtss: 728, Stac: 729, Stc: 730, Std: 731, Stgi: 732,
  Sti: 733, Stmxcsr: 734, Stosb: 735, Stosd: 736, Stosq: 737, Stosw: 738, Str: 739, Sub: 740, Subpd: 741, Subps: 742,
  Subsd: 743, Subss: 744, Swapgs: 745, Syscall: 746, Sysenter: 747, Sysexit: 748, Sysret: 749, T1mskc: 750, Test: 751,
  Tpause: 752, Tzcnt: 753, Tzmsk: 754, Ucomisd: 755, Ucomiss: 756, Ud0: 757, Ud1: 758, Ud2: 759, Umonitor: 760,
  Umov: 761, Umwait: 762, Unpckhpd: 763, Unpckhps: 764, Unpcklpd: 765, Unpcklps: 766, Verr: 869, Verw: 870, Wait: 1494,
  Wbinvd: 1495, Wbnoinvd: 1496, Wrfsbase: 1497, Wrgsbase: 1498, Wrmsr: 1499, Wrpkru: 1500, Wrssd: 1501, Wrssq: 1502,
  Wrussd: 1503, Wrussq: 1504, Xabort: 1505, Xadd: 1506, Xbegin: 1507, Xbts: 1508, Xchg: 1509, Xend: 1515, Xgetbv: 1516,
  Xlatb: 1517, Xor: 1518, Xorpd: 1519, Xorps: 1520, Xrstor: 1521, Xrstor64: 1522, Xrstors: 1523, Xrstors64: 1524,
  Xsave: 1525, Xsave64: 1526, Xsavec: 1527, Xsavec64: 1528, Xsaveopt: 1529, Xsaveopt64: 1530, Xsaves: 1531,
  Xsaves64: 1532, Xsetbv: 1533, Xtest: 1537, Rmpadjust: 1538, Rmpupdate: 1539, Psmash: 1540, Pvalidate: 1541,
  Serialize: 1542, Xsusldtrk: 1543, Xresldtrk: 1544, Invlpgb: 1545, Tlbsync: 1546, Getsecq: 1548, Sysexitq: 1549,
  Ldtilecfg: 1550, Sttilecfg: 1552, Sysretq: 1562, Fnstdw: 1563, Fnstsg: 1564, Rdshr: 1565, Wrshr: 1566, Smint: 1567,
  Dmint: 1568, Rdm: 1569, Svdc: 1570, Rsdc: 1571, Svldt: 1572, Rsldt: 1573, Svts: 1574, Rsts: 1575, Bb0_reset: 1576,
  Bb1_reset: 1577, Cpu_write: 1578, Cpu_read: 1579, Altinst: 1580, Paveb: 1581, Paddsiw: 1582, Pmagw: 1583,
  Pdistib: 1584, Psubsiw: 1585, Pmvzb: 1586, Pmvnzb: 1587, Pmvlzb: 1588, Pmvgezb: 1589, Pmulhriw: 1590, Pmachriw: 1591,
  Ftstp: 1592, Frint2: 1593, Frichop: 1594, Frinear: 1595, Tdcall: 1597, Seamret: 1598, Seamops: 1599, Seamcall: 1600,
  Aesenc128kl: 1606, Aesdec128kl: 1607, Aesenc256kl: 1608, Aesdec256kl: 1609, Pushad: 1612, Popad: 1613, Pushfd: 1614,
  Pushfq: 1615, Popfd: 1616, Popfq: 1617, Iretd: 1618, Iretq: 1619, Int3: 1620, Uiret: 1621, Testui: 1622, Clui: 1623,
  Stui: 1624, Senduipi: 1625, Hreset: 1626, Lkgs: 1629, Eretu: 1630, Erets: 1631, Storeall: 1632, Rdudbg: 1739,
  Wrudbg: 1740, Jknzd: 1744, Jkzd: 1745, Tzcnti: 1761, Aadd: 1838, Aand: 1839, Aor: 1840, Axor: 1841, Cmpbexadd: 1842,
  Cmpbxadd: 1843, Cmplexadd: 1844, Cmplxadd: 1845, Cmpnbexadd: 1846, Cmpnbxadd: 1847, Cmpnlexadd: 1848, Cmpnlxadd: 1849,
  Cmpnoxadd: 1850, Cmpnpxadd: 1851, Cmpnsxadd: 1852, Cmpnzxadd: 1853, Cmpoxadd: 1854, Cmppxadd: 1855, Cmpsxadd: 1856,
  Cmpzxadd: 1857, Prefetchit0: 1858, Prefetchit1: 1859, Rdmsrlist: 1860, Rmpquery: 1861, Wrmsrlist: 1875, Wrmsrns: 1876,
  Tcmmrlfp16ps: 1877, Tcmmimfp16ps: 1878, Pbndkb: 1879,
} as const satisfies { readonly [K in keyof typeof IcedMnemonic]?: (typeof IcedMnemonic)[K] }; // prettier-ignore

/** A mnemonic by the decoder's name: "Add", "Movsxd". */
export type MnemonicName = keyof typeof MNEMONIC;

/** The name of each number of `MNEMONIC`. */
export const MNEMONIC_NAMES: readonly (MnemonicName | undefined)[] = namesByNumber();

/** A set of mnemonics that is asked about every instruction: a byte for each number, where a `Set` would hash. */
export class MnemonicSet {
  readonly #isIn = new Uint8Array(MNEMONIC_NAMES.length);

  constructor(mnemonics: Iterable<number>) {
    for (const mnemonic of mnemonics) this.#isIn[mnemonic] = 1;
  }

  has(mnemonic: number): boolean {
    return this.#isIn[mnemonic] === 1;
  }
}

function namesByNumber(): (MnemonicName | undefined)[] {
  const names: (MnemonicName | undefined)[] = [];
  for (const name of Object.keys(MNEMONIC) as MnemonicName[]) names[MNEMONIC[name]] = name;
  return names;
}
