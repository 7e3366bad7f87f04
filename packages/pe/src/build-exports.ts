import { STUB_SIZE } from "./dll-spec.ts";
import type { DllSpec, DllSymbol } from "./dll-spec.ts";
import { UWOP } from "./unwind.ts";

/** The .rdata section of a built DLL. */
export interface ExportsLayout {
  readonly bytes: Uint8Array;
  /** Bytes of the export directory, forwarders included: a loader tells forwarders by it. */
  readonly exportSize: number;
  readonly pdata: number;
  readonly pdataSize: number;
}

/** Lays out the export directory (names sorted by their bytes, as a loader's binary search needs), then unwind data. */
export function layOutExports(spec: DllSpec, addresses: readonly (number | undefined)[], rva: number): ExportsLayout {
  const exported = spec.symbols
    .map((symbol, index) => ({ symbol, address: addresses[index] }))
    .filter(({ symbol }) => symbol.hidden !== true);
  const { base, count, ordinals } = assignOrdinals(exported.map(({ symbol }) => symbol));
  const named = exported
    .map(({ symbol }, index) => ({ name: symbol.name, index: ordinals[index]! - base }))
    .filter((entry): entry is { name: string; index: number } => entry.name !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const functions = 40;
  const names = functions + count * 4;
  const nameOrdinals = names + named.length * 4;
  const strings = new StringPool(nameOrdinals + named.length * 2);
  const dllName = strings.add(spec.name);
  const nameOffsets = named.map(({ name }) => strings.add(name));
  const forwarders = exported.map(({ symbol }) => {
    const target = symbol.kind === "alias" ? spec.symbols[symbol.of]! : symbol;
    return target.kind === "forward" ? strings.add(target.to) : 0;
  });
  const unwind = layOutUnwind(spec, addresses, rva + roundUp(strings.end, 4));
  const bytes = new Uint8Array(roundUp(strings.end, 4) + unwind.bytes.length);
  const view = new DataView(bytes.buffer);
  const header = [0, 0, 0, rva + dllName, base, count, named.length, rva + functions, rva + names, rva + nameOrdinals];
  header.forEach((value, index) => view.setUint32(index * 4, value, true));
  exported.forEach(({ address }, index) => {
    view.setUint32(functions + (ordinals[index]! - base) * 4, address ?? rva + forwarders[index]!, true);
  });
  named.forEach(({ index }, i) => {
    view.setUint32(names + i * 4, rva + nameOffsets[i]!, true);
    view.setUint16(nameOrdinals + i * 2, index, true);
  });
  strings.write(bytes);
  bytes.set(unwind.bytes, roundUp(strings.end, 4));
  return { bytes, exportSize: exported.length === 0 ? 0 : strings.end, pdata: unwind.pdata, pdataSize: unwind.pdataSize };
}

function assignOrdinals(symbols: readonly DllSymbol[]): { base: number; count: number; ordinals: number[] } {
  let next = 1;
  let base = symbols.some((symbol) => symbol.ordinal === undefined) ? Infinity : 0xffff;
  for (const { ordinal } of symbols) {
    if (ordinal === undefined) continue;
    next = Math.max(next, ordinal + 1);
    base = Math.min(base, ordinal);
  }
  base = Math.min(base, next);
  const ordinals = symbols.map(({ ordinal }) => ordinal ?? next++);
  return { base, count: symbols.length === 0 ? 0 : next - base, ordinals };
}

/** NUL-terminated names, one after another. */
class StringPool {
  readonly #start: number;
  readonly #texts: string[] = [];
  end: number;

  constructor(start: number) {
    this.#start = start;
    this.end = start;
  }

  add(text: string): number {
    const at = this.end;
    this.#texts.push(text);
    this.end += text.length + 1;
    return at;
  }

  write(bytes: Uint8Array): void {
    let at = this.#start;
    for (const text of this.#texts) {
      for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
      at += text.length + 1;
    }
  }
}

/** Function table entries, then an UNWIND_INFO of one allocation for each stub that has a frame. */
function layOutUnwind(
  spec: DllSpec,
  addresses: readonly (number | undefined)[],
  rva: number,
): { bytes: Uint8Array; pdata: number; pdataSize: number } {
  const frames = spec.symbols.flatMap((symbol, index) =>
    symbol.kind === "stub" && symbol.frameSize !== undefined ? [{ at: addresses[index]!, size: symbol.frameSize }] : [],
  );
  const pdataSize = spec.machine === "x86-64" ? frames.length * 12 : 0;
  if (pdataSize === 0) return { bytes: new Uint8Array(0), pdata: 0, pdataSize: 0 };
  const bytes = new Uint8Array(pdataSize + frames.length * 8);
  const view = new DataView(bytes.buffer);
  frames.forEach(({ at, size }, index) => {
    const info = pdataSize + index * 8;
    view.setUint32(index * 12, at, true);
    view.setUint32(index * 12 + 4, at + STUB_SIZE, true);
    view.setUint32(index * 12 + 8, rva + info, true);
    bytes.set([1, 0, 2, 0, 0, UWOP.ALLOC_LARGE], info);
    view.setUint16(info + 6, size / 8, true);
  });
  return { bytes, pdata: rva, pdataSize };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
