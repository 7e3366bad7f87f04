import { I64, OP } from "@decant/wasm";
import { CPU } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC, MNEMONIC_NAMES, type MnemonicName } from "../decode/mnemonics.ts";
import type { Emitter } from "./emitter.ts";
import { pushUnexpected, type FloatCheck } from "./float-checks.ts";
import type { Lowering } from "./lowering.ts";
import { MXCSR } from "./mxcsr.ts";
import { SSE_OPERATION } from "./sse-unit.ts";
import { fastOrSlow } from "./x87-stack.ts";

interface ExactFloat {
  readonly operation: keyof typeof SSE_OPERATION;
  readonly bits: 32 | 64;
  readonly lanes: number;
  /** What must be so for the plain code to be right where MXCSR asks for nothing and its precision flag is set; without it nothing is. */
  readonly check: FloatCheck | undefined;
}

function exact(operation: keyof typeof SSE_OPERATION, bits: 32 | 64, lanes: number, check?: FloatCheck): ExactFloat {
  return { operation, bits, lanes, check };
}

function family(prefix: string, operation: keyof typeof SSE_OPERATION, check: FloatCheck): Record<string, ExactFloat> {
  return { ...packed(prefix, operation, check), [`${prefix}ss`]: exact(operation, 32, 1, check), [`${prefix}sd`]: exact(operation, 64, 1, check) };
} // prettier-ignore

function packed(prefix: string, operation: keyof typeof SSE_OPERATION, check?: FloatCheck): Record<string, ExactFloat> {
  return { [`${prefix}ps`]: exact(operation, 32, 4, check), [`${prefix}pd`]: exact(operation, 64, 2, check) };
}

/** The instructions that MXCSR has a part in; comparisons to flags (sse-float.ts) are the others. */
const EXACT_FLOATS: Readonly<Partial<Record<MnemonicName, ExactFloat>>> = {
  ...family("Add", "add", "sum"), ...family("Sub", "subtract", "sum"), ...family("Mul", "multiply", "product"), ...family("Div", "divide", "quotient"),
  ...family("Sqrt", "squareRoot", "root"), ...family("Min", "minimum", "operands"), ...family("Max", "maximum", "operands"), ...family("Cmp", "compare", "operands"),
  ...family("Round", "round", "source"), ...packed("Addsub", "addSubtract", "sum"), ...packed("Hadd", "addPairs", "sum"), ...packed("Hsub", "subtractPairs", "sum"),
  ...packed("Dp", "dot"),
  Cvtss2si: exact("toInteger32", 32, 1, "integer"), Cvtsd2si: exact("toInteger32", 64, 1, "integer"),
  Cvttss2si: exact("truncate32", 32, 1, "integer"), Cvttsd2si: exact("truncate32", 64, 1, "integer"),
  Cvtps2dq: exact("toInteger32", 32, 4, "integer"), Cvtpd2dq: exact("toInteger32", 64, 2, "integer"),
  Cvttps2dq: exact("truncate32", 32, 4, "integer"), Cvttpd2dq: exact("truncate32", 64, 2, "integer"),
  Cvtps2pi: exact("toInteger32", 32, 2), Cvtpd2pi: exact("toInteger32", 64, 2), Cvttps2pi: exact("truncate32", 32, 2), Cvttpd2pi: exact("truncate32", 64, 2),
  Cvtsi2ss: exact("fromInteger64", 32, 1, "nothing"), Cvtsi2sd: exact("fromInteger64", 64, 1, "nothing"),
  Cvtdq2ps: exact("fromInteger32", 32, 4, "nothing"), Cvtpi2ps: exact("fromInteger32", 32, 2, "nothing"),
  Cvtsd2ss: exact("toSingle", 64, 1, "narrowed"), Cvtpd2ps: exact("toSingle", 64, 2, "narrowed"),
  Cvtss2sd: exact("toDouble", 32, 1, "source"), Cvtps2pd: exact("toDouble", 32, 2, "source"),
}; // prettier-ignore

const COMPARISONS: ReadonlySet<number> = new Set([MNEMONIC.Ucomiss, MNEMONIC.Ucomisd, MNEMONIC.Comiss, MNEMONIC.Comisd]);

/** Whether MXCSR changes what an instruction makes, or tells of it. */
export function looksAtMxcsr({ mnemonic, operands }: Instruction): boolean {
  if (operands[0]?.kind === "string") return false;
  return COMPARISONS.has(mnemonic) || EXACT_FLOATS[MNEMONIC_NAMES[mnemonic] as MnemonicName] !== undefined;
}

/**
 * Where MXCSR counts (`Emitter.hasExactFloats`): the plain code where it asks for nothing, its precision flag is set, and operands and result are ordinary;
 * all else is the helper's.
 */
