import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileModule, parsePtx, PtxError } from "../index.ts";

const HEAD = ".version 8.5\n.target sm_75\n.address_size 64\n";
const body = (text: string, registers = ".reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f32 %f<9>; .reg .pred %p<9>; .reg .b16 %h<9>;"): string =>
  `${HEAD}.visible .entry k(.param .u64 p)\n{\n${registers}\n${text}\n}`;

function failure(text: string): PtxError {
  try {
    compileModule(parsePtx(text), { features: { fusedMultiplyAdd: false } });
  } catch (error) {
    if (error instanceof PtxError) return error;
    throw error;
  }
  throw new Error("expected a PtxError");
}

describe("what a module declares:", () => {
  test("version, targets, address size, files", () => {
    const module = parsePtx(`.version 9.0\n.target sm_90a, debug\n.address_size 64\n.file 1 "a.cu", 123, 456\n`);
    expect(module.version).toEqual({ major: 9, minor: 0 });
    expect(module.targets).toEqual(["sm_90a", "debug"]);
    expect(module.files.get(1)).toBe("a.cu");
  });

  test("variables with every kind of initialiser", () => {
    const module = parsePtx(`${HEAD}
      .global .align 8 .u32 a[2][3] = {{1, 2}, {-3, 0x10, 0b101}};
      .const .f32 f[3] = {1.5, 0f40000000, -2};
      .global .f64 d = 0d3FF8000000000000;
      .global .b8 bytes[] = {1, 2, 3, 0xff};
      .global .u64 pointer[2] = {generic(a)+4, a};
      .global .b8 low[2] = {0xFF(a), 0xFF00(a)};
      .global .u32 sum = (1 + 2) * 3 << 2 | 1 ? 7 : 8;
      .visible .global .attribute(.managed) .align 16 .v4 .f32 v;
      .extern .shared .align 16 .b8 s[];`);
    const find = (name: string) => module.variables.find((variable) => variable.name === name);
    expect(find("a")).toMatchObject({ size: 24, align: 8, dimensions: [2, 3] });
    expect(find("a")?.initial.map((value) => (value.kind === "bits" ? value.value : 0n))).toEqual([1n, 2n, 0n, 0xffff_fffdn, 16n, 5n]);
    expect(find("f")?.initial.map((value) => (value.kind === "bits" ? value.value : 0n))).toEqual([
      0x3fc0_0000n,
      0x4000_0000n,
      0xc000_0000n,
    ]);
    expect(find("d")?.initial).toEqual([{ kind: "bits", value: 0x3ff8_0000_0000_0000n }]);
    expect(find("bytes")?.size).toBe(4);
    expect(find("pointer")?.initial).toEqual([
      { kind: "address", name: "a", offset: 4n, generic: true },
      { kind: "address", name: "a", offset: 0n, generic: false },
    ]);
    expect(find("low")?.initial[1]).toMatchObject({ mask: 0xff00n });
    expect(find("sum")?.initial).toEqual([{ kind: "bits", value: 7n }]);
    expect(find("v")).toMatchObject({ size: 16, align: 16, vector: 4, managed: true });
    expect(find("s")).toMatchObject({ size: 0, linkage: "extern" });
  });

  test("functions: parameters, directives, scopes, labels, guards, vectors", () => {
    const module = parsePtx(`${HEAD}
      .func (.param .b32 result) helper(.param .b32 x, .reg .u32 %y) .noreturn;
      .weak .entry k(.param .u64 .ptr .global .align 4 p, .param .align 8 .b8 s[24]) .maxntid 256, 1, 1 .minnctapersm 2
      {
        .reg .v4 .f32 %v; .reg .b32 a, b, %r<3>; .reg .pred %q; .reg .b64 %d; .loc 1 10 3
        ld.global.v4.f32 {%v.x, %v.y, %v.z, %v.w}, [p];
        $top: @!%q bra $top;
        { .reg .b32 a; inner: mov.b32 a, %tid.x; bra inner; }
        mov.b64 %d, {a, b};
        .pragma "nounroll";
        setp.eq.and.s32 %q|_, a, b, !%q;
      }`);
    const kernel = module.functions.find(({ name }) => name === "k");
    expect(kernel?.directives.get("maxntid")).toEqual([256, 1, 1]);
    expect(kernel?.parameters.map((parameter) => ("size" in parameter ? [parameter.size, parameter.align] : undefined))).toEqual([
      [8, 8],
      [24, 8],
    ]);
    const instructions = kernel?.body?.statements.filter((statement) => statement.kind === "instruction") ?? [];
    expect(instructions.map(({ opcode }) => opcode)).toEqual(["ld", "bra", "mov", "bra", "mov", "setp"]);
    expect(instructions[0]?.source).toEqual({ file: 1, line: 10, column: 3 });
    expect(instructions[1]?.guard?.negated).toBe(true);
    expect(module.functions.find(({ name }) => name === "helper")?.body).toBeUndefined();
  });

  test("PTX of the first versions, debug sections, comments and linker directives", () => {
    const module = parsePtx(`
      .version 1.4
      .target sm_10, map_f64_to_f32
      /* a comment
         over lines */ // another
      .file 1 "<command-line>"
      .entry old (
        .param .u64 __cudaparm_old_a)
      {
      .reg .u16 %rh<4>;
      .reg .u32 %r<6>;
      .loc 14 6 0
      $LBB1_old:
      mov.u16 %rh1, %ctaid.x;
      mul.wide.u16 %r1, %rh1, %ntid.x;
      cvt.u32.u16 %r2, %tid.x;
      exit;
      $LDWend_old:
      } // old
      .section .debug_info { .b32 12, 0x10; .b8 1, 2 label: .b64 label+4 }
      @@DWARF .section .debug_abbrev
      .alias a, b;`);
    expect(module.functions).toHaveLength(1);
    expect(() => compileModule(module, { features: { fusedMultiplyAdd: false } })).not.toThrow();
  });
});

