import type { ResourceId } from "./resources.ts";

/** A resource with its bytes. */
export interface ResourceData {
  readonly type: ResourceId;
  readonly name: ResourceId;
  readonly language: number;
  readonly codePage: number;
  readonly bytes: Uint8Array;
}

/** One directory of the tree; leaves are resources. */
interface Node {
  readonly id: ResourceId;
  readonly children: Node[];
  readonly resource?: ResourceData;
  /** Offset from the start: of the directory, or of a leaf's data entry. */
  offset: number;
  nameOffset: number;
}

const DIRECTORY_BYTES = 16;
const ENTRY_BYTES = 8;
const DATA_ENTRY_BYTES = 16;
/** What tools write, and what Wine 8's UpdateResource does; nobody reads it. */
const MAJOR_VERSION = 4;
const FILLER = "PADDINGXXPADDING";

/**
 * Lays resources out as a .rsrc section that lies at `rva` (PE Format, "The .rsrc Section"): directories by levels, data entries, names, then
 * the bytes. Gaps are filled as Windows' UpdateResource and Wine 8's fill them.
 */
export function layOutResources(resources: readonly ResourceData[], rva: number): Uint8Array {
  const levels = makeLevels(resources);
  const leaves = levels[3] ?? [];
  let end = 0;
  for (const node of levels.slice(0, 3).flat()) end = placed(node, end, DIRECTORY_BYTES + ENTRY_BYTES * node.children.length);
  for (const leaf of leaves) end = placed(leaf, end, DATA_ENTRY_BYTES);
  for (const type of levels[1] ?? []) end = type.children.reduce(placedName, placedName(end, type));
  const starts = new Map<Node, number>();
  for (const leaf of leaves) {
    end = roundUp(end, 4);
    starts.set(leaf, end);
    end += leaf.resource!.bytes.length;
  }
  const bytes = new Uint8Array(roundUp(end, 4));
  for (const node of levels.slice(0, 3).flat()) writeDirectory(bytes, node);
  for (const leaf of leaves) writeLeaf(bytes, leaf, starts.get(leaf)!, rva);
  return bytes;
}

/** Fills bytes as the gaps of resource sections are. */
export function fillResourceGap(bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at++) bytes[at] = FILLER.charCodeAt((at - from) % FILLER.length);
}

/** The order of a directory: names by their units, then numbers. */
export function compareResourceIds(a: ResourceId, b: ResourceId): number {
  if (typeof a !== typeof b) return typeof a === "string" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The root, types, names and languages. */
function makeLevels(resources: readonly ResourceData[]): Node[][] {
  const root = makeNode(0);
  for (const resource of resources) {
    const name = childOf(childOf(root, resource.type), resource.name);
    name.children.push({ ...makeNode(resource.language), resource });
  }
  const levels: Node[][] = [[root]];
  for (let depth = 0; depth < 3; depth++) {
    const nodes = levels[depth]!;
    for (const node of nodes) node.children.sort((a, b) => compareResourceIds(a.id, b.id));
    levels.push(nodes.flatMap(({ children }) => children));
  }
  return levels;
}

function makeNode(id: ResourceId): Node {
  return { id, children: [], offset: 0, nameOffset: 0 };
}

function childOf(node: Node, id: ResourceId): Node {
  let child = node.children.find((other) => other.id === id);
  if (child === undefined) node.children.push((child = makeNode(id)));
  return child;
}

function placed(node: Node, at: number, size: number): number {
  node.offset = at;
  return at + size;
}

function placedName(at: number, node: Node): number {
  if (typeof node.id === "number") return at;
  node.nameOffset = at;
  return at + 2 + 2 * node.id.length;
}

function writeDirectory(bytes: Uint8Array, node: Node): void {
  const view = new DataView(bytes.buffer);
  const named = node.children.filter(({ id }) => typeof id === "string").length;
  view.setUint16(node.offset + 8, MAJOR_VERSION, true);
  view.setUint16(node.offset + 12, named, true);
  view.setUint16(node.offset + 14, node.children.length - named, true);
  node.children.forEach((child, index) => {
    const at = node.offset + DIRECTORY_BYTES + ENTRY_BYTES * index;
    view.setUint32(at, typeof child.id === "number" ? child.id : 0x8000_0000 + child.nameOffset, true);
    view.setUint32(at + 4, child.resource === undefined ? 0x8000_0000 + child.offset : child.offset, true);
    if (typeof child.id === "number") return;
    view.setUint16(child.nameOffset, child.id.length, true);
    for (let i = 0; i < child.id.length; i++) view.setUint16(child.nameOffset + 2 + 2 * i, child.id.charCodeAt(i), true);
  });
}

function writeLeaf(bytes: Uint8Array, { offset, resource }: Node, start: number, rva: number): void {
  const view = new DataView(bytes.buffer);
  const { bytes: content, codePage } = resource!;
  view.setUint32(offset, rva + start, true);
  view.setUint32(offset + 4, content.length, true);
  view.setUint32(offset + 8, codePage, true);
  bytes.set(content, start);
  fillResourceGap(bytes, start + content.length, roundUp(start + content.length, 4));
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
