import { layOutExports } from "./build-exports.ts";
import { STUB_SIZE } from "./dll-spec.ts";
import type { BuiltDll, DllSpec, DllSymbol } from "./dll-spec.ts";
import { layOutResources } from "./lay-out-resources.ts";

const PAGE = 0x1000;
const TEXT = PAGE;

/** Builds a small DLL: stubs in .text, variables in .data, the export directory and unwind data in .rdata. It may be loaded anywhere. */
export function buildDll(spec: DllSpec): BuiltDll {
  const stubCount = spec.symbols.filter((symbol) => symbol.kind === "stub").length;
  const dataSizes = spec.symbols.map((symbol) => (symbol.kind === "data" ? roundUp(symbol.size, 16) : 0));
  const dataSize = roundUp(
    dataSizes.reduce((sum, size) => sum + size, 0),
    PAGE,
  );
  const data = TEXT + roundUp(Math.max(1, stubCount * STUB_SIZE), PAGE);
  const rdata = data + dataSize;
  const addresses = place(spec.symbols, dataSizes, data);
  const exports = layOutExports(spec, addresses, rdata);
  const rdataSize = roundUp(exports.bytes.length, PAGE);
  const rsrc = rdata + rdataSize;
  const resources = spec.resources === undefined ? new Uint8Array(0) : layOutResources(spec.resources, rsrc);
  const rsrcSize = roundUp(resources.length, PAGE);
  const bytes = new Uint8Array(rsrc + rsrcSize);
  // What the functions are made of is the processor's affair: int3 until then.
  bytes.fill(0xcc, TEXT, TEXT + stubCount * STUB_SIZE);
  bytes.set(exports.bytes, rdata);
  bytes.set(resources, rsrc);
  const sections = [
    { name: ".text", rva: TEXT, size: data - TEXT, characteristics: 0x6000_0020 },
    ...(dataSize === 0 ? [] : [{ name: ".data", rva: data, size: dataSize, characteristics: 0xc000_0040 }]),
    { name: ".rdata", rva: rdata, size: rdataSize, characteristics: 0x4000_0040 },
    ...(rsrcSize === 0 ? [] : [{ name: ".rsrc", rva: rsrc, size: rsrcSize, characteristics: 0x4000_0040 }]),
  ];
  writeHeaders(bytes, spec, sections, { ...exports, exportDirectory: rdata, rsrc, rsrcSize: resources.length });
  return { bytes, addresses };
}

/** Each symbol's address, with variables from `data` on. */
function place(symbols: readonly DllSymbol[], dataSizes: readonly number[], data: number): (number | undefined)[] {
  const addresses: (number | undefined)[] = [];
  let text = TEXT;
  let variable = data;
  symbols.forEach((symbol, index) => {
    if (symbol.kind === "alias") addresses.push(addresses[symbol.of]);
    else if (symbol.kind === "forward") addresses.push(undefined);
    else addresses.push(symbol.kind === "stub" ? text : variable);
    if (symbol.kind === "stub") text += STUB_SIZE;
    variable += dataSizes[index]!;
  });
  return addresses;
}

interface BuiltSection {
  readonly name: string;
  readonly rva: number;
  readonly size: number;
  readonly characteristics: number;
}

function writeHeaders(
  bytes: Uint8Array,
  spec: DllSpec,
  sections: readonly BuiltSection[],
  exports: { exportDirectory: number; exportSize: number; pdata: number; pdataSize: number; rsrc: number; rsrcSize: number },
): void {
  const view = new DataView(bytes.buffer);
  const is64 = spec.machine === "x86-64";
  const nt = 0x80;
  const optional = nt + 24;
  const optionalSize = (is64 ? 112 : 96) + 16 * 8;
  const u16 = (at: number, value: number): void => view.setUint16(at, value, true);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true);
  const word = (index: number, value: bigint): void => {
    if (is64) view.setBigUint64(optional + 72 + index * 8, value, true);
    else u32(optional + 72 + index * 4, Number(value));
  };
  u16(0, 0x5a4d);
  u32(0x3c, nt);
  u32(nt, 0x4550);
  u16(nt + 4, is64 ? 0x8664 : 0x14c);
  u16(nt + 6, sections.length);
  u16(nt + 20, optionalSize);
  u16(nt + 22, (is64 ? 0x22 : 0x102) | (spec.isProgram === true ? 0 : 0x2000));
  u16(optional, is64 ? 0x20b : 0x10b);
  u32(optional + 16, spec.isProgram === true ? TEXT : 0);
  u32(optional + 20, TEXT);
  if (is64) view.setBigUint64(optional + 24, spec.base, true);
  else u32(optional + 28, Number(spec.base));
  u32(optional + 32, PAGE);
  u32(optional + 36, PAGE);
  u16(optional + 40, 10);
  u16(optional + 48, 10);
  u32(optional + 56, bytes.length);
  u32(optional + 60, PAGE);
  u16(optional + 68, 3);
  u16(optional + 70, 0x0140);
  word(0, 0x40000n);
  word(1, 0x1000n);
  word(2, 0x100000n);
  word(3, 0x1000n);
  u32(optional + optionalSize - 16 * 8 - 4, 16);
  const directories = optional + optionalSize - 16 * 8;
  if (exports.exportSize > 0) {
    u32(directories, exports.exportDirectory);
    u32(directories + 4, exports.exportSize);
  }
  if (exports.rsrcSize > 0) {
    u32(directories + 2 * 8, exports.rsrc);
    u32(directories + 2 * 8 + 4, exports.rsrcSize);
  }
  if (exports.pdataSize > 0) {
    u32(directories + 3 * 8, exports.pdata);
    u32(directories + 3 * 8 + 4, exports.pdataSize);
  }
  sections.forEach((section, index) => {
    const at = optional + optionalSize + index * 40;
    for (let i = 0; i < section.name.length; i++) bytes[at + i] = section.name.charCodeAt(i);
    u32(at + 8, section.size);
    u32(at + 12, section.rva);
    u32(at + 16, section.size);
    u32(at + 20, section.rva);
    u32(at + 36, section.characteristics);
  });
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
