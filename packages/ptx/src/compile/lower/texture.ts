import { OP } from "@decant/wasm";
import type { Instruction, Operand } from "../../parse/ast.ts";
import { bitsOf, bytesOf, type ScalarType } from "../../parse/types.ts";
import type { Emitter } from "../emitter.ts";
import { FAULT, SERVICE, TEXTURE_CALL, TEXTURE_OPERATION, WORKER } from "../layout.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";
import type { Lowering } from "./table.ts";

const GEOMETRIES = ["1d", "2d", "3d", "a1d", "a2d", "cube", "acube"] as const;
/** How many coordinates each geometry has, with the layer. */
const COORDINATES = [1, 2, 3, 2, 3, 3, 4] as const;
const QUERIES = [
  "width",
  "height",
  "depth",
  "channel_data_type",
  "channel_order",
  "normalized_coords",
  "array_size",
  "num_mipmap_levels",
  "filter_mode",
  "addr_mode_0",
  "addr_mode_1",
  "addr_mode_2",
  "num_samples",
  "memory_layout",
] as const;

/** Leaves a word in the operands of the call, of what `push` pushes. */
function put(e: Emitter, field: number, push: () => void): void {
  e.f.localGet(e.locals.worker);
  push();
  e.f.store(OP.i32_store, WORKER.service + field, 2);
}

const putNumber = (e: Emitter, field: number, value: number): void => put(e, field, () => void e.f.i32Const(value));

/** Leaves the words of a vector operand, or zeros. */
function putWords(e: Emitter, i: Instruction, field: number, operand: Operand | undefined, count: number, type: ScalarType): void {
  const elements = operand === undefined ? [] : operand.kind === "vector" ? operand.elements : [operand];
  for (let index = 0; index < count; index++) {
    const element = elements[index];
    put(e, field + 4 * index, () => {
      if (element === undefined || element.kind === "sink") e.f.i32Const(0);
      else {
        e.push(i, element, type === "f32" && element.kind !== "integer" ? "f32" : "b32");
        if (type === "f32" && element.kind !== "integer") e.f.op(OP.i32_reinterpret_f32);
      }
    });
  }
}

/** Leaves a handle: what a register holds, or a pointer to the reference that is named. */
function putHandle(e: Emitter, i: Instruction, field: number, operand: Operand | undefined): void {
  e.f.localGet(e.locals.worker);
  if (operand === undefined) e.f.i64Const(0);
  else e.push(i, operand, "b64");
  e.f.store(OP.i64_store, WORKER.service + field, 3);
}

/** Leaves texture, sampler and coordinates of `[texture, {x, y}]` and `[texture, sampler, {x, y}]`. */
function putPlace(e: Emitter, i: Instruction, operand: Operand | undefined, geometry: number, type: ScalarType): void {
  if (operand?.kind !== "address" || operand.coordinates === undefined) throw illegal(i, `'${i.opcode}' needs a texture and coordinates`);
  const { base, coordinates } = operand;
  const texture: Operand | undefined = base === undefined ? undefined : base.kind === "register" ? base : { ...base, offset: 0n };
  if (texture === undefined) throw illegal(i, `'${i.opcode}' needs a texture`);
  const [sampler, place] = coordinates.kind === "list" ? coordinates.elements : [undefined, coordinates];
  putHandle(e, i, TEXTURE_CALL.texture, texture);
  putHandle(e, i, TEXTURE_CALL.sampler, sampler);
  const layered = geometry === 3 || geometry === 4 || geometry === 6;
  const count = COORDINATES[geometry] ?? 1;
  if (!layered) {
    putWords(e, i, TEXTURE_CALL.coordinates, place, count, type);
    return;
  }
  const elements = place?.kind === "vector" ? place.elements : [];
  putWords(e, i, TEXTURE_CALL.coordinates, elements[0], 1, "u32");
  putWords(e, i, TEXTURE_CALL.coordinates + 4, { kind: "vector", elements: elements.slice(1) }, count - 1, type);
}

