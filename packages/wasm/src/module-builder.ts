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

/** Builds one WebAssembly module. Imports are declared before any function, table or global of its own. */
export class ModuleBuilder {
  /** The module's name in stack traces: V8 puts it into the URL of a frame, `wasm://wasm/NAME-…`. */
  name: string | undefined;
  readonly #types = new ByteWriter();
  readonly #typeIndices = new Map<string, number>();
  readonly #parameterCounts: number[] = [];
  readonly #imports = new Section();
  readonly #functions: (FunctionBuilder | FinishedFunction)[] = [];
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

  /** The index of a function type, added once. */
  type(parameters: readonly ValueType[], results: readonly ValueType[] = []): number {
    const key = `${parameters.join()}>${results.join()}`;
    const known = this.#typeIndices.get(key);
    if (known !== undefined) return known;
    const index = this.#typeIndices.size;
    this.#typeIndices.set(key, index);
    this.#parameterCounts.push(parameters.length);
    this.#types.byte(0x60);
    for (const list of [parameters, results]) {
      this.#types.u32(list.length);
      for (const type of list) this.#types.byte(type);
    }
    return index;
  }

  importFunction(module: string, name: string, typeIndex: number): number {
    if (this.#functions.length > 0) throw new Error("wasm: imports come before functions");
    this.#import(module, name, KIND.function).u32(typeIndex);
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
    const parameterCount = this.#parameterCounts[typeIndex] ?? 0;
    const builder = new FunctionBuilder(this.#importedFunctions + this.#functions.length, typeIndex, parameterCount, name);
    this.#functions.push(builder);
    return builder;
  }

  /** A function whose entry in the code section, without its size, is there already (`FunctionBuilder.body`). */
  finishedFunction(typeIndex: number, body: Uint8Array, name?: string): number {
    const index = this.#importedFunctions + this.#functions.length;
    this.#functions.push({ index, typeIndex, name, hints: [], body: () => ({ bytes: body, codeStart: 0 }) });
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
    const bodies = this.#functions.map((builder) => builder.body());
    const codeBytes = bodies.reduce((sum, { bytes }) => sum + bytes.length + sizeOfU32(bytes.length), sizeOfU32(bodies.length));
    // Room for everything: growing copies what is there, and large modules are made at every start.
    const out = new ByteWriter(codeBytes + this.#imports.writer.length + this.#elements.writer.length + 32 * bodies.length + 512);
    out.append(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    this.#write(out, SECTION.type, this.#typeIndices.size, this.#types);
    this.#writeSection(out, SECTION.import, this.#imports);
    const signatures = new ByteWriter();
    for (const builder of this.#functions) signatures.u32(builder.typeIndex);
    this.#write(out, SECTION.function, this.#functions.length, signatures);
    this.#writeSection(out, SECTION.table, this.#tables);
    this.#writeSection(out, SECTION.memory, this.#memories);
    this.#writeSection(out, SECTION.global, this.#globals);
    this.#writeSection(out, SECTION.export, this.#exports);
    this.#writeSection(out, SECTION.element, this.#elements);
    this.#writeHints(out, bodies);
    if (bodies.length > 0) this.#writeCode(out, bodies, codeBytes);
    this.#writeSection(out, SECTION.data, this.#data);
    this.#writeNames(out);
    return out.bytes;
  }

  #writeCode(out: ByteWriter, bodies: readonly { bytes: Uint8Array }[], codeBytes: number): void {
    out.byte(SECTION.code);
    out.u32(codeBytes);
    out.u32(bodies.length);
    this.#bodyOffsets = [];
    for (const { bytes } of bodies) {
      out.u32(bytes.length);
      this.#bodyOffsets.push(out.length);
      out.append(bytes);
    }
  }

  /** The branch hinting proposal's custom section. Offsets are from the start of a function's entry, without its size. */
  #writeHints(out: ByteWriter, bodies: readonly { codeStart: number }[]): void {
    const hinted = this.#functions.flatMap((builder, n) =>
      builder.hints.length > 0 ? [{ builder, start: bodies[n]?.codeStart ?? 0 }] : [],
    );
    if (hinted.length === 0) return;
    const section = new ByteWriter();
    section.name("metadata.code.branch_hint");
    section.u32(hinted.length);
    for (const { builder, start } of hinted) {
      section.u32(builder.index);
      section.u32(builder.hints.length);
      for (const { offset, tag } of builder.hints) {
        section.u32(start + offset);
        section.u32(1);
        section.byte(tag);
      }
    }
    out.byte(0);
    out.u32(section.length);
    out.append(section.bytes);
  }

  /** The "name" custom section: stack traces and profilers show it. */
  #writeNames(out: ByteWriter): void {
    const named = this.#functions.filter((builder) => builder.name !== undefined);
    if (named.length === 0 && this.name === undefined) return;
    const section = new ByteWriter();
    section.name("name");
    if (this.name !== undefined) {
      const text = new ByteWriter();
      text.name(this.name);
      section.byte(0);
      section.u32(text.length);
      section.append(text.bytes);
    }
    const names = new ByteWriter();
    names.u32(named.length);
    for (const builder of named) {
      names.u32(builder.index);
      names.name(builder.name ?? "");
    }
    section.byte(1);
    section.u32(names.length);
    section.append(names.bytes);
    out.byte(0);
    out.u32(section.length);
    out.append(section.bytes);
  }

  #import(module: string, name: string, kind: number): ByteWriter {
    const out = this.#imports.next();
    out.name(module);
    out.name(name);
    out.byte(kind);
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
    out.append(content.bytes);
  }
}

/** What `finish` needs of a function. */
type FinishedFunction = Pick<FunctionBuilder, "index" | "typeIndex" | "name" | "hints" | "body">;

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
}

function writeLimits(out: ByteWriter, { initial, maximum, shared }: Limits): void {
  out.byte((maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
  out.u32(initial);
  if (maximum !== undefined) out.u32(maximum);
}
