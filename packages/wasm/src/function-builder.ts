import { ByteWriter } from "./byte-writer.ts";
import type { ValueType } from "./opcodes.ts";

/** A branch target inside one function: what `block`, `loop` and `if` return. */
export type Label = number & { readonly label: unique symbol };

/** A remembered code position: a tag, and its offset in the function's code. */
export interface Mark {
  offset: number;
  tag: number;
}

const EMPTY_BLOCK = 0x40;
const NOP = 0x01;

/** What comes before a function's code is written here first: how long it is decides where the code lies. */
const headWriter = new ByteWriter();

/** Functions from this number on are known by their number only when the module is put together: see `FunctionBuilder.lateCalls`. */
export const LATE_FUNCTION = 2 ** 28;

/**
 * Writes one function's code. Methods that emit return the builder, so that instructions chain in the order in which they run.
 * Nothing is checked: `WebAssembly.compile` validates.
 */
export class FunctionBuilder {
  /** The function's index in its module, usable in `call` at once. */
  readonly index: number;
  readonly typeIndex: number;
  readonly name: string | undefined;
  readonly code: ByteWriter;
  /** Places that `hole` left, in order. */
  readonly holes: Mark[] = [];
  /** Branches that `expect` has spoken of: where they are, and 1 for taken. */
  readonly hints: Mark[] = [];
  /** Calls of functions from LATE_FUNCTION on: where their number is (five bytes of LEB128), and which. */
  readonly lateCalls: Mark[] = [];
  readonly #parameterCount: number;
  readonly #locals: ValueType[] = [];
  #depth = 0;

  /** `code` is an empty writer that nobody else uses until `body` has been called. */
  constructor(index: number, typeIndex: number, parameterCount: number, name?: string, code = new ByteWriter()) {
    this.code = code;
    this.index = index;
    this.typeIndex = typeIndex;
    this.#parameterCount = parameterCount;
    this.name = name;
  }

  /** Declares a local, and returns its index. Parameters come first, from 0. */
  local(type: ValueType): number {
    return this.#parameterCount + this.#locals.push(type) - 1;
  }

  get localCount(): number {
    return this.#parameterCount + this.#locals.length;
  }

  /** Leaves room for bytes that are known only when the module is put together; they are `nop`s until then. */
  hole(bytes: number, tag: number): this {
    this.holes.push({ offset: this.code.length, tag });
    for (let i = 0; i < bytes; i++) this.code.byte(NOP);
    return this;
  }

  /** Says of the `if` or `brIf` written next whether its condition mostly holds. An engine that takes the hint keeps what is rare out of the way. */
  expect(holds: boolean): this {
    this.hints.push({ offset: this.code.length, tag: holds ? 1 : 0 });
    return this;
  }

  op(opcode: number): this {
    this.code.byte(opcode);
    return this;
  }

  localGet(index: number): this {
    return this.#indexed(0x20, index);
  }

  localSet(index: number): this {
    return this.#indexed(0x21, index);
  }

  localTee(index: number): this {
    return this.#indexed(0x22, index);
  }

  globalGet(index: number): this {
    return this.#indexed(0x23, index);
  }

  globalSet(index: number): this {
    return this.#indexed(0x24, index);
  }

  i32Const(value: number): this {
    this.code.byte(0x41);
    this.code.s32(value);
    return this;
  }

  i64Const(value: bigint | number): this {
    this.code.byte(0x42);
    this.code.s64(value);
    return this;
  }

  f32Const(value: number): this {
    this.code.byte(0x43);
    this.code.f32(value);
    return this;
  }

  f64Const(value: number): this {
    this.code.byte(0x44);
    this.code.f64(value);
    return this;
  }

  v128Const(bytes: Uint8Array): this {
    this.simd(0x0c);
    this.code.append(bytes);
    return this;
  }

  /** Opens a block. `type` is a result type, or a type index for parameters (`ModuleBuilder.type`) given as `{ type }`. */
  block(type?: ValueType | { type: number }): Label {
    return this.#open(0x02, type);
  }

  loop(type?: ValueType | { type: number }): Label {
    return this.#open(0x03, type);
  }

  if(type?: ValueType | { type: number }): Label {
    return this.#open(0x04, type);
  }

  else(): this {
    return this.op(0x05);
  }

  end(): this {
    this.#depth--;
    return this.op(0x0b);
  }

  br(label: Label): this {
    return this.#indexed(0x0c, this.#depth - label);
  }

  brIf(label: Label): this {
    return this.#indexed(0x0d, this.#depth - label);
  }