/** Asks the host; an access that is not allowed ends the kernel. */
function call(e: Emitter, i: Instruction): void {
  const { f, locals } = e;
  f.localGet(locals.worker).i32Const(SERVICE.texture).localGet(locals.thread).call(e.helpers.imports.service);
  f.op(OP.i64_eqz).if();
  f.localGet(locals.worker)
    .localGet(locals.worker)
    .load(OP.i64_load, WORKER.service + TEXTURE_CALL.texture, 3)
    .store(OP.i64_store, WORKER.faultAddress, 3);
  e.stop(i, FAULT.illegalAddress);
  f.end();
}

function takeGeometry(i: Instruction, suffixes: Suffixes): number {
  const name = suffixes.oneOf(GEOMETRIES);
  if (name === undefined) throw notTranslated(i, "this geometry");
  return GEOMETRIES.indexOf(name);
}

/** Sets a vector of results from where the host left them. */
function setResults(e: Emitter, i: Instruction, operand: Operand | undefined, type: ScalarType, count: number): void {
  const target = operand?.kind === "pair" ? operand.first : operand;
  const elements = target?.kind === "vector" ? target.elements : target === undefined ? [] : [target];
  if (elements.length !== count) throw illegal(i, `'${i.opcode}' needs ${count} registers for its result`);
  const { f, locals } = e;
  for (const [index, element] of elements.entries()) {
    if (element.kind === "sink") continue;
    const at = WORKER.service + TEXTURE_CALL.result + 8 * index;
    f.localGet(locals.worker);
    if (type === "f16") f.load(OP.f32_load, at, 2).op(OP.f64_promote_f32).i32Const(0).call(e.helpers.get("toF16"));
    else if (bitsOf(type) === 64) f.load(OP.i64_load, at, 3);
    else f.load(OP.i32_load, at, 2);
    e.set(
      i,
      element,
      type === "f16" ? "b16" : bitsOf(type) === 64 ? "b64" : bitsOf(type) === 32 ? "b32" : bitsOf(type) === 16 ? "b16" : "b8",
      {
        wide: bitsOf(type) < 32,
      },
    );
  }
  if (operand?.kind !== "pair") return;
  // What there is is resident.
  f.i32Const(1);
  e.set(i, operand.second, "pred");
}

/** tex and tld4: what the host samples (PTX ISA, "tex"). */
export const texture: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const gathers = i.opcode === "tld4";
  const mode = suffixes.oneOf(["base", "level", "grad"]) ?? "base";
  const component = gathers ? suffixes.oneOf(["r", "g", "b", "a"]) : undefined;
  const geometry = takeGeometry(i, suffixes);
  if (!suffixes.take("v4")) throw notTranslated(i, "this number of results");
  const type = suffixes.type();
  const coordinateType = suffixes.type();
  suffixes.end();
  if (!["u32", "s32", "f32", "f16"].includes(type) || (coordinateType !== "s32" && coordinateType !== "f32"))
    throw illegal(i, `'.${type}.${coordinateType}' are not types of '${i.opcode}'`);
  if (gathers && (component === undefined || geometry === 0 || geometry === 2 || geometry === 3))
    throw illegal(i, "tld4 needs a component, and two coordinates");
  const [d, place, ...more] = i.operands;
  const operation = gathers
    ? TEXTURE_OPERATION.gather
    : { base: TEXTURE_OPERATION.base, level: TEXTURE_OPERATION.level, grad: TEXTURE_OPERATION.gradient }[mode];
  putPlace(e, i, place, geometry, coordinateType);
  putNumber(e, TEXTURE_CALL.operation, operation);
  putNumber(e, TEXTURE_CALL.geometry, geometry);
  putNumber(e, TEXTURE_CALL.integerCoordinates, coordinateType === "s32" ? 1 : 0);
  putNumber(e, TEXTURE_CALL.component, Math.max(0, "rgba".indexOf(component ?? "r")));
  let at = 0;
  if (mode === "level") putWords(e, i, TEXTURE_CALL.level, more[at++], 1, "f32");
  if (mode === "grad") {
    putWords(e, i, TEXTURE_CALL.gradientX, more[at++], 4, "f32");
    putWords(e, i, TEXTURE_CALL.gradientY, more[at++], 4, "f32");
  }
  const offset = more[at];
  if (offset !== undefined && offset.kind !== "vector") throw notTranslated(i, "a depth texture");
  if (more.length > at + 1) throw notTranslated(i, "a depth texture");
  putWords(e, i, TEXTURE_CALL.offsets, offset, 3, "s32");
  call(e, i);
  setResults(e, i, d, type, 4);
};

