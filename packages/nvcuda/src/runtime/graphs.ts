import { type Copy, CUDA_ERROR, CudaError } from "@decant/cuda";
import { api, fn, type Out, out, PVOID, SIZE_T, type Waiting } from "@decant/hook";
import { MEMORY_TYPE, rowsCopy } from "../copy-rows.ts";
import { readHandles } from "../handles.ts";
import { type GuestThread, need } from "../library.ts";
import { CUdeviceptr, CUhandle } from "../types.ts";
import { readCopyParameters } from "./copy-parameters.ts";
import { type DriverFunction, runtimeTopic } from "./forms.ts";
import type { CudaRuntime } from "./runtime.ts";
import { CopyKind, CUDA_ERROR_T } from "./types.ts";

/* Nodes of graphs whose parameters are the runtime's own ("CUDA Runtime API", Graph Management). */

const adding = [
  ["pGraphNode", out(CUhandle)],
  ["graph", CUhandle],
  ["pDependencies", PVOID],
  ["numDependencies", SIZE_T],
] as const;
const linear = [["dst", CUdeviceptr], ["src", CUdeviceptr], ["count", SIZE_T], ["kind", CopyKind]] as const; // prettier-ignore
const node = ["node", CUhandle] as const;
const exec = ["hGraphExec", CUhandle] as const;
const params = ["pNodeParams", PVOID] as const;

export const graphApi = (dll: string) =>
  api(dll, {
    cudaGraphAddKernelNode: fn(CUDA_ERROR_T, ...adding, params),
    cudaGraphKernelNodeGetParams: fn(CUDA_ERROR_T, node, params),
    cudaGraphKernelNodeSetParams: fn(CUDA_ERROR_T, node, params),
    cudaGraphExecKernelNodeSetParams: fn(CUDA_ERROR_T, exec, node, params),
    cudaGraphAddMemcpyNode: fn(CUDA_ERROR_T, ...adding, params),
    cudaGraphAddMemcpyNode1D: fn(CUDA_ERROR_T, ...adding, ...linear),
    cudaGraphMemcpyNodeSetParams: fn(CUDA_ERROR_T, node, params),
    cudaGraphMemcpyNodeSetParams1D: fn(CUDA_ERROR_T, node, ...linear),
    cudaGraphExecMemcpyNodeSetParams: fn(CUDA_ERROR_T, exec, node, params),
    cudaGraphExecMemcpyNodeSetParams1D: fn(CUDA_ERROR_T, exec, node, ...linear),
  });

/** cudaKernelNodeParams and CUDA_KERNEL_NODE_PARAMS of version 1 lie alike; the former has a stand-in where the latter has a CUfunction. */
const KERNEL_PARAMS_BYTES = 56;

type Body = (thread: GuestThread, ...args: unknown[]) => Waiting<void> | undefined;

export const graphs = (runtime: CudaRuntime, dll: string, driver: ReadonlyMap<string, DriverFunction>) => {
  const bodyOf = (name: string) => driver.get(name)!.body as Body;
  /** Calls the driver with the parameters at another place, where they have the CUfunction of the stand-in. */
  function* withFunction(thread: GuestThread, pNodeParams: number, call: (own: number) => Waiting<void> | undefined): Waiting<void> {
    if (pNodeParams === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const { memory, process } = thread;
    const hfunc = yield* runtime.function(thread, Number(memory.u64(pNodeParams)));
    const state = runtime.state(thread);
    const own = (state.scratch ||= process.heap.allocate(KERNEL_PARAMS_BYTES));
    memory.write(own, memory.read(pNodeParams, KERNEL_PARAMS_BYTES));
    memory.setU64(own, BigInt(hfunc));
    const waiting = call(own);
    if (waiting) yield* waiting;
  }
  const slices = (thread: GuestThread, pNodeParams: number): Copy =>
    rowsCopy(runtime.nvcuda, thread, readCopyParameters(runtime, thread, pNodeParams)).copy;
  const bytes = (thread: GuestThread, dst: number, src: number, count: number): Copy => {
    const side = (at: number) => ({ type: MEMORY_TYPE.UNIFIED, at });
    return rowsCopy(runtime.nvcuda, thread, { dst: side(dst), src: side(src), width: count, height: 1, depth: 1 }).copy;
  };
  const addCopy = (
    thread: GuestThread,
    made: Out<number, number | bigint>,
    graph: number,
    dependencies: number,
    count: number,
    copy: Copy,
  ) => {
    need(made);
    made.set(runtime.cuda(thread).cuGraphAddMemcpyNode(graph, readHandles(thread, dependencies, count), copy));
  };

  return runtimeTopic(runtime, "context")(graphApi(dll), {
    *cudaGraphAddKernelNode(thread, ...rest) {
      const [made, graph, dependencies, count, pNodeParams] = rest;
      yield* withFunction(thread, pNodeParams, (own) => bodyOf("cuGraphAddKernelNode")(thread, made, graph, dependencies, count, own));
    },
    cudaGraphKernelNodeGetParams(thread, hNode, pNodeParams) {
      bodyOf("cuGraphKernelNodeGetParams")(thread, hNode, pNodeParams);
      const kernel = Number(thread.memory.u64(pNodeParams));
      thread.memory.setU64(pNodeParams, BigInt(runtime.entryOf(thread, kernel)));
    },
    *cudaGraphKernelNodeSetParams(thread, hNode, pNodeParams) {
      yield* withFunction(thread, pNodeParams, (own) => bodyOf("cuGraphKernelNodeSetParams")(thread, hNode, own));
    },
    *cudaGraphExecKernelNodeSetParams(thread, hGraphExec, hNode, pNodeParams) {
      yield* withFunction(thread, pNodeParams, (own) => bodyOf("cuGraphExecKernelNodeSetParams")(thread, hGraphExec, hNode, own));
    },
    cudaGraphAddMemcpyNode: (thread, made, graph, dependencies, count, pNodeParams) =>
      addCopy(thread, made, graph, dependencies, count, slices(thread, pNodeParams)),
    cudaGraphAddMemcpyNode1D: (thread, made, graph, dependencies, count, dst, src, size) =>
      addCopy(thread, made, graph, dependencies, count, bytes(thread, dst, src, size)),
    cudaGraphMemcpyNodeSetParams: (thread, hNode, pNodeParams) =>
      runtime.cuda(thread).cuGraphMemcpyNodeSetParams(hNode, slices(thread, pNodeParams)),
    cudaGraphMemcpyNodeSetParams1D: (thread, hNode, dst, src, size) =>
      runtime.cuda(thread).cuGraphMemcpyNodeSetParams(hNode, bytes(thread, dst, src, size)),
    cudaGraphExecMemcpyNodeSetParams: (thread, hGraphExec, hNode, pNodeParams) =>
      runtime.cuda(thread).cuGraphExecMemcpyNodeSetParams(hGraphExec, hNode, slices(thread, pNodeParams)),
    cudaGraphExecMemcpyNodeSetParams1D: (thread, hGraphExec, hNode, dst, src, size) =>
      runtime.cuda(thread).cuGraphExecMemcpyNodeSetParams(hGraphExec, hNode, bytes(thread, dst, src, size)),
  });
};