describe("messages name line, instruction and reason:", () => {
  test.each<[string, string, number, string]>([
    ["an unknown modifier", body("add.s33 %r1, %r2, %r3;"), 7, "'add.s33 %r1, %r2, %r3': 'add' needs a type"],
    ["a register that is not declared", body("mov.u32 %r1, %r99;"), 7, "'mov.u32 %r1, %r99': unknown symbol '%r99'"],
    ["a label that is not there", body("bra nowhere;"), 7, "unknown symbol 'nowhere'"],
    [
      "a register of another type",
      body("add.s32 %r1, %rd1, %r2;"),
      7,
      "'add.s32 %r1, %rd1, %r2': arguments mismatch: '%rd1' is .b64, 'add' works on .s32",
    ],
    ["too few operands", body("add.s32 %r1, %r2;"), 7, "'add.s32 %r1, %r2': too few operands for 'add'"],
    ["bits of a float", body("or.f32 %f1, %f2, %f3;"), 7, "'or.f32 %f1, %f2, %f3': '.f32' is not a type of 'or'"],
    ["a choice of predicates", body("selp.pred %p1, %p1, %p1, %p1;"), 7, "'.pred' is not a type of 'selp'"],
    ["a missing semicolon", body("mov.u32 %r1, 5\nret;"), 8, "'mov.u32 %r1, 5 ret': expected ';', found 'ret'"],
    ["a result that is no register", body("mov.u32 5, %r1;"), 7, "'mov.u32 5, %r1': the result of 'mov' must be a register"],
    ["a guard that is no predicate", body("@%r1 ret;"), 7, "'@%r1 ret': '%r1' is not a predicate register"],
    ["a label declared twice", body("a: a: ret;"), 7, "duplicate definition of label 'a'"],
    [
      "an instruction that is not translated yet",
      body("sured.b.add.1d.u32.trap [%rd1, {%r1}], %r2;"),
      7,
      "this instruction is not translated yet",
    ],
    ["a modifier that is not translated yet", body("ld.global.L1::evict_last.b128 %rd1, [%rd1];"), 7, "type .b128 is not translated yet"],
    ["no version", ".target sm_75", 1, "missing .version directive at start of file"],
    ["a version of the future", ".version 10.0\n.target sm_75", 1, "unsupported .version 10.0; current version is '9.0'"],
    ["no target", ".version 8.0\n.address_size 64", 2, "missing .target directive after .version"],
    ["a character that is none of PTX's", `${HEAD}.global .u32 \u0001;`, 4, "unexpected character U+0001"],
    ["an end in the middle", `${HEAD}.visible .entry k(`, 4, "expected '.param' or '.reg', found end of file"],
    ["too many initial values", `${HEAD}.global .u32 a[1] = {1, 2};`, 4, "too many initial values"],
    ["a division by zero in a constant", `${HEAD}.global .u32 a = 1/0;`, 4, "division by zero in a constant expression"],
    ["an extern variable that nothing defines", `${HEAD}.extern .global .u32 a;`, 4, "unresolved extern variable 'a'"],
  ])("%s", (_, text, line, reason) => {
    const error = failure(text);
    expect(error.message).toContain(reason);
    expect(error.line).toBe(line);
    expect(error.message.startsWith(`ptx:${line}: error: `)).toBe(true);
  });

  test("what is valid but not translated is told from what is wrong", () => {
    expect(failure(body("nop.weird;")).kind).toBe("unsupported");
    expect(failure(body("add.s32 %r1;")).kind).toBe("syntax");
    expect(failure(`${HEAD}.extern .const .u32 a;`).kind).toBe("unresolved");
  });
});

