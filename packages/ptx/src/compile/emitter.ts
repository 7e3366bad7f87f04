import { F32, F64, I32, I64, OP, type FunctionBuilder, type ValueType } from "@decant/wasm";
import type { Instruction, Operand, Register, Variable } from "../parse/ast.ts";
import { formatInstruction } from "../parse/format.ts";
import { bitsOf, isFloat, isSigned, type ScalarType } from "../parse/types.ts";
import type { Helpers } from "./helpers.ts";
import { LAUNCH, WARP_FRAME, WORKER } from "./layout.ts";
import { illegal, notTranslated } from "./suffixes.ts";
import type { KernelSymbols, Placement } from "./symbols.ts";
import type { Uniform } from "./uniform.ts";

/** What the target machine can do, found out by probes. */
export interface Features {
  /** f32x4.relaxed_madd and f64x2.relaxed_madd round once. */
  readonly fusedMultiplyAdd: boolean;
}

/** A place in the source that can fault. */
export interface Site {
  readonly kernel: string;
  readonly line: number;
  readonly instruction: string;
  readonly source: { readonly file: number; readonly line: number } | undefined;
}

/** What all phases of a kernel share. */
export interface KernelContext {
  readonly name: string;
  readonly symbols: KernelSymbols;
  /** What a thread keeps across barriers, in bytes. */
  readonly frameBytes: number;
  /** How many threads' frames lie interleaved, slot by slot: 1, or the lanes of the vector form. */
  readonly lanes: number;
  /** Slots for what threads bring to an operation of their warp beyond one value: as many again follow for what they brought. */
  readonly wideSlots: number;
  readonly uniform: Uniform;
  readonly localTypes: ReadonlyMap<Register, ValueType>;
  /** The root that an address register is derived from: accesses with the same root share a range check. */
  readonly roots: ReadonlyMap<Register, string>;
  readonly helpers: Helpers;
  readonly features: Features;
  readonly sites: Site[];
}

/** The locals of a phase function that hold what a thread can ask for. */
export interface ThreadLocals {
  readonly worker: number;
  readonly launch: number;
  readonly thread: number;
  readonly shared: number;
  readonly local: number;
  readonly parameters: number;
  /** The thread's place in the first slot of its frame, for values of 32 bits, and of 64. The same local where frames are not interleaved. */
  readonly frame: number;
  readonly frameWide: number;
  /** How many elements of 1, 2, 4, 8 and 16 bytes the shared window holds. */
  readonly sharedCounts: readonly number[];
  /** tid.x and so on. */
  readonly special: ReadonlyMap<string, number>;
}

/** Writes one phase function: registers as wasm locals, operands pushed and results set by PTX type. */
export class Emitter {
  readonly f: FunctionBuilder;
  readonly kernel: KernelContext;
  readonly locals: ThreadLocals;
  readonly #registers = new Map<Register, number>();
  readonly #scratch = new Map<string, number>();
  readonly #ranges = new Map<string, { base: number; count: number }>();

  constructor(f: FunctionBuilder, kernel: KernelContext, locals: ThreadLocals) {
    this.f = f;
    this.kernel = kernel;
    this.locals = locals;
  }

  get helpers(): Helpers {
    return this.kernel.helpers;
  }

  /** A local for use inside one instruction. */
  scratch(type: ValueType, name: string | number = 0): number {
    const key = `${type} ${name}`;
    let local = this.#scratch.get(key);
    if (local === undefined) {
      local = this.f.local(type);
      this.#scratch.set(key, local);
    }
    return local;
  }

  register(register: Register): number {
    let local = this.#registers.get(register);
    if (local === undefined) {
      local = this.f.local(this.localType(register));
      this.#registers.set(register, local);
    }
    return local;
  }

  /** The local to read a register from, and the one to write it to. The vector form has one for each value that a register takes. */
  source(register: Register): number {
    return this.register(register);
  }

  target(register: Register): number {
    return this.register(register);
  }

  /** Pushes the frame's base for a slot of 64 bits, used as one of 32 where it is not `wide`; returns the offset to access. */
  pushFrame(slot: number, wide = false): number {
    this.f.localGet(wide ? this.locals.frameWide : this.locals.frame);
    return slot * 8 * this.kernel.lanes;
  }