export function withExactFloats(name: MnemonicName, lowering: Lowering): Lowering {
  const float = EXACT_FLOATS[name];
  if (float === undefined) return lowering;
  return {
    ...lowering,
    lower(e, insn) {
      if (!e.hasExactFloats || !looksAtMxcsr(insn)) return lowering.lower(e, insn);
      e.mayFault(insn);
      e.mergeScalars();
      const kept = keep(e, insn, float);
      const slow = (): void => callUnit(e, insn, float, kept, lowering.operands.startsWith("u"));
      const { check } = float;
      // A result in an mmx register cannot be taken back.
      if (check === undefined || insn.operands[0]!.kind === "mm") return slow();
      fastOrSlow(
        e,
        (leaveIf) => {
          pushAsksForMore(e);
          leaveIf();
          lowering.lower(e, insn);
          e.forgetScalars();
          if (check === "nothing") return;
          const result = e.get(insn, 0);
          pushUnexpected(result, check, { ...kept, bits: float.bits, lanes: float.lanes, width: insn.operands[0]!.bits });
          leaveIf();
        },
        () => {
          putBack(e, insn, kept);
          slow();
          e.forgetScalars();
        },
      );
    },
  };
}

/** Pushes a condition: MXCSR asks for something, or has not yet said that a result was rounded. */
export function pushAsksForMore(e: Emitter): void {
  const asked = MXCSR.rounding | MXCSR.flushToZero | MXCSR.denormalsAreZeros | MXCSR.precisionFlag | MXCSR.precisionMask;
  e.cpuAddress(CPU.mxcsr).load(32).const(asked, 32).int(32, "and");
  e.const(MXCSR.precisionFlag | MXCSR.precisionMask, 32).int(32, "ne");
}

/** Locals with what an instruction begins with: the destination, and the source, a vector or an integer of 64 bits. */
interface Kept {
  readonly destination: number;
  readonly source: number;
  readonly isInteger: boolean;
}

function keep(e: Emitter, insn: Instruction, { operation }: ExactFloat): Kept {
  const [to, from] = insn.operands;
  const isInteger = from!.kind === "gpr" || (operation === "fromInteger64" && from!.kind === "memory");
  const source = isInteger ? e.temp(I64) : e.vectorTemp();
  if (isInteger) e.get(insn, 1).signExtend(from!.bits, 64).f.localSet(source);
  else e.vector(insn, 1).f.localSet(source);
  if (to!.kind === "gpr") return { destination: e.getGpr(to!.register, e.mode).save(e.mode).local, source, isInteger };
  const destination = e.vectorTemp();
  e.vector(insn, 0).f.localSet(destination);
  return { destination, source, isInteger };
}

function putBack(e: Emitter, insn: Instruction, { destination }: Kept): void {
  const { kind, register } = insn.operands[0]!;
  e.f.localGet(destination);
  if (kind === "gpr") e.setGpr(register, e.mode);
  else e.setXmm(register);
}

function callUnit(e: Emitter, insn: Instruction, float: ExactFloat, { destination, source, isInteger }: Kept, readsFirst: boolean): void {
  const [to] = insn.operands;
  const { operation: name, bits, lanes } = float;
  if (readsFirst) {
    e.cpuAddress(CPU.fpScratch).f.localGet(destination);
    e.store(128);
  }
  e.cpuAddress(CPU.fpScratch + 16).f.localGet(source);
  if (isInteger) e.f.store(OP.i64_store);
  else e.store(128);
  // What comes out whole has zeros above, as wide as the form says.
  if (insn.mnemonic === MNEMONIC.Cvtpd2ps) e.cpuAddress(CPU.fpScratch).const(0, 64).store(64).cpuAddress(CPU.fpScratch + 8).const(0, 64).store(64);
  const isWide = to!.bits === 64 && to!.kind === "gpr";
  const operation = isWide && name === "toInteger32" ? "toInteger64" : isWide && name === "truncate32" ? "truncate64" : name;
  callSseUnit(e, insn, operation, { bits, count: lanes | ((insn.immediate & 0xff) << 8) });
  e.cpuAddress(CPU.fpScratch);
  if (to!.kind === "gpr") e.load(to!.bits).setGpr(to!.register, to!.bits);
  else {
    e.load(128);
    e.put(insn, 0, () => {});
  }
} // prettier-ignore

/** Calls the helper, with the registers where an exception's handler looks for them. */
export function callSseUnit(e: Emitter, insn: Instruction, operation: keyof typeof SSE_OPERATION, { bits, count }: { bits: 32 | 64; count: number }): void {
  e.makeExact(insn);
  e.const(SSE_OPERATION[operation], 32).const(bits, 32).const(count, 32).const(insn.ip | 0, 32).help("sseUnit");
} // prettier-ignore
