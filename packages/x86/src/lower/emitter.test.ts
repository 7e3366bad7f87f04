import { GUEST_BASE } from "@decant/memory";
import { I32, I64, ModuleBuilder, OP } from "@decant/wasm";
import { expect, test } from "vitest";
import { CPU, CPU_BLOCK, FLAG, GPR } from "../cpu-block.ts";
import { CODE } from "../difftest/state.ts";
import { straightLineModule } from "../difftest/straight-line.ts";
import { Translated } from "../difftest/translated.ts";
import { Emitter } from "./emitter.ts";
import { createHelpers, TRAP } from "./helpers.ts";
import { NotTranslated } from "./lowering.ts";

const translated = new Translated();
const { memory } = translated;
const block = CPU_BLOCK - GUEST_BASE;

/** The wasm code of some instructions, then of `finish`, with general register n in local n; and the locals declared beyond the registers'. */
function codeOf(bytes: number[], live: number, finish: (e: Emitter) => void = () => {}): { code: number[]; temps: number } {
  const f = new ModuleBuilder().function(0);
  for (let n = 0; n < 16; n++) f.local(I64);
  for (let n = 0; n < 6; n++) f.local(I32);
  const e = new Emitter(f, {
    mode: 64,
    registers: { gpr: (n) => n, xmm: (n) => n, scalar: (n) => n, flag: (bit) => 16 + 31 - Math.clz32(bit) },
    helper: () => 0,
    onMayFault: () => {},
    spillAll: () => {},
    reloadAll: () => {},
  });
  e.beginBlock();
  for (const insn of translated.decode(Uint8Array.from(bytes))) e.lower(insn, live);
  finish(e);
  return { code: Array.from(f.code.bytes), temps: f.localCount - 22 };
}

/** Runs instructions with the registers given; the function returned reads a register afterwards. */
function run(bytes: number[], registers: Readonly<Record<number, bigint>>, host: Partial<Parameters<typeof createHelpers>[0]> = {}) {
  const helper = createHelpers({
    memory,
    trap(kind, rip) {
      throw new Error(`trap ${kind} at ${rip}`);
    },
    ...host,
  });
  const module = new WebAssembly.Module(straightLineModule([translated.decode(Uint8Array.from(bytes))]) as Uint8Array<ArrayBuffer>);
  const { exports } = new WebAssembly.Instance(module, { env: { memory: memory.wasm }, helper: helper as WebAssembly.ModuleImports });
  for (let n = 0; n < 16; n++) memory.view.setBigUint64(block + CPU.gpr + n * 8, registers[n] ?? 0n, true);
  (exports["0"] as () => void)();
  return (n: number) => memory.view.getBigUint64(block + CPU.gpr + n * 8, true);
}

const [GET, SET, TEE] = [0x20, 0x21, 0x22];

test("a comparison and its condition become one wasm comparison of the operands", () => {
  const { code } = codeOf([0x48, 0x39, 0xc8], FLAG.SF | FLAG.OF, (e) => e.condition(12)); // cmp rax, rcx; jl
  expect(code).toEqual([GET, 0, SET, 22, GET, 1, SET, 23, GET, 22, GET, 23, OP.i64_lt_s]);
});

test("a register tested with itself, and its condition, become a comparison with zero", () => {
  const { code } = codeOf([0x85, 0xc0], FLAG.ZF, (e) => e.condition(4)); // test eax, eax; je
  expect(code).toEqual([GET, 0, OP.i32_wrap_i64, TEE, 22, 0x1a, GET, 22, OP.i32_eqz]);
});

test("an instruction whose flags nobody reads has no code for them", () => {
  expect(codeOf([0x48, 0x01, 0xc8], 0)).toEqual({ code: [GET, 0, GET, 1, OP.i64_add, SET, 0], temps: 0 }); // add rax, rcx
  expect(codeOf([0x39, 0xc8], 0)).toEqual({ code: [], temps: 0 }); // cmp eax, ecx
});

