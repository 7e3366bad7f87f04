const PE_HEADER = 0x40;
const OPTIONAL_HEADER = PE_HEADER + 24;
const SECTION_TABLE = OPTIONAL_HEADER + 240;
const ALIGNMENT = 0x1000;
const FILE_ALIGNMENT = 0x200;
const STACK_RESERVE = 0x100000n;
const STACK_COMMIT = 0x1000n;
const CONSOLE = 3;

/** The smallest console program: no imports, and an entry point that is never run. A process must have an image. */
export function emptyProgram(bits: 32 | 64 = 64): Uint8Array {
  const is64 = bits === 64;
  const bytes = new Uint8Array(2 * FILE_ALIGNMENT);
  const view = new DataView(bytes.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: bigint) => view.setBigUint64(at, value, true);
  u16(0, 0x5a4d);
  u32(0x3c, PE_HEADER);
  u32(PE_HEADER, 0x4550);
  u16(PE_HEADER + 4, is64 ? 0x8664 : 0x14c);
  u16(PE_HEADER + 6, 1);
  u16(PE_HEADER + 20, SECTION_TABLE - OPTIONAL_HEADER);
  u16(PE_HEADER + 22, is64 ? 0x22 : 0x102);
  u16(OPTIONAL_HEADER, is64 ? 0x20b : 0x10b);
  u32(OPTIONAL_HEADER + 16, ALIGNMENT);
  if (is64) u64(OPTIONAL_HEADER + 24, 0x40_0000n);
  else u32(OPTIONAL_HEADER + 28, 0x40_0000);
  u32(OPTIONAL_HEADER + 32, ALIGNMENT);
  u32(OPTIONAL_HEADER + 36, FILE_ALIGNMENT);
  u16(OPTIONAL_HEADER + 40, 6);
  u16(OPTIONAL_HEADER + 48, 6);
  u32(OPTIONAL_HEADER + 56, 2 * ALIGNMENT);
  u32(OPTIONAL_HEADER + 60, FILE_ALIGNMENT);
  u16(OPTIONAL_HEADER + 68, CONSOLE);
  [STACK_RESERVE, STACK_COMMIT, STACK_RESERVE, STACK_COMMIT].forEach((size, index) => {
    if (is64) u64(OPTIONAL_HEADER + 72 + 8 * index, size);
    else u32(OPTIONAL_HEADER + 72 + 4 * index, Number(size));
  });
  u32(OPTIONAL_HEADER + (is64 ? 108 : 92), 16);
  bytes.set(new TextEncoder().encode(".text"), SECTION_TABLE);
  u32(SECTION_TABLE + 8, 0x10);
  u32(SECTION_TABLE + 12, ALIGNMENT);
  u32(SECTION_TABLE + 16, FILE_ALIGNMENT);
  u32(SECTION_TABLE + 20, FILE_ALIGNMENT);
  u32(SECTION_TABLE + 36, 0x6000_0020);
  bytes[FILE_ALIGNMENT] = 0xc3;
  return bytes;
}
