import type { Cuda } from "@decant/cuda";
import type { GuestMemory } from "@decant/memory";
import type { RuntimeVersion } from "./runtime.ts";

/**
 * cudaDeviceProp behind name, uuid, luid and its mask: "field:type attributes", an int for each attribute where the type says nothing, and the versions of the
 * runtime that have it so where not all have. A field whose attribute is 0 has the value 0. (driver_types.h 11.8, 12.9 and 13.0; the device's
 * attributes, by CUdevice_attribute's numbers, are those that the runtime asks for: cudaGetDeviceProperties documents them as the same.)
 */
const fields = `
totalGlobalMem:size total
sharedMemPerBlock:size 8
regsPerBlock 12
warpSize 10
memPitch:size 11
maxThreadsPerBlock 1
maxThreadsDim 2,3,4
maxGridSize 5,6,7
clockRate 13 11-12
totalConstMem:size 9
major 75
minor 76
textureAlignment:size 14
texturePitchAlignment:size 51
deviceOverlap 15 11-12
multiProcessorCount 16
kernelExecTimeoutEnabled 17 11-12
integrated 18
canMapHostMemory 19
computeMode 20 11-12
maxTexture1D 21
maxTexture1DMipmap 77
maxTexture1DLinear 69 11-12
maxTexture2D 22,23
maxTexture2DMipmap 73,74
maxTexture2DLinear 70,71,72
maxTexture2DGather 45,46
maxTexture3D 24,25,26
maxTexture3DAlt 47,48,49
maxTextureCubemap 52
maxTexture1DLayered 42,43
maxTexture2DLayered 27,28,29
maxTextureCubemapLayered 53,54
maxSurface1D 55
maxSurface2D 56,57
maxSurface3D 58,59,60
maxSurface1DLayered 61,62
maxSurface2DLayered 63,64,65
maxSurfaceCubemap 66
maxSurfaceCubemapLayered 67,68
surfaceAlignment:size 30
concurrentKernels 31
ECCEnabled 32
pciBusID 33
pciDeviceID 34
pciDomainID 50
tccDriver 35
asyncEngineCount 40
unifiedAddressing 41
memoryClockRate 36 11-12
memoryBusWidth 37
l2CacheSize 38
persistingL2CacheMaxSize 108
maxThreadsPerMultiProcessor 39
streamPrioritiesSupported 78
globalL1CacheSupported 79
localL1CacheSupported 80
sharedMemPerMultiprocessor:size 81
regsPerMultiprocessor 82
managedMemory 83
isMultiGpuBoard 84
multiGpuBoardGroupID 85
hostNativeAtomicSupported 86
singleToDoublePrecisionPerfRatio 87 11-12
pageableMemoryAccess 88
concurrentManagedAccess 89
computePreemptionSupported 90
canUseHostPointerForRegisteredMem 91
cooperativeLaunch 95
cooperativeMultiDeviceLaunch 96 11-12
sharedMemPerBlockOptin:size 97
pageableMemoryAccessUsesHostPageTables 100
directManagedMemAccessFromHost 101
maxBlocksPerMultiProcessor 106
accessPolicyMaxWindowSize 109
reservedSharedMemPerBlock:size 111
hostRegisterSupported 99 12-13
sparseCudaArraySupported 112 12-13
hostRegisterReadOnlySupported 113 12-13
timelineSemaphoreInteropSupported 114 12-13
memoryPoolsSupported 115 12-13
gpuDirectRDMASupported 116 12-13
gpuDirectRDMAFlushWritesOptions 117 12-13
gpuDirectRDMAWritesOrdering 118 12-13
memoryPoolSupportedHandleTypes 119 12-13
deferredMappingCudaArraySupported 121 12-13
ipcEventSupported 125 12-13
clusterLaunch 120 12-13
unifiedFunctionPointers 129 12-13
reserved2 0,0 12
deviceNumaConfig 130 13
deviceNumaId 131 13
mpsEnabled 133 13
hostNumaId 134 13
gpuPciDeviceID 139 13
gpuPciSubsystemID 140 13
hostNumaMultinodeIpcSupported 143 13
`;
/** What lies behind the fields, unused. */
const RESERVED_INTS: Readonly<Record<RuntimeVersion, number>> = { 11: 0, 12: 61, 13: 56 };
/** Where the first fields lie. */
const FIRST = { name: 0, uuid: 256, luid: 272, mask: 280, fields: 288 } as const;
const NAME_BYTES = 255;

interface Place {
  readonly offset: number;
  readonly bytes: 4 | 8;
  /** A CUdevice_attribute, or the device's memory. */
  readonly value: number | "total";
}

/** Where the fields of cudaDeviceProp lie, and how large it is, in a version of the runtime. */
export function propertiesLayout(version: RuntimeVersion): { readonly places: readonly Place[]; readonly bytes: number } {
  const places: Place[] = [];
  let offset: number = FIRST.fields;
  for (const line of fields.trim().split("\n")) {
    const [field, values, versions = "11-13"] = line.split(" ") as [string, string, string?];
    const [first, last = first] = versions.split("-").map(Number);
    if (version < first! || version > last!) continue;
    const bytes = field.endsWith(":size") ? 8 : 4;
    for (const value of values.split(",")) {
      offset = Math.ceil(offset / bytes) * bytes;
      places.push({ offset, bytes, value: value === "total" ? "total" : Number(value) });
      offset += bytes;
    }
  }
  return { places, bytes: Math.ceil((offset + 4 * RESERVED_INTS[version]) / 8) * 8 };
}

/** Stores a cudaDeviceProp. */
export function writeDeviceProperties(cuda: Cuda, memory: GuestMemory, address: number, device: number, version: RuntimeVersion): void {
  const { places, bytes } = propertiesLayout(version);
  const block = new Uint8Array(bytes);
  const view = new DataView(block.buffer);
  block.set(new TextEncoder().encode(cuda.cuDeviceGetName(device)).subarray(0, NAME_BYTES), FIRST.name);
  block.set(cuda.cuDeviceGetUuid(device), FIRST.uuid);
  const { luid, deviceNodeMask } = cuda.cuDeviceGetLuid(device);
  block.set(luid, FIRST.luid);
  view.setUint32(FIRST.mask, deviceNodeMask, true);
  for (const { offset, bytes: width, value } of places) {
    const own = value === "total" ? cuda.cuDeviceTotalMem(device) : value === 0 ? 0 : cuda.cuDeviceGetAttribute(value, device);
    if (width === 8) view.setBigUint64(offset, BigInt(own), true);
    else view.setInt32(offset, own, true);
  }
  memory.write(address, block);
}
