import { I64, OP } from "@decant/wasm";
import { CPU } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { MNEMONIC, MNEMONIC_NAMES, type MnemonicName } from "../decode/mnemonics.ts";
import type { Emitter } from "./emitter.ts";
import type { Lowering } from "./lowering.ts";
import { MXCSR_ROUNDING, ROUNDED } from "./sse-rounded.ts";

type Rounded = readonly [operation: keyof typeof ROUNDED, bits: 32 | 64, lanes: number];

function family(prefix: string, operation: keyof typeof ROUNDED): Record<string, Rounded> {
  return {
    [`${prefix}ps`]: [operation, 32, 4],
    [`${prefix}pd`]: [operation, 64, 2],
    [`${prefix}ss`]: [operation, 32, 1],
    [`${prefix}sd`]: [operation, 64, 1],
  };
}

/** The instructions whose results MXCSR's rounding changes. */
const ROUNDED_INSTRUCTIONS: Readonly<Partial<Record<MnemonicName, Rounded>>> = {
  ...family("Add", "add"), ...family("Sub", "subtract"), ...family("Mul", "multiply"), ...family("Div", "divide"), ...family("Sqrt", "squareRoot"),
  ...family("Round", "round"),
  Addsubps: ["addSubtract", 32, 4], Addsubpd: ["addSubtract", 64, 2],
  Haddps: ["addPairs", 32, 4], Haddpd: ["addPairs", 64, 2], Hsubps: ["subtractPairs", 32, 4], Hsubpd: ["subtractPairs", 64, 2],
  Cvtss2si: ["toInteger32", 32, 1], Cvtsd2si: ["toInteger32", 64, 1],
  Cvtps2dq: ["toInteger32", 32, 4], Cvtpd2dq: ["toInteger32", 64, 2], Cvtps2pi: ["toInteger32", 32, 2], Cvtpd2pi: ["toInteger32", 64, 2],
  Cvtsi2ss: ["fromInteger64", 32, 1], Cvtsi2sd: ["fromInteger64", 64, 1],
  Cvtdq2ps: ["fromInteger32", 32, 4], Cvtpi2ps: ["fromInteger32", 32, 2],
  Dpps: ["dot", 32, 4], Dppd: ["dot", 64, 2],
  Cvtsd2ss: ["toSingle", 64, 1], Cvtpd2ps: ["toSingle", 64, 2],
}; // prettier-ignore

/** Whether MXCSR's rounding changes what an instruction makes. */
export function isRounded({ mnemonic }: Instruction): boolean {
  return ROUNDED_INSTRUCTIONS[MNEMONIC_NAMES[mnemonic] as MnemonicName] !== undefined;
}

/** Where MXCSR's rounding counts (`Emitter.rounds`), such an instruction asks which it is, and leaves all but to nearest to a helper. */
export function withRounding(name: MnemonicName, lowering: Lowering): Lowering {
  const rounded = ROUNDED_INSTRUCTIONS[name];
  if (rounded === undefined) return lowering;
  return {
    ...lowering,
    lower(e, insn) {
      // Of a rounding instruction bit 2 of the immediate asks for MXCSR's.
      const isAsked = rounded[0] !== "round" || (insn.immediate & 4) !== 0;
      if (!e.rounds || !isAsked || insn.operands[0]!.kind === "string") return lowering.lower(e, insn);
      e.mergeScalars();
      e.cpuAddress(CPU.mxcsr).load(32).const(MXCSR_ROUNDING, 32).int(32, "and").f.if();
      callHelper(e, insn, rounded, lowering.operands.startsWith("u"));
      e.f.else();
      lowering.lower(e, insn);
      // Which way it was is not known afterwards: registers are whole.
      e.forgetScalars();
      e.f.end();
    },
  };
}

function callHelper(e: Emitter, insn: Instruction, [name, bits, lanes]: Rounded, readsFirst: boolean): void {
  const [to, from] = insn.operands;
  const source = e.temp(I64);
  const isInteger = from!.kind === "gpr" || (name === "fromInteger64" && from!.kind === "memory");
  if (isInteger) e.get(insn, 1).signExtend(from!.bits, 64).f.localSet(source);
  const vector = isInteger ? undefined : e.vectorTemp();
  if (vector !== undefined) e.vector(insn, 1).f.localSet(vector);
  if (readsFirst) {
    e.cpuAddress(CPU.fpScratch);
    if (to!.kind === "xmm") e.getXmm(to!.register);
    else e.vector(insn, 0);
    e.store(128);
  }
  e.cpuAddress(CPU.fpScratch + 16);
  if (vector === undefined) e.f.localGet(source).store(OP.i64_store);
  else {
    e.f.localGet(vector);
    e.store(128);
  }
  // What comes out whole has zeros above, as wide as the form says.
  if (insn.mnemonic === MNEMONIC.Cvtpd2ps) e.cpuAddress(CPU.fpScratch).const(0, 64).store(64).cpuAddress(CPU.fpScratch + 8).const(0, 64).store(64);
  const operation = name === "toInteger32" && to!.bits === 64 && to!.kind === "gpr" ? "toInteger64" : name;
  e.const(ROUNDED[operation], 32)
    .const(bits, 32)
    .const(name === "dot" ? insn.immediate & 0xff : lanes, 32)
    .help("sseRounded");
  e.cpuAddress(CPU.fpScratch);
  if (to!.kind === "gpr") e.load(to!.bits).setGpr(to!.register, to!.bits);
  else {
    e.load(128);
    e.put(insn, 0, () => {});
  }
} // prettier-ignore
