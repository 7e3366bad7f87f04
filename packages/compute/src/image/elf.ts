import { CUDA_ERROR, CudaError } from "@decant/cuda";

/** The first four bytes of an ELF file, as a number. */
export const ELF = 0x464c_457f;

/** Where `nvcc -G` keeps the PTX that a cubin was made from; its lines end in NULs. */
const PTX_SECTION = ".nv_debug_ptx_txt";
/** Where a host object file keeps a fatbin. */
const FATBIN_SECTION = ".nv_fatbin";

const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const STRTAB = 3;
const PROGBITS = 1;
const EM_CUDA = 190;

/** What PTX an ELF image carries: texts, and fatbins that may hold more. Fails with CUDA_ERROR_INVALID_IMAGE where it is damaged. */
export function readElf(image: Uint8Array): { texts: string[]; fatbins: Uint8Array[] } {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  // ELFCLASS64, ELFDATA2LSB.
  if (image.length < HEADER_BYTES || image[4] !== 2 || image[5] !== 1) throw damaged("the header is not that of a 64-bit ELF file");
  const table = Number(view.getBigUint64(0x28, true));
  const [entryBytes, count, names] = [0x3a, 0x3c, 0x3e].map((offset) => view.getUint16(offset, true)) as [number, number, number];
  if (entryBytes < SECTION_BYTES || table + entryBytes * count > image.length || names >= Math.max(count, 1))
    throw damaged("the section table is cut off");
  const section = (index: number): { nameAt: number; bytes: Uint8Array } => {
    const at = table + index * entryBytes;
    const [offset, size] = [Number(view.getBigUint64(at + 24, true)), Number(view.getBigUint64(at + 32, true))];
    // NOBITS sections have no bytes, whatever their size.
    const isEmpty = view.getUint32(at + 4, true) === 8;
    if (!isEmpty && offset + size > image.length) throw damaged(`section ${index} is cut off`);
    return { nameAt: view.getUint32(at, true), bytes: isEmpty ? image.subarray(0, 0) : image.subarray(offset, offset + size) };
  };
  const texts: string[] = [];
  const fatbins: Uint8Array[] = [];
  if (count === 0) return { texts, fatbins };
  const nameBytes = section(names).bytes;
  for (let index = 0; index < count; index++) {
    const { nameAt, bytes } = section(index);
    const end = nameBytes.indexOf(0, nameAt);
    const name = end < 0 ? "" : new TextDecoder("latin1").decode(nameBytes.subarray(nameAt, end));
    if (name === PTX_SECTION) texts.push(new TextDecoder("latin1").decode(bytes).replaceAll("\0", "\n"));
    else if (name === FATBIN_SECTION) fatbins.push(bytes);
  }
  return { texts, fatbins };
}

/** A cubin that carries PTX and no machine code: what linking makes. `readElf` finds the texts again, in their order. */
export function writeElf(texts: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const names = encoder.encode(`\0.shstrtab\0${PTX_SECTION}\0`);
  const bodies = [names, ...texts.map((text) => encoder.encode(text))];
  const table = bodies.reduce((end, body) => alignUp(end + body.length), HEADER_BYTES);
  const image = new Uint8Array(table + SECTION_BYTES * (bodies.length + 1));
  const view = new DataView(image.buffer);
  image.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(0x10, 2, true);
  view.setUint16(0x12, EM_CUDA, true);
  view.setUint32(0x14, 1, true);
  view.setBigUint64(0x28, BigInt(table), true);
  for (const [offset, value] of [
    [0x34, HEADER_BYTES],
    [0x3a, SECTION_BYTES],
    [0x3c, bodies.length + 1],
    [0x3e, 1],
  ] as const)
    view.setUint16(offset, value, true);
  let at = HEADER_BYTES;
  for (const [index, body] of bodies.entries()) {
    image.set(body, at);
    const header = table + SECTION_BYTES * (index + 1);
    view.setUint32(header, index === 0 ? 1 : 1 + ".shstrtab\0".length, true);
    view.setUint32(header + 4, index === 0 ? STRTAB : PROGBITS, true);
    view.setBigUint64(header + 24, BigInt(at), true);
    view.setBigUint64(header + 32, BigInt(body.length), true);
    view.setBigUint64(header + 48, 1n, true);
    at = alignUp(at + body.length);
  }
  return image;
}

function alignUp(value: number): number {
  return Math.ceil(value / 8) * 8;
}

function damaged(why: string): CudaError {
  return new CudaError(CUDA_ERROR.INVALID_IMAGE, `the cubin is damaged: ${why}`);
}