  /** The same for what another thread of the block, whose number is in a local, brought to a warp operation: one value, or one of the wide slots. */
  pushPeerLatch(thread: number, wide?: number): number {
    const { f, locals } = this;
    const { frameBytes, lanes } = this.kernel;
    f.localGet(locals.worker).load(OP.i32_load, WORKER.frames, 2);
    f.localGet(thread).i32Const(-lanes).op(OP.i32_and).i32Const(frameBytes).op(OP.i32_mul).op(OP.i32_add);
    if (lanes > 1)
      f.localGet(thread)
        .i32Const(lanes - 1)
        .op(OP.i32_and)
        .i32Const(3)
        .op(OP.i32_shl)
        .op(OP.i32_add);
    return (wide === undefined ? WARP_FRAME.latch : WARP_FRAME.slots + this.kernel.wideSlots + wide) * 8 * lanes;
  }

  localType(register: Register): ValueType {
    return this.kernel.localTypes.get(register) ?? I32;
  }

  /** The cached range of an address root, for accesses of `size` bytes: at most this many, then roots share. */
  range(root: string, size: number): { base: number; count: number } {
    const key = this.#ranges.size < 48 || this.#ranges.has(`${root} ${size}`) ? `${root} ${size}` : `overflow ${size}`;
    let range = this.#ranges.get(key);
    if (range === undefined) {
      range = { base: this.f.local(I64), count: this.f.local(I64) };
      this.#ranges.set(key, range);
    }
    return range;
  }

  site(instruction: Instruction): number {
    const { source } = instruction;
    return (
      this.kernel.sites.push({
        kernel: this.kernel.name,
        line: instruction.line,
        instruction: formatInstruction(instruction),
        source: source === undefined ? undefined : { file: source.file, line: source.line },
      }) - 1
    );
  }

  placement(variable: Variable): Placement | undefined {
    return this.kernel.symbols.placements.get(variable);
  }

  /** Pushes an operand as a value of a PTX type. `wide` allows registers wider than the type (ld, st, cvt). */
  push(instruction: Instruction, operand: Operand | undefined, type: ScalarType, options: { wide?: boolean } = {}): void {
    if (operand === undefined) throw illegal(instruction, `too few operands for '${instruction.opcode}'`);
    switch (operand.kind) {
      case "register":
        this.#pushRegister(instruction, operand.register, type, options.wide ?? false);
        if (operand.minus) throw illegal(instruction, `'${instruction.opcode}' cannot negate an operand`);
        if (operand.part !== undefined) throw notTranslated(instruction, `selector '.${operand.part}'`);
        if (operand.negated) this.f.op(OP.i32_eqz);
        return;
      case "integer":
        this.#pushInteger(instruction, operand.value, type);
        return;
      case "float":
        this.#pushFloat(instruction, operand, type);
        return;
      case "special":
        this.#pushSpecial(instruction, operand.name, type);
        return;
      case "variable":
        this.#pushVariable(instruction, operand.variable, operand.offset, type);
        return;
      case "vector":
        this.#pushPacked(instruction, operand.elements, type);
        return;
      default:
        throw illegal(instruction, `unexpected operand for '${instruction.opcode}'`);
    }
  }

