import { DEVICE_ATTRIBUTE } from "../attributes.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import { ARRAY_FLAG, FORMAT_BYTES, isTextureInfo, levelBytes, RESOURCE, type TextureInfo, type TextureLevel } from "../texture-info.ts";
import { type Context, CudaArray, MipmappedArray, Module, TextureReference } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** CUDA_RESOURCE_DESC: where texels are. Sizes are in texels, `sizeInBytes` and `pitchInBytes` in bytes. */
export type TextureResource =
  | { readonly kind: "array"; readonly array: number }
  | { readonly kind: "mipmapped"; readonly array: number }
  | {
      readonly kind: "linear";
      readonly devPtr: number;
      readonly format: number;
      readonly numChannels: number;
      readonly sizeInBytes: number;
    }
  | {
      readonly kind: "pitch2D";
      readonly devPtr: number;
      readonly format: number;
      readonly numChannels: number;
      readonly width: number;
      readonly height: number;
      readonly pitchInBytes: number;
    };

/** CUDA_TEXTURE_DESC, but anisotropy: what is left out is 0, point sampling, and wrapping. */
export interface TextureDesc {
  readonly addressModes?: readonly [number, number, number];
  readonly filterMode?: number;
  readonly flags?: number;
  readonly mipmapFilterMode?: number;
  readonly mipmapLevelBias?: number;
  readonly minMipmapLevelClamp?: number;
  readonly maxMipmapLevelClamp?: number;
  readonly borderColor?: readonly [number, number, number, number];
}

/** CU_TRSF_READ_AS_INTEGER, and all flags that there are. */
const READ_AS_INTEGER = 1;
const ALL_FLAGS = 0x1 | 0x2 | 0x10 | 0x20 | 0x40;
const LINEAR = 1;

/** A texture object of the current context: the value that kernels take. Fails with CUDA_ERROR_INVALID_VALUE for what no texture can be. */
export async function cuTexObjectCreate(thread: CudaThread, resource: TextureResource, desc: TextureDesc = {}): Promise<number> {
  const { client } = thread;
  const context = thread.context();
  const info = textureInfo(thread, resource, desc);
  const handle = client.handle();
  const value = await client.answer(context, client.session.cuTexObjectCreate(handle, context.handle, info));
  context.textures.set(value, handle);
  return value;
}

