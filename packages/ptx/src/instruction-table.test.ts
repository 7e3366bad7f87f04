import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compileModule, parsePtx, PtxError } from "./index.ts";
import { formsOf } from "./tested-forms.ts";

/** What an instruction is tried with: "%d" and "%a" to "%c" are registers of its types, by the letters after "|". */
type Form = readonly [title: string, types: readonly string[], instruction: (type: string) => string];

const integers = ["u16", "s16", "u32", "s32", "u64", "s64"];
const words = ["u32", "s32", "u64", "s64"];
const bits = ["b16", "b32", "b64"];
const floats = ["f32", "f64"];
const halves = ["f16", "f16x2", "bf16", "bf16x2"];

const register = (type: string, name: string): string => {
  if (type === "pred") return `%p${name}`;
  const width = type.endsWith("x2") ? (type === "f32x2" ? 64 : 32) : Number(/[0-9]+$/.exec(type)?.[0] ?? 32);
  const kind = /^f(32|64)$/.test(type) ? "f" : "b";
  return `%${kind}${Math.max(16, width)}${name}`;
};
const plain = (opcode: string, operands: number) => (type: string) =>
  `${opcode}.${type} ${["d", "a", "b", "c"]
    .slice(0, operands)
    .map((name) => register(type, name))
    .join(", ")};`;
const memory = (opcode: string) => (type: string) => `${opcode}.${type} ${register(type, "d")}, [%b64a];`;
const atomic =
  (operation: string, operands = 1) =>
  (type: string) =>
    `atom.global.${operation}.${type} ${register(type, "d")}, [%b64a]${`, ${register(type, "b")}`.repeat(operands)};`;
const toWord = (opcode: string) => (type: string) => `${opcode}.${type} %b32d, ${register(type, "a")};`;
const convert = (rounding: string, from: string) => (type: string) =>
  `cvt${rounding}.${type}.${from} ${register(type, "d")}, ${register(from, "a")};`;
const once = (instruction: string) => () => instruction;

