import { OP, SIMD } from "@decant/wasm";
import { CPU, FLAG } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import type { Emitter } from "./emitter.ts";
import { callSseUnit } from "./exact-floats.ts";
import { lanes } from "./lanes.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { floatOperation, vectorOperation } from "./new-nan.ts";
import { stringCompareDoubleword, stringOr } from "./strings.ts";

/**
 * Arithmetic on floats and doubles, to nearest. For what MXCSR asks and tells see `withExactFloats`.
 * Which of two NaNs a result is, is the host processor's: x86-64 hosts agree with the guest.
 */
export const sseFloat: LoweringTable = {
  ...family("Add", "add"),
  ...family("Sub", "sub"),
  ...family("Mul", "mul"),
  ...family("Div", "div"),
  // a < b ? a : b is wasm's pmin with the operands exchanged: both give the second of x86's operands for NaN and for equal zeros.
  ...extremum("Min", SIMD.f32x4_pmin, SIMD.f64x2_pmin),
  ...extremum("Max", SIMD.f32x4_pmax, SIMD.f64x2_pmax),
  Sqrtps: squareRoots("f32x4"), Sqrtpd: squareRoots("f64x2"), Sqrtss: scalarRoot(32), Sqrtsd: scalarRoot(64),
  // The manual allows an error of 1.5 * 2^-12; these are exact, and no processor's bits.
  Rcpps: estimate(false), Rsqrtps: estimate(true), Rcpss: scalarEstimate(false), Rsqrtss: scalarEstimate(true),
  Ucomiss: compareFlags(32, false), Comiss: compareFlags(32, true), Ucomisd: compareFlags(64, false), Comisd: compareFlags(64, true),
  Cmpps: { operands: "ur-", lower: (e, insn) => e.put(insn, 0, () => comparison(e, insn, 32)) },
  Cmppd: { operands: "ur-", lower: (e, insn) => e.put(insn, 0, () => comparison(e, insn, 64)) },
  Cmpss: { operands: "ur-", lower: (e, insn) => scalarComparison(e, insn, 32) },
  Cmpsd: stringOr(stringCompareDoubleword, { operands: "ur-", lower: (e, insn) => scalarComparison(e, insn, 64) }),
  Addsubps: alternating("f32x4", lanes(4, [4, 1, 6, 3])),
  Addsubpd: alternating("f64x2", lanes(8, [2, 1])),
  Haddps: horizontal("f32x4", "add", lanes(4, [0, 2, 4, 6]), lanes(4, [1, 3, 5, 7])),
  Hsubps: horizontal("f32x4", "sub", lanes(4, [0, 2, 4, 6]), lanes(4, [1, 3, 5, 7])),
  Haddpd: horizontal("f64x2", "add", lanes(8, [0, 2]), lanes(8, [1, 3])),
  Hsubpd: horizontal("f64x2", "sub", lanes(8, [0, 2]), lanes(8, [1, 3])),
  Roundps: { operands: "wr-", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1).simd(rounding(insn, "f32x4"))) },
  Roundpd: { operands: "wr-", lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1).simd(rounding(insn, "f64x2"))) },
  Roundss: { operands: "ur-", lower: (e, insn) => scalarRound(e, insn, 32) },
  Roundsd: { operands: "ur-", lower: (e, insn) => scalarRound(e, insn, 64) },
  Ldmxcsr: { operands: "r", lower: loadControl },
  Stmxcsr: { operands: "w", lower: (e, insn) => e.put(insn, 0, () => e.cpuAddress(CPU.mxcsr).load(32)) },
}; // prettier-ignore

type Operation = "add" | "sub" | "mul" | "div";
type Shape = "f32x4" | "f64x2";

/** addps, addpd, addss and addsd, and so on. */
function family(prefix: string, op: Operation): LoweringTable {
  return {
    [`${prefix}ps`]: packed("f32x4", op),
    [`${prefix}pd`]: packed("f64x2", op),
    [`${prefix}ss`]: scalar(32, OP[`f32_${op}`]),
    [`${prefix}sd`]: scalar(64, OP[`f64_${op}`]),
  };
}