export function cuTexObjectDestroy(thread: CudaThread, texObject: number): void {
  const { textures } = thread.context();
  const handle = textures.get(texObject);
  if (handle === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  textures.delete(texObject);
  thread.client.session.cuTexObjectDestroy(handle);
}

/** A surface object: an array that was made with CUDA_ARRAY3D_SURFACE_LDST. */
export async function cuSurfObjectCreate(thread: CudaThread, hArray: number): Promise<number> {
  const { client } = thread;
  const context = thread.context();
  const array = client.object(hArray, CudaArray);
  if ((array.flags & ARRAY_FLAG.SURFACE_LDST) === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const info = textureInfo(thread, { kind: "array", array: hArray }, {});
  const handle = client.handle();
  const value = await client.answer(context, client.session.cuSurfObjectCreate(handle, context.handle, info));
  context.surfaces.set(value, handle);
  return value;
}

export function cuSurfObjectDestroy(thread: CudaThread, surfObject: number): void {
  const { surfaces } = thread.context();
  const handle = surfaces.get(surfObject);
  if (handle === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  surfaces.delete(surfObject);
  thread.client.session.cuSurfObjectDestroy(handle);
}

/** A module's texture reference by name; fails with CUDA_ERROR_NOT_FOUND. */
export function cuModuleGetTexRef(thread: CudaThread, hmod: number, name: string): number {
  return reference(thread, hmod, name, 0);
}

/** A module's surface reference by name; fails with CUDA_ERROR_NOT_FOUND. */
export function cuModuleGetSurfRef(thread: CudaThread, hmod: number, name: string): number {
  return reference(thread, hmod, name, 2);
}

/** Binds what a texture reference was told so far: an object takes its place in the module. */
export async function bindTexRef(thread: CudaThread, hTexRef: number): Promise<void> {
  const { client } = thread;
  const found = client.object(hTexRef, TextureReference);
  const { context } = found.module;
  if (!found.resource) return;
  const old = found.object;
  const handle = client.handle();
  const info = textureInfo(thread, found.resource, found.desc);
  const value = await client.answer(context, client.session.cuTexObjectCreate(handle, context.handle, info));
  found.object = handle;
  client.session.cuTexRefSetArray(found.module.handle, found.index, value);
  if (old !== undefined) client.session.cuTexObjectDestroy(old);
}

/** What a texture or surface reference has been told: to be changed, and bound by `bindTexRef`. */
export function textureReference(thread: CudaThread, hTexRef: number): TextureReference {
  return thread.client.object(hTexRef, TextureReference);
}

function reference(thread: CudaThread, hmod: number, name: string, kind: number): number {
  thread.context();
  const module = thread.client.object(hmod, Module);
  const index = module.info.references.findIndex((candidate) => candidate.name === name && candidate.kind === kind);
  if (index < 0) throw new CudaError(CUDA_ERROR.NOT_FOUND, `the module has no such reference ${name}`);
  let found = module.references.get(index);
  if (!found) {
    found = thread.client.register(new TextureReference(thread.client.handle(), module, index));
    module.references.set(index, found);
  }
  return found.handle;
}

function textureInfo(thread: CudaThread, resource: TextureResource, desc: TextureDesc): TextureInfo {
  const context = thread.context();
  const { flags = 0, filterMode = 0 } = desc;
  const place = placeOf(thread, context, resource);
  const info: TextureInfo = {
    ...place,
    flags,
    addressModes: desc.addressModes ?? [0, 0, 0],
    filterMode,
    mipmapFilter: desc.mipmapFilterMode ?? 0,
    levelBias: desc.mipmapLevelBias ?? 0,
    minLevel: desc.minMipmapLevelClamp ?? 0,
    maxLevel: desc.maxMipmapLevelClamp ?? place.levels.length - 1,
    border: desc.borderColor ?? [0, 0, 0, 0],
  };
  // 32-bit integers are always read as what they are; neither they nor others can then be filtered.
  const isInteger = ![0x10, 0x20].includes(info.format) && ((flags & READ_AS_INTEGER) !== 0 || FORMAT_BYTES.get(info.format) === 4);
  if (!isTextureInfo(info) || (flags & ~ALL_FLAGS) !== 0 || (isInteger && filterMode === LINEAR))
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  for (const level of info.levels)
    if (thread.client.contextOf(level.address, levelBytes(info, level)) !== context) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return info;
}

type Place = Pick<TextureInfo, "resource" | "arrayFlags" | "format" | "channels" | "layers" | "levels">;

function placeOf(thread: CudaThread, context: Context, resource: TextureResource): Place {
  if (resource.kind === "array") return arrayPlace(RESOURCE.ARRAY, [thread.client.object(resource.array, CudaArray)]);
  if (resource.kind === "mipmapped")
    return arrayPlace(RESOURCE.MIPMAPPED_ARRAY, thread.client.object(resource.array, MipmappedArray).levels);
  const { devPtr: address, format, numChannels: channels } = resource;
  const texel = (FORMAT_BYTES.get(format) ?? 0) * channels;
  const { attributes } = context.device;
  const alignment = attributes.get(DEVICE_ATTRIBUTE.TEXTURE_ALIGNMENT) || 1;
  const pitchAlignment = attributes.get(DEVICE_ATTRIBUTE.TEXTURE_PITCH_ALIGNMENT) || 1;
  if (address % alignment !== 0 || texel === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const plain = { arrayFlags: 0, format, channels, layers: 0 };
  if (resource.kind === "linear") {
    const width = Math.floor(resource.sizeInBytes / texel);
    const level = { address, width, height: 0, depth: 0, rowPitch: width * texel, slicePitch: width * texel };
    return { resource: RESOURCE.LINEAR, ...plain, levels: [level] };
  }
  const { width, height, pitchInBytes: rowPitch } = resource;
  if (rowPitch % pitchAlignment !== 0 || rowPitch < width * texel || height === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return { resource: RESOURCE.PITCH2D, ...plain, levels: [{ address, width, height, depth: 0, rowPitch, slicePitch: rowPitch * height }] };
}

function arrayPlace(resource: number, arrays: readonly CudaArray[]): Place {
  const [first] = arrays;
  if (!first) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const hasLayers = (first.flags & (ARRAY_FLAG.LAYERED | ARRAY_FLAG.CUBEMAP)) !== 0;
  return {
    resource,
    arrayFlags: first.flags,
    format: first.format,
    channels: first.numChannels,
    layers: hasLayers ? first.depth : 0,
    levels: arrays.map((array): TextureLevel => {
      const { address, width, height, depth, pitch, slice } = array;
      return { address, width, height, depth: hasLayers ? 0 : depth, rowPitch: pitch, slicePitch: slice };
    }),
  };
}