describe("damaged PTX gives PtxError and nothing else:", () => {
  const folder = new URL("../../kernels/", import.meta.url);
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith(".ptx"))
    .map((name) => readFileSync(new URL(name, folder), "latin1"));
  /** True when the text compiles to a valid module, or fails with PtxError: no operand may slip through untyped. */
  const survives = (text: string): boolean => {
    try {
      return WebAssembly.validate(compileModule(parsePtx(text), { features: { fusedMultiplyAdd: false } }).wasm as Uint8Array<ArrayBuffer>);
    } catch (error) {
      if (error instanceof PtxError) return true;
      throw error;
    }
  };

  test("with characters changed, cut out or doubled", () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(12),
      insert: fc.oneof(
        fc.string({ maxLength: 4 }),
        fc.constantFrom(
          "{",
          "}",
          ";",
          "%r1",
          ".f32",
          ".b64",
          "[",
          "]",
          "-",
          "99999999999",
          "ret;",
          "@%p1 ",
          ".v4",
          "0f7FC00000",
          "\n",
          "|",
        ),
      ),
    });
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.array(edit, { minLength: 1, maxLength: 6 }), (source, edits) => {
        let text = source;
        for (const { at, length, insert } of edits) {
          const start = Math.floor(at * text.length);
          text = text.slice(0, start) + insert + text.slice(start + length);
        }
        expect(survives(text)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("with tokens exchanged within a function", () => {
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }), (source, swaps) => {
        const words = source.split(/(?<=[\s,;])/);
        for (const [a, b] of swaps) {
          const [i, j] = [a % words.length, b % words.length];
          [words[i], words[j]] = [words[j] ?? "", words[i] ?? ""];
        }
        expect(survives(words.join(""))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("deep nesting and enormous counts", () => {
    const texts = [
      `${HEAD}.global .u32 a = ${"(".repeat(5000)}1`,
      `${HEAD}.global .u32 a = ${"-".repeat(5000)}1;`,
      body("{".repeat(5000)),
      `${HEAD}.global .u32 a[4294967296][4294967296];`,
      body("", ".reg .b32 %r<4000000000>;"),
      `${HEAD}.global .u32 a[4000000000] = {{1},{2}};`,
      body(`mov.b32 %r1, ${"{".repeat(200)}%r1`),
    ];
    expect(texts.map(survives)).toEqual(texts.map(() => true));
  });
});
