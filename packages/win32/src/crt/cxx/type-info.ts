import type { GuestMemory } from "@decant/memory";
import type { Thread } from "@decant/process";
import { undecorateType } from "./undecorate.ts";

/** type_info's data (vcruntime_typeinfo.h): a cached readable name, then the mangled one. A list of all cached names is the program's. */
const MAX_NAME = 4096;
const FNV = {
  8: { offset: 14_695_981_039_346_656_037n, prime: 1_099_511_628_211n },
  4: { offset: 2_166_136_261n, prime: 16_777_619n },
} as const;

/** The mangled name without its dot, by which types are compared. */
function rawName(memory: GuestMemory, data: number): string {
  return memory.cstring(data + memory.pointerSize, "latin1", MAX_NAME).slice(1);
}

/** __std_type_info_compare: the order of two types, by their mangled names. */
export function compareTypes({ memory }: Thread, left: number, right: number): number {
  if (left === right) return 0;
  const a = rawName(memory, left);
  const b = rawName(memory, right);
  return a === b ? 0 : a < b ? -1 : 1;
}

/** __std_type_info_hash: FNV-1a of the mangled name, its halves folded together on x64. */
export function hashType({ memory, pointerSize }: Thread, data: number): bigint {
  const { offset, prime } = FNV[pointerSize];
  let hash: bigint = offset;
  for (const character of rawName(memory, data)) hash = BigInt.asUintN(8 * pointerSize, (hash ^ BigInt(character.charCodeAt(0))) * prime);
  return pointerSize === 8 ? hash ^ (hash >> 32n) : hash;
}

/** __std_type_info_name: the address of the readable name, made when it is first asked for. It lives as long as the process. */
export function readableName({ memory, process }: Thread, data: number): number {
  const known = memory.u32(data);
  if (known !== 0) return known;
  const name = undecorateType(memory.cstring(data + memory.pointerSize, "latin1", MAX_NAME));
  const address = process.heap.allocate(name.length + 1);
  if (address === 0) return 0;
  memory.write(
    address,
    Uint8Array.from(`${name}\0`, (character) => character.charCodeAt(0)),
  );
  memory.setPointer(data, address);
  return address;
}
