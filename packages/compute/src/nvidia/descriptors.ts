import { FORMAT_BYTES, RESOURCE, type TextureInfo, type TextureLevel } from "@decant/cuda";

/** CU_MEMORYTYPE_DEVICE and ARRAY. */
const MEMORY_TYPE = { DEVICE: 2, ARRAY: 3 } as const;

/** CUDA_ARRAY3D_DESCRIPTOR of cuda.h (40 bytes) for a level of a texture. */
export function arrayDescriptor({ format, channels, layers, arrayFlags }: TextureInfo, { width, height, depth }: TextureLevel): Uint8Array {
  const view = new DataView(new ArrayBuffer(40));
  for (const [index, size] of [width, height, layers || depth].entries()) view.setBigUint64(8 * index, BigInt(size), true);
  view.setUint32(24, format, true);
  view.setUint32(28, channels, true);
  view.setUint32(32, arrayFlags, true);
  return new Uint8Array(view.buffer);
}

/** CUDA_MEMCPY3D of cuda.h (200 bytes): a whole level, between its array and the memory that stands for it. */
export function levelCopy(info: TextureInfo, level: TextureLevel, array: bigint, to: "array" | "memory"): Uint8Array {
  const { address, width, height, depth, rowPitch, slicePitch } = level;
  const view = new DataView(new ArrayBuffer(200));
  const [arrayAt, memoryAt] = to === "array" ? [88, 0] : [0, 88];
  view.setUint32(arrayAt + 32, MEMORY_TYPE.ARRAY, true);
  view.setBigUint64(arrayAt + 56, array, true);
  view.setUint32(memoryAt + 32, MEMORY_TYPE.DEVICE, true);
  view.setBigUint64(memoryAt + 48, BigInt(address), true);
  view.setBigUint64(memoryAt + 72, BigInt(rowPitch), true);
  view.setBigUint64(memoryAt + 80, BigInt(slicePitch / rowPitch), true);
  view.setBigUint64(176, BigInt(width * texelBytes(info)), true);
  view.setBigUint64(184, BigInt(Math.max(height, 1)), true);
  view.setBigUint64(192, BigInt(Math.max(depth, info.layers, 1)), true);
  return new Uint8Array(view.buffer);
}

/** CUDA_RESOURCE_DESC of cuda.h (144 bytes); `object` is the array, or mipmapped array, of a resource that has one. */
export function resourceDescriptor(info: TextureInfo, object: bigint): Uint8Array {
  const { resource, format, channels, levels } = info;
  const view = new DataView(new ArrayBuffer(144));
  const [level] = levels;
  view.setUint32(0, resource, true);
  view.setBigUint64(8, object || BigInt(level!.address), true);
  if (resource === RESOURCE.LINEAR || resource === RESOURCE.PITCH2D) {
    view.setUint32(16, format, true);
    view.setUint32(20, channels, true);
    const { width, height, rowPitch } = level!;
    const sizes = resource === RESOURCE.LINEAR ? [width * texelBytes(info)] : [width, height, rowPitch];
    for (const [index, size] of sizes.entries()) view.setBigUint64(24 + 8 * index, BigInt(size), true);
  }
  return new Uint8Array(view.buffer);
}

/** CUDA_TEXTURE_DESC of cuda.h (104 bytes). */
export function textureDescriptor(info: TextureInfo): Uint8Array {
  const { addressModes, filterMode, flags, mipmapFilter, levelBias, minLevel, maxLevel, border } = info;
  const view = new DataView(new ArrayBuffer(104));
  for (const [index, mode] of addressModes.entries()) view.setUint32(4 * index, mode, true);
  view.setUint32(12, filterMode, true);
  view.setUint32(16, flags, true);
  view.setUint32(24, mipmapFilter, true);
  for (const [index, value] of [levelBias, minLevel, maxLevel, ...border].entries()) view.setFloat32(28 + 4 * index, value, true);
  return new Uint8Array(view.buffer);
}

function texelBytes({ format, channels }: TextureInfo): number {
  return channels * (FORMAT_BYTES.get(format) ?? 0);
}
