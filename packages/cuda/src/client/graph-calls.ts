import type { LaunchShape } from "../launch.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import type { Copy } from "./copy.ts";
import { checkCopy } from "./memory-calls.ts";
import { type HostFunction, hostWork } from "./host-calls.ts";
import { Graph, GraphExec, GraphNode, link, NODE_TYPE, type NodeWork, UPDATE } from "./graph.ts";
import { type KernelArgument, kernelWork } from "./launch-calls.ts";
import { Event } from "./objects.ts";
import type { CudaThread } from "./thread.ts";
import type { HostWork, MemsetWork, Work } from "./work.ts";

/** A kernel node: CUDA_KERNEL_NODE_PARAMS. */
export interface KernelNodeParams extends LaunchShape {
  readonly func: number;
  readonly kernelParams: readonly KernelArgument[] | Uint8Array;
}

/** A memset node: CUDA_MEMSET_NODE_PARAMS. */
export type MemsetParams = Omit<MemsetWork, "kind">;

/** CU_GRAPH_USER_OBJECT and device launches are not offered: of CUgraphInstantiate_flags, AUTO_FREE_ON_LAUNCH, UPLOAD and USE_NODE_PRIORITY are taken. */
const INSTANTIATE_FLAGS = 1 | 2 | 8;

export function cuGraphCreate(thread: CudaThread, flags = 0): number {
  if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return thread.client.register(new Graph(thread.client.handle())).handle;
}

/** Destroys a graph and its nodes; what was instantiated from it lives on. */
export function cuGraphDestroy(thread: CudaThread, hGraph: number): void {
  const graph = thread.client.object(hGraph, Graph);
  if (graph.isChild) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  graph.destroy(thread.client);
}

export function cuGraphClone(thread: CudaThread, originalGraph: number): number {
  const { client } = thread;
  const { graph, copies } = client.object(originalGraph, Graph).clone(client);
  client.clones.set(graph, copies);
  return graph.handle;
}

/** The node of a clone that stands for a node of its original. */
export function cuGraphNodeFindInClone(thread: CudaThread, hOriginalNode: number, hClonedGraph: number): number {
  const { client } = thread;
  const copies = client.clones.get(client.object(hClonedGraph, Graph));
  const found = copies?.get(client.object(hOriginalNode, GraphNode));
  if (!found) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return found.handle;
}

export function cuGraphAddKernelNode(
  thread: CudaThread,
  hGraph: number,
  dependencies: readonly number[],
  params: KernelNodeParams,
): number {
  return add(thread, hGraph, dependencies, kernelOf(thread, params));
}

export function cuGraphAddMemcpyNode(thread: CudaThread, hGraph: number, dependencies: readonly number[], copy: Copy): number {
  return add(thread, hGraph, dependencies, copyOf(thread, copy));
}

export function cuGraphAddMemsetNode(thread: CudaThread, hGraph: number, dependencies: readonly number[], params: MemsetParams): number {
  return add(thread, hGraph, dependencies, memsetOf(thread, params));
}

export function cuGraphAddHostNode(
  thread: CudaThread,
  hGraph: number,
  dependencies: readonly number[],
  fn: HostFunction,
  known?: Pick<HostWork, "fn" | "userData">,
): number {
  return add(thread, hGraph, dependencies, hostWork(fn, known));
}

export function cuGraphAddEmptyNode(thread: CudaThread, hGraph: number, dependencies: readonly number[]): number {
  return add(thread, hGraph, dependencies, { kind: "empty" });
}