  /** Sets a result from the stack, where a value of `type` lies; narrow values may have rubbish in their upper bits. */
  set(instruction: Instruction, operand: Operand | undefined, type: ScalarType, options: { wide?: boolean; clean?: boolean } = {}): void {
    const { f } = this;
    if (operand?.kind === "sink") {
      f.drop();
      return;
    }
    if (operand?.kind === "vector") {
      this.#unpack(instruction, operand.elements, type);
      return;
    }
    if (operand?.kind !== "register" || operand.negated || operand.minus || operand.part !== undefined)
      throw illegal(instruction, `the result of '${instruction.opcode}' must be a register`);
    const { register } = operand;
    const have = bitsOf(type);
    const want = bitsOf(register.type);
    if (want > 64) throw notTranslated(instruction, `a register of .${register.type}`);
    const widens = want > have && (!options.wide || type === "f32");
    if ((type === "pred") !== (register.type === "pred") || want < have || widens) throw mismatch(instruction, register, type);
    if (have < 32 && type !== "pred") this.#extendNarrow(type, want, options.clean ?? false);
    else if (have < want) f.op(isSigned(type) ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
    this.#reinterpret(want === 64 && have < 64 ? I64 : valueType(type), this.localType(register));
    f.localSet(this.target(register));
  }

  /** Runs `write` only in threads whose guard holds. */
  guarded(instruction: Instruction, write: () => void): void {
    const { guard } = instruction;
    if (guard === undefined) {
      write();
      return;
    }
    this.f.localGet(this.source(guard.register));
    if (guard.negated) this.f.op(OP.i32_eqz);
    this.f.if();
    write();
    this.f.end();
  }

  /** Pushes a generic pointer to byte `offset` of a module variable. */
  pushModuleAddress(offset: bigint): void {
    this.f.globalGet(this.helpers.imports.symbols);
    if (offset !== 0n) this.f.i64Const(offset).op(OP.i64_add);
  }

  /** Pushes the generic address of the start of a window, i64. */
  pushWindow(space: "shared" | "local" | "param"): void {
    const base = space === "shared" ? this.locals.shared : space === "local" ? this.locals.local : this.locals.parameters;
    this.f.localGet(base).op(OP.i64_extend_i32_u).globalGet(this.helpers.imports.window).op(OP.i64_add);
  }

  /** Calls `stop`: the kernel ends. */
  stop(instruction: Instruction, kind: number): void {
    this.f
      .localGet(this.locals.worker)
      .i32Const(kind)
      .i32Const(this.site(instruction))
      .localGet(this.locals.thread)
      .call(this.helpers.get("stop"));
  }

  #pushRegister(instruction: Instruction, register: Register, type: ScalarType, wide: boolean): void {
    const copy = this.kernel.uniform.copies.get(register);
    const have = bitsOf(register.type);
    if (have > 64) throw notTranslated(instruction, `a register of .${register.type}`);
    const want = bitsOf(type);
    const narrows = have > want && (!wide || isFloat(type));
    if ((type === "pred") !== (register.type === "pred") || have < want || narrows) throw mismatch(instruction, register, type);
    if (copy !== undefined && have === want) {
      // An integer may be the bits of a float: `mov.b32 %r1, 0`.
      const bits = copy.kind !== "float" && (type === "f32" || type === "f64");
      this.push(instruction, copy, bits ? untyped(register.type) : type);
      if (bits) this.#reinterpret(valueType(untyped(register.type)), valueType(type));
      return;
    }
    if (copy !== undefined) this.push(instruction, copy, register.type);
    else this.f.localGet(this.source(register));
    const local = copy === undefined ? this.localType(register) : valueType(register.type);
    if (type === "pred") return;
    if (have === want) this.#reinterpret(local, valueType(type));
    else {
      this.#reinterpret(local, have === 64 ? I64 : I32);
      if (have === 64 && want <= 32) this.f.op(OP.i32_wrap_i64);
      if (want === 32) this.#reinterpret(I32, valueType(type));
    }
    // Narrow registers hold their value zero-extended.
    if (want === 16 && isSigned(type)) this.f.op(OP.i32_extend16_s);
    else if (want === 16 && have > 16) this.f.i32Const(0xffff).op(OP.i32_and);
    else if (want === 8 && isSigned(type)) this.f.op(OP.i32_extend8_s);
    else if (want === 8 && have > 8) this.f.i32Const(0xff).op(OP.i32_and);
  }

  /** The value of an operand that is known at compile time. */
  constant(operand: Operand | undefined): bigint | undefined {
    const known = operand?.kind === "register" && !operand.negated ? this.kernel.uniform.copies.get(operand.register) : operand;
    return known?.kind === "integer" ? known.value : undefined;
  }

