import { I32, I64, OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import type { Emitter } from "../emitter.ts";
import { WARP_FRAME } from "../layout.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import { checkedAddress } from "./access.ts";
import { elementsOfResult, MATRIX_TYPES, matrixMultiply, type MatrixForm, type MatrixType } from "./matrix-multiply.ts";
import { quadMultiply } from "./matrix-quads.ts";
import { storeMask, WARP_STATE, type Meeting } from "./meeting.ts";

const TYPES = Object.keys(MATRIX_TYPES) as MatrixType[]; // The keys that it has.
const SUMS = ["f16", "f32", "f64", "s32"] as const;

export interface MatrixShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export function takeShape(i: Instruction, suffixes: Suffixes): MatrixShape {
  const name = suffixes.matching(/^m[0-9]+n[0-9]+k[0-9]+$/);
  const match = /^m([0-9]+)n([0-9]+)k([0-9]+)$/.exec(name ?? "");
  if (match === null) throw illegal(i, `'${i.opcode}' needs a shape`);
  const [m = 0, n = 0, k = 0] = match.slice(1).map(Number);
  return { m, n, k };
}

/** Shapes of mma with the types of A and B that go with them (PTX ISA, "mma", but for sparse matrices). */
const MMA_SHAPES: Readonly<Record<string, readonly MatrixType[]>> = {
  m16n8k4: ["tf32", "f64"],
  m16n8k8: ["f16", "bf16", "tf32", "f64"],
  m16n8k16: ["f16", "bf16", "s8", "u8", "f64", "e4m3", "e5m2"],
  m16n8k32: ["s8", "u8", "s4", "u4", "e4m3", "e5m2"],
  m16n8k64: ["s4", "u4"],
  m16n8k128: ["b1"],
  m16n8k256: ["b1"],
  m8n8k4: ["f16", "f64"],
  m8n8k16: ["s8", "u8"],
  m8n8k32: ["s4", "u4"],
  m8n8k128: ["b1"],
};

/** Shapes of wmma, with the registers of A and B for each type (PTX ISA, "Matrix Fragments for WMMA"). */
const WMMA_SHAPES: Readonly<Record<string, Partial<Record<MatrixType, readonly [a: number, b: number]>>>> = {
  m16n16k16: { f16: [8, 8], bf16: [4, 4], s8: [2, 2], u8: [2, 2] },
  m32n8k16: { f16: [8, 8], bf16: [8, 2], s8: [4, 1], u8: [4, 1] },
  m8n32k16: { f16: [8, 8], bf16: [2, 8], s8: [1, 4], u8: [1, 4] },
  m16n16k8: { tf32: [4, 4] },
  m8n8k4: { f64: [1, 1] },
  m8n8k32: { s4: [1, 1], u4: [1, 1] },
  m8n8k128: { b1: [1, 1] },
};

/** The registers that one thread has of a wmma matrix of this shape and type. */
export function wmmaRegisters(i: Instruction, { m, n, k }: MatrixShape, matrix: "a" | "b" | "c" | "d", type: string): number {
  const registers = WMMA_SHAPES[`m${m}n${n}k${k}`];
  if (registers === undefined) throw notTranslated(i, `shape m${m}n${n}k${k}`);
  if (matrix === "c" || matrix === "d") {
    if (!SUMS.includes(type as "f32")) throw illegal(i, `'.${type}' is no type of an accumulator`);
    return (m * n) / 32 / elementsOfResult(type as "f32"); // Just checked.
  }
  const found = registers[type as MatrixType]?.[matrix === "a" ? 0 : 1];
  if (found === undefined) throw notTranslated(i, `.${type} in shape m${m}n${n}k${k}`);
  return found;
}

function formOf(i: Instruction): MatrixForm {
  const suffixes = new Suffixes(i);
  const opaque = i.opcode === "wmma";
  if (opaque) suffixes.take("mma");
  const bitOperation = suffixes.oneOf(["xor", "and"]);
  if (bitOperation !== undefined) suffixes.take("popc");
  suffixes.take("sync");
  suffixes.take("aligned");
  const layouts = [suffixes.oneOf(["row", "col"]), suffixes.oneOf(["row", "col"])];
  const shape = takeShape(i, suffixes);
  suffixes.take("rn");
  const saturates = suffixes.take("satfinite");
  const types = [...Array(4)].map(() => suffixes.oneOf([...new Set([...TYPES, ...SUMS])]));
  suffixes.end();
  const short = types[2] === undefined;
  // wmma of halves names the types of D and C only.
  const [d, a, b, c] = short ? [types[0], "f16" as const, "f16" as const, types[1]] : types;
  const isSum = (type: string | undefined): type is MatrixForm["d"] => SUMS.includes(type as "f32");
  const isFactor = (type: string | undefined): type is MatrixType => TYPES.includes(type as MatrixType);
  if (!isSum(d) || !isSum(c) || !isFactor(a) || !isFactor(b) || (short && !opaque))
    throw illegal(i, `'${i.opcode}' needs the types of its matrices`);
  const name = `m${shape.m}n${shape.n}k${shape.k}`;
  // With a sign and without, and 8-bit floats of either kind, may be mixed; no others.
  const family = (type: MatrixType): string => type.replace(/^[su](?=[48]$)/, "i").replace(/^e[45]m[23]$/, "e");
  if (family(a) !== family(b)) throw illegal(i, `.${a} and .${b} do not go together`);
  if (
    (a === "f64") !== (d === "f64") ||
    (MATRIX_TYPES[a].elements >= 4 && a[0] !== "e") !== (d === "s32") ||
    (c === "f64") !== (d === "f64") ||
    (c === "s32") !== (d === "s32")
  )
    throw illegal(i, `a sum of .${d} does not go with .${a}`);
  if ((a === "b1") !== (bitOperation !== undefined)) throw illegal(i, "matrices of bits need .xor.popc or .and.popc");
  // Of these shapes a warp computes four products at once.
  const quads = !opaque && name === "m8n8k4" && a === "f16";
  const each = (shape.m * shape.n) / (quads ? 8 : 32);
  const sums = (type: MatrixForm["d"]): number => each / elementsOfResult(type);
  const form = { ...shape, a, b, c, d, saturates, bitOperation, opaque, each };
  if (opaque) {
    const registers = [wmmaRegisters(i, shape, "a", a), wmmaRegisters(i, shape, "b", b), Math.max(sums(c), sums(d))] as const;
    return { ...form, quads: undefined, registers };
  }
  if (!(MMA_SHAPES[name] ?? []).includes(a)) throw notTranslated(i, `.${a} in shape ${name}`);
  if (quads) {
    const [rows, columns] = layouts;
    if (rows === undefined || columns === undefined) throw illegal(i, "A and B must be .row or .col");
    if (c === "f32" && d !== "f32") throw illegal(i, "a sum of .f32 is .f32");
    return { ...form, quads: [rows, columns], registers: [2, 2, Math.max(sums(c), sums(d))] };
  }
  if (layouts[0] !== "row" || layouts[1] !== "col") throw illegal(i, "A must be .row and B .col");
  const per = 4 * MATRIX_TYPES[a].elements;
  const registers = [(shape.m / 8) * (shape.k / per), shape.k / per, Math.max(sums(c), sums(d))] as const;
  return { ...form, quads: undefined, registers };
}

function listOf(i: Instruction, operand: Operand | undefined, count: number): readonly Operand[] {
  const elements = operand?.kind === "vector" ? operand.elements : operand === undefined ? [] : [operand];
  if (elements.length !== count) throw illegal(i, `'${i.opcode}' needs ${count} registers where it has ${elements.length}`);
  return elements;
}

/** mma.sync and wmma.mma: each thread leaves its parts of A, B and C in its frame, and computes its part of D from everybody's. */
export function matrixProduct(i: Instruction): Meeting {
  const it = formOf(i);
  const [d, a, b, c] = i.operands;
  const [aCount, bCount, most] = it.registers;
  const cCount = it.each / elementsOfResult(it.c);
  const dCount = it.each / elementsOfResult(it.d);
  const brought = [...listOf(i, a, aCount), ...listOf(i, b, bCount), ...listOf(i, c, cCount)];
  const results = listOf(i, d, dCount);
  const wide = it.a === "f64";
  return {
    warp: true,
    wideSlots: aCount + bCount + most,
    // C lies otherwise than D where it is of another type and there are four products.
    latchedSlots: aCount + bCount + (it.quads !== undefined && it.c !== it.d ? cCount : 0),
    suspend(e) {
      storeMask(e, i, undefined);
      for (const [index, operand] of brought.entries()) {
        const at = e.pushFrame(WARP_FRAME.slots + index, true);
        e.push(i, operand, wide ? "b64" : "b32");
        e.f.store(wide ? OP.i64_store : OP.i32_store, at, 2);
      }
      e.f.i32Const(WARP_STATE);
    },
    resume(e) {
      e.f
        .localGet(e.locals.worker)
        .localGet(e.locals.thread)
        .call(it.quads === undefined ? matrixMultiply(e.kernel, it) : quadMultiply(e.kernel, it, it.quads));
      for (const [index, operand] of results.entries()) {
        const at = e.pushFrame(WARP_FRAME.slots + aCount + bCount + index, true);
        e.f.load(wide ? OP.i64_load : OP.i32_load, at, 2);
        e.set(i, operand, wide ? "b64" : "b32");
      }
    },
  };
}

/** What ldmatrix and stmatrix move. */
interface MovedMatrices {
  readonly shape: "m8n8" | "m16n16" | "m8n16" | "m16n8";
  readonly count: number;
  readonly trans: boolean;
  readonly space: "shared" | "generic";
  /** Bits of an element in memory where they are fewer than in registers: bytes there. */
  readonly packed: 6 | 4 | undefined;
}

/** The suffixes of ldmatrix and stmatrix (PTX ISA, "ldmatrix", "stmatrix"): matrices of 8 by 8 halves, or larger ones of bytes. */
function movedMatrices(i: Instruction): MovedMatrices {
  const suffixes = new Suffixes(i);
  suffixes.take("sync");
  suffixes.take("aligned");
  const shape = suffixes.oneOf(i.opcode === "ldmatrix" ? ["m8n8", "m16n16", "m8n16"] : ["m8n8", "m16n8"]);
  if (shape === undefined) throw notTranslated(i);
  const count = Number(suffixes.oneOf(["x1", "x2", "x4"])?.slice(1) ?? 0);
  const trans = suffixes.take("trans");
  const space = suffixes.oneOf(["shared", "shared::cta"]) === undefined ? "generic" : "shared";
  const source = suffixes.take("b8x16") ? suffixes.oneOf(["b6x16_p32", "b4x16_p64"]) : undefined;
  const packed = source === undefined ? undefined : source === "b6x16_p32" ? 6 : 4;
  const type = packed === undefined ? suffixes.type() : "b8";
  suffixes.end();
  if (type !== (shape === "m8n8" ? "b16" : "b8")) throw illegal(i, `no matrices of .${type} are .${shape}`);
  if (shape === "m8n16" && packed === undefined) throw illegal(i, "matrices that are .m8n16 have elements of 6 or 4 bits");
  if (shape !== "m8n8" && trans !== (shape !== "m8n16")) throw illegal(i, `'.trans' ${trans ? "does not go" : "must go"} with .${shape}`);
  if (count === 0 || (count === 4 && shape === "m16n16")) throw illegal(i, `'${i.opcode}' needs .x1, .x2 or, but for .m16n16, .x4`);
  return { shape, count, trans, space, packed };
}

/** Pushes 8 of the 16 elements of a row, given as its first and second 64 bits, as bytes. */
function pushUnpacked({ f }: Emitter, [low, high]: readonly [number, number], bits: 6 | 4, half: number): void {
  for (let element = 0; element < 8; element++) {
    const first = bits * (8 * half + element);
    if (first < 64) f.localGet(low).i64Const(first).op(OP.i64_shr_u);
    else
      f.localGet(high)
        .i64Const(first - 64)
        .op(OP.i64_shr_u);
    if (first < 64 && first + bits > 64)
      f.localGet(high)
        .i64Const(64 - first)
        .op(OP.i64_shl)
        .op(OP.i64_or);
    f.i64Const(2 ** bits - 1)
      .op(OP.i64_and)
      .i64Const(8 * element)
      .op(OP.i64_shl);
    if (element > 0) f.op(OP.i64_or);
  }
}

function pushLane(e: Emitter): void {
  e.f.localGet(e.locals.thread).i32Const(31).op(OP.i32_and);
}

/** Leaves the number of the thread that is the lane on the stack of the same warp. */
function setPeer(e: Emitter): number {
  const peer = e.scratch(I32, "peer");
  e.f.localGet(e.locals.thread).i32Const(-32).op(OP.i32_and).op(OP.i32_or).localSet(peer);
  return peer;
}

/** ldmatrix: lane 8j + r (16j + r where there are 16) reads row r of matrix j; each thread takes its elements of each matrix. */
export function loadMatrix(i: Instruction): Meeting {
  const { shape, count, trans, space, packed } = movedMatrices(i);
  const [d, address] = i.operands;
  const square = shape === "m16n16";
  const results = listOf(i, d, square ? 2 * count : count);
  return {
    warp: true,
    wideSlots: 2,
    latchedSlots: 2,
    suspend(e) {
      const { f } = e;
      storeMask(e, i, undefined);
      pushLane(e);
      f.i32Const((square ? 16 : 8) * count)
        .op(OP.i32_lt_u)
        .if();
      const from = checkedAddress(e, i, address, space, 16);
      const words = [e.scratch(I64, "low word"), e.scratch(I64, "high word")] as const;
      for (const [half, word] of words.entries())
        f.localGet(from)
          .load(OP.i64_load, 8 * half, 3)
          .localSet(word);
      for (const [half, word] of words.entries()) {
        const at = e.pushFrame(WARP_FRAME.slots + half, true);
        if (packed === undefined) f.localGet(word);
        else pushUnpacked(e, words, packed, half);
        f.store(OP.i64_store, at, 3);
      }
      f.end();
      f.i32Const(WARP_STATE);
    },
    resume(e) {
      const { f } = e;
      const stride = 8 * e.kernel.lanes;
      for (const [matrix, operand] of results.entries()) {
        if (square) {
          // Byte lane / 4, or 8 further on, of four rows from 4 * (lane % 4) on.
          for (let byte = 0; byte < 4; byte++) {
            pushLane(e);
            f.i32Const(3)
              .op(OP.i32_and)
              .i32Const(2)
              .op(OP.i32_shl)
              .i32Const(16 * (matrix >> 1) + byte)
              .op(OP.i32_add);
            const at = e.pushPeerLatch(setPeer(e), 0);
            pushLane(e);
            f.i32Const(2)
              .op(OP.i32_shr_u)
              .op(OP.i32_add)
              .load(OP.i32_load8_u, at + stride * (matrix & 1), 0);
            if (byte > 0)
              f.i32Const(8 * byte)
                .op(OP.i32_shl)
                .op(OP.i32_or);
          }
        } else if (!trans) {
          // Row lane / 4, the word lane % 4 of its four.
          pushLane(e);
          f.i32Const(2)
            .op(OP.i32_shr_u)
            .i32Const(8 * matrix)
            .op(OP.i32_add);
          const at = e.pushPeerLatch(setPeer(e), 0);
          pushLane(e);
          f.i32Const(2)
            .op(OP.i32_and)
            .i32Const(stride / 2)
            .op(OP.i32_mul)
            .op(OP.i32_add);
          pushLane(e);
          f.i32Const(1).op(OP.i32_and).i32Const(2).op(OP.i32_shl).op(OP.i32_add);
          f.load(OP.i32_load, at, 2);
        } else {
          // Column lane / 4 of rows 2 * (lane % 4) and the next.
          for (const half of [0, 1]) {
            pushLane(e);
            f.i32Const(3)
              .op(OP.i32_and)
              .i32Const(1)
              .op(OP.i32_shl)
              .i32Const(8 * matrix + half)
              .op(OP.i32_add);
            const at = e.pushPeerLatch(setPeer(e), 0);
            pushLane(e);
            f.i32Const(4).op(OP.i32_shr_u).i32Const(stride).op(OP.i32_mul).op(OP.i32_add);
            pushLane(e);
            f.i32Const(2).op(OP.i32_shr_u).i32Const(3).op(OP.i32_and).i32Const(1).op(OP.i32_shl).op(OP.i32_add);
            f.load(OP.i32_load16_u, at, 1);
            if (half === 1) f.i32Const(16).op(OP.i32_shl).op(OP.i32_or);
          }
        }
        e.set(i, operand, "b32");
      }
    },
  };
}

/** stmatrix: the other way round; lane 8j + r writes row r of matrix j. */
export function storeMatrix(i: Instruction): Meeting {
  const { shape, count, trans, space } = movedMatrices(i);
  const bytes = shape === "m16n8";
  const [address, source] = i.operands;
  const sources = listOf(i, source, count);
  return {
    warp: true,
    wideSlots: count,
    latchedSlots: count,
    suspend(e) {
      const { f } = e;
      storeMask(e, i, undefined);
      for (const [index, operand] of sources.entries()) {
        const at = e.pushFrame(WARP_FRAME.slots + index, true);
        e.push(i, operand, "b32");
        f.store(OP.i32_store, at, 2);
      }
      pushLane(e);
      f.i32Const(8 * count)
        .op(OP.i32_lt_u)
        .if();
      const to = checkedAddress(e, i, address, space, 16);
      const at = e.pushFrame(WARP_FRAME.lane);
      f.localGet(to).store(OP.i32_store, at, 2);
      f.end();
      f.i32Const(WARP_STATE);
    },
    resume(e) {
      const { f } = e;
      const stride = 8 * e.kernel.lanes;
      const to = e.scratch(I32, "row");
      const from = e.scratch(I32, "matrix register");
      pushLane(e);
      f.i32Const(8 * count)
        .op(OP.i32_lt_u)
        .if();
      f.load(OP.i32_load, e.pushFrame(WARP_FRAME.lane), 2).localSet(to);
      // The register of the lane's own matrix.
      pushLane(e);
      f.i32Const(3).op(OP.i32_shr_u).i32Const(stride).op(OP.i32_mul).localSet(from);
      for (let part = 0; part < (bytes ? 16 : trans ? 8 : 4); part++) {
        f.localGet(to);
        pushLane(e);
        f.i32Const(7).op(OP.i32_and);
        if (trans)
          f.i32Const(1)
            .op(OP.i32_shr_u)
            .i32Const(4 * (part & 7))
            .op(OP.i32_add);
        else f.i32Const(2).op(OP.i32_shl).i32Const(part).op(OP.i32_add);
        const at = e.pushPeerLatch(setPeer(e), 0);
        f.localGet(from).op(OP.i32_add);
        if (trans) {
          pushLane(e);
          f.i32Const(1).op(OP.i32_and);
          if (bytes)
            f.op(OP.i32_add)
              .load(OP.i32_load8_u, at + 2 * (part >> 3), 0)
              .store(OP.i32_store8, part, 0);
          else
            f.i32Const(1)
              .op(OP.i32_shl)
              .op(OP.i32_add)
              .load(OP.i32_load16_u, at, 1)
              .store(OP.i32_store16, 2 * part, 1);
        } else f.load(OP.i32_load, at, 2).store(OP.i32_store, 4 * part, 2);
      }
      f.end();
    },
  };
}

/** movmatrix.trans: an 8 by 8 matrix of halves in registers, transposed. */
export function transposeMatrix(i: Instruction): Meeting {
  const suffixes = new Suffixes(i);
  for (const name of ["sync", "aligned", "m8n8", "trans"]) suffixes.take(name);
  if (suffixes.type() !== "b16") throw notTranslated(i);
  suffixes.end();
  const [d, a] = i.operands;
  return {
    warp: true,
    suspend(e) {
      storeMask(e, i, undefined);
      const value = e.pushFrame(WARP_FRAME.value, true);
      e.push(i, a, "b32");
      e.f.store(OP.i32_store, value, 2).i32Const(WARP_STATE);
    },
    resume(e) {
      const { f } = e;
      for (const half of [0, 1]) {
        // Row 2 * (lane % 4) + half, column lane / 4.
        pushLane(e);
        f.i32Const(3)
          .op(OP.i32_and)
          .i32Const(3)
          .op(OP.i32_shl)
          .i32Const(4 * half)
          .op(OP.i32_add);
        pushLane(e);
        f.i32Const(3).op(OP.i32_shr_u).op(OP.i32_add);
        const at = e.pushPeerLatch(setPeer(e));
        pushLane(e);
        f.i32Const(2).op(OP.i32_shr_u).i32Const(1).op(OP.i32_and).i32Const(1).op(OP.i32_shl).op(OP.i32_add);
        f.load(OP.i32_load16_u, at, 1);
        if (half === 1) f.i32Const(16).op(OP.i32_shl).op(OP.i32_or);
      }
      e.set(i, d, "b32");
    },
  };
}