/** Adds a copy of a graph as a node. */
export function cuGraphAddChildGraphNode(thread: CudaThread, hGraph: number, dependencies: readonly number[], childGraph: number): number {
  const graph = thread.client.object(childGraph, Graph);
  if (graph === thread.client.object(hGraph, Graph)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return add(thread, hGraph, dependencies, { kind: "graph", graph });
}

export function cuGraphAddEventRecordNode(thread: CudaThread, hGraph: number, dependencies: readonly number[], event: number): number {
  return add(thread, hGraph, dependencies, { kind: "record", event: thread.client.object(event, Event) });
}

export function cuGraphAddEventWaitNode(thread: CudaThread, hGraph: number, dependencies: readonly number[], event: number): number {
  return add(thread, hGraph, dependencies, { kind: "wait", event: thread.client.object(event, Event) });
}

export function cuGraphDestroyNode(thread: CudaThread, hNode: number): void {
  const node = thread.client.object(hNode, GraphNode);
  node.graph.remove(thread.client, node);
}

/** A CUgraphNodeType. */
export function cuGraphNodeGetType(thread: CudaThread, hNode: number): number {
  return NODE_TYPE[thread.client.object(hNode, GraphNode).work.kind];
}

export function cuGraphGetNodes(thread: CudaThread, hGraph: number): number[] {
  return [...thread.client.object(hGraph, Graph).nodes].map(({ handle }) => handle);
}

export function cuGraphGetRootNodes(thread: CudaThread, hGraph: number): number[] {
  return [...thread.client.object(hGraph, Graph).nodes].filter(({ dependencies }) => dependencies.size === 0).map(({ handle }) => handle);
}

/** The edges, as pairs of nodes: what comes first, and what depends on it. */
export function cuGraphGetEdges(thread: CudaThread, hGraph: number): [from: number, to: number][] {
  return [...thread.client.object(hGraph, Graph).nodes].flatMap((node) =>
    [...node.dependencies].map((from): [number, number] => [from.handle, node.handle]),
  );
}

export function cuGraphNodeGetDependencies(thread: CudaThread, hNode: number): number[] {
  return [...thread.client.object(hNode, GraphNode).dependencies].map(({ handle }) => handle);
}

export function cuGraphNodeGetDependentNodes(thread: CudaThread, hNode: number): number[] {
  return [...thread.client.object(hNode, GraphNode).dependents].map(({ handle }) => handle);
}

/** Makes each node of `to` depend on the one of `from` in the same place. */
export function cuGraphAddDependencies(thread: CudaThread, hGraph: number, from: readonly number[], to: readonly number[]): void {
  for (const [first, second] of pairs(thread, hGraph, from, to)) {
    if (first === second || second.dependencies.has(first)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    link(first, second);
  }
}

export function cuGraphRemoveDependencies(thread: CudaThread, hGraph: number, from: readonly number[], to: readonly number[]): void {
  for (const [first, second] of pairs(thread, hGraph, from, to)) {
    if (!second.dependencies.delete(first)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    first.dependents.delete(second);
  }
}

/** The graph in a child graph node: changing it changes the node. */
export function cuGraphChildGraphNodeGetGraph(thread: CudaThread, hNode: number): number {
  const { work } = thread.client.object(hNode, GraphNode);
  if (work.kind !== "graph") throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return work.graph.handle;
}

/** The work of a node of one kind; fails with CUDA_ERROR_INVALID_VALUE for another's. */
export function nodeWork<K extends Work["kind"]>(thread: CudaThread, hNode: number, kind: K): Extract<Work, { kind: K }> {
  const { work } = thread.client.object(hNode, GraphNode);
  if (work.kind !== kind) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return work as Extract<Work, { kind: K }>; // the kind says which
}

export function cuGraphKernelNodeSetParams(thread: CudaThread, hNode: number, params: KernelNodeParams): void {
  replace(thread, hNode, kernelOf(thread, params));
}

export function cuGraphMemcpyNodeSetParams(thread: CudaThread, hNode: number, copy: Copy): void {
  replace(thread, hNode, copyOf(thread, copy));
}

export function cuGraphMemsetNodeSetParams(thread: CudaThread, hNode: number, params: MemsetParams): void {
  replace(thread, hNode, memsetOf(thread, params));
}

export function cuGraphHostNodeSetParams(
  thread: CudaThread,
  hNode: number,
  fn: HostFunction,
  known?: Pick<HostWork, "fn" | "userData">,
): void {
  replace(thread, hNode, hostWork(fn, known));
}

/** Makes a graph ready to run. Fails with CUDA_ERROR_INVALID_VALUE for one with a cycle. */
export function cuGraphInstantiate(thread: CudaThread, hGraph: number, flags = 0): number {
  if (flags & ~INSTANTIATE_FLAGS) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, "graphs that are launched by the device");
  const graph = thread.client.object(hGraph, Graph);
  return thread.client.register(new GraphExec(thread.client.handle(), graph, flags)).handle;
}

/** Runs a graph once, after what was posted to the stream before. In a capture it becomes the nodes that it has. */
export function cuGraphLaunch(thread: CudaThread, hGraphExec: number, hStream: number): void {
  const exec = thread.client.object(hGraphExec, GraphExec);
  const stream = thread.stream(hStream);
  const { capture } = stream;
  if (!capture) exec.launch(thread.client, stream);
  else for (const { work, isEnabled } of exec.nodes.values()) if (work && isEnabled) capture.add(stream, work);
}

/** Nothing is to be uploaded: a launch sends what it needs. */
export function cuGraphUpload(thread: CudaThread, hGraphExec: number, hStream: number): void {
  thread.client.object(hGraphExec, GraphExec);
  thread.stream(hStream);
}

export function cuGraphExecDestroy(thread: CudaThread, hGraphExec: number): void {
  thread.client.forget(thread.client.object(hGraphExec, GraphExec));
}

export function cuGraphExecGetFlags(thread: CudaThread, hGraphExec: number): number {
  return thread.client.object(hGraphExec, GraphExec).flags;
}

/** Takes a graph's parameters over. `result` is a CUgraphExecUpdateResult; where it is not 0 the call has failed with GRAPH_EXEC_UPDATE_FAILURE, and changed nothing. */
export function cuGraphExecUpdate(thread: CudaThread, hGraphExec: number, hGraph: number): { result: number; errorNode: number } {
  const { client } = thread;
  const { result, errorNode } = client.object(hGraphExec, GraphExec).update(client.object(hGraph, Graph));
  return { result, errorNode: errorNode?.handle ?? 0 };
}

/** True when `cuGraphExecUpdate` has taken the graph over. */
export const isUpdated = (result: number): boolean => result === UPDATE.SUCCESS;

export function cuGraphExecKernelNodeSetParams(thread: CudaThread, hGraphExec: number, hNode: number, params: KernelNodeParams): void {
  setInExec(thread, hGraphExec, hNode, kernelOf(thread, params));
}

export function cuGraphExecMemcpyNodeSetParams(thread: CudaThread, hGraphExec: number, hNode: number, copy: Copy): void {
  setInExec(thread, hGraphExec, hNode, copyOf(thread, copy));
}

export function cuGraphExecMemsetNodeSetParams(thread: CudaThread, hGraphExec: number, hNode: number, params: MemsetParams): void {
  setInExec(thread, hGraphExec, hNode, memsetOf(thread, params));
}

export function cuGraphExecHostNodeSetParams(
  thread: CudaThread,
  hGraphExec: number,
  hNode: number,
  fn: HostFunction,
  known?: Pick<HostWork, "fn" | "userData">,
): void {
  setInExec(thread, hGraphExec, hNode, hostWork(fn, known));
}

/** Lets launches leave a node out: kernels, copies and sets only. */
export function cuGraphNodeSetEnabled(thread: CudaThread, hGraphExec: number, hNode: number, isEnabled: boolean): void {
  execNode(thread, hGraphExec, hNode).isEnabled = isEnabled;
}

export function cuGraphNodeGetEnabled(thread: CudaThread, hGraphExec: number, hNode: number): boolean {
  return execNode(thread, hGraphExec, hNode).isEnabled;
}

function execNode(thread: CudaThread, hGraphExec: number, hNode: number): { isEnabled: boolean } {
  const node = thread.client.object(hGraphExec, GraphExec).nodes.get(thread.client.object(hNode, GraphNode));
  if (!node?.work || !["kernel", "copy", "memset"].includes(node.work.kind)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return node;
}

function setInExec(thread: CudaThread, hGraphExec: number, hNode: number, work: Work): void {
  thread.client.object(hGraphExec, GraphExec).set(thread.client.object(hNode, GraphNode), work);
}

function add(thread: CudaThread, hGraph: number, dependencies: readonly number[], work: NodeWork): number {
  const { client } = thread;
  const nodes = dependencies.map((handle) => client.object(handle, GraphNode));
  return client.object(hGraph, Graph).add(client, work, nodes).handle;
}

function replace(thread: CudaThread, hNode: number, work: Work): void {
  const node = thread.client.object(hNode, GraphNode);
  if (node.work.kind !== work.kind) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  node.work = work;
}

function kernelOf(thread: CudaThread, { func, kernelParams, ...shape }: KernelNodeParams): Work {
  return kernelWork(thread.client, thread.context(), func, shape, kernelParams);
}

function copyOf(thread: CudaThread, copy: Copy): Work {
  checkCopy(thread.client, thread.context(), copy);
  return { kind: "copy", copy };
}

function memsetOf(thread: CudaThread, params: MemsetParams): Work {
  const { dst, pitch, elementSize, width, height } = params;
  const row = width * elementSize;
  const isValid = [1, 2, 4].includes(elementSize) && dst % elementSize === 0 && (height <= 1 || pitch >= row);
  if (!isValid || thread.client.contextOf(dst, Math.max(0, height - 1) * pitch + row) !== thread.context())
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return { kind: "memset", ...params };
}

function pairs(thread: CudaThread, hGraph: number, from: readonly number[], to: readonly number[]): [GraphNode, GraphNode][] {
  const graph = thread.client.object(hGraph, Graph);
  return from.map((handle, index) => {
    const pair: [GraphNode, GraphNode] = [thread.client.object(handle, GraphNode), thread.client.object(to[index] ?? 0, GraphNode)];
    if (pair.some((node) => node.graph !== graph)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    return pair;
  });
}