function packed(shape: Shape, op: Operation): Lowering {
  return { operands: "ur", lower: (e, insn) => e.put(insn, 0, () => applied(e.vector(insn, 0).vector(insn, 1), shape, op)) };
}

/** Applies an operation to the two vectors on the stack. */
function applied(e: Emitter, shape: Shape, op: Operation): Emitter {
  vectorOperation(e, SIMD[`${shape}_${op}`], shape);
  return e;
}

function scalar(bits: 32 | 64, opcode: number): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      const { register } = insn.operands[0]!;
      e.getScalar(register, bits).scalar(insn, 1, bits);
      floatOperation(e, opcode, bits);
      e.setScalar(register, bits);
    },
  };
}

function extremum(prefix: "Min" | "Max", ps: number, pd: number): LoweringTable {
  const vector = (opcode: number): Lowering => ({
    operands: "ur",
    lower: (e, insn) => e.put(insn, 0, () => e.vector(insn, 1).vector(insn, 0).simd(opcode)),
  });
  const single = (bits: 32 | 64): Lowering => ({
    operands: "ur",
    lower(e, insn) {
      const { register } = insn.operands[0]!;
      const a = e.getScalar(register, bits).floatTee(bits);
      const b = e.scalar(insn, 1, bits).floatTee(bits);
      const compare = prefix === "Min" ? (bits === 64 ? OP.f64_lt : OP.f32_lt) : bits === 64 ? OP.f64_gt : OP.f32_gt;
      e.f.localGet(a).localGet(b).op(compare).select();
      e.setScalar(register, bits);
    },
  });
  return { [`${prefix}ps`]: vector(ps), [`${prefix}pd`]: vector(pd), [`${prefix}ss`]: single(32), [`${prefix}sd`]: single(64) };
}

function squareRoots(shape: Shape): Lowering {
  return { operands: "wr", lower: (e, insn) => e.put(insn, 0, () => vectorOperation(e.vector(insn, 1), SIMD[`${shape}_sqrt`], shape, 1)) };
}

function scalarRoot(bits: 32 | 64): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      floatOperation(e.scalar(insn, 1, bits), bits === 64 ? OP.f64_sqrt : OP.f32_sqrt, bits, 1);
      e.setScalar(insn.operands[0]!.register, bits);
    },
  };
}

function estimate(root: boolean): Lowering {
  return {
    operands: "wr",
    lower: (e, insn) =>
      e.put(insn, 0, () => {
        e.f.f32Const(1);
        e.simd(SIMD.f32x4_splat).vector(insn, 1);
        if (root) vectorOperation(e, SIMD.f32x4_sqrt, "f32x4", 1);
        e.simd(SIMD.f32x4_div);
      }),
  };
}

function scalarEstimate(root: boolean): Lowering {
  return {
    operands: "ur",
    lower(e, insn) {
      e.f.f32Const(1);
      e.scalar(insn, 1, 32);
      if (root) floatOperation(e, OP.f32_sqrt, 32, 1);
      e.f.op(OP.f32_div);
      e.setScalar(insn.operands[0]!.register, 32);
    },
  };
}

/** OF, SF and AF become 0; the other three come from the comparison. A quiet NaN is invalid where it is `isSignalling`. */
function compareFlags(bits: 32 | 64, isSignalling: boolean): Lowering {
  return {
    operands: "rr",
    flagsWritten: FLAG.ALL,
    lower(e, insn) {
      const a = e.getScalar(insn.operands[0]!.register, bits).floatTee(bits);
      e.f.drop();
      const b = e.scalar(insn, 1, bits).floatTee(bits);
      e.f.drop();
      if (e.hasExactFloats) tellComparison(e, insn, { a, b, bits, isSignalling });
      e.flags.set(FLAG.ALL, 0);
      e.setFlags(FLAG.CF | FLAG.ZF | FLAG.PF, { op: "float", bits, a, b });
    },
  };
}