  #pushInteger(instruction: Instruction, value: bigint, type: ScalarType): void {
    const { f } = this;
    const bits = bitsOf(type);
    if (type === "pred") f.i32Const(value === 0n ? 0 : 1);
    else if (type === "f32" || type === "f64") throw illegal(instruction, `integer constant for a .${type} operand`);
    else if (bits === 64) f.i64Const(BigInt.asIntN(64, value));
    else if (bits === 32) f.i32Const(Number(BigInt.asIntN(32, value)));
    else f.i32Const(Number(isSigned(type) ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)));
  }

  #pushFloat(instruction: Instruction, operand: Operand & { kind: "float" }, type: ScalarType): void {
    const { f } = this;
    const nan = Number.isNaN(operand.value);
    if (type === "f64" && !operand.single && !nan) f.f64Const(operand.value);
    else if (type === "f64" && operand.single && !nan) f.f64Const(operand.value);
    else if (type === "f32" && !nan) f.f32Const(Math.fround(operand.value));
    else if (type === "f32") f.i32Const(operand.single ? Number(BigInt.asIntN(32, operand.bits)) : 0x7fff_ffff).op(OP.f32_reinterpret_i32);
    else if (type === "f64")
      f.i64Const(operand.single ? 0x7fff_ffff_ffff_ffffn : BigInt.asIntN(64, operand.bits)).op(OP.f64_reinterpret_i64);
    else if (bitsOf(type) === 32 && operand.single) f.i32Const(Number(BigInt.asIntN(32, operand.bits)));
    else if (bitsOf(type) === 64 && !operand.single) f.i64Const(BigInt.asIntN(64, operand.bits));
    else throw illegal(instruction, `floating-point constant for a .${type} operand`);
  }

  #pushSpecial(instruction: Instruction, name: string, type: ScalarType): void {
    const { f, locals } = this;
    if (isFloat(type) || type === "pred") throw illegal(instruction, `'%${name}' is no .${type}`);
    const local = locals.special.get(name);
    let wide = false;
    // A block is a cluster of its own.
    if (/^n?clusterid\./.test(name)) {
      this.#pushSpecial(instruction, name.replace("cluster", "cta"), type);
      return;
    }
    if (local !== undefined) f.localGet(local);
    else if (name.endsWith(".w")) f.i32Const(0);
    else if (name === "laneid") f.localGet(locals.thread).i32Const(31).op(OP.i32_and);
    else if (name === "warpid") f.localGet(locals.thread).i32Const(5).op(OP.i32_shr_u);
    else if (name === "nwarpid") f.i32Const(32);
    else if (name === "smid") f.localGet(locals.worker).load(OP.i32_load, WORKER.smid, 2);
    else if (name === "nsmid") f.localGet(locals.launch).load(OP.i32_load, LAUNCH.workers, 2);
    else if (name === "gridid") {
      f.localGet(locals.launch).load(OP.i32_load, LAUNCH.gridId, 2);
      if (bitsOf(type) === 64) f.op(OP.i64_extend_i32_u);
      wide = bitsOf(type) === 64;
    } else if (name.startsWith("lanemask_")) this.#pushLaneMask(name.slice(9));
    else if (name === "clock" || name === "clock64" || name.startsWith("globaltimer") || name === "clock_hi") {
      f.call(this.helpers.imports.clock);
      if (name.endsWith("_hi")) f.i64Const(32).op(OP.i64_shr_u);
      wide = bitsOf(type) === 64;
      if (!wide) f.op(OP.i32_wrap_i64);
    } else if (name === "dynamic_smem_size") {
      f.localGet(locals.launch)
        .load(OP.i32_load, LAUNCH.sharedBytes, 2)
        .localGet(locals.launch)
        .load(OP.i32_load, LAUNCH.dynamicShared, 2)
        .op(OP.i32_sub);
    } else if (name === "total_smem_size" || name === "aggr_smem_size") f.localGet(locals.launch).load(OP.i32_load, LAUNCH.sharedBytes, 2);
    else if (name === "envreg1" || name === "envreg2")
      // The two halves of a pointer, as cooperative groups take it.
      f.localGet(locals.launch).load(OP.i32_load, LAUNCH.gridWorkspace + (name === "envreg1" ? 4 : 0), 2);
    else if (/^(envreg|pm[0-7]$|cluster_cta(id|rank)|reserved_smem|current_graph_exec)/.test(name)) f.i32Const(0);
    else if (/^(cluster_ncta|pm[0-7]_64)/.test(name)) f.i32Const(name.startsWith("pm") ? 0 : 1);
    else throw notTranslated(instruction, `special register '%${name}'`);
    if (bitsOf(type) === 64 && !wide) f.op(OP.i64_extend_i32_u);
    if (bitsOf(type) === 16) f.i32Const(0xffff).op(OP.i32_and);
  }

  #pushLaneMask(kind: string): void {
    const { f, locals } = this;
    f.i32Const(kind === "eq" || kind === "lt" || kind === "ge" ? 1 : 2);
    f.localGet(locals.thread).i32Const(31).op(OP.i32_and).op(OP.i32_shl);
    if (kind === "lt" || kind === "le") f.i32Const(1).op(OP.i32_sub);
    if (kind === "ge" || kind === "gt") f.i32Const(0).op(OP.i32_sub);
  }

  #pushVariable(instruction: Instruction, variable: Variable, offset: bigint, type: ScalarType): void {
    const { f } = this;
    const placement = this.placement(variable);
    const bits = bitsOf(type);
    if (placement === undefined) throw notTranslated(instruction, `a .${variable.space} variable`);
    if ((bits !== 64 && bits !== 32) || isFloat(type)) throw illegal(instruction, `address of '${variable.name}' in a .${type} register`);
    const at = BigInt(placement.offset) + offset;
    if (placement.space === "module") {
      this.pushModuleAddress(at);
      if (bits === 32) throw notTranslated(instruction, "a 32-bit global address");
    } else if (placement.space === "dynamic-shared") {
      f.localGet(this.locals.launch)
        .load(OP.i32_load, LAUNCH.dynamicShared, 2)
        .i32Const(Number(BigInt.asIntN(32, at)))
        .op(OP.i32_add);
      if (bits === 64) f.op(OP.i64_extend_i32_u);
    } else if (bits === 64) f.i64Const(at);
    else f.i32Const(Number(BigInt.asIntN(32, at)));
  }

  /** mov of {a, b}: the first element is the lowest. */
  #pushPacked(instruction: Instruction, elements: readonly Operand[], type: ScalarType): void {
    const { f } = this;
    const bits = bitsOf(type) / elements.length;
    const element: ScalarType | undefined = bits === 32 ? "b32" : bits === 16 ? "b16" : bits === 8 ? "b8" : undefined;
    if (element === undefined) throw notTranslated(instruction);
    const whole = bitsOf(type) === 64 ? I64 : I32;
    for (const [index, part] of elements.entries()) {
      this.push(instruction, part, element, { wide: bits === 8 });
      if (whole === I64) f.op(OP.i64_extend_i32_u);
      if (index === 0) continue;
      if (whole === I64)
        f.i64Const(index * bits)
          .op(OP.i64_shl)
          .op(OP.i64_or);
      else
        f.i32Const(index * bits)
          .op(OP.i32_shl)
          .op(OP.i32_or);
    }
    this.#reinterpret(whole, valueType(type));
  }

  #unpack(instruction: Instruction, elements: readonly Operand[], type: ScalarType): void {
    const { f } = this;
    const bits = bitsOf(type) / elements.length;
    const element: ScalarType | undefined = bits === 32 ? "b32" : bits === 16 ? "b16" : bits === 8 ? "b8" : undefined;
    if (element === undefined) throw notTranslated(instruction);
    const whole = bitsOf(type) === 64 ? I64 : I32;
    const value = this.scratch(whole, "unpack");
    this.#reinterpret(valueType(type), whole);
    f.localSet(value);
    for (const [index, part] of elements.entries()) {
      if (part.kind === "sink") continue;
      f.localGet(value);
      if (whole === I64)
        f.i64Const(index * bits)
          .op(OP.i64_shr_u)
          .op(OP.i32_wrap_i64);
      else f.i32Const(index * bits).op(OP.i32_shr_u);
      this.set(instruction, part, element, { wide: bits === 8 });
    }
  }

  #extendNarrow(type: ScalarType, want: number, clean: boolean): void {
    const { f } = this;
    const bits = bitsOf(type);
    if (isSigned(type) && want > bits) {
      f.op(bits === 16 ? OP.i32_extend16_s : OP.i32_extend8_s);
      if (want === 16) f.i32Const(0xffff).op(OP.i32_and);
      if (want === 64) f.op(OP.i64_extend_i32_s);
      return;
    }
    if (!clean) f.i32Const(bits === 16 ? 0xffff : 0xff).op(OP.i32_and);
    if (want === 64) f.op(OP.i64_extend_i32_u);
  }

  #reinterpret(from: ValueType, to: ValueType): void {
    if (from === to) return;
    if (from === I32 && to === F32) this.f.op(OP.f32_reinterpret_i32);
    else if (from === F32 && to === I32) this.f.op(OP.i32_reinterpret_f32);
    else if (from === I64 && to === F64) this.f.op(OP.f64_reinterpret_i64);
    else if (from === F64 && to === I64) this.f.op(OP.i64_reinterpret_f64);
    else throw new Error(`ptx: no reinterpretation from ${from} to ${to}`);
  }
}

/** The wasm type that holds a PTX value: narrow integers and predicates are i32. */
export function valueType(type: ScalarType): ValueType {
  if (type === "f32") return F32;
  if (type === "f64") return F64;
  return bitsOf(type) === 64 ? I64 : I32;
}

function untyped(type: ScalarType): ScalarType {
  return bitsOf(type) === 64 ? "b64" : "b32";
}

function mismatch(instruction: Instruction, register: Register, type: ScalarType): Error {
  return illegal(instruction, `arguments mismatch: '${register.name}' is .${register.type}, '${instruction.opcode}' works on .${type}`);
}
