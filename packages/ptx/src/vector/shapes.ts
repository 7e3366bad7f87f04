import type { Instruction, Operand, Register } from "../parse/ast.ts";
import { bitsOf, isScalarType, isSigned, type ScalarType } from "../parse/types.ts";
import { ACTS } from "../compile/operands.ts";
import { cutSuccessors } from "../compile/graph.ts";
import type { Program } from "../compile/program.ts";
import type { Uniform } from "../compile/uniform.ts";
import { postDominators, regionOf } from "../compile/loops.ts";
import type { Ssa, SsaInstruction, Value } from "./ssa.ts";

/**
 * How a value differs between the lanes of a vector: not at all; by a constant from one lane to the next; as a 64-bit base
 * and `scale` times another value's 32 bits (addresses, mostly); or in any way.
 */
export type Shape =
  | { readonly kind: "uniform" }
  | { readonly kind: "affine"; readonly stride: number }
  | { readonly kind: "indexed"; readonly index: Value; readonly scale: number; readonly signed: boolean }
  | { readonly kind: "varying" };

const UNIFORM: Shape = { kind: "uniform" };
const VARYING: Shape = { kind: "varying" };
const RANK = { uniform: 0, affine: 1, indexed: 2, varying: 3 } as const;

/** Finds the shape of every value, and the branches at which lanes may part. */
export class Shapes {
  readonly #program: Program;
  readonly #ssa: Ssa;
  readonly #uniform: Uniform;
  /** Phis at places where lanes that parted meet. */
  readonly #joins = new Set<number>();
  readonly #divergent = new Set<number>();
  /** 64-bit values of which more is seen than where they point. */
  readonly #seen: ReadonlySet<Value>;
  readonly postDominators: Int32Array;
  readonly next: readonly (readonly number[])[];

  constructor(program: Program, ssa: Ssa, uniform: Uniform) {
    this.#program = program;
    this.#ssa = ssa;
    this.#uniform = uniform;
    this.next = cutSuccessors(program);
    this.postDominators = postDominators(this.next);
    this.#seen = seenValues(ssa);
    this.#solve();
  }

  /** Blocks that end with a branch at which lanes may part. */
  get divergent(): ReadonlySet<number> {
    return this.#divergent;
  }

  of(reads: ReadonlyMap<Register, Value>, operand: Operand | undefined): Shape {
    return this.#shapeOf(reads, operand) ?? UNIFORM;
  }

  #solve(): void {
    for (let changed = true; changed;) {
      changed = false;
      for (const index of this.#ssa.graph.blocks) {
        const block = this.#ssa.blocks[index];
        if (block === undefined) continue;
        for (const { value } of block.phis) if (this.#lower(value, this.#shapeOfPhi(value))) changed = true;
        // What a warp operation gives differs from lane to lane.
        for (const value of block.results.values()) if (this.#lower(value, VARYING)) changed = true;
        for (const instruction of block.instructions) {
          if (instruction.writes.size === 0) continue;
          const shape = this.#result(instruction);
          if (shape !== undefined) for (const value of instruction.writes.values()) if (this.#lower(value, shape)) changed = true;
        }
        if (this.#parts(index) && !this.#divergent.has(index)) {
          this.#divergent.add(index);
          this.#addJoins(index);
          changed = true;
        }
      }
    }
  }

  #lower(value: Value, shape: Shape | undefined): boolean {
    if (shape === undefined || value.shape?.kind === "varying" || (value.shape !== undefined && same(value.shape, shape))) return false;
    // Down only: what has been found to differ in some way never differs less.
    value.shape = value.shape === undefined || RANK[shape.kind] > RANK[value.shape.kind] ? shape : VARYING;
    return true;
  }

  #parts(index: number): boolean {
    const end = this.#program.blocks[index]?.terminator;
    if (end?.kind !== "branch" || end.target === end.otherwise) return false;
    return this.#ssa.blocks[index]?.reads.get(end.condition)?.shape?.kind === "varying";
  }