/** suld.b and sust.b: bytes of a surface (PTX ISA, "suld"). */
export const surface: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const store = i.opcode === "sust";
  if (!suffixes.take("b")) throw notTranslated(i, "a formatted access");
  const geometry = takeGeometry(i, suffixes);
  suffixes.drop(/^(ca|cg|cs|cv|wb|wt)$/);
  const vector = suffixes.oneOf(["v2", "v4"]);
  const type = suffixes.type();
  const clamp = suffixes.oneOf(["trap", "clamp", "zero"]) ?? "trap";
  suffixes.end();
  const count = vector === undefined ? 1 : Number(vector.slice(1));
  if (!/^b(8|16|32|64)$/.test(type) || geometry > 4 || count * bytesOf(type) > 16)
    throw illegal(i, `'.${vector ?? ""}.${type}' is not a form of '${i.opcode}'`);
  const [place, data] = store ? [i.operands[0], i.operands[1]] : [i.operands[1], i.operands[0]];
  putPlace(e, i, place, geometry, "s32");
  putNumber(e, TEXTURE_CALL.operation, store ? TEXTURE_OPERATION.surfaceStore : TEXTURE_OPERATION.surfaceLoad);
  putNumber(e, TEXTURE_CALL.geometry, geometry);
  putNumber(e, TEXTURE_CALL.elementBytes, bytesOf(type));
  putNumber(e, TEXTURE_CALL.elementCount, count);
  putNumber(e, TEXTURE_CALL.clamp, ["trap", "clamp", "zero"].indexOf(clamp));
  if (store) {
    const elements = data?.kind === "vector" ? data.elements : data === undefined ? [] : [data];
    if (elements.length !== count) throw illegal(i, `'sust' needs ${count} values`);
    const wide = bitsOf(type) === 64;
    for (const [index, element] of elements.entries()) {
      e.f.localGet(e.locals.worker);
      e.push(i, element, type, { wide: true });
      e.f.store(wide ? OP.i64_store : OP.i32_store, WORKER.service + TEXTURE_CALL.result + 8 * index, 2);
    }
  }
  call(e, i);
  if (!store) setResults(e, i, data, type, count);
};

/** txq and suq: what a texture or surface is. */
export const query: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  const level = suffixes.take("level");
  const name = suffixes.oneOf(QUERIES);
  suffixes.type();
  suffixes.end();
  if (name === undefined) throw notTranslated(i);
  const [d, place, lod] = i.operands;
  if (place?.kind !== "address" || place.base === undefined) throw illegal(i, `'${i.opcode}' needs a texture`);
  putHandle(e, i, TEXTURE_CALL.texture, place.base.kind === "register" ? place.base : { ...place.base, offset: 0n });
  putHandle(e, i, TEXTURE_CALL.sampler, undefined);
  putNumber(e, TEXTURE_CALL.operation, TEXTURE_OPERATION.query);
  putNumber(e, TEXTURE_CALL.geometry, QUERIES.indexOf(name));
  putWords(e, i, TEXTURE_CALL.component, level ? lod : undefined, 1, "u32");
  call(e, i);
  e.f.localGet(e.locals.worker).load(OP.i32_load, WORKER.service + TEXTURE_CALL.result, 2);
  e.set(i, d, "b32");
};
