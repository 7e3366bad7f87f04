import { CUDA_ERROR, CudaError, type TextureDesc, type TextureResource } from "@decant/cuda";
import { api, fn, out, PVOID } from "@decant/hook";
import { waitFor } from "@decant/process";
import { type GuestThread, need } from "../library.ts";
import { CUhandle } from "../types.ts";
import { readChannels } from "./channels.ts";
import { runtimeTopic } from "./forms.ts";
import type { CudaRuntime } from "./runtime.ts";
import { CUDA_ERROR_T } from "./types.ts";

/* Texture and surface objects ("CUDA Runtime API", Texture Object Management, Surface Object Management). */

const object = ["object", CUhandle] as const;
const describe = fn(CUDA_ERROR_T, ["pDesc", PVOID], object);

export const textureApi = (dll: string) =>
  api(dll, {
    cudaCreateTextureObject: fn(CUDA_ERROR_T, ["pTexObject", out(CUhandle)], ["pResDesc", PVOID], ["pTexDesc", PVOID], ["pResViewDesc", PVOID]), // prettier-ignore
    cudaGetTextureObjectResourceDesc: describe,
    cudaGetTextureObjectTextureDesc: describe,
    cudaCreateSurfaceObject: fn(CUDA_ERROR_T, ["pSurfObject", out(CUhandle)], ["pResDesc", PVOID]),
    cudaGetSurfaceObjectResourceDesc: describe,
  });

/** cudaResourceType. */
const RESOURCE = { ARRAY: 0, MIPMAPPED: 1, LINEAR: 2, PITCH2D: 3 } as const;
/** cudaResourceDesc: a type, then an array, or a pointer, its channels and these. */
const FIELDS = { pointer: 8, channels: 16, sizeOrWidth: 40, height: 48, pitch: 56, bytes: 64 } as const;
/** cudaTextureDesc: three address modes, then these. */
const TEXTURE = { filterMode: 12, readMode: 16, sRGB: 20, border: 24, normalized: 40, mipmapFilter: 48, bias: 52, minLevel: 56, maxLevel: 60, noTrilinear: 64, seamless: 68, bytes: 72 } as const; // prettier-ignore
/** CU_TRSF_READ_AS_INTEGER, NORMALIZED_COORDINATES, SRGB, DISABLE_TRILINEAR_OPTIMIZATION and SEAMLESS_CUBEMAP. */
const FLAG = { INTEGER: 1, NORMALIZED: 2, SRGB: 0x10, NO_TRILINEAR: 0x20, SEAMLESS: 0x40 } as const;

function readResource(thread: GuestThread, address: number): TextureResource {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const type = thread.memory.u32(address);
  const size = (offset: number): number => Number(thread.memory.u64(address + offset));
  const array = size(FIELDS.pointer);
  if (type === RESOURCE.ARRAY) return { kind: "array", array };
  if (type === RESOURCE.MIPMAPPED) return { kind: "mipmapped", array };
  if (type !== RESOURCE.LINEAR && type !== RESOURCE.PITCH2D) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const texels = { devPtr: array, ...readChannels(thread, address + FIELDS.channels) };
  if (type === RESOURCE.LINEAR) return { kind: "linear", ...texels, sizeInBytes: size(FIELDS.sizeOrWidth) };
  return { kind: "pitch2D", ...texels, width: size(FIELDS.sizeOrWidth), height: size(FIELDS.height), pitchInBytes: size(FIELDS.pitch) };
}

function readTextureDesc({ memory }: GuestThread, address: number): TextureDesc {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const word = (offset: number): number => memory.u32(address + offset);
  const float = (offset: number): number => memory.f32(address + offset);
  const flag = (offset: number, bit: number): number => (word(offset) === 0 ? 0 : bit);
  return {
    addressModes: [word(0), word(4), word(8)],
    filterMode: word(TEXTURE.filterMode),
    flags:
      // cudaReadModeElementType is 0.
      (word(TEXTURE.readMode) === 0 ? FLAG.INTEGER : 0) |
      flag(TEXTURE.normalized, FLAG.NORMALIZED) |
      flag(TEXTURE.sRGB, FLAG.SRGB) |
      flag(TEXTURE.noTrilinear, FLAG.NO_TRILINEAR) |
      flag(TEXTURE.seamless, FLAG.SEAMLESS),
    mipmapFilterMode: word(TEXTURE.mipmapFilter),
    mipmapLevelBias: float(TEXTURE.bias),
    minMipmapLevelClamp: float(TEXTURE.minLevel),
    maxMipmapLevelClamp: float(TEXTURE.maxLevel),
    borderColor: [float(TEXTURE.border), float(TEXTURE.border + 4), float(TEXTURE.border + 8), float(TEXTURE.border + 12)],
  };
}

export const textures = (runtime: CudaRuntime, dll: string) => {
  const keyOf = (thread: GuestThread, handle: number, kind: "t" | "s"): string =>
    `${runtime.cuda(thread).cuCtxGetCurrent()} ${kind}${handle}`;
  const keep = (thread: GuestThread, handle: number, kind: "t" | "s", resource: number, desc: number): void =>
    void runtime.state(thread).textureBlocks.set(keyOf(thread, handle, kind), {
      resource: thread.memory.read(resource, FIELDS.bytes),
      desc: desc === 0 ? new Uint8Array(TEXTURE.bytes) : thread.memory.read(desc, TEXTURE.bytes),
    });
  const give = (kind: "t" | "s", which: "resource" | "desc") => (thread: GuestThread, pDesc: number, handle: number) => {
    const found = runtime.state(thread).textureBlocks.get(keyOf(thread, handle, kind));
    if (!found || pDesc === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    thread.memory.write(pDesc, found[which]);
  };

  return runtimeTopic(runtime, "context")(textureApi(dll), {
    *cudaCreateTextureObject(thread, pTexObject, pResDesc, pTexDesc, pResViewDesc) {
      need(pTexObject);
      // A view in another format or of some levels.
      if (pResViewDesc !== 0) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
      const made = yield* waitFor(
        runtime.cuda(thread).cuTexObjectCreate(readResource(thread, pResDesc), readTextureDesc(thread, pTexDesc)),
      );
      keep(thread, made, "t", pResDesc, pTexDesc);
      pTexObject.set(made);
    },
    cudaGetTextureObjectResourceDesc: give("t", "resource"),
    cudaGetTextureObjectTextureDesc: give("t", "desc"),
    *cudaCreateSurfaceObject(thread, pSurfObject, pResDesc) {
      need(pSurfObject);
      const resource = readResource(thread, pResDesc);
      if (resource.kind !== "array") throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const made = yield* waitFor(runtime.cuda(thread).cuSurfObjectCreate(resource.array));
      keep(thread, made, "s", pResDesc, 0);
      pSurfObject.set(made);
    },
    cudaGetSurfaceObjectResourceDesc: give("s", "resource"),
  });
};
