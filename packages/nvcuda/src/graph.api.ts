import { alias, api, fn, out, PVOID, SIZE_T, UINT, ULONGLONG } from "@decant/hook";
import { CUcontext, CUenum, CUevent, CUhandle, CURESULT, CUstream } from "./types.ts";

/* Graphs ("CUDA Driver API", Graph Management, cuda.h 13.0). A node's parameters are structs that the bodies read: their sizes differ between versions. */

const adding = [
  ["phGraphNode", out(CUhandle)],
  ["hGraph", CUhandle],
  ["dependencies", PVOID],
  ["numDependencies", SIZE_T],
] as const;
const addWith = fn(CURESULT, ...adding, ["nodeParams", PVOID]);
const addInContext = fn(CURESULT, ...adding, ["nodeParams", PVOID], ["ctx", CUcontext]);
const ofNode = fn(CURESULT, ["hNode", CUhandle], ["nodeParams", PVOID]);
const ofExec = fn(CURESULT, ["hGraphExec", CUhandle], ["hNode", CUhandle], ["nodeParams", PVOID]);
const ofExecInContext = fn(CURESULT, ["hGraphExec", CUhandle], ["hNode", CUhandle], ["nodeParams", PVOID], ["ctx", CUcontext]);
const askNode = fn(CURESULT, ["hNode", CUhandle], ["nodes", PVOID], ["count", out(SIZE_T)]);
const askNodeForEdges = fn(CURESULT, ["hNode", CUhandle], ["nodes", PVOID], ["edgeData", PVOID], ["count", out(SIZE_T)]);
const askGraph = fn(CURESULT, ["hGraph", CUhandle], ["nodes", PVOID], ["count", out(SIZE_T)]);
const edges = fn(CURESULT, ["hGraph", CUhandle], ["from", PVOID], ["to", PVOID], ["numDependencies", SIZE_T]);
const edgesWithData = fn(CURESULT, ["hGraph", CUhandle], ["from", PVOID], ["to", PVOID], ["edgeData", PVOID], ["numDependencies", SIZE_T]);
const eventNode = fn(CURESULT, ...adding, ["event", CUevent]);

export const graphApi = api("nvcuda", {
  cuGraphCreate: fn(CURESULT, ["phGraph", out(CUhandle)], ["flags", UINT]),
  cuGraphDestroy: fn(CURESULT, ["hGraph", CUhandle]),
  cuGraphClone: fn(CURESULT, ["phGraphClone", out(CUhandle)], ["originalGraph", CUhandle]),
  cuGraphNodeFindInClone: fn(CURESULT, ["phNode", out(CUhandle)], ["hOriginalNode", CUhandle], ["hClonedGraph", CUhandle]),
  cuGraphAddKernelNode: addWith,
  cuGraphAddKernelNode_v2: addWith,
  cuGraphAddMemcpyNode: addInContext,
  cuGraphAddMemsetNode: addInContext,
  cuGraphAddHostNode: addWith,
  cuGraphAddEmptyNode: fn(CURESULT, ...adding),
  cuGraphAddChildGraphNode: fn(CURESULT, ...adding, ["childGraph", CUhandle]),
  cuGraphAddEventRecordNode: eventNode,
  cuGraphAddEventWaitNode: eventNode,
  cuGraphDestroyNode: fn(CURESULT, ["hNode", CUhandle]),
  cuGraphNodeGetType: fn(CURESULT, ["hNode", CUhandle], ["type", out(CUenum)]),
  cuGraphGetNodes: askGraph,
  cuGraphGetRootNodes: askGraph,
  cuGraphGetEdges: fn(CURESULT, ["hGraph", CUhandle], ["from", PVOID], ["to", PVOID], ["numEdges", out(SIZE_T)]),
  cuGraphGetEdges_v2: fn(CURESULT, ["hGraph", CUhandle], ["from", PVOID], ["to", PVOID], ["edgeData", PVOID], ["numEdges", out(SIZE_T)]),
  cuGraphNodeGetDependencies: askNode,
  cuGraphNodeGetDependencies_v2: askNodeForEdges,
  cuGraphNodeGetDependentNodes: askNode,
  cuGraphNodeGetDependentNodes_v2: askNodeForEdges,
  cuGraphAddDependencies: edges,
  cuGraphAddDependencies_v2: edgesWithData,
  cuGraphRemoveDependencies: edges,
  cuGraphRemoveDependencies_v2: edgesWithData,
  cuGraphChildGraphNodeGetGraph: fn(CURESULT, ["hNode", CUhandle], ["phGraph", out(CUhandle)]),
  cuGraphKernelNodeGetParams: ofNode,
  cuGraphKernelNodeGetParams_v2: ofNode,
  cuGraphKernelNodeSetParams: ofNode,
  cuGraphKernelNodeSetParams_v2: ofNode,
  cuGraphMemsetNodeGetParams: ofNode,
  cuGraphMemsetNodeSetParams: ofNode,
  cuGraphMemcpyNodeSetParams: ofNode,
  cuGraphHostNodeGetParams: ofNode,
  cuGraphHostNodeSetParams: ofNode,
  cuGraphInstantiate: alias("cuGraphInstantiate_v2"),
  cuGraphInstantiate_v2: fn(
    CURESULT,
    ["phGraphExec", out(CUhandle)],
    ["hGraph", CUhandle],
    ["phErrorNode", PVOID],
    ["logBuffer", PVOID],
    ["bufferSize", SIZE_T],
  ),
  cuGraphInstantiateWithFlags: fn(CURESULT, ["phGraphExec", out(CUhandle)], ["hGraph", CUhandle], ["flags", ULONGLONG]),
  cuGraphInstantiateWithParams: fn(CURESULT, ["phGraphExec", out(CUhandle)], ["hGraph", CUhandle], ["instantiateParams", PVOID]),
  cuGraphExecDestroy: fn(CURESULT, ["hGraphExec", CUhandle]),
  cuGraphExecGetFlags: fn(CURESULT, ["hGraphExec", CUhandle], ["flags", out(ULONGLONG)]),
  cuGraphExecUpdate: fn(
    CURESULT,
    ["hGraphExec", CUhandle],
    ["hGraph", CUhandle],
    ["hErrorNode_out", out(CUhandle)],
    ["updateResult_out", out(CUenum)],
  ),
  cuGraphExecUpdate_v2: fn(CURESULT, ["hGraphExec", CUhandle], ["hGraph", CUhandle], ["resultInfo", PVOID]),
  cuGraphExecKernelNodeSetParams: ofExec,
  cuGraphExecKernelNodeSetParams_v2: ofExec,
  cuGraphExecMemcpyNodeSetParams: ofExecInContext,
  cuGraphExecMemsetNodeSetParams: ofExecInContext,
  cuGraphExecHostNodeSetParams: ofExec,
  cuGraphNodeSetEnabled: fn(CURESULT, ["hGraphExec", CUhandle], ["hNode", CUhandle], ["isEnabled", UINT]),
  cuGraphNodeGetEnabled: fn(CURESULT, ["hGraphExec", CUhandle], ["hNode", CUhandle], ["isEnabled", out(UINT)]),
  cuGraphLaunch: fn(CURESULT, ["hGraphExec", CUhandle], ["hStream", CUstream]),
  cuGraphUpload: fn(CURESULT, ["hGraphExec", CUhandle], ["hStream", CUstream]),
});
