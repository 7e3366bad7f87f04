import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { FAULT, LAUNCH, WORKER, type CompiledKernel } from "@decant/ptx";
import { alignUp, type ContextMemory } from "./context-memory.ts";
import { LAUNCH_BYTES, MEMORY_MAP, PARAMETER_BYTES, SHARED_BYTES_OPTIN } from "./device.ts";
import type { CpuModule } from "./module.ts";
import type { Failure, Job } from "./pool.ts";

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
/** Instructions of all threads together that take less time than to wake a worker: tens of microseconds. */
const BRIEF_STEPS = 10_000;

/** A launch that runs. */
export interface RunningLaunch {
  readonly request: LaunchRequest;
  readonly job: Job;
}

/**
 * Checks a launch, and writes its records into the memory, where `slot` is its own. Undefined when what the workers need of the memory has
 * no room beside the launches that run.
 */
export function prepareLaunch(
  memory: ContextMemory,
  slot: number,
  textures: number,
  request: LaunchRequest,
  workers: number,
): Job | undefined {
  const { module, grid, block, parameters } = request;
  const kernel = module.compiled.kernels[request.function];
  if (kernel === undefined) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
  const threads = block[0] * block[1] * block[2];
  checkShape(kernel, request, threads);
  const code = module.codeFor(request.function, block[0]);
  const dynamicShared = alignUp(kernel.sharedBytes, 16);
  const shared = request.sharedBytes === 0 ? kernel.sharedBytes : dynamicShared + request.sharedBytes;
  const blocks = grid[0] * grid[1] * grid[2];
  const launch = MEMORY_MAP.launches + slot * LAUNCH_BYTES;
  const parameterBlock = MEMORY_MAP.parameters + slot * PARAMETER_BYTES;
  const records = writeWorkerRecords(memory, slot, launch, kernel, code.frameBytes, shared, threads, workers);
  const needed = request.isCooperative ? blocks : 1;
  if (records.length < needed) {
    memory.scratch.release(slot);
    if (memory.scratch.isShared && needed <= Math.max(1, workers)) return undefined;
    throw noRoom(kernel, request, records.length);
  }
  const { view } = memory;
  const workspace = request.isCooperative ? BigInt(memory.base + memory.useGridWorkspace(slot)) : 0n;
  view.setBigUint64(launch + LAUNCH.gridWorkspace, workspace, true);
  view.setBigUint64(launch + LAUNCH.nextBlock, 0n, true);
  if (module.allocates) memory.useHeap();
  if (module.prints) memory.useOutput();
  const table = memory.writeTable(slot);
  const fields: [number, number][] = [
    [LAUNCH.threads, threads],
    [LAUNCH.sharedBytes, shared],
    [LAUNCH.parameters, parameterBlock],
    [LAUNCH.parameterBytes, kernel.parameterBytes],
    [LAUNCH.allocations, table.at],
    [LAUNCH.allocationCount, table.count],
    [LAUNCH.dynamicShared, dynamicShared],
    [LAUNCH.textures, MEMORY_MAP.textures],
    [LAUNCH.textureCount, textures],
    [LAUNCH.output, memory.output.at],
    [LAUNCH.outputBytes, memory.output.size],
    [LAUNCH.heap, memory.heap.at],
    [LAUNCH.heapBytes, memory.heap.size],
    [LAUNCH.longBytes, memory.longBytes],
    [LAUNCH.workers, Math.max(1, workers)],
    [LAUNCH.yielding, 0],
  ];
  for (const axis of [0, 1, 2] as const) fields.push([LAUNCH.gridDim + 4 * axis, grid[axis]], [LAUNCH.blockDim + 4 * axis, block[axis]]);
  for (const [offset, value] of fields) view.setUint32(launch + offset, value, true);
  memory.bytes.set(parameters, parameterBlock);
  return {
    launch,
    isCooperative: request.isCooperative,
    isBrief: !request.isCooperative && !module.allocates && !module.prints && kernel.steps * threads * blocks <= BRIEF_STEPS,
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

function noRoom(kernel: CompiledKernel, { isCooperative }: LaunchRequest, blocks: number): CudaError {
  return isCooperative
    ? new CudaError(CUDA_ERROR.COOPERATIVE_LAUNCH_TOO_LARGE, `'${kernel.name}' has room for ${blocks} blocks at the same time`)
    : new CudaError(CUDA_ERROR.LAUNCH_OUT_OF_RESOURCES, `'${kernel.name}' needs too much memory for a block`);
}

/** Each worker's own memory: the record, then shared memory, thread states, local memory, and frames above it. */
function writeWorkerRecords(
  memory: ContextMemory,
  slot: number,
  launch: number,
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
  const records = memory.scratch.take(slot, size, Math.max(1, workers));
  for (const [worker, record] of records.entries()) {
    for (const [field, value] of [
      [WORKER.launch, launch],
      [WORKER.shared, record + RECORD_BYTES],
      [WORKER.states, record + states],
      [WORKER.local, record + local],
      [WORKER.frames, record + frames],
      [WORKER.faultKind, FAULT.none],
      [WORKER.smid, worker],
    ] as const) {
      memory.view.setUint32(record + field, value, true);
    }
  }
  return records;
}

/** What ended a launch that has failed: a fault of its own, or of one of those that ran beside it in the memory. */
export function launchFailure(memory: ContextMemory, running: Iterable<RunningLaunch>, failures: readonly Failure[]): CudaError {
  const kindOf = (record: number): number => memory.view.getInt32(record + WORKER.faultKind, true);
  for (const { request, job } of running) {
    for (const record of job.records) {
      const kind = kindOf(record);
      if (kind !== FAULT.none && kind !== FAULT.stopped) return faultError(memory, request, record, kind);
    }
  }
  const unexplained = failures.find(({ record }) => kindOf(record) === FAULT.none);
  return new CudaError(CUDA_ERROR.LAUNCH_FAILED, unexplained?.reason ?? "the launch was abandoned");
}

/** A launch that took longer than it may. */
export function launchTimeout(request: LaunchRequest): CudaError {
  return new CudaError(CUDA_ERROR.LAUNCH_TIMEOUT, `kernel '${kernelName(request)}' ran past the time limit`);
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
