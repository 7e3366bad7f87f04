import { bindTexRef, CUDA_ERROR, CudaError, type TextureDesc, textureReference, type TextureResource } from "@decant/cuda";
import type { Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import { readArrayDescriptor } from "./array.ts";
import { type GuestThread, implement, named, need, type Nvcuda } from "./library.ts";
import { textureApi } from "./texture.api.ts";

/** CUresourcetype. */
const RESOURCE = { ARRAY: 0, MIPMAPPED: 1, LINEAR: 2, PITCH2D: 3 } as const;
/** CUDA_RESOURCE_DESC: a type, then at 8 an array, or a device pointer and these. */
const FIELDS = { pointer: 8, format: 16, channels: 20, sizeOrWidth: 24, height: 32, pitch: 40, bytes: 144 } as const;
/** CUDA_TEXTURE_DESC: three address modes, then these. */
const TEXTURE = { filterMode: 12, flags: 16, mipmapFilter: 24, bias: 28, minLevel: 32, maxLevel: 36, border: 40, bytes: 104 } as const;
/** CU_TRSA_OVERRIDE_FORMAT, which must be given to bind an array. */
const OVERRIDE_FORMAT = 1;

function readResource({ memory }: GuestThread, address: number): TextureResource {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const type = memory.u32(address);
  const size = (offset: number): number => Number(memory.u64(address + offset));
  const array = size(FIELDS.pointer);
  if (type === RESOURCE.ARRAY) return { kind: "array", array };
  if (type === RESOURCE.MIPMAPPED) return { kind: "mipmapped", array };
  const [format, numChannels] = [memory.u32(address + FIELDS.format), memory.u32(address + FIELDS.channels)];
  const texels = { devPtr: size(FIELDS.pointer), format, numChannels };
  if (type === RESOURCE.LINEAR) return { kind: "linear", ...texels, sizeInBytes: size(FIELDS.sizeOrWidth) };
  if (type !== RESOURCE.PITCH2D) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return { kind: "pitch2D", ...texels, width: size(FIELDS.sizeOrWidth), height: size(FIELDS.height), pitchInBytes: size(FIELDS.pitch) };
}

function readTextureDesc({ memory }: GuestThread, address: number): TextureDesc {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const word = (offset: number): number => memory.u32(address + offset);
  const float = (offset: number): number => memory.f32(address + offset);
  return {
    addressModes: [word(0), word(4), word(8)],
    filterMode: word(TEXTURE.filterMode),
    flags: word(TEXTURE.flags),
    mipmapFilterMode: word(TEXTURE.mipmapFilter),
    mipmapLevelBias: float(TEXTURE.bias),
    minMipmapLevelClamp: float(TEXTURE.minLevel),
    maxMipmapLevelClamp: float(TEXTURE.maxLevel),
    borderColor: [float(TEXTURE.border), float(TEXTURE.border + 4), float(TEXTURE.border + 8), float(TEXTURE.border + 12)],
  };
}

export const texture = (nvcuda: Nvcuda) => {
  /** The descriptions of an object, as the program gave them. */
  const described = (thread: GuestThread, object: number, surface = false) => {
    const found = nvcuda.state(thread).textureBlocks.get(`${nvcuda.cuda(thread).cuCtxGetCurrent()} ${surface ? "s" : "t"}${object}`);
    if (!found) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    return found;
  };
  const keep = (thread: GuestThread, object: number, surface: boolean, resource: number, desc: number): void => {
    const { memory } = thread;
    nvcuda.state(thread).textureBlocks.set(`${nvcuda.cuda(thread).cuCtxGetCurrent()} ${surface ? "s" : "t"}${object}`, {
      resource: memory.read(resource, FIELDS.bytes),
      desc: desc === 0 ? new Uint8Array(TEXTURE.bytes) : memory.read(desc, TEXTURE.bytes),
    });
  };
  const give = (thread: GuestThread, address: number, bytes: Uint8Array): void => {
    if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    thread.memory.write(address, bytes);
  };
  /** Changes what a reference was told, and binds it anew where it is bound. */
  function* tell(thread: GuestThread, hTexRef: number, change: Partial<TextureDesc>, resource?: TextureResource): Waiting<void> {
    const cuda = nvcuda.cuda(thread);
    const found = textureReference(cuda.thread, hTexRef);
    found.desc = { ...found.desc, ...change };
    if (resource) found.resource = resource;
    yield* waitFor(bindTexRef(cuda.thread, hTexRef));
  }
  function* bindArray(thread: GuestThread, hTexRef: number, kind: "array" | "mipmapped", array: number, flags: number): Waiting<void> {
    if (flags !== OVERRIDE_FORMAT) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    yield* tell(thread, hTexRef, {}, { kind, array });
  }
  const formatOf = (thread: GuestThread, hTexRef: number) => textureReference(nvcuda.cuda(thread).thread, hTexRef).format;

  return implement(textureApi, {
    *cuTexObjectCreate(thread, pTexObject, pResDesc, pTexDesc, pResViewDesc) {
      const cuda = nvcuda.cuda(thread);
      need(pTexObject);
      // A view in another format or of some levels.
      if (pResViewDesc !== 0) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
      const [resource, desc] = [readResource(thread, pResDesc), readTextureDesc(thread, pTexDesc)];
      const object = yield* waitFor(cuda.cuTexObjectCreate(resource, desc));
      keep(thread, object, false, pResDesc, pTexDesc);
      pTexObject.set(object);
    },
    cuTexObjectDestroy: (thread, object) => nvcuda.cuda(thread).cuTexObjectDestroy(object),
    cuTexObjectGetResourceDesc: (thread, pDesc, object) => give(thread, pDesc, described(thread, object).resource),
    cuTexObjectGetTextureDesc: (thread, pDesc, object) => give(thread, pDesc, described(thread, object).desc),
    *cuSurfObjectCreate(thread, pSurfObject, pResDesc) {
      const cuda = nvcuda.cuda(thread);
      need(pSurfObject);
      const resource = readResource(thread, pResDesc);
      if (resource.kind !== "array") throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const object = yield* waitFor(cuda.cuSurfObjectCreate(resource.array));
      keep(thread, object, true, pResDesc, 0);
      pSurfObject.set(object);
    },
    cuSurfObjectDestroy: (thread, object) => nvcuda.cuda(thread).cuSurfObjectDestroy(object),
    cuSurfObjectGetResourceDesc: (thread, pDesc, object) => give(thread, pDesc, described(thread, object, true).resource),
    cuMipmappedArrayCreate(thread, pHandle, pDesc, numMipmapLevels) {
      const cuda = nvcuda.cuda(thread);
      need(pHandle);
      pHandle.set(cuda.cuMipmappedArrayCreate(readArrayDescriptor(thread, pDesc), numMipmapLevels));
    },
    cuMipmappedArrayGetLevel: (thread, pLevelArray, hMipmappedArray, level) =>
      pLevelArray.set(nvcuda.cuda(thread).cuMipmappedArrayGetLevel(hMipmappedArray, level)),
    cuMipmappedArrayDestroy: (thread, hMipmappedArray) => nvcuda.cuda(thread).cuMipmappedArrayDestroy(hMipmappedArray),
    cuModuleGetTexRef: (thread, pTexRef, hmod, name) => pTexRef.set(nvcuda.cuda(thread).cuModuleGetTexRef(hmod, named(name))),
    cuModuleGetSurfRef: (thread, pSurfRef, hmod, name) => pSurfRef.set(nvcuda.cuda(thread).cuModuleGetSurfRef(hmod, named(name))),
    *cuTexRefSetArray(thread, hTexRef, hArray, flags) {
      yield* bindArray(thread, hTexRef, "array", hArray, flags);
    },
    *cuTexRefSetMipmappedArray(thread, hTexRef, hMipmappedArray, flags) {
      yield* bindArray(thread, hTexRef, "mipmapped", hMipmappedArray, flags);
    },
    // The address must be aligned as textures are: then there is no offset for the program to add.
    *cuTexRefSetAddress_v2(thread, byteOffset, hTexRef, dptr, bytes) {
      yield* tell(thread, hTexRef, {}, { kind: "linear", devPtr: dptr, ...formatOf(thread, hTexRef), sizeInBytes: bytes });
      if (byteOffset !== 0) thread.memory.setU64(byteOffset, 0n);
    },
    *cuTexRefSetAddress2D_v3(thread, hTexRef, desc, dptr, pitch) {
      nvcuda.cuda(thread);
      if (desc === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const { memory } = thread;
      const texels = { format: memory.u32(desc + 16), numChannels: memory.u32(desc + 20) };
      const [width, height] = [Number(memory.u64(desc)), Number(memory.u64(desc + 8))];
      yield* tell(thread, hTexRef, {}, { kind: "pitch2D", devPtr: dptr, ...texels, width, height, pitchInBytes: pitch });
    },
    cuTexRefSetFormat(thread, hTexRef, format, numChannels) {
      textureReference(nvcuda.cuda(thread).thread, hTexRef).format = { format, numChannels };
    },
    *cuTexRefSetAddressMode(thread, hTexRef, dim, mode) {
      const { desc } = textureReference(nvcuda.cuda(thread).thread, hTexRef);
      if (dim < 0 || dim > 2) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      const [x, y, z] = (desc.addressModes ?? [0, 0, 0]).map((own, axis) => (axis === dim ? mode : own)) as [number, number, number];
      yield* tell(thread, hTexRef, { addressModes: [x, y, z] });
    },
    *cuTexRefSetFilterMode(thread, hTexRef, filterMode) {
      yield* tell(thread, hTexRef, { filterMode });
    },
    *cuTexRefSetFlags(thread, hTexRef, flags) {
      yield* tell(thread, hTexRef, { flags });
    },
    *cuTexRefSetMipmapFilterMode(thread, hTexRef, mipmapFilterMode) {
      yield* tell(thread, hTexRef, { mipmapFilterMode });
    },
    *cuTexRefSetMipmapLevelBias(thread, hTexRef, mipmapLevelBias) {
      yield* tell(thread, hTexRef, { mipmapLevelBias });
    },
    *cuTexRefSetMipmapLevelClamp(thread, hTexRef, minMipmapLevelClamp, maxMipmapLevelClamp) {
      yield* tell(thread, hTexRef, { minMipmapLevelClamp, maxMipmapLevelClamp });
    },
    // A hint for quality: nothing here filters anisotropically.
    cuTexRefSetMaxAnisotropy: (thread, hTexRef) => void textureReference(nvcuda.cuda(thread).thread, hTexRef),
    *cuSurfRefSetArray(thread, hSurfRef, hArray, flags) {
      if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      yield* tell(thread, hSurfRef, {}, { kind: "array", array: hArray });
    },
  });
};