  /**
   * Marks where lanes that part at a branch meet: blocks that two ways reach which began at different successors; and the
   * exits of loops that some lanes leave before others.
   */
  #addJoins(branch: number): void {
    const { graph, loops } = this.#ssa;
    const meet = this.postDominators[branch] ?? -1;
    const region = regionOf(this.next, branch, meet);
    const label = new Map<number, number>();
    for (const target of this.next[branch] ?? []) {
      if (label.has(target)) this.#joins.add(target);
      label.set(target, target);
    }
    const spread = (block: number, isBack: (target: number) => boolean): void => {
      const own = label.get(block);
      if (own === undefined) return;
      for (const target of this.next[block] ?? []) {
        if (isBack(target)) continue;
        const known = label.get(target);
        if (known === undefined) label.set(target, own);
        else if (known !== own && known !== target) {
          this.#joins.add(target);
          label.set(target, target);
        } else if (known === target && own !== target) this.#joins.add(target);
      }
    };
    for (const block of graph.blocks) {
      if (block !== branch && region.has(block)) spread(block, (target) => (graph.order[target] ?? 0) <= (graph.order[block] ?? 0));
    }
    // Ways back bring lanes that parted to a loop's header.
    const arriving = new Map<number, Set<number>>();
    for (const block of region) {
      const own = label.get(block);
      for (const target of this.next[block] ?? []) {
        if ((graph.order[target] ?? 0) > (graph.order[block] ?? 0) || own === undefined) continue;
        const known = label.get(target);
        const labels = arriving.get(target) ?? new Set(known === undefined ? [] : [known]);
        arriving.set(target, labels.add(own));
      }
    }
    for (const [header, labels] of arriving) if (labels.size > 1) this.#joins.add(header);
    for (const loop of loops)
      if (loop.blocks.has(branch) && (region.has(loop.header) || loop.header === branch) && region.has(branch))
        for (const exit of loop.exits) this.#joins.add(exit);
  }

  #shapeOfPhi({ phi, block }: Value): Shape | undefined {
    if (phi === undefined) return VARYING;
    const inputs = new Set(phi.inputs.values());
    inputs.delete(phi.value);
    if (this.#joins.has(block) && inputs.size > (phi.leavesLoop ? 0 : 1)) return VARYING;
    let shape: Shape | undefined;
    for (const input of inputs) {
      const next = input.shape;
      if (next === undefined) continue;
      if (shape === undefined) shape = next;
      else if (!same(shape, next)) return VARYING;
    }
    if (shape?.kind === "indexed" && !this.#dominates(shape.index.block, block)) return VARYING;
    return shape;
  }

  /** True when a block comes strictly before another on every way to it. */
  #dominates(above: number, below: number): boolean {
    const { dominators } = this.#ssa.graph;
    for (let at = below; at !== dominators[at];) {
      at = dominators[at] ?? at;
      if (at === above) return true;
    }
    return false;
  }

  #shapeOf(reads: ReadonlyMap<Register, Value>, operand: Operand | undefined): Shape | undefined {
    switch (operand?.kind) {
      case "register": {
        const value = reads.get(operand.register);
        if (value !== undefined) return value.shape;
        const copy = this.#uniform.copies.get(operand.register);
        return copy === undefined ? UNIFORM : this.#shapeOf(reads, copy);
      }
      case "special":
        if (operand.name === "tid.x" || operand.name === "laneid") return { kind: "affine", stride: 1 };
        return operand.name.startsWith("lanemask_") ? VARYING : UNIFORM;
      case "address":
        if (operand.coordinates !== undefined) return VARYING;
        return operand.base?.kind === "register" ? this.#shapeOf(reads, { kind: "register", register: operand.base.register }) : UNIFORM;
      case "vector":
      case "list": {
        for (const element of operand.elements) {
          const shape = this.#shapeOf(reads, element);
          if (shape === undefined) return undefined;
          if (shape.kind !== "uniform") return VARYING;
        }
        return UNIFORM;
      }
      case "pair":
        return VARYING;
      default:
        return UNIFORM;
    }
  }

  /** The shape of what an instruction writes; undefined while its operands are not known. */
  #result({ instruction, reads, writes }: SsaInstruction): Shape | undefined {
    const { opcode, modifiers, operands } = instruction;
    if (ACTS.has(opcode) || opcode === "isspacep" || (opcode === "cvta" && modifiers.includes("local"))) return VARYING;
    const sources = operands.slice(1);
    const shapes: Shape[] = [];
    for (const operand of sources) {
      const shape = this.#shapeOf(reads, operand);
      if (shape === undefined) return undefined;
      shapes.push(shape);
    }
    if (opcode === "ld" && modifiers.includes("local")) return VARYING;
    if (shapes.every(({ kind }) => kind === "uniform")) return UNIFORM;
    if (instruction.operands[0]?.kind !== "register") return VARYING;
    // Between two lanes a 32-bit number may wrap around: then the 64-bit one is not what its neighbour says. As a pointer it
    // is out of bounds either way.
    const widens = opcode === "cvt" || modifiers.includes("wide");
    if (widens && shapes.some(({ kind }) => kind === "affine") && [...writes.values()].some((value) => this.#seen.has(value)))
      return VARYING;
    return (
      linear(
        instruction,
        shapes,
        (operand) => this.#constant(operand),
        (operand) => valueOf(reads, operand),
      ) ?? VARYING
    );
  }

  #constant(operand: Operand | undefined): bigint | undefined {
    if (operand?.kind === "integer") return operand.value;
    if (operand?.kind !== "register" || operand.negated) return undefined;
    const copy = this.#uniform.copies.get(operand.register);
    return copy?.kind === "integer" ? copy.value : undefined;
  }
}

