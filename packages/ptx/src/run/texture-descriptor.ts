import { TEXTURE } from "../compile/layout.ts";

/** One level of a texture in the memory; addresses are offsets, sizes in texels, pitches in bytes. */
export interface TextureLevel {
  readonly address: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly rowPitch: number;
  readonly slicePitch: number;
}

/** What a texture or surface object is, in the terms of cuda.h (CUDA_RESOURCE_DESC, CUDA_TEXTURE_DESC). */
export interface TextureDescriptor {
  readonly format: number;
  readonly channels: number;
  /** TEXTURE_FLAG. */
  readonly flags: number;
  readonly layers: number;
  /** The first is the base; each other needs six words at `levelTable`. */
  readonly levels: readonly TextureLevel[];
  /** An offset in the memory, where no kernel can write; 0 where there is one level. */
  readonly levelTable: number;
  readonly addressModes: readonly [number, number, number];
  readonly filterMode: number;
  readonly mipmapFilter: number;
  readonly levelBias: number;
  readonly minLevel: number;
  readonly maxLevel: number;
  readonly border: readonly [number, number, number, number];
}

/** Writes a descriptor into the memory, at an entry of the table that the launch record names: see TEXTURE. */
export function writeTextureDescriptor(memory: DataView, at: number, it: TextureDescriptor): void {
  const word = (field: number, value: number): void => memory.setUint32(at + field, value, true);
  const level = (place: number, { address, width, height, depth, rowPitch, slicePitch }: TextureLevel): void => {
    for (const [index, value] of [address, width, height, depth, rowPitch, slicePitch].entries())
      memory.setUint32(place + 4 * index, value, true);
  };
  word(TEXTURE.format, it.format);
  word(TEXTURE.channels, it.channels);
  word(TEXTURE.flags, it.flags);
  word(TEXTURE.layers, it.layers);
  for (const [index, one] of it.levels.entries())
    level(index === 0 ? at + TEXTURE.address : it.levelTable + (index - 1) * TEXTURE.levelBytes, one);
  word(TEXTURE.levels, it.levels.length);
  word(TEXTURE.levelTable, it.levelTable);
  for (const [axis, mode] of it.addressModes.entries()) memory.setUint8(at + TEXTURE.addressModes + axis, mode);
  memory.setUint8(at + TEXTURE.filterMode, it.filterMode);
  memory.setUint8(at + TEXTURE.mipmapFilter, it.mipmapFilter);
  for (const [field, value] of [
    [TEXTURE.levelBias, it.levelBias],
    [TEXTURE.minLevel, it.minLevel],
    [TEXTURE.maxLevel, it.maxLevel],
    ...it.border.map((value, index) => [TEXTURE.border + 4 * index, value] as const),
  ] as const)
    memory.setFloat32(at + field, value, true);
}
