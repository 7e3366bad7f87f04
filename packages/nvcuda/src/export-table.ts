import { type AnyBody, ApiFunction, type FunctionDeclaration } from "@decant/hook";
import type { GuestThread } from "./library.ts";

/** A table of cuGetExportTable: functions that no DLL exports, at their places. */
export interface ExportTable {
  /** Lower case, the bytes of the CUuuid in order. */
  readonly id: string;
  readonly slots: ReadonlyMap<number, ApiFunction>;
  /** Whether the first word says how many bytes the table has, as in all but the oldest. */
  readonly hasSize: boolean;
}

/** Declares a table; each slot has a name of ours, for traces. */
export function declareTable(
  id: string,
  slots: Readonly<Record<number, readonly [name: string, declaration: FunctionDeclaration, body: AnyBody]>>,
): ExportTable {
  const functions = Object.entries(slots).map(([slot, [name, declaration, body]]) => {
    const target = new ApiFunction({ dll: "nvcuda", name, key: name, convention: "stdcall", declaration, wide: undefined, body });
    return [Number(slot), target] as const;
  });
  return { id, slots: new Map(functions), hasSize: !Object.hasOwn(slots, 0) };
}

/** A table as guest code reads it: its address, which stays. */
export function placeTable({ process, memory }: GuestThread, { slots, hasSize }: ExportTable): number {
  const words = Math.max(...slots.keys()) + 1;
  const address = process.heap.allocate(8 * words);
  memory.write(address, new Uint8Array(8 * words));
  if (hasSize) memory.setU64(address, BigInt(8 * words));
  for (const [slot, target] of slots) memory.setU64(address + 8 * slot, BigInt(process.addFunction(target)));
  return address;
}

/** The text of a CUuuid. */
export function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