const KEEPS_POINTING = new Set(["add", "sub", "mov", "cvta", "shl", "mul", "mad", "setp"]);

/** 64-bit values that take part in more than making an address and comparing it. */
function seenValues(ssa: Ssa): ReadonlySet<Value> {
  const seen = new Set<Value>();
  const see = (value: Value | undefined): boolean => {
    if (value === undefined || bitsOf(value.register.type) !== 64 || seen.has(value)) return false;
    seen.add(value);
    return true;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const block of ssa.blocks) {
      for (const { value, inputs } of block.phis) if (seen.has(value)) for (const input of inputs.values()) if (see(input)) changed = true;
      for (const value of block.reads.values()) if (see(value)) changed = true;
      for (const { instruction, reads, writes } of block.instructions) {
        const points = KEEPS_POINTING.has(instruction.opcode) && ![...writes.values()].some((value) => seen.has(value));
        if (points) continue;
        for (const operand of instruction.operands)
          if (operand.kind !== "address") for (const value of registersOf(operand, reads)) if (see(value)) changed = true;
      }
    }
  }
  return seen;
}

function registersOf(operand: Operand, reads: ReadonlyMap<Register, Value>): (Value | undefined)[] {
  if (operand.kind === "register") return [reads.get(operand.register)];
  if (operand.kind === "vector" || operand.kind === "list") return operand.elements.flatMap((element) => registersOf(element, reads));
  return [];
}

function valueOf(reads: ReadonlyMap<Register, Value>, operand: Operand | undefined): Value | undefined {
  return operand?.kind === "register" ? reads.get(operand.register) : undefined;
}

export function same(a: Shape, b: Shape): boolean {
  if (a.kind === "affine" && b.kind === "affine") return a.stride === b.stride;
  if (a.kind === "indexed" && b.kind === "indexed") return a.index === b.index && a.scale === b.scale && a.signed === b.signed;
  return a.kind === b.kind;
}

const INTEGER = /^[usb](16|32|64)$/;
const MAX_STRIDE = 2 ** 20;

