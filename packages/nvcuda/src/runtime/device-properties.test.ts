import { DEVICE_ATTRIBUTE as ATTRIBUTE } from "@decant/cuda";
import { expect, test } from "vitest";
import { propertiesLayout } from "./device-properties.ts";

// sizeof and offsetof of a C program with driver_types.h 13.0; sizes of earlier versions are those that their programs have.
test("cudaDeviceProp lies as the headers have it", () => {
  const { places, bytes } = propertiesLayout(13);
  const offsetOf = (attribute: number): number | undefined => places.find(({ value }) => value === attribute)?.offset;
  expect(bytes).toBe(1008);
  expect([
    offsetOf(ATTRIBUTE.MULTIPROCESSOR_COUNT),
    offsetOf(ATTRIBUTE.MAXIMUM_TEXTURE3D_WIDTH_ALTERNATE),
    offsetOf(ATTRIBUTE.SURFACE_ALIGNMENT),
    offsetOf(ATTRIBUTE.TCC_DRIVER),
    offsetOf(ATTRIBUTE.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR),
    offsetOf(ATTRIBUTE.COOPERATIVE_LAUNCH),
    offsetOf(ATTRIBUTE.RESERVED_SHARED_MEMORY_PER_BLOCK),
    offsetOf(ATTRIBUTE.CLUSTER_LAUNCH),
    offsetOf(ATTRIBUTE.HOST_NUMA_MULTINODE_IPC_SUPPORTED),
  ]).toEqual([384, 452, 552, 580, 624, 668, 696, 748, 780]);
  expect([propertiesLayout(12).bytes, propertiesLayout(11).bytes]).toEqual([1032, 728]);
});
