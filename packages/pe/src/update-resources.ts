import { PeError } from "./error.ts";
import { DIRECTORY, SECTION, type Image } from "./image.ts";
import { fillResourceGap, layOutResources, type ResourceData } from "./lay-out-resources.ts";
import { readImage } from "./read-image.ts";
import { readResources } from "./resources.ts";
import { RvaView } from "./rva-view.ts";

const SECTION_HEADER_BYTES = 40;
const DISCARDABLE = 0x0200_0000;
const MAX_BYTES = 2 ** 28;

/** Every resource of an image, with its bytes. Throws PeError. */
export function readResourceData(image: Image): ResourceData[] {
  const view = new RvaView(image);
  let total = 0;
  return readResources(image).map(({ type, name, language, codePage, rva, size }) => {
    total += size;
    // Resources may overlap, but not without end.
    if (total > MAX_BYTES) throw new PeError("malformed", `expected resources of at most ${MAX_BYTES} bytes, found more`);
    return { type, name, language, codePage, bytes: Uint8Array.from({ length: size }, (_, i) => view.u8(rva + i)) };
  });
}

/**
 * A copy of an image's file with these resources and no others: .rsrc is laid out anew in its place, and what lies behind it moves; an image
 * without one gets it as its last section. Throws PeError where there is no room: in the headers, or before sections that cannot move.
 */
export function replaceResources(file: Uint8Array, resources: readonly ResourceData[]): Uint8Array {
  const image = readImage(file);
  const headers = new Headers(file, image);
  const index = image.sections.findIndex(({ name }) => name === ".rsrc");
  return index < 0 ? appendSection(headers, resources) : replaceSection(headers, index, resources);
}

/** The header fields that an update changes, by their places in the file. */
class Headers {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly image: Image;
  readonly nt: number;
  readonly optional: number;
  readonly directories: number;
  readonly sections: number;
  readonly fileAlignment: number;

  constructor(file: Uint8Array, image: Image) {
    this.bytes = file.slice();
    this.view = new DataView(this.bytes.buffer);
    this.image = image;
    this.nt = this.view.getUint32(0x3c, true);
    this.optional = this.nt + 24;
    this.directories = this.optional + (image.is64 ? 112 : 96);
    this.sections = this.optional + this.view.getUint16(this.nt + 20, true);
    this.fileAlignment = Math.max(1, this.view.getUint32(this.optional + 36, true));
  }

  get sectionCount(): number {
    return this.view.getUint16(this.nt + 6, true);
  }

  sectionField(index: number, offset: number): number {
    return this.view.getUint32(this.sections + SECTION_HEADER_BYTES * index + offset, true);
  }

  setSectionField(index: number, offset: number, value: number): void {
    this.view.setUint32(this.sections + SECTION_HEADER_BYTES * index + offset, value, true);
  }

  setDirectory(index: number, rva: number, size: number): void {
    this.view.setUint32(this.directories + 8 * index, rva, true);
    this.view.setUint32(this.directories + 8 * index + 4, size, true);
  }

  /** SizeOfInitializedData and SizeOfImage follow from the sections. */
  sumUp(): void {
    let initialised = 0;
    let end = 0;
    for (let i = 0; i < this.sectionCount; i++) {
      if ((this.sectionField(i, 36) & SECTION.INITIALIZED_DATA) !== 0) initialised += this.sectionField(i, 16);
      end = Math.max(end, this.sectionField(i, 12) + Math.max(this.sectionField(i, 8), this.sectionField(i, 16)));
    }
    this.view.setUint32(this.optional + 8, initialised, true);
    this.view.setUint32(this.optional + 56, roundUp(end, this.image.sectionAlignment), true);
  }
}

/** Offsets in a section header. */
const FIELD = { VIRTUAL_SIZE: 8, RVA: 12, RAW_SIZE: 16, RAW_OFFSET: 20, CHARACTERISTICS: 36 } as const;

