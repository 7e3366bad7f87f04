import type { GuestMemory } from "@decant/memory";

const UNICODE = 1;
const BLOCK_BYTES = 12;
const ENTRY_HEADER = 4;
const MAX_BLOCKS = 65_536;

/** A message of a resource of type RT_MESSAGETABLE ("MESSAGE_RESOURCE_DATA structure"); undefined when it has none of this number. */
export function findMessage(
  memory: GuestMemory,
  { address, size }: { readonly address: number; readonly size: number },
  id: number,
  decodeAnsi: (bytes: Uint8Array) => string,
): string | undefined {
  const blocks = Math.min(memory.u32(address), MAX_BLOCKS);
  for (let i = 0; i < blocks; i++) {
    const block = address + 4 + BLOCK_BYTES * i;
    const low = memory.u32(block);
    if (id < low || id > memory.u32(block + 4)) continue;
    let entry = address + memory.u32(block + 8);
    for (let left = id - low; left > 0; left--) {
      const length = memory.u16(entry);
      if (length < ENTRY_HEADER || entry + length > address + size) return undefined;
      entry += length;
    }
    const length = memory.u16(entry);
    if (length < ENTRY_HEADER) return undefined;
    const isWide = (memory.u16(entry + 2) & UNICODE) !== 0;
    const bytes = memory.slice(entry + ENTRY_HEADER, length - ENTRY_HEADER);
    const text = isWide ? memory.utf16(entry + ENTRY_HEADER, (length - ENTRY_HEADER) >> 1) : decodeAnsi(bytes);
    return text.replace(/\0+$/, "");
  }
  return undefined;
}