/** Shapes that sums, products with constants and conversions keep. */
function linear(
  { opcode, modifiers, operands }: Instruction,
  shapes: readonly Shape[],
  constant: (operand: Operand | undefined) => bigint | undefined,
  value: (operand: Operand | undefined) => Value | undefined,
): Shape | undefined {
  const types = modifiers.filter((name): name is ScalarType => isScalarType(name));
  const type = types.at(-1);
  if (type === undefined || !INTEGER.test(type) || bitsOf(type) < 32 || modifiers.includes("sat") || modifiers.includes("cc"))
    return undefined;
  const [first, second, third] = shapes;
  const wide = modifiers.includes("wide");
  switch (opcode) {
    case "mov":
      return first;
    case "cvta":
      return first;
    case "cvt":
      return converted(types, first, value(operands[1]));
    case "add":
      return sum(first, second, 1);
    case "sub":
      return sum(first, second, -1);
    case "shl": {
      const count = constant(operands[2]);
      return count === undefined || count > 20n ? undefined : scaled(first, 2 ** Number(count));
    }
    case "mul":
    case "mad": {
      if (modifiers.includes("hi")) return undefined;
      const [left, right] = [constant(operands[1]), constant(operands[2])];
      const factor = right ?? left;
      const other = right === undefined ? second : first;
      let product: Shape | undefined;
      if (first?.kind === "uniform" && second?.kind === "uniform") product = first;
      else if (factor === undefined) return undefined;
      else {
        const number = Number(isSigned(type) ? BigInt.asIntN(bitsOf(type), factor) : BigInt.asUintN(bitsOf(type), factor));
        if (Math.abs(number) > MAX_STRIDE) return undefined;
        product =
          wide && other?.kind === "varying"
            ? indexed(value(right === undefined ? operands[2] : operands[1]), number, isSigned(type))
            : scaled(other, number);
      }
      return opcode === "mul" ? product : sum(product, third, 1);
    }
    default:
      return undefined;
  }
}

function converted(types: readonly ScalarType[], shape: Shape | undefined, value: Value | undefined): Shape | undefined {
  const [to, from] = types;
  if (to === undefined || from === undefined || !INTEGER.test(to) || !INTEGER.test(from)) return undefined;
  if (bitsOf(to) < 32 || bitsOf(from) < 32) return undefined;
  if (bitsOf(from) === bitsOf(to)) return shape;
  if (bitsOf(to) === 32) return shape?.kind === "affine" ? shape : undefined;
  return shape?.kind === "varying" ? indexed(value, 1, isSigned(from)) : shape;
}

function indexed(index: Value | undefined, scale: number, signed: boolean): Shape | undefined {
  return index === undefined || bitsOf(index.register.type) !== 32 || scale === 0 ? undefined : { kind: "indexed", index, scale, signed };
}

function scaled(shape: Shape | undefined, factor: number): Shape | undefined {
  if (shape?.kind === "affine") return affine(shape.stride * factor);
  if (shape?.kind !== "indexed") return undefined;
  const scale = shape.scale * factor;
  return Math.abs(scale) > MAX_STRIDE || scale === 0 ? undefined : { ...shape, scale };
}

function affine(stride: number): Shape | undefined {
  if (stride === 0) return UNIFORM;
  return Math.abs(stride) > MAX_STRIDE ? undefined : { kind: "affine", stride };
}

function sum(first: Shape | undefined, second: Shape | undefined, sign: 1 | -1): Shape | undefined {
  if (first === undefined || second === undefined) return undefined;
  if (second.kind === "uniform") return first.kind === "varying" ? undefined : first;
  if (first.kind === "affine" && second.kind === "affine") return affine(first.stride + sign * second.stride);
  if (first.kind !== "uniform") return undefined;
  if (second.kind === "affine") return affine(sign * second.stride);
  return second.kind === "indexed" && sign === 1 ? second : undefined;
}
