import type { GuestMemory } from "@decant/memory";

/** Fills in a UNICODE_STRING for text that lies at `buffer`, terminated there. */
export function writeUnicodeString(memory: GuestMemory, at: number, text: string, buffer: number): void {
  memory.setU16(at, text.length * 2);
  memory.setU16(at + 2, text.length * 2 + 2);
  memory.setPointer(at + memory.pointerSize, buffer);
}