test("a comparison with memory still reads it when its flags are dead, as it may fault", () => {
  expect(codeOf([0x48, 0x3b, 0x03], 0).code).toContain(OP.i64_load);
});

test("the condition after flushFlags is still fused", () => {
  const { code } = codeOf([0x48, 0x39, 0xc8], FLAG.ALL, (e) => {
    e.flushFlags(FLAG.CF);
    e.condition(2);
  });
  expect(code.slice(-5)).toEqual([GET, 22, GET, 23, OP.i64_lt_u]);
});

test("temporary locals are used again once no flag needs them", () => {
  expect(codeOf(Array.from({ length: 20 }, () => [0x48, 0x39, 0xc8]).flat(), FLAG.ALL).temps).toBeLessThanOrEqual(4);
});

test("a chain of scalar arithmetic takes operands from locals, not out of vectors", () => {
  const { code } = codeOf([0xf2, 0x0f, 0x58, 0xc1, 0xf2, 0x0f, 0x59, 0xc1], 0); // addsd xmm0, xmm1; mulsd xmm0, xmm1
  const extracts = code.filter((byte, n) => byte === 0xfd && code[n + 1] === 0x21).length;
  expect(extracts).toBe(3);
});

test("what has no lowering is reported with its mnemonic and address", () => {
  const vaddps = [0xc5, 0xf0, 0x58, 0xc2];
  expect(() => codeOf(vaddps, 0)).toThrow(NotTranslated);
  expect(() => codeOf([0x66, 0x0f, 0x38, 0xf6, 0xc1], 0)).toThrow(`x86: no translation for adcx at 0x${CODE.toString(16)}`);
});

test("division by zero, and a quotient that does not fit, trap with the instruction's address", () => {
  expect(() => run([0xf7, 0xf1], { [GPR.rax]: 1n })).toThrow(`trap ${TRAP.divide} at ${CODE}`); // div ecx
  expect(() => run([0x48, 0xf7, 0xf1], { [GPR.rax]: 1n, [GPR.rdx]: 5n, [GPR.rcx]: 5n })).toThrow(`trap ${TRAP.overflow} at ${CODE}`);
  const register = run([0x48, 0xf7, 0xf1], { [GPR.rax]: 7n, [GPR.rdx]: 4n, [GPR.rcx]: 5n }); // div rcx, 128 by 64 bits
  const dividend = (4n << 64n) + 7n;
  expect([register(GPR.rax), register(GPR.rdx)]).toEqual([dividend / 5n, dividend % 5n]);
});

test("rdtsc gives the host's time stamp, and rdtscp processor 0 too", () => {
  const host = { timestamp: () => 0x1234_5678_9abc_def0n };
  const register = run([0x0f, 0x31], {}, host);
  expect([register(GPR.rdx), register(GPR.rax)]).toEqual([0x12345678n, 0x9abcdef0n]);
  expect(run([0x0f, 0x01, 0xf9], { [GPR.rcx]: 9n }, host)(GPR.rcx)).toBe(0n);
});

test("the estimates are within the error that the manual allows", () => {
  const vector = (at: number) => Array.from({ length: 4 }, (_, n) => memory.view.getFloat32(block + CPU.xmm + at * 16 + n * 4, true));
  for (const [opcode, exact] of [[0x53, (x: number) => 1 / x], [0x52, (x: number) => 1 / Math.sqrt(x)]] as const) {
    const values = [3, 0.1, 12345.678, 1e-10];
    values.forEach((value, n) => memory.view.setFloat32(block + CPU.xmm + 16 + n * 4, value, true));
    run([0x0f, opcode, 0xc1], {});
    vector(0).forEach((got, n) => expect(Math.abs(got / exact(vector(1)[n]!) - 1)).toBeLessThan(1.5 * 2 ** -12));
    run([0xf3, 0x0f, opcode, 0xd1], {});
    expect(vector(2)[0]).toBe(vector(0)[0]);
  } // prettier-ignore
});
