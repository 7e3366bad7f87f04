import { DEVICEPTR, FLOAT, list, record, SIZE, U32, type ValueOf } from "./wire-types.ts";

/** One level of a texture: where it lies, its size in texels (0 for a dimension that it does not have), and how far apart its rows and slices are, in bytes. */
export const TEXTURE_LEVEL = record("TextureLevel", {
  address: DEVICEPTR,
  width: U32,
  height: U32,
  depth: U32,
  rowPitch: SIZE,
  slicePitch: SIZE,
});

/**
 * What kernels see through a texture or surface object, in the terms of CUDA_RESOURCE_DESC and CUDA_TEXTURE_DESC. `resource` is a CUresourcetype: what the
 * program has, an array with its `arrayFlags` (CUDA_ARRAY3D_*, otherwise 0), or memory; `layers` is 0 where there are none, six for each cube; `flags` are
 * CU_TRSF_*; the address modes are three, the border's values four.
 */
export const TEXTURE_INFO = record("Texture", {
  resource: U32,
  arrayFlags: U32,
  format: U32,
  channels: U32,
  flags: U32,
  layers: U32,
  levels: list(TEXTURE_LEVEL),
  addressModes: list(U32),
  filterMode: U32,
  mipmapFilter: U32,
  levelBias: FLOAT,
  minLevel: FLOAT,
  maxLevel: FLOAT,
  border: list(FLOAT),
});

/** CUresourcetype. */
export const RESOURCE = { ARRAY: 0, MIPMAPPED_ARRAY: 1, LINEAR: 2, PITCH2D: 3 } as const;
/** CUDA_ARRAY3D_*. */
export const ARRAY_FLAG = { LAYERED: 1, SURFACE_LDST: 2, CUBEMAP: 4, TEXTURE_GATHER: 8 } as const;
export const ALL_ARRAY_FLAGS = 15;

export type TextureLevel = ValueOf<typeof TEXTURE_LEVEL>;
export type TextureInfo = ValueOf<typeof TEXTURE_INFO>;

/** Bytes of a channel of each CUarray_format: 8, 16 and 32 bits unsigned and signed, half, float. */
export const FORMAT_BYTES: ReadonlyMap<number, number> = new Map([
  [0x01, 1],
  [0x02, 2],
  [0x03, 4],
  [0x08, 1],
  [0x09, 2],
  [0x0a, 4],
  [0x10, 2],
  [0x20, 4],
]);

/** No texture has more levels: a side of 2^31 texels has 32. */
export const MOST_TEXTURE_LEVELS = 17;

/** Bytes that a level of a texture reaches over. */
export function levelBytes(
  { format, channels, layers }: TextureInfo,
  { width, height, depth, rowPitch, slicePitch }: TextureLevel,
): number {
  const slices = Math.max(depth, layers, 1);
  return (slices - 1) * slicePitch + (Math.max(height, 1) - 1) * rowPitch + width * channels * (FORMAT_BYTES.get(format) ?? 0);
}

/** Whether a description is one that cuTexObjectCreate could take; its addresses are not looked at. */
export function isTextureInfo(info: TextureInfo): boolean {
  const { resource, arrayFlags, format, channels, levels, addressModes, filterMode, mipmapFilter, border } = info;
  return (
    resource <= RESOURCE.PITCH2D &&
    (arrayFlags & ~ALL_ARRAY_FLAGS) === 0 &&
    FORMAT_BYTES.has(format) &&
    [1, 2, 4].includes(channels) &&
    levels.length >= 1 &&
    levels.length <= MOST_TEXTURE_LEVELS &&
    levels.every(({ width }) => width > 0) &&
    addressModes.length === 3 &&
    addressModes.every((mode) => mode <= 3) &&
    filterMode <= 1 &&
    mipmapFilter <= 1 &&
    border.length === 4
  );
}
