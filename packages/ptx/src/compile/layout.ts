/**
 * The memory that a compiled kernel and the driver that runs it share. All addresses are byte addresses in the
 * context's WebAssembly memory; all fields are 32 bits wide unless they say otherwise.
 *
 * A generic 64-bit device pointer is `tag << 32 | address in the memory`, for every state space, so that a pointer of
 * another context, or a small wild one, never passes for an address here.
 */
export const LAUNCH = {
  gridDim: 0, // x, y, z
  blockDim: 12, // x, y, z
  threads: 24, // in a block
  sharedBytes: 28, // static and dynamic
  parameters: 32, // address of the parameter block, 16-byte aligned
  parameterBytes: 36,
  allocations: 40, // address of the allocation table: pairs of first and end address, ascending, not overlapping
  allocationCount: 44,
  dynamicShared: 48, // offset of dynamic shared memory in the shared window
  gridId: 52,
  output: 56, // what kernels print: see run/services.ts
  outputBytes: 60,
  heap: 64, // what kernels allocate from
  heapBytes: 68,
  workers: 72, // how many workers may take blocks
  textures: 76, // address of the table of texture descriptors: see TEXTURE
  textureCount: 80,
  longBytes: 84, // of a C long among the arguments of vprintf: 4 where the module was made for Windows; 8 else, also where it is 0
  gridWorkspace: 88, // 64 bits: a generic pointer to where the blocks of a cooperative launch meet, or 0
  nextBlock: 96, // 64 bits: workers take ranges of blocks from it
  yielding: 104, // when it is not 0, workers put the launch aside between two blocks: others want their turn
  bytes: 112,
} as const;

/** What one worker owns while it runs blocks. */
export const WORKER = {
  launch: 0,
  shared: 4, // base of the shared window, 16-byte aligned
  local: 8, // base of the local memory of thread 0
  frames: 12, // base of the values that threads keep across barriers
  states: 16, // base of one state word a thread
  blockIndex: 20, // x, y, z of the first block to run
  faultKind: 32,
  faultSite: 36,
  faultThread: 40,
  faultAddress: 48, // 64 bits
  rangeBase: 56, // 64 bits: what `resolve` answers, as a generic pointer
  rangeCount: 64, // 64 bits: how many elements of the asked size the range holds
  smid: 72,
  firstThread: 76, // the threads that the scalar form of a kernel with a vector form runs
  threadEnd: 80,
  split: 84, // 1 when threads of one vector may have come apart in this block: the scalar form goes on
  anyState: 88, // the vector form's: the states of a phase's threads, or'ed
  allStates: 92, // and and'ed
  lanes: 128, // 4 KiB for values on their way between vectors and their lanes
  service: 128 + 4096, // what the thread asks the host for: its number, then eight values of 64 bits, of which the first is also the answer
  barriers: 128 + 4096 + 256, // 32 bytes for each of 16 barriers: see BARRIER
  bytes: 128 + 4096 + 256 + 512,
} as const;

/** What a worker keeps of a barrier of the block: threads that arrived and went on; threads and true predicates of a reduction, as they come, and as it ended. */
export const BARRIER = { arrived: 0, threads: 4, trues: 8, lastThreads: 12, lastTrues: 16, bytes: 32, count: 16 } as const;

/** The word that makes every loop of every kernel in the memory stop, when it is not 0. */
export const ABORT_WORD = 64;

/** The word that is 1 while a thread of any worker exchanges 128 bits, for which WebAssembly has no operation. */
export const WIDE_LOCK_WORD = 128;

/** Why a kernel trapped. 0 with a raised abort word: it was stopped. */
export const FAULT = {
  none: 0,
  illegalAddress: 1,
  misalignedAddress: 2,
  trap: 3,
  assert: 4,
  stopped: 5,
  deadlock: 6,
  invalidPc: 7,
  stackOverflow: 8,
} as const;

/** What the heap begins with, out of reach of kernels: see run/services.ts. */
export const HEAP_HEADER_BYTES = 256;

/** What a kernel asks the host for: see run/services.ts. */
export const SERVICE = { vprintf: 1, assert: 2, malloc: 3, free: 4, texture: 5 } as const;

/**
 * A descriptor of a texture or surface. The driver keeps them in one table, where no allocation of the client lies (kernels could
 * change them otherwise), and names it in the launch record. Handle n (a texture or surface object, from 1 on) is the table's entry
 * n - 1. A .texref, .samplerref or .surfref variable of a module is 64 bits that hold a handle: the driver writes it there when
 * the reference is bound. All fields are 32 bits unless they say otherwise; addresses are offsets in the memory, without a tag.
 */
