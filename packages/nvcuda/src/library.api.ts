import { alias, api, arrayIn, fn, INT, LPCSTR, optional, out, PVOID, SIZE_T, UINT } from "@decant/hook";
import { CUdevice, CUdeviceptr, CUenum, CUfunction, CUhandle, CUmodule, CURESULT } from "./types.ts";

/* Linking and libraries ("CUDA Driver API", Module Management and Library Management, cuda.h 13.0). */

const jitOptions = [
  ["numOptions", UINT],
  ["options", arrayIn(INT, "numOptions")],
  ["optionValues", PVOID],
] as const;

export const linkApi = api("nvcuda", {
  cuLinkCreate: alias("cuLinkCreate_v2"),
  cuLinkCreate_v2: fn(CURESULT, ...jitOptions, ["stateOut", out(CUhandle)]),
  cuLinkAddData: alias("cuLinkAddData_v2"),
  cuLinkAddData_v2: fn(CURESULT, ["state", CUhandle], ["type", CUenum], ["data", PVOID], ["size", SIZE_T], ["name", LPCSTR], ...jitOptions),
  cuLinkAddFile: alias("cuLinkAddFile_v2"),
  cuLinkAddFile_v2: fn(CURESULT, ["state", CUhandle], ["type", CUenum], ["path", LPCSTR], ...jitOptions),
  cuLinkComplete: fn(CURESULT, ["state", CUhandle], ["cubinOut", out(PVOID)], ["sizeOut", optional(out(SIZE_T))]),
  cuLinkDestroy: fn(CURESULT, ["state", CUhandle]),
});

const libraryOptions = [
  ["jitOptions", arrayIn(INT, "numJitOptions")],
  ["jitOptionsValues", PVOID],
  ["numJitOptions", UINT],
  ["libraryOptions", PVOID],
  ["libraryOptionValues", PVOID],
  ["numLibraryOptions", UINT],
] as const;

export const libraryApi = api("nvcuda", {
  cuLibraryLoadData: fn(CURESULT, ["library", out(CUhandle)], ["code", PVOID], ...libraryOptions),
  cuLibraryLoadFromFile: fn(CURESULT, ["library", out(CUhandle)], ["fileName", LPCSTR], ...libraryOptions),
  cuLibraryUnload: fn(CURESULT, ["library", CUhandle]),
  cuLibraryGetKernel: fn(CURESULT, ["pKernel", out(CUhandle)], ["library", CUhandle], ["name", LPCSTR]),
  cuLibraryGetKernelCount: fn(CURESULT, ["count", out(UINT)], ["lib", CUhandle]),
  cuLibraryEnumerateKernels: fn(CURESULT, ["kernels", PVOID], ["numKernels", UINT], ["lib", CUhandle]),
  cuLibraryGetModule: fn(CURESULT, ["pMod", out(CUmodule)], ["library", CUhandle]),
  cuLibraryGetGlobal: fn(
    CURESULT,
    ["dptr", optional(out(CUdeviceptr))],
    ["bytes", optional(out(SIZE_T))],
    ["library", CUhandle],
    ["name", LPCSTR],
  ),
  cuKernelGetFunction: fn(CURESULT, ["pFunc", out(CUfunction)], ["kernel", CUhandle]),
  cuKernelGetLibrary: fn(CURESULT, ["pLib", out(CUhandle)], ["kernel", CUhandle]),
  cuKernelGetName: fn(CURESULT, ["name", out(PVOID)], ["hfunc", CUhandle]),
  cuKernelGetParamInfo: fn(
    CURESULT,
    ["kernel", CUhandle],
    ["paramIndex", SIZE_T],
    ["paramOffset", out(SIZE_T)],
    ["paramSize", optional(out(SIZE_T))],
  ),
  cuKernelGetAttribute: fn(CURESULT, ["pi", out(INT)], ["attrib", CUenum], ["kernel", CUhandle], ["dev", CUdevice]),
  cuKernelSetAttribute: fn(CURESULT, ["attrib", CUenum], ["val", INT], ["kernel", CUhandle], ["dev", CUdevice]),
  cuKernelSetCacheConfig: fn(CURESULT, ["kernel", CUhandle], ["config", CUenum], ["dev", CUdevice]),
  cuModuleEnumerateFunctions: fn(CURESULT, ["functions", PVOID], ["numFunctions", UINT], ["mod", CUmodule]),
  cuFuncIsLoaded: fn(CURESULT, ["state", out(CUenum)], ["function", CUfunction]),
  cuFuncLoad: fn(CURESULT, ["function", CUfunction]),
});
