import { alias, api, fn, FLOAT, INT, LPCSTR, out, PVOID, SIZE_T, UINT } from "@decant/hook";
import { CUdeviceptr, CUenum, CUhandle, CUmodule, CURESULT } from "./types.ts";

/* Texture and surface objects, and the references of older modules ("CUDA Driver API", Texture and Surface Management, cuda.h 13.0). */

const object = ["object", CUhandle] as const;
const hTexRef = ["hTexRef", CUhandle] as const;
const describe = fn(CURESULT, ["pDesc", PVOID], object);

export const textureApi = api("nvcuda", {
  cuTexObjectCreate: fn(CURESULT, ["pTexObject", out(CUhandle)], ["pResDesc", PVOID], ["pTexDesc", PVOID], ["pResViewDesc", PVOID]),
  cuTexObjectDestroy: fn(CURESULT, object),
  cuTexObjectGetResourceDesc: describe,
  cuTexObjectGetTextureDesc: describe,
  cuSurfObjectCreate: fn(CURESULT, ["pSurfObject", out(CUhandle)], ["pResDesc", PVOID]),
  cuSurfObjectDestroy: fn(CURESULT, object),
  cuSurfObjectGetResourceDesc: describe,
  cuMipmappedArrayCreate: fn(CURESULT, ["pHandle", out(CUhandle)], ["pDesc", PVOID], ["numMipmapLevels", UINT]),
  cuMipmappedArrayGetLevel: fn(CURESULT, ["pLevelArray", out(CUhandle)], ["hMipmappedArray", CUhandle], ["level", UINT]),
  cuMipmappedArrayDestroy: fn(CURESULT, ["hMipmappedArray", CUhandle]),
  cuModuleGetTexRef: fn(CURESULT, ["pTexRef", out(CUhandle)], ["hmod", CUmodule], ["name", LPCSTR]),
  cuModuleGetSurfRef: fn(CURESULT, ["pSurfRef", out(CUhandle)], ["hmod", CUmodule], ["name", LPCSTR]),
  cuTexRefSetArray: fn(CURESULT, hTexRef, ["hArray", CUhandle], ["Flags", UINT]),
  cuTexRefSetMipmappedArray: fn(CURESULT, hTexRef, ["hMipmappedArray", CUhandle], ["Flags", UINT]),
  cuTexRefSetAddress: alias("cuTexRefSetAddress_v2"),
  cuTexRefSetAddress_v2: fn(CURESULT, ["ByteOffset", PVOID], hTexRef, ["dptr", CUdeviceptr], ["bytes", SIZE_T]),
  cuTexRefSetAddress2D: alias("cuTexRefSetAddress2D_v3"),
  cuTexRefSetAddress2D_v2: alias("cuTexRefSetAddress2D_v3"),
  cuTexRefSetAddress2D_v3: fn(CURESULT, hTexRef, ["desc", PVOID], ["dptr", CUdeviceptr], ["Pitch", SIZE_T]),
  cuTexRefSetFormat: fn(CURESULT, hTexRef, ["fmt", CUenum], ["NumPackedComponents", INT]),
  cuTexRefSetAddressMode: fn(CURESULT, hTexRef, ["dim", INT], ["am", CUenum]),
  cuTexRefSetFilterMode: fn(CURESULT, hTexRef, ["fm", CUenum]),
  cuTexRefSetFlags: fn(CURESULT, hTexRef, ["Flags", UINT]),
  cuTexRefSetMipmapFilterMode: fn(CURESULT, hTexRef, ["fm", CUenum]),
  cuTexRefSetMipmapLevelBias: fn(CURESULT, hTexRef, ["bias", FLOAT]),
  cuTexRefSetMipmapLevelClamp: fn(CURESULT, hTexRef, ["minMipmapLevelClamp", FLOAT], ["maxMipmapLevelClamp", FLOAT]),
  cuTexRefSetMaxAnisotropy: fn(CURESULT, hTexRef, ["maxAniso", UINT]),
  cuSurfRefSetArray: fn(CURESULT, ["hSurfRef", CUhandle], ["hArray", CUhandle], ["Flags", UINT]),
});