function replaceSection(headers: Headers, index: number, resources: readonly ResourceData[]): Uint8Array {
  const { image, fileAlignment, bytes: file } = headers;
  const rva = headers.sectionField(index, FIELD.RVA);
  const oldRaw = headers.sectionField(index, FIELD.RAW_SIZE);
  const start = headers.sectionField(index, FIELD.RAW_OFFSET);
  const content = layOutResources(resources, rva);
  const rawSize = roundUp(content.length, fileAlignment);
  if (start + oldRaw > file.length) throw new PeError("malformed", "expected the resources inside the file, found that they end behind it");
  // As Wine does, sizes stay while the file's layout stays and the resources fit.
  if (rawSize !== oldRaw || headers.sectionField(index, FIELD.VIRTUAL_SIZE) < content.length)
    headers.setDirectory(DIRECTORY.RESOURCE, rva, content.length);
  if (rawSize !== oldRaw) {
    const before = roundUp(Math.max(headers.sectionField(index, FIELD.VIRTUAL_SIZE), 1), image.sectionAlignment);
    const needed = roundUp(content.length, image.sectionAlignment);
    // Windows takes no image with a gap between its sections: what cannot move keeps its distance.
    const virtualSize = needed < before && !canMove(headers, rva) ? before : needed;
    const moves = virtualSize - before;
    headers.setSectionField(index, FIELD.VIRTUAL_SIZE, virtualSize);
    headers.setSectionField(index, FIELD.RAW_SIZE, rawSize);
    moveSections(headers, { rva, start, bytes: rawSize - oldRaw, memory: moves });
    headers.sumUp();
  } else if (headers.sectionField(index, FIELD.VIRTUAL_SIZE) < content.length)
    headers.setSectionField(index, FIELD.VIRTUAL_SIZE, content.length);
  const result = new Uint8Array(file.length + rawSize - oldRaw);
  result.set(file.subarray(0, start));
  result.set(content, start);
  fillResourceGap(result, start + content.length, start + rawSize);
  result.set(file.subarray(start + oldRaw), start + rawSize);
  return result;
}

/** What lies behind the resources moves in the file, and in memory too: only relocations and debug information can do that. */
function moveSections(
  headers: Headers,
  { rva, start, bytes, memory }: { rva: number; start: number; bytes: number; memory: number },
): void {
  const { view, nt } = headers;
  for (let i = 0; i < headers.sectionCount; i++) {
    const at = headers.sectionField(i, FIELD.RVA);
    const offset = headers.sectionField(i, FIELD.RAW_OFFSET);
    if (offset > start) headers.setSectionField(i, FIELD.RAW_OFFSET, offset + bytes);
    if (at <= rva || memory === 0) continue;
    if (!canMove(headers, rva))
      throw new PeError("malformed", "expected room for the resources, found a section behind them that cannot move");
    headers.setSectionField(i, FIELD.RVA, at + memory);
  }
  const symbols = view.getUint32(nt + 12, true);
  if (symbols > start) view.setUint32(nt + 12, symbols + bytes, true);
  if (memory === 0) return;
  for (let i = 0; i < headers.image.directories.length; i++) {
    const at = headers.directories + 8 * i;
    if (i !== DIRECTORY.SECURITY && headers.image.directories[i]!.rva > rva) view.setUint32(at, view.getUint32(at, true) + memory, true);
  }
}

/** Whether all sections behind an address may lie elsewhere. */
function canMove(headers: Headers, rva: number): boolean {
  for (let i = 0; i < headers.sectionCount; i++) {
    const isBehind = headers.sectionField(i, FIELD.RVA) > rva;
    if (isBehind && (headers.sectionField(i, FIELD.CHARACTERISTICS) & DISCARDABLE) === 0) return false;
  }
  return true;
}

function appendSection(headers: Headers, resources: readonly ResourceData[]): Uint8Array {
  const { image, fileAlignment, view, nt } = headers;
  const index = headers.sectionCount;
  const header = headers.sections + SECTION_HEADER_BYTES * index;
  if (header + SECTION_HEADER_BYTES > image.sizeOfHeaders)
    throw new PeError("malformed", "expected room for one more section in the headers, found none");
  let end = 0;
  for (const section of image.sections) end = Math.max(end, section.rva + section.virtualSize);
  const rva = roundUp(end, image.sectionAlignment);
  const content = layOutResources(resources, rva);
  const start = roundUp(headers.bytes.length, fileAlignment);
  const rawSize = roundUp(content.length, fileAlignment);
  view.setUint16(nt + 6, index + 1, true);
  headers.bytes.fill(0, header, header + SECTION_HEADER_BYTES);
  for (const [i, letter] of Array.from(".rsrc").entries()) headers.bytes[header + i] = letter.charCodeAt(0);
  headers.setSectionField(index, FIELD.VIRTUAL_SIZE, roundUp(content.length, image.sectionAlignment));
  headers.setSectionField(index, FIELD.RVA, rva);
  headers.setSectionField(index, FIELD.RAW_SIZE, rawSize);
  headers.setSectionField(index, FIELD.RAW_OFFSET, start);
  headers.setSectionField(index, FIELD.CHARACTERISTICS, SECTION.READ + SECTION.INITIALIZED_DATA);
  headers.setDirectory(DIRECTORY.RESOURCE, rva, content.length);
  headers.sumUp();
  const result = new Uint8Array(start + rawSize);
  result.set(headers.bytes);
  result.set(content, start);
  fillResourceGap(result, start + content.length, start + rawSize);
  return result;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