export const TEXTURE = {
  /** CUarray_format: 1, 2, 3 unsigned and 8, 9, 10 signed integers of 8, 16 and 32 bits, 0x10 half, 0x20 float; 0: the entry is free. */
  format: 0,
  channels: 4, // 1, 2 or 4
  flags: 8, // TEXTURE_FLAG
  layers: 12, // of a layered texture, six for each cube; 0 for others
  address: 16, // of level 0; from here on as in the level table
  width: 20, // in texels
  height: 24, // 0 or 1 where there is none, as for the depth
  depth: 28,
  rowPitch: 32, // in bytes
  slicePitch: 36, // in bytes: from one slice of the depth, or one layer, to the next
  levels: 40, // mipmap levels; 0 or 1 where there is one
  levelTable: 44, // address of six words for each level from 1 on: as those from `address` on
  levelBytes: 24,
  addressModes: 48, // three bytes: 0 wrap, 1 clamp, 2 mirror, 3 border (CUaddress_mode)
  filterMode: 51, // one byte: 0 point, 1 linear
  mipmapFilter: 52, // one byte: 0 point, 1 linear
  levelBias: 56, // float, as the next two
  minLevel: 60,
  maxLevel: 64,
  border: 68, // four floats
  bytes: 96,
} as const;

/** cuda.h's CU_TRSF_ flags, and sRGB. */
export const TEXTURE_FLAG = { readAsInteger: 1, normalizedCoordinates: 2, sRgb: 0x10 } as const;

/** Where a texture or surface instruction leaves its operands in the worker's `service` area, and finds its results. */
export const TEXTURE_CALL = {
  texture: 0, // 64 bits: a handle, or a pointer to one
  sampler: 8, // the same; 0: the texture's own
  operation: 16, // TEXTURE_OPERATION
  geometry: 20, // 1d, 2d, 3d, a1d, a2d, cube, acube; or what is asked for
  integerCoordinates: 24,
  component: 28,
  coordinates: 32, // four words, as the next ones
  offsets: 48,
  gradientX: 64,
  gradientY: 80,
  level: 96,
  elementBytes: 100,
  elementCount: 104,
  clamp: 108, // 0 trap, 1 clamp, 2 zero
  result: 128, // four of 64 bits
} as const;

export const TEXTURE_OPERATION = { base: 0, level: 1, gradient: 2, gather: 3, surfaceLoad: 4, surfaceStore: 5, query: 6 } as const;

/**
 * A thread's state word after a phase: where it goes on (the phase), and what it waits for. A phase function returns the
 * state that all its threads reached, or MIXED.
 */
export const STATE = {
  done: -1,
  /** The third argument of a phase that resumes when all threads of the block are at the place: it need not look for them. */
  all: 0,
  mixed: 0x7fff_ffff,
  phaseMask: 0xfff,
  /** Bits 12 and 13: 0 may run, 1 waits at a barrier of the block, 2 waits for its warp. */
  waitShift: 12,
  barrier: 1,
  warp: 2,
  /** Bits 16 to 19: the barrier. */
  barrierShift: 16,
  /** Bits 20 to 26: how many threads the barrier expects, in warps; 0 for the whole block. */
  countShift: 20,
} as const;

/**
 * A frame is made of slots of 64 bits. In the frame of a thread that waits for its warp, the first ones are: who takes
 * part, whom it asks, what it brings, and what it brought.
 *
 * Where a kernel has a vector form, the frames of as many threads as it has lanes lie interleaved: slot s of lane l is at
 * 8 * lanes * s + 8 * l, or + 4 * l for values of 32 bits (but what is brought is always at 8 * l).
 */
export const WARP_FRAME = { mask: 0, lane: 1, value: 2, latch: 3, slots: 4 } as const;

export const WARP_SIZE = 32;

/** All of it, as one value that can be sent to a worker. */
export const layout = {
  HEAP_HEADER_BYTES,
  TEXTURE,
  TEXTURE_FLAG,
  TEXTURE_CALL,
  TEXTURE_OPERATION,
  BARRIER,
  SERVICE,
  LAUNCH,
  WORKER,
  ABORT_WORD,
  FAULT,
  STATE,
  WARP_FRAME,
  WARP_SIZE,
};
