import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { ABORT_WORD, FAULT, LAUNCH, NEXT_BLOCK, WORKER, type CompiledKernel } from "@decant/ptx";
import { alignUp, type ContextMemory } from "./context-memory.ts";
import { DEVICE_HEAP_BYTES, MEMORY_MAP, PRINTF_FIFO_BYTES, SHARED_BYTES_OPTIN } from "./device.ts";
import type { CpuModule } from "./module.ts";
import type { Job } from "./pool.ts";
import type { FromWorker } from "./worker-main.ts";

/** A launch as it was asked for. */
export interface LaunchRequest {
  readonly module: CpuModule;
  readonly function: number;
  readonly grid: readonly [number, number, number];
  readonly block: readonly [number, number, number];
  readonly sharedBytes: number;
  readonly parameters: Uint8Array;
  /** All blocks at the same time. */
  readonly isCooperative: boolean;
}

/** Blocks that a worker takes at a time: few calls, but enough for the engine to change to better code between them. */
const MAX_CHUNK = 64;
const RECORD_BYTES = 8192;

/** Checks a launch, and writes its records into the memory. Nothing else may run in the memory. */
export function prepareLaunch(memory: ContextMemory, textures: number, request: LaunchRequest, workers: number): Job {
  const { module, grid, block, parameters } = request;
  const kernel = module.compiled.kernels[request.function];
  if (kernel === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
  const threads = block[0] * block[1] * block[2];
  checkShape(kernel, request, threads);
  const code = module.codeFor(request.function, block[0]);
  const dynamicShared = alignUp(kernel.sharedBytes, 16);
  const shared = request.sharedBytes === 0 ? kernel.sharedBytes : dynamicShared + request.sharedBytes;
  const { view } = memory;
  const put = (address: number, value: number): void => view.setUint32(address, value, true);
  if (request.isCooperative) memory.useGridWorkspace();
  view.setBigUint64(
    MEMORY_MAP.launch + LAUNCH.gridWorkspace,
    request.isCooperative ? BigInt(memory.base + MEMORY_MAP.gridWorkspace) : 0n,
    true,
  );
  const fields: [number, number][] = [
    [LAUNCH.threads, threads],
    [LAUNCH.sharedBytes, shared],
    [LAUNCH.parameters, MEMORY_MAP.parameters],
    [LAUNCH.parameterBytes, kernel.parameterBytes],
    [LAUNCH.allocations, MEMORY_MAP.allocationTable],
    [LAUNCH.allocationCount, memory.writeTable()],
    [LAUNCH.dynamicShared, dynamicShared],
    [LAUNCH.textures, MEMORY_MAP.textures],
    [LAUNCH.textureCount, textures],
    [LAUNCH.output, MEMORY_MAP.output],
    [LAUNCH.outputBytes, PRINTF_FIFO_BYTES],
    [LAUNCH.heap, MEMORY_MAP.heap],
    [LAUNCH.heapBytes, DEVICE_HEAP_BYTES],
    [LAUNCH.workers, Math.max(1, workers)],
  ];
  for (const [offset, value] of fields) put(MEMORY_MAP.launch + offset, value);
  for (const axis of [0, 1, 2] as const) {
    put(MEMORY_MAP.launch + LAUNCH.gridDim + 4 * axis, grid[axis]);
    put(MEMORY_MAP.launch + LAUNCH.blockDim + 4 * axis, block[axis]);
  }
  memory.bytes.set(parameters, MEMORY_MAP.parameters);
  put(ABORT_WORD, 0);
  view.setBigUint64(NEXT_BLOCK, 0n, true);
  const blocks = grid[0] * grid[1] * grid[2];
  const records = writeWorkerRecords(memory, kernel, code.frameBytes, shared, threads, workers);
  if (request.isCooperative && records.length < blocks)
    throw new CudaError(CUDA_ERROR.COOPERATIVE_LAUNCH_TOO_LARGE, `'${kernel.name}' has room for ${records.length} blocks at the same time`);
  return {
    memory: memory.id,
    object: memory.wasm,
    words: memory.words,
    module: code.id,
    code: code.code,
    window: BigInt(memory.base),
    symbols: BigInt(memory.base + module.symbols),
    phases: code.phases,
    run: code.run,
    frameBytes: code.frameBytes,
    lanes: code.lanes,
    blocks,
    chunk: request.isCooperative ? 1 : Math.max(1, Math.min(MAX_CHUNK, Math.ceil(blocks / (Math.max(1, workers) * 8)))),
    records,
  };
}

function checkShape(kernel: CompiledKernel, request: LaunchRequest, threads: number): void {
  const { requiredBlock } = kernel;
  if (threads > kernel.maxThreads)
    throw new CudaError(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES, `'${kernel.name}' takes at most ${kernel.maxThreads} threads a block`);
  if (requiredBlock !== undefined && request.block.some((size, axis) => size !== (requiredBlock[axis] ?? 1))) {
    throw new CudaError(CUDA_ERROR.INVALID_VALUE, `'${kernel.name}' needs blocks of ${requiredBlock.join(" x ")} threads`);
  }
  if (kernel.sharedBytes > SHARED_BYTES_OPTIN || request.sharedBytes > (request.module.maxDynamicShared[request.function] ?? 0)) {
    throw new CudaError(CUDA_ERROR.INVALID_VALUE, `'${kernel.name}' asks for more shared memory than a block has`);
  }
}

/** Each worker's own memory: the record, then shared memory, thread states, local memory, and frames above it. */
function writeWorkerRecords(
  memory: ContextMemory,
  kernel: CompiledKernel,
  frameBytes: number,
  shared: number,
  threads: number,
  workers: number,
): number[] {
  const states = RECORD_BYTES + alignUp(shared, 16);
  const local = states + alignUp(threads * 4, 16);
  const frames = local + threads * kernel.localBytes;
  const size = alignUp(frames + alignUp(threads, 32) * frameBytes, 4096);
  const room = Math.floor((MEMORY_MAP.end - MEMORY_MAP.scratch) / size);
  if (room < 1) throw new CudaError(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES, `'${kernel.name}' needs ${size} bytes of memory for a block`);
  const records: number[] = [];
  for (let worker = 0; worker < Math.min(room, Math.max(1, workers)); worker++) {
    const record = MEMORY_MAP.scratch + worker * size;
    for (const [field, value] of [
      [WORKER.launch, MEMORY_MAP.launch],
      [WORKER.shared, record + RECORD_BYTES],
      [WORKER.states, record + states],
      [WORKER.local, record + local],
      [WORKER.frames, record + frames],
      [WORKER.faultKind, FAULT.none],
      [WORKER.smid, worker],
    ] as const) {
      memory.view.setUint32(record + field, value, true);
    }
    records.push(record);
  }
  memory.useScratch(MEMORY_MAP.scratch + records.length * size);
  return records;
}

/** What ended a launch, or undefined when all of it has run. */
export function launchFailure(
  memory: ContextMemory,
  request: LaunchRequest,
  job: Job,
  results: readonly FromWorker[],
  timedOut: boolean,
): CudaError | undefined {
  const { view } = memory;
  let unexplained: string | undefined;
  for (const [index, { failed }] of results.entries()) {
    if (failed === undefined) continue;
    const record = job.records[index] ?? 0;
    const kind = view.getInt32(record + WORKER.faultKind, true);
    if (kind === FAULT.stopped) continue;
    if (kind === FAULT.none) unexplained ??= failed;
    else return faultError(memory, request, record, kind);
  }
  if (unexplained !== undefined) return new CudaError(CUDA_ERROR.LAUNCH_FAILED, unexplained);
  if (timedOut) return new CudaError(CUDA_ERROR.LAUNCH_TIMEOUT, `kernel '${kernelName(request)}' ran past the time limit`);
  return results.some(({ failed }) => failed !== undefined)
    ? new CudaError(CUDA_ERROR.LAUNCH_FAILED, "the launch was abandoned")
    : undefined;
}

function faultError(memory: ContextMemory, request: LaunchRequest, record: number, kind: number): CudaError {
  const { view } = memory;
  const { module, block } = request;
  const thread = view.getUint32(record + WORKER.faultThread, true);
  const blockIndex = [0, 4, 8].map((offset) => view.getUint32(record + WORKER.blockIndex + offset, true));
  const [bx, by] = block;
  const threadIndex = [thread % bx, Math.floor(thread / bx) % by, Math.floor(thread / bx / by)];
  const inBlock = `block (${blockIndex.join(", ")})`;
  if (kind === FAULT.deadlock) {
    return new CudaError(
      CUDA_ERROR.LAUNCH_TIMEOUT,
      `kernel '${kernelName(request)}', ${inBlock}: threads wait for each other at different barriers`,
    );
  }
  const site = module.codeFor(request.function, block[0]).sites[view.getUint32(record + WORKER.faultSite, true)];
  const source = site?.source === undefined ? "" : ` (${module.fileName(site.source.file)}:${site.source.line})`;
  const where = `kernel '${kernelName(request)}', ptx line ${site?.line ?? 0}${source} '${site?.instruction ?? ""}', ${inBlock}, thread (${threadIndex.join(", ")})`;
  if (kind === FAULT.trap) return new CudaError(CUDA_ERROR.LAUNCH_FAILED, `${where}: trap`);
  if (kind === FAULT.invalidPc) return new CudaError(CUDA_ERROR.INVALID_PC, `${where}: a call through a pointer that is no function's`);
  if (kind === FAULT.stackOverflow) return new CudaError(CUDA_ERROR.HARDWARE_STACK_ERROR, `${where}: the thread's stack is full`);
  if (kind === FAULT.assert) return new CudaError(CUDA_ERROR.ASSERT, where);
  const address = view.getBigUint64(record + WORKER.faultAddress, true);
  const text = `${where}: address 0x${address.toString(16)}`;
  if (kind === FAULT.misalignedAddress) return new CudaError(CUDA_ERROR.MISALIGNED_ADDRESS, `${text} is not aligned`);
  return new CudaError(CUDA_ERROR.ILLEGAL_ADDRESS, `${text} is outside of every allocation${nearestText(memory, address)}`);
}

function nearestText(memory: ContextMemory, address: bigint): string {
  const offset = Number(address - BigInt(memory.base));
  const nearest = offset >= 0 && offset < 2 ** 32 ? memory.nearest(offset) : undefined;
  if (nearest === undefined) return "";
  return `; the nearest one is 0x${(memory.base + nearest.offset).toString(16)}, ${nearest.size} bytes`;
}

function kernelName({ module, function: index }: LaunchRequest): string {
  return module.compiled.kernels[index]?.name ?? "";
}
