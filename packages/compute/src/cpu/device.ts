import { availableParallelism, totalmem } from "node:os";
import { DEVICE_ATTRIBUTE, type DriverInfo } from "@decant/cuda";

const MIB = 1 << 20;

/** A context's memory, in bytes from its start: an address in the arena's slot is an address in the WebAssembly memory. */
export const MEMORY_MAP = {
  // Of each launch that may run at the same time as others: its record, its parameters, and where kernels look addresses up.
  launches: 0x1000,
  parameters: 0x1_0000,
  allocationTables: 0x8_0000,
  // Descriptors of textures, and of the levels of those that have several, an entry each.
  textures: 8 * MIB,
  textureLevels: 10 * MIB,
  allocations: 16 * MIB, // what the client allocates
  variables: 0xe000_0000, // the variables of modules
  heap: 0xef00_0000, // what kernels allocate
  gridWorkspace: 0xefd0_0000, // where the blocks of a cooperative launch meet
  output: 0xefe0_0000, // what kernels print
  scratch: 0xf000_0000, // what workers need to run blocks
  end: 0xffff_0000,
} as const;

/** How many launches of a context may run side by side, and what each has of the places above. */
export const LAUNCH_SLOTS = 8;
export const LAUNCH_BYTES = 256;
export const PARAMETER_BYTES = 32 * 1024;
export const ALLOCATION_TABLE_BYTES = Math.floor((MEMORY_MAP.textures - MEMORY_MAP.allocationTables) / LAUNCH_SLOTS);

/** What kernels may allocate and print before it is taken, as CUDA has it where nobody set a limit (cuCtxSetLimit). */
export const DEVICE_HEAP_BYTES = 8 * MIB;
export const PRINTF_FIFO_BYTES = MIB;
export const GRID_WORKSPACE_BYTES = 256;
/** The most that a thread's stack may be made by cuCtxSetLimit, as on devices (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"). */
export const STACK_BYTES = 512 * 1024;

/** The arena: slot n is `tag << 32` with tag ARENA_TAG + n, far from small integers and from host pointers. */
export const ARENA_TAG = 0x700;
const ARENA_SLOTS = 64;
export const SLOT_BYTES = 2 ** 32;

/** Shared memory that a block may have without and with asking (cuFuncSetAttribute), in bytes. */
export const SHARED_BYTES = 48 * 1024;
export const SHARED_BYTES_OPTIN = 99 * 1024;

/** The attributes of compute capability 8.6 (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"), with what this device lacks. */
const attributes = {
  MAX_THREADS_PER_BLOCK: 1024,
  MAX_BLOCK_DIM_X: 1024,
  MAX_BLOCK_DIM_Y: 1024,
  MAX_BLOCK_DIM_Z: 64,
  MAX_GRID_DIM_X: 0x7fff_ffff,
  MAX_GRID_DIM_Y: 65535,
  MAX_GRID_DIM_Z: 65535,
  MAX_SHARED_MEMORY_PER_BLOCK: SHARED_BYTES,
  TOTAL_CONSTANT_MEMORY: 65536,
  WARP_SIZE: 32,
  MAX_PITCH: 0x7fff_ffff,
  MAX_REGISTERS_PER_BLOCK: 65536,
  CLOCK_RATE: 1_000_000,
  TEXTURE_ALIGNMENT: 512,
  TEXTURE_PITCH_ALIGNMENT: 32,
  SURFACE_ALIGNMENT: 512,
  GPU_OVERLAP: 1,
  KERNEL_EXEC_TIMEOUT: 1,
  INTEGRATED: 1,
  CAN_MAP_HOST_MEMORY: 1,
  COMPUTE_MODE: 0,
  CONCURRENT_KERNELS: 1,
  ECC_ENABLED: 0,
  PCI_BUS_ID: 1,
  PCI_DEVICE_ID: 0,
  PCI_DOMAIN_ID: 0,
  TCC_DRIVER: 0,
  MEMORY_CLOCK_RATE: 1_000_000,
  GLOBAL_MEMORY_BUS_WIDTH: 64,
  L2_CACHE_SIZE: 4 * MIB,
  MAX_THREADS_PER_MULTIPROCESSOR: 1536,
  ASYNC_ENGINE_COUNT: 1,
  UNIFIED_ADDRESSING: 1,
  COMPUTE_CAPABILITY_MAJOR: 8,
  COMPUTE_CAPABILITY_MINOR: 6,
  STREAM_PRIORITIES_SUPPORTED: 1,
  GLOBAL_L1_CACHE_SUPPORTED: 1,
  LOCAL_L1_CACHE_SUPPORTED: 1,
  MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: 100 * 1024,
  MAX_REGISTERS_PER_MULTIPROCESSOR: 65536,
  MANAGED_MEMORY: 1,
  MULTI_GPU_BOARD: 0,
  HOST_NATIVE_ATOMIC_SUPPORTED: 0,
  SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO: 2,
  PAGEABLE_MEMORY_ACCESS: 0,
  CONCURRENT_MANAGED_ACCESS: 0,
  COMPUTE_PREEMPTION_SUPPORTED: 1,
  CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM: 0,
  COOPERATIVE_LAUNCH: 1,
  MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: SHARED_BYTES_OPTIN,
  VIRTUAL_ADDRESS_MANAGEMENT_SUPPORTED: 1,
  // A worker runs one block at a time; so cooperative launches may have a block for each.
  MAX_BLOCKS_PER_MULTIPROCESSOR: 1,
  RESERVED_SHARED_MEMORY_PER_BLOCK: 1024,
  MEMORY_POOLS_SUPPORTED: 1,
  HOST_REGISTER_SUPPORTED: 1,
  MAXIMUM_TEXTURE1D_WIDTH: 131_072,
  MAXIMUM_TEXTURE2D_WIDTH: 131_072,
  MAXIMUM_TEXTURE2D_HEIGHT: 65_536,
  MAXIMUM_TEXTURE3D_WIDTH: 16_384,
  MAXIMUM_TEXTURE3D_HEIGHT: 16_384,
  MAXIMUM_TEXTURE3D_DEPTH: 16_384,
} as const;

/** How the processor presents itself. `memoryBytes` is what may be allocated. */
export function driverInfo(workers: number, memoryBytes: number): DriverInfo {
  const all = { ...attributes, MULTIPROCESSOR_COUNT: Math.max(1, workers) };
  return {
    name: "cpu",
    driverVersion: 13000,
    devices: [
      {
        name: "Decant CPU",
        uuid: Uint8Array.from("decant-cpu-00000", (letter) => letter.charCodeAt(0)),
        totalMem: memoryBytes,
        attributes: Object.entries(all).map(([name, value]) => ({ attribute: DEVICE_ATTRIBUTE[name as keyof typeof all], value })),
        arena: {
          base: ARENA_TAG * SLOT_BYTES,
          stride: SLOT_BYTES,
          slots: ARENA_SLOTS,
          start: MEMORY_MAP.allocations,
          end: MEMORY_MAP.variables,
          // As textures want their memory aligned.
          granularity: 512,
        },
      },
    ],
  };
}

export function defaultMemoryBytes(): number {
  return Math.min(MEMORY_MAP.variables - MEMORY_MAP.allocations, Math.floor(totalmem() / 2 / MIB) * MIB);
}

export function defaultWorkers(): number {
  return availableParallelism();
}
