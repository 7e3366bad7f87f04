import { ByteWriter } from "./byte-writer.ts";
import { FunctionBuilder } from "./function-builder.ts";
import { I32, type ValueType } from "./opcodes.ts";

/** Limits of a memory or table, in pages or elements. */
export interface Limits {
  initial: number;
  maximum?: number;
  shared?: boolean;
}

const SECTION = { type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, element: 9, code: 10, data: 11 };
const KIND = { function: 0, table: 1, memory: 2, global: 3 };

/** A function of the module: one being written, or one whose entry in the code section is there already. */
interface ModuleFunction {
  readonly index: number;
  readonly typeIndex: number;
  readonly name: string | undefined;
  readonly builder: FunctionBuilder | undefined;
  /** Its entry in the code section, without its size, and where the instructions begin in it; of one being written, when the module is finished. */
  body: { readonly bytes: Uint8Array; readonly codeStart: number };
}

const NO_BODY = { bytes: new Uint8Array(0), codeStart: 0 };

/** Builds WebAssembly modules, one after another (`clear`). Imports are declared before any function, table or global of its own. */
export class ModuleBuilder {
  /** The module's name in stack traces: V8 puts it into the URL of a frame, `wasm://wasm/NAME-…`. */
  name: string | undefined;
  readonly #types = new ByteWriter();
  readonly #signatures: { readonly parameters: readonly ValueType[]; readonly results: readonly ValueType[] }[] = [];
  readonly #imports = new Section();
  readonly #functions: ModuleFunction[] = [];
  readonly #tables = new Section();
  readonly #memories = new Section();
  readonly #globals = new Section();
  readonly #exports = new Section();
  readonly #elements = new Section();
  readonly #data = new Section();
  #importedFunctions = 0;
  #tableCount = 0;
  #globalCount = 0;
  #bodyOffsets: number[] = [];
  /** Parts of what is written last, whose lengths come before them. */
  readonly #part = new ByteWriter();
  readonly #inner = new ByteWriter();

