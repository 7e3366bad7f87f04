import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CudaClient } from "./client.ts";
import type { Stream } from "./objects.ts";
import { post, type Work } from "./work.ts";

/** A node that does nothing, and one that is a graph of its own. */
export type NodeWork = Work | { readonly kind: "empty" } | { readonly kind: "graph"; readonly graph: Graph };

/** CUgraphNodeType of each kind of node. */
export const NODE_TYPE: Readonly<Record<NodeWork["kind"], number>> = {
  kernel: 0,
  copy: 1,
  memset: 2,
  host: 3,
  graph: 4,
  empty: 5,
  wait: 6,
  record: 7,
};

/** A CUgraphNode. */
export class GraphNode {
  readonly handle: number;
  readonly graph: Graph;
  work: NodeWork;
  readonly dependencies = new Set<GraphNode>();
  readonly dependents = new Set<GraphNode>();

  constructor(handle: number, graph: Graph, work: NodeWork) {
    this.handle = handle;
    this.graph = graph;
    this.work = work;
  }
}

/** A CUgraph: nodes in the order in which they were added. */
export class Graph {
  readonly handle: number;
  readonly nodes = new Set<GraphNode>();
  /** A child graph belongs to its node, and goes with it. */
  readonly isChild: boolean;

  constructor(handle: number, isChild = false) {
    this.handle = handle;
    this.isChild = isChild;
  }

  /** Adds a node. Fails with CUDA_ERROR_INVALID_VALUE for dependencies that are another graph's, or given twice. */
  add(client: CudaClient, work: NodeWork, dependencies: readonly GraphNode[]): GraphNode {
    if (new Set(dependencies).size !== dependencies.length || dependencies.some(({ graph }) => graph !== this))
      throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    const own = work.kind === "graph" ? { ...work, graph: work.graph.clone(client, true).graph } : work;
    const node = client.register(new GraphNode(client.handle(), this, own));
    this.nodes.add(node);
    for (const dependency of dependencies) link(dependency, node);
    return node;
  }

  remove(client: CudaClient, node: GraphNode): void {
    for (const other of node.dependencies) other.dependents.delete(node);
    for (const other of node.dependents) other.dependencies.delete(node);
    this.nodes.delete(node);
    client.forget(node);
    if (node.work.kind === "graph") node.work.graph.destroy(client);
  }

  destroy(client: CudaClient): void {
    for (const node of [...this.nodes]) this.remove(client, node);
    client.forget(this);
  }

  /** A copy, and which of its nodes stands for which. */
  clone(client: CudaClient, isChild = false): { graph: Graph; copies: Map<GraphNode, GraphNode> } {
    const graph = client.register(new Graph(client.handle(), isChild));
    const copies = new Map<GraphNode, GraphNode>();
    for (const node of this.nodes) copies.set(node, graph.add(client, node.work, []));
    for (const node of this.nodes) for (const other of node.dependencies) link(copies.get(other)!, copies.get(node)!);
    return { graph, copies };
  }

  /** The nodes, each after those that it depends on, otherwise as they were added. Fails with CUDA_ERROR_INVALID_VALUE for a cycle. */
  sorted(): GraphNode[] {
    const done = new Set<GraphNode>();
    let waiting = [...this.nodes];
    while (waiting.length > 0) {
      const ready = waiting.filter((node) => [...node.dependencies].every((other) => done.has(other)));
      if (ready.length === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE, "the graph has a cycle");
      for (const node of ready) done.add(node);
      waiting = waiting.filter((node) => !done.has(node));
    }
    return [...done];
  }
}

/** Makes `to` depend on `from`. */
export function link(from: GraphNode, to: GraphNode): void {
  from.dependents.add(to);
  to.dependencies.add(from);
}

/** What a launch of a graph does for one node. */
interface ExecNode {
  work: Work | undefined;
  isEnabled: boolean;
  /** Its place among the nodes of its own graph, and the places of those before it: what an update must keep. */
  readonly shape: string;
}

/** A CUgraphExec: a copy of a graph's work, in an order in which it can run. */
export class GraphExec {
  readonly handle: number;
  readonly flags: number;
  /** By the nodes of the graph that it was made from, those of child graphs included. */
  readonly nodes: ReadonlyMap<GraphNode, ExecNode>;

  constructor(handle: number, graph: Graph, flags: number) {
    this.handle = handle;
    this.flags = flags;
    this.nodes = new Map(flatten(graph).map(({ node, shape }) => [node, { work: workOf(node), isEnabled: true, shape }]));
  }

  /** Posts all of it to a stream. */
  launch(client: CudaClient, stream: Stream): void {
    for (const { work, isEnabled } of this.nodes.values()) {
      if (!work || !isEnabled) continue;
      const landing = post(client, stream, work);
      if (landing) client.land(stream, landing, true);
    }
  }

  /** Gives a node other work of the same kind. */
  set(node: GraphNode, work: Work): void {
    const own = this.nodes.get(node);
    if (own?.work?.kind !== work.kind) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    own.work = work;
  }

  /** Takes the work of a graph of the same shape over; gives why not, with the node where they differ, and then has taken nothing. */
  update(graph: Graph): { readonly result: number; readonly errorNode?: GraphNode } {
    const [own, other] = [[...this.nodes.values()], flatten(graph)];
    if (own.length !== other.length) return { result: UPDATE.TOPOLOGY_CHANGED };
    for (const [index, { node, shape }] of other.entries()) {
      const before = own[index]!;
      const work = workOf(node);
      if (work?.kind !== before.work?.kind) return { result: UPDATE.NODE_TYPE_CHANGED, errorNode: node };
      if (shape !== before.shape) return { result: UPDATE.TOPOLOGY_CHANGED, errorNode: node };
      if (work?.kind === "kernel" && before.work?.kind === "kernel" && work.kernel.module.context !== before.work.kernel.module.context)
        return { result: UPDATE.UNSUPPORTED_FUNCTION_CHANGE, errorNode: node };
    }
    for (const [index, { node }] of other.entries()) own[index]!.work = workOf(node);
    return { result: UPDATE.SUCCESS };
  }
}

/** CUgraphExecUpdateResult. */
export const UPDATE = { SUCCESS: 0, TOPOLOGY_CHANGED: 2, NODE_TYPE_CHANGED: 3, UNSUPPORTED_FUNCTION_CHANGE: 7 } as const;

function workOf({ work }: GraphNode): Work | undefined {
  return work.kind === "empty" || work.kind === "graph" ? undefined : work;
}

/** All nodes in an order in which they can run, a child graph's in the place of their node. */
function flatten(graph: Graph): { node: GraphNode; shape: string }[] {
  const nodes = graph.sorted();
  const places = new Map(nodes.map((node, place) => [node, place]));
  return nodes.flatMap((node) => {
    const before = [...node.dependencies].map((other) => places.get(other)!).toSorted((a, b) => a - b);
    const own = { node, shape: `${places.get(node)} after ${before.join()}` };
    return node.work.kind === "graph" ? [...flatten(node.work.graph), own] : [own];
  });
}
