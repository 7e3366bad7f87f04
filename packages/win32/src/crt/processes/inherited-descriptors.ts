import type { Handle } from "@decant/hook";
import { parametersLayout, type Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { OSFILE, osfileOf } from "../stdio/io-info.ts";

const MAX_INHERITED = 2048;

/** A descriptor that came from the parent. */
export interface InheritedDescriptor {
  readonly fd: number;
  readonly handle: Handle;
  readonly isText: boolean;
  readonly isAppend: boolean;
}

/** The descriptors that children inherit, as the C runtimes pass them on: a count, a byte of flags for each, a handle for each. */
export function runtimeData(thread: Thread): Uint8Array {
  const entries = [...Runtime.of(thread).descriptors].filter(([fd, { isInheritable }]) => isInheritable && fd < MAX_INHERITED);
  const count = entries.reduce((most, [fd]) => Math.max(most, fd + 1), 0);
  const { pointerSize, process } = thread;
  const bytes = new Uint8Array(4 + count * (1 + pointerSize));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, count, true);
  for (const [fd, entry] of entries) {
    const { handle } = entry;
    if (process.handles.find(handle) === undefined) continue;
    process.handles.flags(handle).inheritable = true;
    bytes[4 + fd] = osfileOf(entry);
    view.setUint32(4 + count + fd * pointerSize, handle, true);
  }
  return bytes;
}

/** What the parent's runtime passed on. */
export function inheritedDescriptors({ memory, process }: Thread): InheritedDescriptor[] {
  const field = process.parameters + parametersLayout(memory).RuntimeData;
  const [length, at] = [memory.u16(field), memory.pointer(field + memory.pointerSize)];
  if (length < 4 || at === 0) return [];
  const count = Math.min(memory.u32(at), MAX_INHERITED);
  if (4 + count * (1 + memory.pointerSize) > length) return [];
  const found: InheritedDescriptor[] = [];
  for (let fd = 0; fd < count; fd++) {
    const flags = memory.u8(at + 4 + fd);
    const handle = (memory.u32(at + 4 + count + fd * memory.pointerSize) | 0) as Handle;
    if ((flags & OSFILE.OPEN) === 0 || process.handles.find(handle) === undefined) continue;
    found.push({ fd, handle, isText: (flags & OSFILE.TEXT) !== 0, isAppend: (flags & OSFILE.APPEND) !== 0 });
  }
  return found;
}