const forms: readonly Form[] = [
  ["add", [...integers, ...floats, ...halves, "f32x2"], plain("add", 3)],
  ["sub", [...integers, ...floats, ...halves], plain("sub", 3)],
  ["mul.lo", integers, plain("mul.lo", 3)],
  ["mul.hi", integers, plain("mul.hi", 3)],
  ["mul", [...floats, ...halves], plain("mul", 3)],
  ["mad.lo", integers, plain("mad.lo", 4)],
  ["add.cc, addc", words, (type) => `${plain("add.cc", 3)(type)} ${plain("addc", 3)(type)}`],
  ["sub.cc, subc", words, (type) => `${plain("sub.cc", 3)(type)} ${plain("subc", 3)(type)}`],
  ["mad.lo.cc, madc", words, (type) => `${plain("mad.lo.cc", 4)(type)} ${plain("madc.hi", 4)(type)}`],
  ["mul24.lo, mad24.lo", ["u32", "s32"], (type) => `${plain("mul24.lo", 3)(type)} ${plain("mad24.lo", 4)(type)}`],
  ["fma.rn", [...floats, ...halves, "f32x2"], plain("fma.rn", 4)],
  [
    "fma.rn.relu, .sat, .ftz (halves)",
    ["f16", "f16x2"],
    (type) => ["rn.relu", "rn.sat", "rn.ftz"].map((mode) => plain(`fma.${mode}`, 4)(type)).join(" "),
  ],
  ["fma.rz, .rm, .rp", floats, (type) => ["rz", "rm", "rp"].map((mode) => plain(`fma.${mode}`, 4)(type)).join(" ")],
  ["div", integers, plain("div", 3)],
  ["div.rn", floats, plain("div.rn", 3)],
  ["div.rz, .rm, .rp", floats, (type) => ["rz", "rm", "rp"].map((mode) => plain(`div.${mode}`, 3)(type)).join(" ")],
  ["div.approx, .full", ["f32"], (type) => `${plain("div.approx", 3)(type)} ${plain("div.full.ftz", 3)(type)}`],
  ["rem", integers, plain("rem", 3)],
  ["abs", ["s16", "s32", "s64", ...floats, ...halves], plain("abs", 2)],
  ["neg", ["s16", "s32", "s64", ...floats, ...halves], plain("neg", 2)],
  ["min", [...integers, ...floats, ...halves, "u16x2", "s16x2"], plain("min", 3)],
  ["max", [...integers, ...floats, ...halves, "u16x2", "s16x2"], plain("max", 3)],
  ["min.NaN, max.NaN, .xorsign.abs", ["f32", ...halves], (type) => `${plain("min.NaN", 3)(type)} ${plain("max.xorsign.abs", 3)(type)}`],
  ["min, max (three numbers)", ["f32"], (type) => `${plain("min", 4)(type)} ${plain("max", 4)(type)}`],
  ["min.relu, max.relu", ["s32", "s16x2"], (type) => `${plain("min.relu", 3)(type)} ${plain("max.relu", 3)(type)}`],
  ["add (16 bits, twice)", ["u16x2", "s16x2"], plain("add", 3)],
  ["sad", integers, plain("sad", 4)],
  ["rcp.rn, sqrt.rn", floats, (type) => `${plain("rcp.rn", 2)(type)} ${plain("sqrt.rn", 2)(type)}`],
  ["rcp.rz, sqrt.rm", floats, (type) => `${plain("rcp.rz", 2)(type)} ${plain("sqrt.rm", 2)(type)}`],
  ["rsqrt.approx", floats, plain("rsqrt.approx", 2)],
  [
    "sin, cos, lg2, ex2 (.approx)",
    ["f32"],
    (type) => ["sin", "cos", "lg2", "ex2"].map((name) => plain(`${name}.approx`, 2)(type)).join(" "),
  ],
  ["tanh.approx", ["f32", ...halves], plain("tanh.approx", 2)],
  ["ex2.approx", halves, plain("ex2.approx", 2)],
  ["copysign", floats, plain("copysign", 3)],
  ["testp.finite", floats, (type) => `testp.finite.${type} %pd, ${register(type, "a")};`],
  ["and, or, xor", ["pred", ...bits], (type) => ["and", "or", "xor"].map((name) => plain(name, 3)(type)).join(" ")],
  ["not", ["pred", ...bits], plain("not", 2)],
  ["cnot", bits, plain("cnot", 2)],
  ["lop3", ["b32"], once("lop3.b32 %b32d, %b32a, %b32b, %b32c, 0xe8;")],
  [
    "lop3.or, .and (with a predicate)",
    ["b32"],
    once("lop3.or.b32 %b32d|%pd, %b32a, %b32b, %b32c, 0xe8, %pa; lop3.and.b32 _|%pd, %b32a, %b32b, %b32c, 1, %pa;"),
  ],
  ["shl", bits, (type) => `shl.${type} ${register(type, "d")}, ${register(type, "a")}, %b32b;`],
  ["shr", [...bits, ...integers], (type) => `shr.${type} ${register(type, "d")}, ${register(type, "a")}, %b32b;`],
  ["shf.l, shf.r", ["b32"], once("shf.l.wrap.b32 %b32d, %b32a, %b32b, %b32c; shf.r.clamp.b32 %b32d, %b32a, %b32b, %b32c;")],
  ["bfe", words, (type) => `bfe.${type} ${register(type, "d")}, ${register(type, "a")}, %b32b, %b32c;`],
  ["bfi", ["b32", "b64"], (type) => `bfi.${type} ${register(type, "d")}, ${register(type, "a")}, ${register(type, "b")}, %b32b, %b32c;`],
  ["bfind", words, toWord("bfind")],
  ["popc, clz", ["b32", "b64"], (type) => `${toWord("popc")(type)} ${toWord("clz")(type)}`],
  ["brev", ["b32", "b64"], plain("brev", 2)],
  ["bmsk", ["b32"], plain("bmsk.clamp", 3)],
  ["fns", ["b32"], once("fns.b32 %b32d, %b32a, %b32b, %b32c;")],
  ["szext", ["u32", "s32"], plain("szext.clamp", 3)],
  ["prmt", ["b32"], plain("prmt", 4)],
  [
    "prmt.f4e, .b4e, .rc8, .ecl, .ecr, .rc16",
    ["b32"],
    once(["f4e", "b4e", "rc8", "ecl", "ecr", "rc16"].map((mode) => `prmt.b32.${mode} %b32d, %b32a, %b32b, %b32c;`).join(" ")),
  ],
  [
    "dp4a, dp2a",
    ["u32", "s32"],
    (type) => `dp4a.${type}.${type} %b32d, %b32a, %b32b, %b32c; dp2a.lo.${type}.${type} %b32d, %b32a, %b32b, %b32c;`,
  ],
  [
    "vadd, vsub, vabsdiff, vmin, vmax",
    ["u32", "s32"],
    (type) =>
      ["vadd", "vsub", "vabsdiff", "vmin", "vmax"].map((name) => `${name}.${type}.u32.s32.sat %b32d, %b32a.b1, %b32b.h1;`).join(" "),
  ],
  [
    "vshl, vshr, vmad, vset",
    ["u32", "s32"],
    (type) =>
      `vshl.${type}.${type}.u32.clamp %b32d, %b32a, %b32b; vshr.${type}.${type}.u32.wrap %b32d, %b32a, %b32b; vmad.${type}.${type}.${type}.shr7 %b32d, %b32a, %b32b, %b32c; vset.${type}.${type}.lt %b32d, %b32a, %b32b;`,
  ],
  [
    "vadd2, vsub2, vavrg2, vabsdiff2, vmin2, vmax2, vset2",
    ["u32", "s32"],
    (type) =>
      `${["vadd2", "vsub2", "vavrg2", "vabsdiff2", "vmin2", "vmax2"].map((name) => `${name}.${type}.${type}.${type} %b32d, %b32a, %b32b, %b32c;`).join(" ")} vset2.${type}.${type}.ge %b32d, %b32a, %b32b, %b32c;`,
  ],
  [
    "vadd4, vsub4, vavrg4, vabsdiff4, vmin4, vmax4, vset4",
    ["u32", "s32"],
    (type) =>
      `${["vadd4", "vsub4", "vavrg4", "vabsdiff4", "vmin4", "vmax4"].map((name) => `${name}.${type}.${type}.${type}.add %b32d, %b32a, %b32b, %b32c;`).join(" ")} vset4.${type}.${type}.ge %b32d, %b32a, %b32b, %b32c;`,
  ],
  ["setp", [...bits, ...integers], (type) => `setp.eq.${type} %pd, ${register(type, "a")}, ${register(type, "b")};`],
  ["setp (floats)", [...floats, ...halves], (type) => `setp.lt.${type} %pd, ${register(type, "a")}, ${register(type, "b")};`],
  ["set (halves)", halves, (type) => `set.lt.${type}.${type} ${register(type, "d")}, ${register(type, "a")}, ${register(type, "b")};`],
  ["set", ["u32", "s32", "f32"], (type) => `set.lt.${type}.f32 ${register(type, "d")}, %f32a, %f32b;`],
  [
    "selp",
    [...bits, ...integers, ...floats],
    (type) => `selp.${type} ${["d", "a", "b"].map((name) => register(type, name)).join(", ")}, %pa;`,
  ],
  ["slct", [...words, ...floats], (type) => `slct.${type}.s32 ${["d", "a", "b"].map((name) => register(type, name)).join(", ")}, %b32c;`],
  ["mov", ["pred", ...bits, ...floats], plain("mov", 2)],
  ["cvt from .s32", ["u8", "s8", "u16", "s16", "u32", "u64", "s64"], convert("", "s32")],
  ["cvt.rn from .s32", ["f16", "f32", "bf16"], convert(".rn", "s32")],
  ["cvt.rzi from .f32", integers, convert(".rzi", "f32")],
  ["cvt.rzi from .f64", integers, convert(".rzi", "f64")],
  ["cvt.rn from .f64", ["f16", "f32"], convert(".rn", "f64")],
  ["cvt.rn from .f32", ["f16", "bf16", "tf32"], convert(".rn", "f32")],
  ["cvt.rna from .f32", ["tf32"], convert(".rna", "f32")],
  [
    "cvt.rn.relu, .satfinite from .f32",
    ["f16", "bf16", "tf32"],
    (type) => `${convert(".rn.relu", "f32")(type)} ${convert(".rn.satfinite", "f32")(type)}`,
  ],
  ["cvt.rn from two .f32", ["f16x2", "bf16x2"], (type) => `cvt.rn.${type}.f32 %b32d, %f32a, %f32b;`],
  ["cvt.rzi from .f16", integers, convert(".rzi", "f16")],
  ["cvt.rzi from .bf16", integers, convert(".rzi", "bf16")],
  ["cvt from .bf16", floats, convert("", "bf16")],
  ["cvt from .f16", floats, convert("", "f16")],
  [
    "cvt.rn.satfinite (8-bit floats)",
    ["e4m3x2", "e5m2x2", "e2m3x2", "e3m2x2", "e2m1x2", "ue8m0x2"],
    (type) => `cvt.rn.satfinite.${type}.f32 %b16d, %f32a, %f32b;`,
  ],
  ["cvt.rn.f16x2 (from 8-bit floats)", ["e4m3x2", "e5m2x2", "e2m3x2", "e3m2x2", "e2m1x2"], (type) => `cvt.rn.f16x2.${type} %b32d, %b16a;`],
  ["cvt.rs (random bits)", ["f16x2"], once("cvt.rs.f16x2.f32 %b32d, %f32a, %f32b, %b32a;")],
  [
    "cvt.pack",
    ["s16", "u16", "s8", "u8", "s4", "u2"],
    (type) => `cvt.pack.sat.${type}.s32${type.endsWith("16") ? "" : ".b32"} %b32d, %b32a, %b32b${type.endsWith("16") ? "" : ", %b32c"};`,
  ],
  ["ld.global", ["b8", ...bits, ...floats, "b128"], memory("ld.global")],
  [
    "ld (generic), .volatile, .acquire",
    ["b32"],
    once("ld.b32 %b32d, [%b64a]; ld.volatile.b32 %b32d, [%b64a]; ld.acquire.gpu.b32 %b32d, [%b64a];"),
  ],
  ["st.global", ["b8", ...bits, ...floats], (type) => `st.global.${type} [%b64a], ${register(type, "b")};`],
  ["cvta", ["u64", "u32"], (type) => `cvta.to.global.${type} ${register(type, "d")}, ${register(type, "a")};`],
  [
    "atom.add",
    ["u32", "s32", "u64", "f32", "f64", "f16", "f16x2", "bf16", "bf16x2"],
    (type) => atomic(/^f16|^bf/.test(type) ? "add.noftz" : "add")(type),
  ],
  ["atom.and, .or, .xor", ["b32", "b64"], (type) => ["and", "or", "xor"].map((name) => atomic(name)(type)).join(" ")],
  ["atom.exch, .cas", ["b16", "b32", "b64", "b128"], (type) => `${type === "b16" ? "" : atomic("exch")(type)} ${atomic("cas", 2)(type)}`],
  ["atom.min, .max", words, (type) => `${atomic("min")(type)} ${atomic("max")(type)}`],
  ["atom.inc, .dec", ["u32"], (type) => `${atomic("inc")(type)} ${atomic("dec")(type)}`],
  ["red.add (vectors)", ["f32"], once("red.global.add.v2.f32 [%b64a], {%f32a, %f32b};")],
  ["red.add", ["u32", "f32"], (type) => `red.global.add.${type} [%b64a], ${register(type, "b")};`],
  ["bar.sync, barrier.sync", [""], once("bar.sync 0; barrier.sync 1, 64;")],
  ["bar.arrive", [""], once("bar.arrive 1, 64;")],
  ["bar.red", ["popc.u32", "and.pred"], (type) => `bar.red.${type} ${type === "popc.u32" ? "%b32d" : "%pd"}, 0, %pa;`],
  ["bar.warp.sync", [""], once("bar.warp.sync -1;")],
  ["shfl.sync", ["b32"], once("shfl.sync.down.b32 %b32d|%pd, %b32a, 1, 31, -1;")],
  ["vote.sync", ["pred", "b32"], (type) => (type === "pred" ? "vote.sync.all.pred %pd, %pa, -1;" : "vote.sync.ballot.b32 %b32d, %pa, -1;")],
  ["match.sync", ["b32", "b64"], (type) => `match.any.sync.${type} %b32d, ${register(type, "a")}, -1;`],
  ["redux.sync", ["u32", "s32", "b32"], (type) => `redux.sync.${type === "b32" ? "and" : "add"}.${type} %b32d, %b32a, -1;`],
  ["redux.sync.min, .max", ["f32"], (type) => `redux.sync.min.abs.NaN.${type} %f32d, %f32a, -1; redux.sync.max.${type} %f32d, %f32a, -1;`],
  ["activemask", ["b32"], once("activemask.b32 %b32d;")],
  ["elect.sync", [""], once("elect.sync %b32d|%pd, -1;")],
  ["membar, fence", [""], once("membar.gl; fence.sc.gpu;")],
  ["bra, ret, exit, trap", [""], once("@%pa bra end; @%pa exit; @%pa trap; end:")],
  ["brx.idx", [""], once("targets: .branchtargets one, two; brx.idx %b32a, targets; one: two:")],
  ["call", [""], once("call helper;")],
  [
    "alloca, stacksave, stackrestore",
    ["u32", "u64"],
    (type) =>
      `stacksave.${type} ${register(type, "d")}; alloca.${type} ${register(type, "a")}, ${register(type, "b")}, 16; stackrestore.${type} ${register(type, "d")};`,
  ],
  ["nanosleep, prefetch", [""], once("nanosleep.u32 10; prefetch.global.L1 [%b64a];")],
  ["cp.async", [""], once("cp.async.ca.shared.global [%b32a], [%b64a], 4; cp.async.commit_group; cp.async.wait_all;")],
  [
    "tex",
    ["1d", "2d", "3d", "a1d", "a2d", "cube", "acube", "2dms"],
    (geometry) => {
      const count = { "1d": 1, "2d": 2, a1d: 2 }[geometry] ?? 4;
      const layered = geometry.startsWith("a");
      const place = ["%f32a", "%f32b", "%f32c", "%f32d"].slice(0, count);
      if (layered) place[0] = "%b32a";
      return `tex.${geometry}.v4.f32.f32 {%f32a, %f32b, %f32c, %f32d}, [%b64a, {${place.join(", ")}}];`;
    },
  ],
  [
    "tex.level, tex.grad",
    ["2d"],
    once(
      "tex.level.2d.v4.f32.f32 {%f32a, %f32b, %f32c, %f32d}, [%b64a, {%f32a, %f32b}], %f32c; tex.grad.2d.v4.f32.f32 {%f32a, %f32b, %f32c, %f32d}, [%b64a, {%f32a, %f32b}], {%f32a, %f32b}, {%f32c, %f32d};",
    ),
  ],
  ["tld4", ["2d"], once("tld4.r.2d.v4.f32.f32 {%f32a, %f32b, %f32c, %f32d}, [%b64a, {%f32a, %f32b}];")],
  ["txq, suq", ["b32"], once("txq.width.b32 %b32d, [%b64a]; suq.height.b32 %b32d, [%b64a];")],
  [
    "suld.b, sust.b",
    ["b8", ...bits],
    (type) =>
      `suld.b.2d.${type}.trap ${register(type, "d")}, [%b64a, {%b32a, %b32b}]; sust.b.2d.${type}.zero [%b64a, {%b32a, %b32b}], ${register(type, "a")};`,
  ],
  ["sured, sust.p", ["u32"], once("sured.b.add.2d.u32.trap [%b64a, {%b32a, %b32b}], %b32c;")],
  [
    "mma.sync",
    [
      "m16n8k8 f16",
      "m16n8k16 f16",
      "m16n8k16 bf16",
      "m16n8k4 tf32",
      "m16n8k8 tf32",
      "m8n8k16 s8",
      "m16n8k16 u8",
      "m16n8k32 s8",
      "m16n8k64 s4",
      "m8n8k128 b1",
      "m16n8k32 e4m3",
      "m8n8k4 f64",
      "m16n8k16 f64",
      "m8n8k4 f16",
    ],
    (form) => {
      const [shape = "", type = ""] = form.split(" ");
      const [m = 0, n = 0, k = 0] = (/^m([0-9]+)n([0-9]+)k([0-9]+)$/.exec(shape) ?? []).slice(1).map(Number);
      const elements = { f16: 2, bf16: 2, tf32: 1, s8: 4, u8: 4, s4: 8, b1: 32, e4m3: 4, f64: 1 }[type] ?? 1;
      const sum = type === "f64" ? "f64" : /^[sub]/.test(type) && type !== "bf16" ? "s32" : "f32";
      const list = (name: string, count: number): string => `{${Array.from({ length: count }, () => name).join(", ")}}`;
      const word = type === "f64" ? "%f64a" : "%b32a";
      const total = list(sum === "f64" ? "%f64d" : sum === "s32" ? "%b32d" : "%f32d", (m * n) / 32);
      // Four products at once.
      if (form === "m8n8k4 f16")
        return `mma.sync.aligned.${shape}.row.col.f32.f16.f16.f32 ${list("%f32d", 8)}, ${list(word, 2)}, ${list(word, 2)}, ${list("%f32d", 8)};`;
      const popc = type === "b1" ? ".xor.popc" : "";
      return `mma.sync.aligned.${shape}.row.col.${sum}.${type}.${type}.${sum}${popc} ${total}, ${list(word, (m / 8) * (k / 4 / elements))}, ${list(word, k / 4 / elements)}, ${total};`;
    },
  ],
  [
    "ldmatrix, stmatrix, movmatrix",
    ["b16"],
    once(
      "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%b32a, %b32b}, [%b32c]; stmatrix.sync.aligned.m8n8.x1.shared.b16 [%b32c], {%b32a}; movmatrix.sync.aligned.m8n8.trans.b16 %b32d, %b32a;",
    ),
  ],
  [
    "ldmatrix, stmatrix (bytes)",
    ["b8", "b6x16_p32", "b4x16_p64"],
    (type) =>
      type === "b8"
        ? "ldmatrix.sync.aligned.m16n16.x1.trans.shared.b8 {%b32a, %b32b}, [%b32c]; stmatrix.sync.aligned.m16n8.x2.trans.shared.b8 [%b32c], {%b32a, %b32b};"
        : `ldmatrix.sync.aligned.m16n16.x1.trans.shared.b8x16.${type} {%b32a, %b32b}, [%b32c]; ldmatrix.sync.aligned.m8n16.x2.shared.b8x16.${type} {%b32a, %b32b}, [%b32c];`,
  ],
  [
    "wmma.load, .mma, .store",
    ["m16n16k16"],
    once(
      (() => {
        const list = (name: string, count: number): string => `{${Array.from({ length: count }, () => name).join(", ")}}`;
        return `wmma.load.a.sync.aligned.row.m16n16k16.f16 ${list("%b32a", 8)}, [%b64a]; wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32 ${list("%f32d", 8)}, ${list("%b32a", 8)}, ${list("%b32b", 8)}, ${list("%f32d", 8)}; wmma.store.d.sync.aligned.row.m16n16k16.f32 [%b64a], ${list("%f32d", 8)};`;
      })(),
    ),
  ],
  ["mma.sp, wgmma, tcgen05", [""], once("wgmma.fence.sync.aligned;")],
  ["mbarrier, cp.async.bulk", [""], once("mbarrier.init.shared.b64 [%b32a], 1;")],
  [
    "createpolicy, discard, applypriority",
    [""],
    once(
      "createpolicy.fractional.L2::evict_last.b64 %b64d, 1.0; discard.global.L2 [%b64a], 128; applypriority.global.L2::evict_normal [%b64a], 128;",
    ),
  ],
  ["mapa, getctarank", ["u32"], once("mapa.shared::cluster.u32 %b32d, %b32a, 0; getctarank.shared::cluster.u32 %b32d, %b32a;")],
  ["barrier.cluster", [""], once("barrier.cluster.arrive; barrier.cluster.wait;")],
  ["isspacep", [""], once("isspacep.global %pd, %b64a; isspacep.shared %pd, %b64a;")],
  ["setmaxnreg, griddepcontrol, pmevent", [""], once("setmaxnreg.inc.sync.aligned.u32 64; griddepcontrol.wait; pmevent 1;")],
];