  /** Forgets the module, for another. The room for sections is kept: a builder that is used again and again takes none. */
  clear(): this {
    this.name = undefined;
    this.#types.clear();
    this.#signatures.length = 0;
    this.#functions.length = 0;
    for (const section of [this.#imports, this.#tables, this.#memories, this.#globals, this.#exports, this.#elements, this.#data])
      section.clear();
    this.#importedFunctions = 0;
    this.#tableCount = 0;
    this.#globalCount = 0;
    this.#bodyOffsets = [];
    return this;
  }

  /** The index of a function type, added once. */
  type(parameters: readonly ValueType[], results: readonly ValueType[] = []): number {
    const signatures = this.#signatures;
    for (let n = 0; n < signatures.length; n++) {
      const known = signatures[n]!;
      if (isSame(known.parameters, parameters) && isSame(known.results, results)) return n;
    }
    this.#types.byte(0x60);
    this.#types.u32(parameters.length);
    for (const type of parameters) this.#types.byte(type);
    this.#types.u32(results.length);
    for (const type of results) this.#types.byte(type);
    return signatures.push({ parameters, results }) - 1;
  }

  importFunction(module: string, name: string, typeIndex: number): number {
    if (this.#functions.length > 0) throw new Error("wasm: imports come before functions");
    this.#import(module, name, KIND.function).u32(typeIndex);
    return this.#importedFunctions++;
  }

  /** The same by what `importHead` made of the two names: an import of many modules is written from there. */
  importFunctionBy(head: Uint8Array, typeIndex: number): number {
    if (this.#functions.length > 0) throw new Error("wasm: imports come before functions");
    const out = this.#imports.next();
    for (let i = 0; i < head.length; i++) out.byte(head[i]!);
    out.u32(typeIndex);
    return this.#importedFunctions++;
  }

  importMemory(module: string, name: string, limits: Limits): void {
    writeLimits(this.#import(module, name, KIND.memory), limits);
  }

  importTable(module: string, name: string, type: ValueType, initial: number, maximum?: number): number {
    const out = this.#import(module, name, KIND.table);
    out.byte(type);
    writeLimits(out, maximum === undefined ? { initial } : { initial, maximum });
    return this.#tableCount++;
  }

  importGlobal(module: string, name: string, type: ValueType, mutable: boolean): number {
    const out = this.#import(module, name, KIND.global);
    out.byte(type);
    out.byte(mutable ? 1 : 0);
    return this.#globalCount++;
  }

  function(typeIndex: number, name?: string): FunctionBuilder {
    const parameterCount = this.#signatures[typeIndex]?.parameters.length ?? 0;
    const index = this.#importedFunctions + this.#functions.length;
    const builder = new FunctionBuilder(index, typeIndex, parameterCount, name);
    this.#functions.push({ index, typeIndex, name, builder, body: NO_BODY });
    return builder;
  }

  /** A function whose entry in the code section, without its size, is there already (`FunctionBuilder.body`). */
  finishedFunction(typeIndex: number, body: Uint8Array, name?: string): number {
    const index = this.#importedFunctions + this.#functions.length;
    this.#functions.push({ index, typeIndex, name, builder: undefined, body: { bytes: body, codeStart: 0 } });
    return index;
  }

  memory(limits: Limits): void {
    writeLimits(this.#memories.next(), limits);
  }

  table(type: ValueType, initial: number, maximum?: number): number {
    const out = this.#tables.next();
    out.byte(type);
    writeLimits(out, maximum === undefined ? { initial } : { initial, maximum });
    return this.#tableCount++;
  }

  /** A global that starts at an i32 or i64 constant, or at zero for other types. */
  global(type: ValueType, mutable: boolean, initial: bigint | number = 0): number {
    const out = this.#globals.next();
    out.byte(type);
    out.byte(mutable ? 1 : 0);
    if (type === I32) {
      out.byte(0x41);
      out.s32(Number(initial));
    } else {
      out.byte(0x42);
      out.s64(initial);
    }
    out.byte(0x0b);
    return this.#globalCount++;
  }

  /** Fills a table from `offset` with functions, when the module is instantiated. */
  elem(table: number, offset: number, functionIndices: readonly number[]): void {
    const out = this.#elements.next();
    out.u32(2);
    out.u32(table);
    out.byte(0x41);
    out.s32(offset);
    out.byte(0x0b);
    out.byte(0);
    out.u32(functionIndices.length);
    for (const index of functionIndices) out.u32(index);
  }

  data(offset: number, bytes: Uint8Array): void {
    const out = this.#data.next();
    out.u32(0);
    out.byte(0x41);
    out.s32(offset);
    out.byte(0x0b);
    out.u32(bytes.length);
    out.append(bytes);
  }

  exportFunction(name: string, index: number): void {
    this.#export(name, KIND.function, index);
  }

  exportTable(name: string, index: number): void {
    this.#export(name, KIND.table, index);
  }

  exportMemory(name: string): void {
    this.#export(name, KIND.memory, 0);
  }

  exportGlobal(name: string, index: number): void {
    this.#export(name, KIND.global, index);
  }

  /** Where the entry of each function of its own in the code section begins, from the start of the module. Known after `finish`. */
  get bodyOffsets(): readonly number[] {
    return this.#bodyOffsets;
  }

  /** The module's bytes. */
  finish(): Uint8Array {
    const functions = this.#functions;
    let codeBytes = sizeOfU32(functions.length);
    for (const item of functions) {
      if (item.builder !== undefined) item.body = item.builder.body();
      codeBytes += item.body.bytes.length + sizeOfU32(item.body.bytes.length);
    }
    // Room for everything: growing copies what is there, and large modules are made at every start.
    const out = new ByteWriter(codeBytes + this.#imports.writer.length + this.#elements.writer.length + 32 * functions.length + 512);
    for (const byte of HEADER) out.byte(byte);
    this.#write(out, SECTION.type, this.#signatures.length, this.#types);
    this.#writeSection(out, SECTION.import, this.#imports);
    const typeIndices = this.#part.clear();
    for (const { typeIndex } of functions) typeIndices.u32(typeIndex);
    this.#write(out, SECTION.function, functions.length, typeIndices);
    this.#writeSection(out, SECTION.table, this.#tables);
    this.#writeSection(out, SECTION.memory, this.#memories);
    this.#writeSection(out, SECTION.global, this.#globals);
    this.#writeSection(out, SECTION.export, this.#exports);
    this.#writeSection(out, SECTION.element, this.#elements);
    this.#writeHints(out);
    if (functions.length > 0) this.#writeCode(out, codeBytes);
    this.#writeSection(out, SECTION.data, this.#data);
    this.#writeNames(out);
    return out.bytes;
  }

  #writeCode(out: ByteWriter, codeBytes: number): void {
    out.byte(SECTION.code);
    out.u32(codeBytes);
    out.u32(this.#functions.length);
    this.#bodyOffsets = [];
    for (const { body } of this.#functions) {
      out.u32(body.bytes.length);
      this.#bodyOffsets.push(out.length);
      out.append(body.bytes);
    }
  }

  /** The branch hinting proposal's custom section. Offsets are from the start of a function's entry, without its size. */
  #writeHints(out: ByteWriter): void {
    let count = 0;
    for (const { builder } of this.#functions) if (builder !== undefined && builder.hints.length > 0) count++;
    if (count === 0) return;
    const section = this.#part.clear();
    section.name("metadata.code.branch_hint");
    section.u32(count);
    for (const { index, builder, body } of this.#functions) {
      if (builder === undefined || builder.hints.length === 0) continue;
      section.u32(index);
      section.u32(builder.hints.length);
      for (const { offset, tag } of builder.hints) {
        section.u32(body.codeStart + offset);
        section.u32(1);
        section.byte(tag);
      }
    }
    out.byte(0);
    out.u32(section.length);
    out.appendFrom(section);
  }

  /** The "name" custom section: stack traces and profilers show it. */
  #writeNames(out: ByteWriter): void {
    let count = 0;
    for (const { name } of this.#functions) if (name !== undefined) count++;
    if (count === 0 && this.name === undefined) return;
    const section = this.#part.clear();
    const inner = this.#inner;
    section.name("name");
    if (this.name !== undefined) {
      inner.clear().name(this.name);
      section.byte(0);
      section.u32(inner.length);
      section.appendFrom(inner);
    }
    inner.clear().u32(count);
    for (const { index, name } of this.#functions) {
      if (name === undefined) continue;
      inner.u32(index);
      inner.name(name);
    }
    section.byte(1);
    section.u32(inner.length);
    section.appendFrom(inner);
    out.byte(0);
    out.u32(section.length);
    out.appendFrom(section);
  }

  #import(module: string, name: string, kind: number): ByteWriter {
    const out = this.#imports.next();
    writeImportHead(out, module, name, kind);
    return out;
  }

  #export(name: string, kind: number, index: number): void {
    const out = this.#exports.next();
    out.name(name);
    out.byte(kind);
    out.u32(index);
  }

  #writeSection(out: ByteWriter, id: number, section: Section): void {
    this.#write(out, id, section.count, section.writer);
  }

  #write(out: ByteWriter, id: number, count: number, content: ByteWriter): void {
    if (count === 0) return;
    out.byte(id);
    out.u32(sizeOfU32(count) + content.length);
    out.u32(count);
    out.appendFrom(content);
  }
}

/** The magic number, and version 1. */
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

function isSame(a: readonly ValueType[], b: readonly ValueType[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
}

/** An imported function's entry in the import section, but for its type. */
export function importHead(module: string, name: string): Uint8Array {
  const out = new ByteWriter();
  writeImportHead(out, module, name, KIND.function);
  return out.bytes;
}

function writeImportHead(out: ByteWriter, module: string, name: string, kind: number): void {
  out.name(module);
  out.name(name);
  out.byte(kind);
}

/** Bytes of an unsigned LEB128. */
function sizeOfU32(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++;
  return size;
}

/** A section's content while it grows: a count, and the entries' bytes. */
class Section {
  count = 0;
  readonly writer = new ByteWriter();

  next(): ByteWriter {
    this.count++;
    return this.writer;
  }

  clear(): void {
    this.count = 0;
    this.writer.clear();
  }
}

function writeLimits(out: ByteWriter, { initial, maximum, shared }: Limits): void {
  out.byte((maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
  out.u32(initial);
  if (maximum !== undefined) out.u32(maximum);
}
