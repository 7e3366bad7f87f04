import { GPR } from "../cpu-block.ts";

/** Feature bits of leaf 1 and leaf 0x80000001: exactly what has lowerings and differential tests. No OSXSAVE, so no AVX. */
const FEATURES = {
  // fpu, tsc, cx8, cmov, clfsh, mmx, fxsr, sse, sse2
  edx: (1 << 0) | (1 << 4) | (1 << 8) | (1 << 15) | (1 << 19) | (1 << 23) | (1 << 24) | (1 << 25) | (1 << 26),
  // sse3, pclmulqdq, ssse3, cx16, sse4.1, sse4.2, movbe, popcnt, aes, hypervisor
  ecx: (1 << 0) | (1 << 1) | (1 << 9) | (1 << 13) | (1 << 19) | (1 << 20) | (1 << 22) | (1 << 23) | (1 << 25) | (1 << 31),
  // syscall is the operating system's; long mode, rdtscp
  extendedEdx: (1 << 27) | (1 << 29),
  // lahf in 64-bit mode, lzcnt
  extendedEcx: (1 << 0) | (1 << 5),
};

/** A name of ours would send programs that ask for "GenuineIntel" down their slowest path. */
const VENDOR = "GenuineIntel";
const BRAND = "Decant x86-64 on WebAssembly";

/** One register of a CPUID leaf (Intel SDM volume 2, CPUID). `register` is GPR's rax, rbx, rcx or rdx. */
export function cpuid(leaf: number, _subleaf: number, register: number): number {
  const [eax, ebx, ecx, edx] = registers(leaf >>> 0);
  return register === GPR.rax ? eax : register === GPR.rbx ? ebx : register === GPR.rcx ? ecx : edx;
}

function registers(leaf: number): [number, number, number, number] {
  switch (leaf) {
    case 0:
      return [7, word(VENDOR, 0), word(VENDOR, 8), word(VENDOR, 4)];
    case 1:
      // Family 6, model 15; one logical processor; cache lines of 64 bytes for clflush.
      return [0x000006f0, 0x00010800, FEATURES.ecx, FEATURES.edx];
    case 0x8000_0000:
      return [0x8000_0008 | 0, 0, 0, 0];
    case 0x8000_0001:
      return [0, 0, FEATURES.extendedEcx, FEATURES.extendedEdx];
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004: {
      const at = (leaf - 0x8000_0002) * 16;
      return [word(BRAND, at), word(BRAND, at + 4), word(BRAND, at + 8), word(BRAND, at + 12)];
    }
    case 0x8000_0008:
      // 36 physical and 48 linear address bits.
      return [0x3024, 0, 0, 0];
    default:
      return [0, 0, 0, 0];
  }
}

/** Four characters, the first lowest; NUL past the end. */
function word(text: string, at: number): number {
  let value = 0;
  for (let n = 0; n < 4; n++) value |= (text.charCodeAt(at + n) || 0) << (8 * n);
  return value;
}
