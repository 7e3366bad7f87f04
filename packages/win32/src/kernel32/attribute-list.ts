import { ERROR, Win32Error, type Handle } from "@decant/hook";
import type { Thread } from "@decant/process";

/** PROC_THREAD_ATTRIBUTE_* that a list may hold (processthreadsapi.h). */
export const ATTRIBUTE = { PARENT_PROCESS: 0x2_0000, HANDLE_LIST: 0x2_0002, JOB_LIST: 0x2_000d } as const;

/** Attributes that change nothing here: mitigations, processors, policies. */
const WITHOUT_EFFECT: ReadonlySet<number> = new Set([0x2_0004, 0x2_0007, 0x2_000e, 0x2_000f, 0x2_0010, 0x2_0012, 0x3_0003, 0x3_0005]);
const MAX_ATTRIBUTES = 64;

/** PROC_THREAD_ATTRIBUTE_LIST: which attributes there are, how many there may be and are; then each with its size and value. */
const layoutOf = (pointerSize: 4 | 8): { count: number; used: number; entries: number; entrySize: number } => ({
  count: 4,
  used: 8,
  entries: 16 + pointerSize,
  entrySize: 3 * pointerSize,
});

/** Bytes that a list of so many attributes takes. */
export function attributeListSize(pointerSize: 4 | 8, count: number): number {
  const { entries, entrySize } = layoutOf(pointerSize);
  return entries + entrySize * count;
}

/** Makes an empty list. Throws ERROR_INSUFFICIENT_BUFFER where there is no room. */
export function initialiseAttributeList({ memory, pointerSize }: Thread, list: number, count: number): void {
  if (count > MAX_ATTRIBUTES) throw new Win32Error(ERROR.INVALID_PARAMETER);
  memory.fill(list, 0, attributeListSize(pointerSize, count));
  memory.setU32(list + layoutOf(pointerSize).count, count);
}

/** Adds an attribute, whose value stays where it is. Throws ERROR_NOT_SUPPORTED for one that is not known. */
export function addAttribute({ memory, pointerSize }: Thread, list: number, attribute: number, value: number, size: number): void {
  const layout = layoutOf(pointerSize);
  const isKnown = Object.values<number>(ATTRIBUTE).includes(attribute) || WITHOUT_EFFECT.has(attribute);
  if (!isKnown) throw new Win32Error(ERROR.NOT_SUPPORTED);
  const isOfHandles = attribute === ATTRIBUTE.HANDLE_LIST || attribute === ATTRIBUTE.JOB_LIST;
  if (isOfHandles && (size === 0 || size % pointerSize !== 0)) throw new Win32Error(ERROR.BAD_LENGTH);
  if (attribute === ATTRIBUTE.PARENT_PROCESS && size !== pointerSize) throw new Win32Error(ERROR.BAD_LENGTH);
  const used = memory.u32(list + layout.used);
  if (used >= memory.u32(list + layout.count)) throw new Win32Error(ERROR.GEN_FAILURE);
  const at = list + layout.entries + layout.entrySize * used;
  memory.setPointer(at, attribute);
  memory.setPointer(at + pointerSize, size);
  memory.setPointer(at + 2 * pointerSize, value);
  memory.setU32(list + layout.used, used + 1);
}

/** The handles of an attribute of a list; undefined where it has none. */
export function attributeHandles({ memory, pointerSize }: Thread, list: number, attribute: number): Handle[] | undefined {
  const layout = layoutOf(pointerSize);
  const used = Math.min(memory.u32(list + layout.used), MAX_ATTRIBUTES);
  for (let index = 0; index < used; index++) {
    const at = list + layout.entries + layout.entrySize * index;
    if (memory.u32(at) !== attribute) continue;
    const count = Math.min(memory.u32(at + pointerSize) / pointerSize, MAX_HANDLES);
    const value = memory.u32(at + 2 * pointerSize);
    return Array.from({ length: count }, (_, each) => (memory.u32(value + each * pointerSize) | 0) as Handle);
  }
  return undefined;
}

const MAX_HANDLES = 4096;
