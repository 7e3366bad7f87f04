import { CUDA_ERROR, CudaError, isUpdated } from "@decant/cuda";
import type { Out } from "@decant/hook";
import { graphApi } from "./graph.api.ts";
import {
  readCopyNode,
  readHostNode,
  readKernelNode,
  readMemsetNode,
  writeHostNode,
  writeKernelNode,
  writeMemsetNode,
} from "./graph-params.ts";
import { giveHandles, readHandles } from "./handles.ts";
import { type GuestThread, implement, need, type Nvcuda } from "./library.ts";

type OutHandle = Out<number, number | bigint>;

/** CUDA_GRAPH_INSTANTIATE_PARAMS. */
const INSTANTIATE = { errorNode: 16, result: 24 } as const;
/** CUgraphExecUpdateResultInfo. */
const UPDATE_INFO = { errorNode: 8, errorFromNode: 16 } as const;
/** CUgraphEdgeData: all zeros for an edge that is a dependency and nothing else. */
const EDGE_BYTES = 8;

export const graph = (nvcuda: Nvcuda) => {
  /** Adds a node by one of the client's calls, and gives its handle. */
  const add = (
    thread: GuestThread,
    phGraphNode: OutHandle,
    dependencies: number,
    count: number,
    make: (cuda: ReturnType<Nvcuda["cuda"]>, dependencies: number[]) => number,
  ): void => {
    const cuda = nvcuda.cuda(thread);
    need(phGraphNode);
    phGraphNode.set(make(cuda, readHandles(thread, dependencies, count)));
  };
  const addKernelNode =
    (version: 1 | 2) => (thread: GuestThread, node: OutHandle, hGraph: number, deps: number, count: number, params: number) =>
      add(thread, node, deps, count, (cuda, list) =>
        cuda.cuGraphAddKernelNode(hGraph, list, readKernelNode(nvcuda, thread, params, version)),
      );
  const setKernelNode = (version: 1 | 2) => (thread: GuestThread, hNode: number, params: number) =>
    nvcuda.cuda(thread).cuGraphKernelNodeSetParams(hNode, readKernelNode(nvcuda, thread, params, version));
  const setKernelNodeInExec = (version: 1 | 2) => (thread: GuestThread, exec: number, hNode: number, params: number) =>
    nvcuda.cuda(thread).cuGraphExecKernelNodeSetParams(exec, hNode, readKernelNode(nvcuda, thread, params, version));
  const showKernelNode = (version: 1 | 2) => (thread: GuestThread, hNode: number, params: number) =>
    writeKernelNode(nvcuda, thread, hNode, params, version);
  /** Edges are plain dependencies: what a program is told of them, and may say. */
  const plainEdges = (thread: GuestThread, edgeData: number, count: number): void => {
    if (edgeData === 0) return;
    if (thread.memory.read(edgeData, EDGE_BYTES * count).some((byte) => byte !== 0)) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
  };
  const giveEdgeData = (thread: GuestThread, edgeData: number, count: number): void => {
    if (edgeData !== 0) thread.memory.write(edgeData, new Uint8Array(EDGE_BYTES * count));
  };
  const giveEdges = (thread: GuestThread, hGraph: number, from: number, to: number, numEdges: OutHandle): number => {
    const edges = nvcuda.cuda(thread).cuGraphGetEdges(hGraph);
    const asked = numEdges.isNull ? 0 : numEdges.get();
    giveHandles(
      thread,
      from,
      numEdges,
      edges.map(([first]) => first),
    );
    if (from !== 0) numEdges.set(asked);
    giveHandles(
      thread,
      to,
      numEdges,
      edges.map(([, second]) => second),
    );
    return from === 0 ? 0 : Math.min(asked, edges.length);
  };
  const askNode = (which: "cuGraphNodeGetDependencies" | "cuGraphNodeGetDependentNodes") => ({
    plain: (thread: GuestThread, hNode: number, nodes: number, count: OutHandle) =>
      giveHandles(thread, nodes, count, nvcuda.cuda(thread)[which](hNode)),
    withData(thread: GuestThread, hNode: number, nodes: number, edgeData: number, count: OutHandle) {
      giveHandles(thread, nodes, count, nvcuda.cuda(thread)[which](hNode));
      if (nodes !== 0) giveEdgeData(thread, edgeData, count.get());
    },
  });
  const [before, after] = [askNode("cuGraphNodeGetDependencies"), askNode("cuGraphNodeGetDependentNodes")];
  const joinEdges = (which: "cuGraphAddDependencies" | "cuGraphRemoveDependencies") => ({
    plain: (thread: GuestThread, hGraph: number, from: number, to: number, count: number) =>
      nvcuda.cuda(thread)[which](hGraph, readHandles(thread, from, count), readHandles(thread, to, count)),
    withData(thread: GuestThread, hGraph: number, from: number, to: number, edgeData: number, count: number) {
      const [first, second] = [readHandles(thread, from, count), readHandles(thread, to, count)];
      plainEdges(thread, edgeData, count);
      nvcuda.cuda(thread)[which](hGraph, first, second);
    },
  });
  const [adding, removing] = [joinEdges("cuGraphAddDependencies"), joinEdges("cuGraphRemoveDependencies")];
  const instantiate = (thread: GuestThread, phGraphExec: OutHandle, hGraph: number, flags: number): void => {
    const cuda = nvcuda.cuda(thread);
    need(phGraphExec);
    phGraphExec.set(cuda.cuGraphInstantiate(hGraph, flags));
  };
  const update = (thread: GuestThread, exec: number, hGraph: number, tell: (result: number, errorNode: number) => void): void => {
    const { result, errorNode } = nvcuda.cuda(thread).cuGraphExecUpdate(exec, hGraph);
    tell(result, errorNode);
    if (!isUpdated(result)) throw new CudaError(CUDA_ERROR.GRAPH_EXEC_UPDATE_FAILURE);
  };

  return implement(graphApi, {
    cuGraphCreate(thread, phGraph, flags) {
      const cuda = nvcuda.cuda(thread);
      need(phGraph);
      phGraph.set(cuda.cuGraphCreate(flags));
    },
    cuGraphDestroy: (thread, hGraph) => nvcuda.cuda(thread).cuGraphDestroy(hGraph),
    cuGraphClone(thread, phGraphClone, originalGraph) {
      const cuda = nvcuda.cuda(thread);
      need(phGraphClone);
      phGraphClone.set(cuda.cuGraphClone(originalGraph));
    },
    cuGraphNodeFindInClone(thread, phNode, hOriginalNode, hClonedGraph) {
      phNode.set(nvcuda.cuda(thread).cuGraphNodeFindInClone(hOriginalNode, hClonedGraph));
    },
    cuGraphAddKernelNode: addKernelNode(1),
    cuGraphAddKernelNode_v2: addKernelNode(2),
    cuGraphAddMemcpyNode: (thread, node, hGraph, deps, count, params) =>
      add(thread, node, deps, count, (cuda, list) => cuda.cuGraphAddMemcpyNode(hGraph, list, readCopyNode(nvcuda, thread, params))),
    cuGraphAddMemsetNode: (thread, node, hGraph, deps, count, params) =>
      add(thread, node, deps, count, (cuda, list) => cuda.cuGraphAddMemsetNode(hGraph, list, readMemsetNode(thread, params))),
    cuGraphAddHostNode: (thread, node, hGraph, deps, count, params) =>
      add(thread, node, deps, count, (cuda, list) => cuda.cuGraphAddHostNode(hGraph, list, ...readHostNode(nvcuda, thread, params))),
    cuGraphAddEmptyNode: (thread, node, hGraph, deps, count) =>
      add(thread, node, deps, count, (cuda, list) => cuda.cuGraphAddEmptyNode(hGraph, list)),
    cuGraphAddChildGraphNode: (thread, node, hGraph, deps, count, childGraph) =>
      add(thread, node, deps, count, (cuda, list) => cuda.cuGraphAddChildGraphNode(hGraph, list, childGraph)),
    cuGraphAddEventRecordNode: (thread, node, hGraph, deps, count, event) =>
      add(thread, node, deps, count, (cuda, list) => cuda.cuGraphAddEventRecordNode(hGraph, list, event)),
    cuGraphAddEventWaitNode: (thread, node, hGraph, deps, count, event) =>
      add(thread, node, deps, count, (cuda, list) => cuda.cuGraphAddEventWaitNode(hGraph, list, event)),
    cuGraphDestroyNode: (thread, hNode) => nvcuda.cuda(thread).cuGraphDestroyNode(hNode),
    cuGraphNodeGetType: (thread, hNode, type) => type.set(nvcuda.cuda(thread).cuGraphNodeGetType(hNode)),
    cuGraphGetNodes: (thread, hGraph, nodes, count) => giveHandles(thread, nodes, count, nvcuda.cuda(thread).cuGraphGetNodes(hGraph)),
    cuGraphGetRootNodes: (thread, hGraph, nodes, count) =>
      giveHandles(thread, nodes, count, nvcuda.cuda(thread).cuGraphGetRootNodes(hGraph)),
    cuGraphGetEdges: (thread, hGraph, from, to, numEdges) => void giveEdges(thread, hGraph, from, to, numEdges),
    cuGraphGetEdges_v2: (thread, hGraph, from, to, edgeData, numEdges) =>
      giveEdgeData(thread, edgeData, giveEdges(thread, hGraph, from, to, numEdges)),
    cuGraphNodeGetDependencies: before.plain,
    cuGraphNodeGetDependencies_v2: before.withData,
    cuGraphNodeGetDependentNodes: after.plain,
    cuGraphNodeGetDependentNodes_v2: after.withData,
    cuGraphAddDependencies: adding.plain,
    cuGraphAddDependencies_v2: adding.withData,
    cuGraphRemoveDependencies: removing.plain,
    cuGraphRemoveDependencies_v2: removing.withData,
    cuGraphChildGraphNodeGetGraph: (thread, hNode, phGraph) => phGraph.set(nvcuda.cuda(thread).cuGraphChildGraphNodeGetGraph(hNode)),
    cuGraphKernelNodeGetParams: showKernelNode(1),
    cuGraphKernelNodeGetParams_v2: showKernelNode(2),
    cuGraphKernelNodeSetParams: setKernelNode(1),
    cuGraphKernelNodeSetParams_v2: setKernelNode(2),
    cuGraphMemsetNodeGetParams: (thread, hNode, params) => writeMemsetNode(nvcuda, thread, hNode, params),
    cuGraphMemsetNodeSetParams: (thread, hNode, params) =>
      nvcuda.cuda(thread).cuGraphMemsetNodeSetParams(hNode, readMemsetNode(thread, params)),
    cuGraphMemcpyNodeSetParams: (thread, hNode, params) =>
      nvcuda.cuda(thread).cuGraphMemcpyNodeSetParams(hNode, readCopyNode(nvcuda, thread, params)),
    cuGraphHostNodeGetParams: (thread, hNode, params) => writeHostNode(nvcuda, thread, hNode, params),
    cuGraphHostNodeSetParams: (thread, hNode, params) =>
      nvcuda.cuda(thread).cuGraphHostNodeSetParams(hNode, ...readHostNode(nvcuda, thread, params)),
    cuGraphInstantiate_v2: (thread, phGraphExec, hGraph) => instantiate(thread, phGraphExec, hGraph, 0),
    cuGraphInstantiateWithFlags: (thread, phGraphExec, hGraph, flags) => instantiate(thread, phGraphExec, hGraph, Number(flags)),
    cuGraphInstantiateWithParams(thread, phGraphExec, hGraph, params) {
      if (params === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
      instantiate(thread, phGraphExec, hGraph, Number(thread.memory.u64(params)));
      thread.memory.setU64(params + INSTANTIATE.errorNode, 0n);
      thread.memory.setU32(params + INSTANTIATE.result, 0);
    },
    cuGraphExecDestroy: (thread, exec) => nvcuda.cuda(thread).cuGraphExecDestroy(exec),
    cuGraphExecGetFlags: (thread, exec, flags) => flags.set(BigInt(nvcuda.cuda(thread).cuGraphExecGetFlags(exec))),
    cuGraphExecUpdate: (thread, exec, hGraph, errorNode, updateResult) =>
      update(thread, exec, hGraph, (result, node) => {
        updateResult.set(result);
        errorNode.set(node);
      }),
    cuGraphExecUpdate_v2: (thread, exec, hGraph, resultInfo) =>
      update(thread, exec, hGraph, (result, node) => {
        if (resultInfo === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
        thread.memory.setU32(resultInfo, result);
        thread.memory.setU64(resultInfo + UPDATE_INFO.errorNode, BigInt(node));
        thread.memory.setU64(resultInfo + UPDATE_INFO.errorFromNode, 0n);
      }),
    cuGraphExecKernelNodeSetParams: setKernelNodeInExec(1),
    cuGraphExecKernelNodeSetParams_v2: setKernelNodeInExec(2),
    cuGraphExecMemcpyNodeSetParams: (thread, exec, hNode, params) =>
      nvcuda.cuda(thread).cuGraphExecMemcpyNodeSetParams(exec, hNode, readCopyNode(nvcuda, thread, params)),
    cuGraphExecMemsetNodeSetParams: (thread, exec, hNode, params) =>
      nvcuda.cuda(thread).cuGraphExecMemsetNodeSetParams(exec, hNode, readMemsetNode(thread, params)),
    cuGraphExecHostNodeSetParams: (thread, exec, hNode, params) =>
      nvcuda.cuda(thread).cuGraphExecHostNodeSetParams(exec, hNode, ...readHostNode(nvcuda, thread, params)),
    cuGraphNodeSetEnabled: (thread, exec, hNode, isEnabled) => nvcuda.cuda(thread).cuGraphNodeSetEnabled(exec, hNode, isEnabled !== 0),
    cuGraphNodeGetEnabled: (thread, exec, hNode, isEnabled) =>
      isEnabled.set(Number(nvcuda.cuda(thread).cuGraphNodeGetEnabled(exec, hNode))),
    cuGraphLaunch: (thread, exec, hStream) => nvcuda.cuda(thread).cuGraphLaunch(exec, hStream),
    cuGraphUpload: (thread, exec, hStream) => nvcuda.cuda(thread).cuGraphUpload(exec, hStream),
  });
};
