import { GUEST_BASE, WASM_PAGES } from "@decant/memory";
import { F32, F64, I32, I64, ModuleBuilder, OP, SIMD, V128, type FunctionBuilder } from "@decant/wasm";
import { CPU, CPU_BLOCK, FLAG } from "../cpu-block.ts";
import type { Instruction } from "../decode/instruction.ts";
import { effects } from "../lower/effects.ts";
import { Emitter } from "../lower/emitter.ts";
import { HELPERS, type HelperName } from "../lower/helpers.ts";
import { looksAtMxcsr } from "../lower/exact-floats.ts";
import { waitsForX87 } from "../lower/x87-exceptions.ts";

const FLAG_OFFSETS: Readonly<Record<number, number>> = {
  [FLAG.CF]: CPU.cf,
  [FLAG.PF]: CPU.pf,
  [FLAG.AF]: CPU.af,
  [FLAG.ZF]: CPU.zf,
  [FLAG.SF]: CPU.sf,
  [FLAG.OF]: CPU.of,
};

/** Wraps the function under construction, to watch what the lowering does with it (effects.test.ts). */
export type Watch = (f: FunctionBuilder, locals: { gpr: number[]; xmm: number[]; flags: number[] }) => FunctionBuilder;

export interface StraightLineOptions {
  readonly watch?: Watch;
  /** For each sequence the flags that are read after it; all of them unless said. The others are left in any state. */
  readonly liveAtEnd?: readonly number[];
  /** Whether a single instruction of floating point looks at MXCSR; it does unless said. */
  readonly isExact?: boolean;
}

/**
 * The straight-line code of each sequence of instructions, as a module that exports "0", "1", …: functions that load every register from the CPU
 * block, run the sequence with its flags optimised as inside a block, and store everything back.
 */
export function straightLineModule(
  sequences: readonly (readonly Instruction[])[],
  { watch, liveAtEnd, isExact = true }: StraightLineOptions = {},
): Uint8Array {
  const m = new ModuleBuilder();
  m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
  const helpers = {} as Record<HelperName, number>;
  for (const [name, { parameters, results }] of Object.entries(HELPERS)) {
    helpers[name as HelperName] = m.importFunction("helper", name, m.type(parameters, results));
  }
  const type = m.type([], []);
  sequences.forEach((sequence, n) => {
    const f = m.function(type);
    emitSequence(f, helpers, sequence, { liveAtEnd: liveAtEnd?.[n] ?? FLAG.ALL, watch, isExact });
    m.exportFunction(String(n), f.index);
  });
  return m.finish();
}

function emitSequence(
  f: FunctionBuilder,
  helpers: Record<HelperName, number>,
  sequence: readonly Instruction[],
  { liveAtEnd, watch, isExact }: { liveAtEnd: number; watch: Watch | undefined; isExact: boolean },
): void {
  const mode = sequence[0]?.mode ?? 64;
  const gpr = Array.from({ length: 16 }, () => f.local(mode === 64 ? I64 : I32));
  const xmm = Array.from({ length: 16 }, () => f.local(V128));
  const scalars: number[] = [];
  const flags = Array.from({ length: 6 }, () => f.local(I32));
  const address = (offset: number) => f.i32Const((CPU_BLOCK - GUEST_BASE + offset) | 0);
  const reload = () => {
    gpr.forEach((local, n) => address(CPU.gpr + n * 8).load(mode === 64 ? OP.i64_load : OP.i32_load).localSet(local)); // prettier-ignore
    xmm.forEach((local, n) =>
      address(CPU.xmm + n * 16)
        .simdLoad(SIMD.v128_load)
        .localSet(local),
    );
    flags.forEach((local, n) =>
      address(FLAG_OFFSETS[1 << n]!)
        .load(OP.i32_load)
        .localSet(local),
    );
  };
  const spill = () => {
    gpr.forEach((local, n) => address(CPU.gpr + n * 8).localGet(local).store(mode === 64 ? OP.i64_store : OP.i32_store)); // prettier-ignore
    xmm.forEach((local, n) =>
      address(CPU.xmm + n * 16)
        .localGet(local)
        .simdStore(SIMD.v128_store),
    );
    flags.forEach((local, n) =>
      address(FLAG_OFFSETS[1 << n]!)
        .localGet(local)
        .store(OP.i32_store),
    );
  };
  reload();
  const e = new Emitter(watch === undefined ? f : watch(f, { gpr, xmm, flags }), {
    mode,
    registers: {
      gpr: (n) => gpr[n]!,
      xmm: (n) => xmm[n]!,
      scalar: (n, bits) => (scalars[n + bits] ??= f.local(bits === 64 ? F64 : F32)),
      flag: (bit) => flags[31 - Math.clz32(bit)]!,
    },
    helper: (name) => helpers[name],
    onMayFault: () => {},
    // Alone it is tried with all that MXCSR asks (cases.ts); in sequences as code that need not look.
    hasExactFloats: isExact && sequence.length === 1 && (looksAtMxcsr(sequence[0]!) || waitsForX87(sequence[0]!)),
    spillAll: spill,
    reloadAll: reload,
  });
  e.beginBlock();
  const liveAfter = livenesses(sequence, liveAtEnd);
  sequence.forEach((insn, n) => e.lower(insn, liveAfter[n]!));
  e.flushStack();
  e.mergeScalars();
  e.flushFlags(liveAtEnd);
  spill();
}

/** The flags live after each instruction. */
function livenesses(sequence: readonly Instruction[], liveAtEnd: number): number[] {
  const result: number[] = [];
  let live = liveAtEnd;
  for (let n = sequence.length - 1; n >= 0; n--) {
    result[n] = live;
    const { flagsRead, flagsMust } = effects(sequence[n]!);
    live = (live & ~flagsMust) | flagsRead;
  }
  return result;
}