const declarations = ["b16", "b32", "b64", "f32", "f64"].map(
  (type) => `.reg .${type} ${["d", "a", "b", "c"].map((name) => `%${type}${name}`).join(", ")};`,
);
const moduleOf = (instruction: string): string => `.version 8.8
.target sm_100a
.address_size 64
.func helper { ret; }
.visible .entry k() {
${declarations.join("\n")}
.reg .b128 %b128d, %b128a, %b128b; .reg .pred %pd, %pa, %pb, %pc;
${instruction}
ret;
}`;

function works(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

test("docs/ptx.md says what is parsed, compiled and tested (npx vitest run packages/ptx/src/instruction-table.test.ts -u writes it)", async () => {
  const folder = import.meta.dirname;
  const run = new Set(readFileSync(join(folder, "../kernels/tested-forms.txt"), "utf8").split("\n"));
  const rows = forms.map(([title, types, instruction]) => {
    const parsed: string[] = [];
    const compiled: string[] = [];
    const missing: string[] = [];
    const tested: string[] = [];
    for (const type of types) {
      const text = moduleOf(instruction(type));
      const name = type === "" ? "yes" : type;
      if (!works(() => parsePtx(text))) missing.push(name);
      else if (works(() => compileModule(parsePtx(text), { features: { fusedMultiplyAdd: false }, compiler: "vector" }))) {
        compiled.push(name);
        if ([...formsOf(parsePtx(text))].every((form) => form === "ret" || run.has(form))) tested.push(name);
      } else parsed.push(name);
    }
    const list = (names: readonly string[]): string => (names.length === 0 ? "–" : names.join(" "));
    return `| ${title} | ${list(compiled)} | ${list(parsed)} | ${list(missing)} | ${tested.length > 0 && tested.length === compiled.length ? "yes" : list(tested)} |`;
  });
  const page = `# PTX: what is there

Made by \`packages/ptx/src/instruction-table.test.ts\`, which parses and compiles each form. "Tested" says that the package's other tests run it with these
types and just these suffixes, but for .ftz, .sat and memory spaces ("yes": with all types that are compiled). What they ran is in
\`packages/ptx/kernels/tested-forms.txt\` (\`src/tested-forms-setup.fixture.ts\` holds it to that after every whole run of the tests). What is parsed only fails when its module is loaded, with its line and the reason.

Random PTX, by \`npx tsx packages/compute/src/cpu/fuzz.ts\`, 2026-11-30 and 12-01: 316,500 runs (seeds 30113001 and 30113002, 158,500 and 158,000 of them), of which 118,901 were whole
kernels, the same by both compilers, and 197,599 damaged ones: 129,152 refused, 49,454 ran, 18,988 ended in a CudaError, and 5 gave modules that were not valid, each by a
conversion from .tf32, mended since. No crash, no hang, nothing that took 5 seconds. 52,500 more with that mended (seeds 1201001 and 1201002): nothing, nor 32,500 of the compiler since (seeds 1201101 to 1201104), nor 19,000 after alloca and the newest exchanges and matrices (seeds 1201301 to 1201303; the last 9,000 with alloca in the kernels), nor 1,500 since barriers' counts are cleared (seed 1201501, load 18, where some took longer than 5 seconds). Before, with compilers as they were then: 36,800 runs; two modules that were not valid and one
that took for ever to compile, mended since. And by system instead of chance: each form of this table with each of its opcodes, suffixes and registers changed, one at a time, for others; what was found
there (registers of 128 bits, atomics and matrices of types that do not go together) is refused since, and held by a test.

| instruction | compiled | parsed only | not parsed | tested |
|---|---|---|---|---|
${rows.join("\n")}
`;
  await expect(page).toMatchFileSnapshot(join(folder, "../../../docs/ptx.md"));
});

/** Why what comes of a module is not right, or undefined where it is refused in a sentence, or valid. */
function fault(text: string): string | undefined {
  for (const compiler of ["reference", "vector"] as const) {
    try {
      const { wasm } = compileModule(parsePtx(text), { features: { fusedMultiplyAdd: false }, compiler });
      if (!WebAssembly.validate(wasm as Uint8Array<ArrayBuffer>)) return `${compiler}: no valid module`;
    } catch (error) {
      if (!(error instanceof PtxError)) return `${compiler}: ${String(error)}`;
      return undefined;
    }
  }
  return undefined;
}

test("each form with one opcode, suffix or register that is not its own is refused, or compiles to a valid module", () => {
  const words = ["constructor", "__proto__", "length", "f32", "f64", "u64", "pred", "v2", "ftz"];
  const operands = ["%b128a", "%b16a", "%b64a", "%f32a", "%f64a", "%pa", "0d3FF0000000000000", "[%b64a]", "{%b32a, %b32b}", "%nosuch"];
  const faults: string[] = [];
  let changes = 0;
  const pick = (list: readonly string[]): string => list[changes++ % list.length] ?? "";
  for (const [, types, instruction] of forms)
    for (const type of types) {
      const text = instruction(type);
      for (const { 0: place, index } of text.matchAll(/\.[a-z][a-z0-9_]*|(?<![.%\w])[a-z][a-z0-9]*|%[a-z]+[0-9]*[abcd]\b/g)) {
        const word = place.startsWith("%") ? pick(operands) : place.startsWith(".") ? `.${pick(words)}` : pick(words.slice(0, 3));
        const changed = text.slice(0, index) + word + text.slice(index + place.length);
        const why = fault(moduleOf(changed));
        if (why !== undefined) faults.push(`${changed} ${why}`);
      }
    }
  expect(faults).toEqual([]);
  expect(changes).toBeGreaterThan(3_000);
});