/** Has the unit raise what a comparison raises, and say what of the operands counts. */
function tellComparison(
  e: Emitter,
  insn: Instruction,
  { a, b, bits, isSignalling }: { a: number; b: number; bits: 32 | 64; isSignalling: boolean },
): void {
  const [store, load] = bits === 64 ? [OP.f64_store, OP.f64_load] : [OP.f32_store, OP.f32_load];
  e.mayFault(insn);
  [a, b].forEach((local, n) => e.cpuAddress(CPU.fpScratch + 16 * n).f.localGet(local).store(store));
  callSseUnit(e, insn, "order", { bits, count: isSignalling ? 0x100 : 0 });
  [a, b].forEach((local, n) => e.cpuAddress(CPU.fpScratch + 16 * n).f.load(load).localSet(local));
} // prettier-ignore

/** Pushes the lanes' comparison as masks. Predicates 0-7: eq lt le unord neq nlt nle ord. */
function comparison(e: Emitter, insn: Instruction, bits: 32 | 64): void {
  const shape = bits === 64 ? "f64x2" : "f32x4";
  const predicate = insn.immediate & 7;
  const base = predicate & 3;
  if (base === 3) {
    for (const n of [0, 1]) {
      e.vector(insn, n);
      const local = e.vectorTemp();
      e.f.localTee(local).localGet(local).simd(SIMD[`${shape}_ne`]);
    }
    e.simd(SIMD.v128_or);
  } else {
    e.vector(insn, 0)
      .vector(insn, 1)
      .simd(SIMD[`${shape}_${(["eq", "lt", "le"] as const)[base as 0 | 1 | 2]}`]);
  }
  if (predicate & 4) e.simd(SIMD.v128_not);
}

function scalarComparison(e: Emitter, insn: Instruction, bits: 32 | 64): void {
  e.put(insn, 0, () => {
    comparison(e, insn, bits);
    e.vector(insn, 0).f.shuffle(bits === 64 ? lanes(8, [0, 3]) : lanes(4, [0, 5, 6, 7]));
  });
}

function alternating(shape: Shape, lanes: number[]): Lowering {
  return {
    operands: "ur",
    lower: (e, insn) =>
      e.put(insn, 0, () => {
        applied(e.vector(insn, 0).vector(insn, 1), shape, "add");
        applied(e.vector(insn, 0).vector(insn, 1), shape, "sub").f.shuffle(lanes);
      }),
  };
}

function horizontal(shape: Shape, op: Operation, even: number[], odd: number[]): Lowering {
  return {
    operands: "ur",
    lower: (e, insn) =>
      e.put(insn, 0, () => {
        e.vector(insn, 0).vector(insn, 1).f.shuffle(even);
        e.vector(insn, 0).vector(insn, 1).f.shuffle(odd);
        applied(e, shape, op);
      }),
  };
}

/** Where it asks for more than flags, the engine leaves for code that looks at it (`Emitter.hasExactFloats`). */
function loadControl(e: Emitter, insn: Instruction): void {
  const value = e.get(insn, 0).save(32);
  e.cpuAddress(CPU.mxcsr).value(value, 32).store(32);
}

const ROUNDINGS = ["nearest", "floor", "ceil", "trunc"] as const;

/** Bit 2 asks for MXCSR's rounding, which is to nearest. */
function rounding(insn: Instruction, shape: "f32x4" | "f64x2"): number {
  return SIMD[`${shape}_${ROUNDINGS[insn.immediate & 4 ? 0 : ((insn.immediate & 3) as 0 | 1 | 2 | 3)]}`];
}

function scalarRound(e: Emitter, insn: Instruction, bits: 32 | 64): void {
  const name = ROUNDINGS[insn.immediate & 4 ? 0 : ((insn.immediate & 3) as 0 | 1 | 2 | 3)];
  e.scalar(insn, 1, bits).f.op(bits === 64 ? OP[`f64_${name}`] : OP[`f32_${name}`]);
  e.setScalar(insn.operands[0]!.register, bits);
}
