import type { ValueOf } from "./wire-types.ts";
import { BYTES, DEVICEPTR, I32, list, record, SIZE, TEXT, U32 } from "./wire-types.ts";

/** Where one parameter lies in the parameter block of a kernel, in bytes. */
export const PARAMETER_INFO = record("Parameter", { offset: U32, size: U32 });

/** A kernel of a loaded module; the attributes are those of cuFuncGetAttribute, in bytes where they are sizes. */
export const FUNCTION_INFO = record("Function", {
  name: TEXT,
  parameters: list(PARAMETER_INFO),
  maxThreadsPerBlock: U32,
  sharedSizeBytes: U32,
  constSizeBytes: U32,
  localSizeBytes: U32,
  numRegs: U32,
  ptxVersion: U32,
  binaryVersion: U32,
  maxDynamicSharedSizeBytes: U32,
});

/** A variable of a loaded module that cuModuleGetGlobal finds. */
export const GLOBAL_INFO = record("Global", { name: TEXT, address: DEVICEPTR, size: SIZE });

/** A .texref, .samplerref or .surfref variable of a loaded module: `kind` is 0, 1 or 2. */
export const REFERENCE_INFO = record("Reference", { name: TEXT, kind: U32 });

/** What loading a module answers: all that the client needs to find functions and globals, to lay out parameters and to check launches. */
export const MODULE_INFO = record("Module", {
  functions: list(FUNCTION_INFO),
  globals: list(GLOBAL_INFO),
  references: list(REFERENCE_INFO),
  log: TEXT,
});

/**
 * Device addresses that a session's contexts may use. A context takes a slot: addresses from
 * `base + slot * stride`. In it the client allocates from `start` up to `end` (offsets in the slot), in multiples of
 * `granularity` (a power of two, at least 256); the rest of the slot is the driver's: module globals, local memory.
 */
export const ARENA_INFO = record("Arena", {
  base: DEVICEPTR,
  stride: SIZE,
  slots: U32,
  start: SIZE,
  end: SIZE,
  granularity: U32,
});

/** One CUdevice_attribute: [number, value]. */
export const ATTRIBUTE_INFO = record("Attribute", { attribute: U32, value: I32 });

/** A device as a client sees it. `totalMem` is what the session may allocate, in bytes; uuid has 16 bytes. */
export const DEVICE_INFO = record("Device", {
  name: TEXT,
  uuid: BYTES,
  totalMem: SIZE,
  attributes: list(ATTRIBUTE_INFO),
  arena: ARENA_INFO,
});

/** What opening a session tells. `driverVersion` is what cuDriverGetVersion answers: 13000 for 13.0. */
export const DRIVER_INFO = record("Driver", { name: TEXT, driverVersion: U32, devices: list(DEVICE_INFO) });

export type ParameterInfo = ValueOf<typeof PARAMETER_INFO>;
export type FunctionInfo = ValueOf<typeof FUNCTION_INFO>;
export type GlobalInfo = ValueOf<typeof GLOBAL_INFO>;
export type ModuleInfo = ValueOf<typeof MODULE_INFO>;
export type ArenaInfo = ValueOf<typeof ARENA_INFO>;
export type AttributeInfo = ValueOf<typeof ATTRIBUTE_INFO>;
export type DeviceInfo = ValueOf<typeof DEVICE_INFO>;
export type DriverInfo = ValueOf<typeof DRIVER_INFO>;
