import type { Batch } from "./batch.ts";
import { siteIn, siteNumbered, type Site } from "./site-table.ts";

/** A frame of translated code in a stack trace: the batch's place, the function's name, and the offset in the module. */
export interface GuestFrame {
  readonly slot: number;
  readonly name: string;
  readonly offset: number;
}

/** V8 writes a frame as `at guest3.x401000 (wasm://wasm/guest3-0a1b2c3d:wasm-function[12]:0x1234)`, some versions without the module's name. */
const FRAME = /at (?:(?:\w+\.)?(\S+) \()?wasm:\/\/wasm\/guest(\d+)-[0-9a-f]+:wasm-function\[\d+\]:(0x[0-9a-f]+)/;

/** The innermost frame of translated code, and whether it is the innermost of all. */
export function innermostFrame(error: Error): { frame: GuestFrame; isTop: boolean } | undefined {
  const lines = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  for (const [i, line] of lines.entries()) {
    const match = FRAME.exec(line);
    if (match !== null) return { frame: { name: match[1] ?? "", slot: Number(match[2]), offset: Number(match[3]) }, isTop: i === 0 };
  }
  return undefined;
}

/** The instruction that code at a module offset was made from; with a number, that of the site with this number in the unit there. */
export function siteAt(batch: Batch, offset: number, number?: number): Site | undefined {
  const { offsets } = batch;
  const unit = Array.prototype.findLastIndex.call(offsets, (start: number) => start <= offset);
  if (unit < 0) return undefined;
  const packed = batch.sitesOf(unit);
  return number === undefined ? siteIn(packed, offset - (offsets[unit] as number)) : siteNumbered(packed, number);
}
