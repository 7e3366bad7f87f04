import { Harness, type RunOptions } from "./harness.ts";
import { bitsOf, isScalarType, type ScalarType } from "./parse/types.ts";

/** An instruction under test: "%d" is its result, "%0", "%1"... its operands, by these types. */
export interface InstructionUnderTest {
  readonly text: string;
  readonly result: ScalarType;
  readonly operands: readonly ScalarType[];
}

const THREADS = 128;

/** Runs instructions, each over its own list of operand tuples, and gives the result's bits for each. */
export function evaluate(
  instructions: readonly (InstructionUnderTest & { readonly inputs: readonly (readonly bigint[])[] })[],
  options: RunOptions = {},
): bigint[][] {
  const text = `.version 8.5\n.target sm_75\n.address_size 64\n${instructions.map(kernelText).join("\n")}`;
  const harness = new Harness(text, options);
  return instructions.map(({ operands, inputs }, index) => {
    const width = Math.max(1, operands.length);
    const blocks = Math.ceil(inputs.length / THREADS);
    const source = new BigUint64Array(blocks * THREADS * width);
    for (const [row, tuple] of inputs.entries())
      for (const [column, value] of tuple.entries()) source[row * width + column] = BigInt.asUintN(64, value);
    const result = new BigUint64Array(blocks * THREADS);
    harness.run(`k${index}`, [result, source], { grid: [blocks], block: [THREADS], ...options });
    return [...result.subarray(0, inputs.length)];
  });
}

function kernelText({ text, result, operands }: InstructionUnderTest, index: number): string {
  const declare = (name: string, type: ScalarType): string => `.reg .${type} ${name};`;
  const body = text.replace(/%([d0-9]\b)/g, "%v$1");
  const load = (type: ScalarType, position: number): string => {
    if (type === "pred") return `ld.global.u32 %w, [%rd4+${position * 8}]; setp.ne.u32 %v${position}, %w, 0;`;
    return `ld.global.b${bitsOf(type)} %v${position}, [%rd4+${position * 8}];`;
  };
  const store = result === "pred" ? "selp.u32 %w, 1, 0, %vd; st.global.u32 [%rd5], %w;" : `st.global.b${bitsOf(result)} [%rd5], %vd;`;
  if (!isScalarType(result)) throw new Error("unknown type");
  return `.visible .entry k${index}(.param .u64 out, .param .u64 in) {
  .reg .b32 %r<5>; .reg .b64 %rd<6>; .reg .u32 %w; ${declare("%vd", result)} ${operands.map((type, at) => declare(`%v${at}`, type)).join(" ")}
  .reg .pred %p, %q; .reg .b32 %t<4>; .reg .b64 %u<4>; .reg .b16 %h<4>;
  ld.param.u64 %rd0, [out]; ld.param.u64 %rd1, [in];
  mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x; mad.lo.s32 %r3, %r0, %r1, %r2;
  mul.wide.u32 %rd2, %r3, ${8 * Math.max(1, operands.length)}; mul.wide.u32 %rd3, %r3, 8;
  add.s64 %rd4, %rd1, %rd2; add.s64 %rd5, %rd0, %rd3;
  ${operands.map(load).join(" ")}
  ${body}
  ${store}
  ret;
}`;
}
