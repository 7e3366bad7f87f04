/** PTX's fundamental types (PTX ISA, "Fundamental Types", and the alternate floating point formats). */
const scalarTypes = {
  pred: 1,
  u8: 8,
  s8: 8,
  b8: 8,
  u16: 16,
  s16: 16,
  b16: 16,
  f16: 16,
  bf16: 16,
  u32: 32,
  s32: 32,
  b32: 32,
  f32: 32,
  tf32: 32,
  f16x2: 32,
  bf16x2: 32,
  u16x2: 32,
  s16x2: 32,
  u64: 64,
  s64: 64,
  b64: 64,
  f64: 64,
  f32x2: 64,
  b128: 128,
  e4m3: 8,
  e5m2: 8,
  e4m3x2: 16,
  e5m2x2: 16,
  e2m1: 4,
  e2m1x2: 8,
  e2m3: 6,
  e2m3x2: 16,
  e3m2: 6,
  e3m2x2: 16,
  ue8m0: 8,
  ue8m0x2: 16,
  texref: 64,
  samplerref: 64,
  surfref: 64,
} as const;

export type ScalarType = keyof typeof scalarTypes;

export function isScalarType(name: string): name is ScalarType {
  return Object.hasOwn(scalarTypes, name);
}

/** The width of a type in bits; 1 for .pred. */
export function bitsOf(type: ScalarType): number {
  return scalarTypes[type];
}

/** The size of a type in memory, in bytes. */
export function bytesOf(type: ScalarType): number {
  return Math.max(1, Math.ceil(scalarTypes[type] / 8));
}

export function isFloat(type: ScalarType): boolean {
  return type === "f16" || type === "f32" || type === "f64" || type === "bf16" || type === "tf32";
}

export function isSigned(type: ScalarType): boolean {
  return type === "s8" || type === "s16" || type === "s32" || type === "s64";
}
