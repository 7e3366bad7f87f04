import { F64, I32 } from "@decant/wasm";
import type { X87Unit } from "./x87-unit.ts";

/** The functions of x87-module.ts: those of the same name in x87-unit.ts, for ordinary numbers. */
export const FAST = {
  x87Arithmetic: { parameters: [I32, I32, I32], results: [] },
  x87Compare: { parameters: [I32, I32], results: [] },
  x87Order: { parameters: [I32, I32], results: [F64] },
  x87ToFloat: { parameters: [I32, I32], results: [] },
  x87ToInteger: { parameters: [I32, I32, I32], results: [] },
  x87FromMemory: { parameters: [I32, I32], results: [] },
} as const;

export const FAST_X87 = Object.keys(FAST) as (keyof typeof FAST)[];
export type FastX87 = Pick<X87Unit, keyof typeof FAST>;
