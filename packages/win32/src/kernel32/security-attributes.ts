import type { Thread } from "@decant/process";

/** bInheritHandle of a SECURITY_ATTRIBUTES; false for NULL. Throws MemoryAccessError. */
export function isInheritable({ memory, pointerSize }: Pick<Thread, "memory" | "pointerSize">, attributes: number): boolean {
  return attributes !== 0 && memory.u32(attributes + 2 * pointerSize) !== 0;
}
