import type { Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";

/** Copies what std::exception holds: a message, with whether it is the object's own. A message that is not is shared. */
export function copyExceptionData({ memory, pointerSize, process }: Thread, from: number, to: number): void {
  const text = memory.u32(from);
  const isOwned = memory.u8(from + pointerSize) !== 0;
  memory.setPointer(to, text);
  memory.setU8(to + pointerSize, 0);
  if (!isOwned || text === 0) return;
  const length = memory.cstringLength(text) + 1;
  const copy = process.heap.allocate(length);
  memory.setPointer(to, copy);
  if (copy === 0) return;
  memory.copy(copy, text, length);
  memory.setU8(to + pointerSize, 1);
}

/** Frees the message, where it is the object's own. */
export function destroyExceptionData({ memory, pointerSize, process }: Thread, data: number): void {
  const text = memory.u32(data);
  if (memory.u8(data + pointerSize) !== 0 && text !== 0) process.heap.free(text);
  memory.setPointer(data, 0);
  memory.setU8(data + pointerSize, 0);
}

/** std::exception::what. */
export function exceptionText(thread: Thread, self: number): number {
  const text = thread.memory.u32(self + thread.pointerSize);
  if (text !== 0) return text;
  const unknown = Runtime.of(thread).reserve("Unknown exception", 18);
  thread.memory.write(unknown, new TextEncoder().encode("Unknown exception\0"));
  return unknown;
}