  brTable(labels: readonly Label[], defaultLabel: Label): this {
    this.code.byte(0x0e);
    this.code.u32(labels.length);
    for (const label of labels) this.code.u32(this.#depth - label);
    this.code.u32(this.#depth - defaultLabel);
    return this;
  }

  return(): this {
    return this.op(0x0f);
  }

  unreachable(): this {
    return this.op(0x00);
  }

  drop(): this {
    return this.op(0x1a);
  }

  select(): this {
    return this.op(0x1b);
  }

  call(functionIndex: number): this {
    return this.#call(0x10, functionIndex);
  }

  callIndirect(typeIndex: number, table = 0): this {
    this.#indexed(0x11, typeIndex);
    this.code.u32(table);
    return this;
  }

  returnCall(functionIndex: number): this {
    return this.#call(0x12, functionIndex);
  }

  returnCallIndirect(typeIndex: number, table = 0): this {
    this.#indexed(0x13, typeIndex);
    this.code.u32(table);
    return this;
  }

  /** A plain load. `offset` is 0 to 2^32-1; `align` is the exponent of the promised alignment. */
  load(opcode: number, offset = 0, align = 0): this {
    this.code.byte(opcode);
    return this.#memoryArgument(offset, align);
  }

  store(opcode: number, offset = 0, align = 0): this {
    return this.load(opcode, offset, align);
  }

  simd(opcode: number): this {
    this.code.byte(0xfd);
    this.code.u32(opcode);
    return this;
  }

  simdLane(opcode: number, lane: number): this {
    this.simd(opcode);
    this.code.byte(lane);
    return this;
  }

  shuffle(lanes: ArrayLike<number>): this {
    this.simd(0x0d);
    for (let i = 0; i < 16; i++) this.code.byte(lanes[i] ?? 0);
    return this;
  }

  simdLoad(opcode: number, offset = 0, align = 0): this {
    return this.simd(opcode).#memoryArgument(offset, align);
  }

  simdStore(opcode: number, offset = 0, align = 0): this {
    return this.simdLoad(opcode, offset, align);
  }

  simdLoadLane(opcode: number, offset: number, lane: number, align = 0): this {
    this.simdLoad(opcode, offset, align);
    this.code.byte(lane);
    return this;
  }

  simdStoreLane(opcode: number, offset: number, lane: number, align = 0): this {
    return this.simdLoadLane(opcode, offset, lane, align);
  }

  /** An atomic access. Its alignment must be the access's own, so it is asked for: the exponent, 2 for 32 bits. */
  atomic(opcode: number, offset: number, align: number): this {
    this.code.byte(0xfe);
    this.code.u32(opcode);
    return this.#memoryArgument(offset, align);
  }

  truncSat(opcode: number): this {
    this.code.byte(0xfc);
    this.code.u32(opcode);
    return this;
  }

  /** memory.copy: destination, source, length. */
  memoryCopy(): this {
    this.truncSat(10);
    return this.op(0).op(0);
  }

  /** memory.fill: destination, byte, length. */
  memoryFill(): this {
    this.truncSat(11);
    return this.op(0);
  }

  /** The function's entry in the code section, without its size. `codeStart` is where the instructions begin in it. */
  body(): { bytes: Uint8Array; codeStart: number } {
    const head = this.#writeLocals(headWriter.clear());
    const codeStart = head.length;
    const out = new ByteWriter(codeStart + this.code.length + 1);
    out.appendFrom(head);
    out.append(this.code.bytes);
    out.byte(0x0b);
    return { bytes: out.bytes, codeStart };
  }

  /** Runs of locals of a type: how many, and their lengths and types. */
  #writeLocals(out: ByteWriter): ByteWriter {
    const locals = this.#locals;
    let runs = 0;
    for (let n = 0; n < locals.length; n++) if (n === 0 || locals[n] !== locals[n - 1]) runs++;
    out.u32(runs);
    for (let n = 0, start = 0; n < locals.length; n++) {
      if (n + 1 < locals.length && locals[n + 1] === locals[n]) continue;
      out.u32(n + 1 - start);
      out.byte(locals[n] as ValueType);
      start = n + 1;
    }
    return out;
  }

  #open(opcode: number, type: ValueType | { type: number } | undefined): Label {
    this.code.byte(opcode);
    if (type === undefined) this.code.byte(EMPTY_BLOCK);
    else if (typeof type === "number") this.code.byte(type);
    else this.code.s32(type.type);
    return (this.#depth++ + 1) as Label;
  }

  #call(opcode: number, index: number): this {
    if (index >= LATE_FUNCTION) this.lateCalls.push({ offset: this.code.length + 1, tag: index - LATE_FUNCTION });
    return this.#indexed(opcode, index);
  }

  #indexed(opcode: number, index: number): this {
    this.code.byte(opcode);
    this.code.u32(index);
    return this;
  }

  #memoryArgument(offset: number, align: number): this {
    this.code.u32(align);
    this.code.u32(offset);
    return this;
  }
}
