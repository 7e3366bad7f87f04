import { ByteWriter, type Mark } from "@decant/wasm";
import type { Site } from "./module-context.ts";

/**
 * Packs where a unit may trap: for each site, in the order of the code, three LEB128 numbers: how far its code is from the one before, how far its instruction is,
 * and its stack difference. About three bytes each; read only when something has trapped.
 */
export function packSites(marks: readonly Mark[], sites: readonly Site[], codeStart: number): Uint8Array {
  const out = new ByteWriter(4 * marks.length + 8);
  let offset = 0;
  let rip = 0;
  for (const mark of marks) {
    const site = sites[mark.tag];
    if (site === undefined) continue;
    out.u32(codeStart + mark.offset - offset);
    out.s32(site.rip - rip);
    out.s32(site.stackDifference);
    offset = codeStart + mark.offset;
    rip = site.rip;
  }
  return out.bytes.slice();
}

/** The last site at or before an offset in the unit's code. */
export function siteIn(packed: Uint8Array, wanted: number): Site | undefined {
  let at = 0;
  let offset = 0;
  let rip = 0;
  let found: Site | undefined;
  const number = (isSigned: boolean): number => {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = packed[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80 && shift < 35);
    return isSigned && shift < 32 && byte & 0x40 ? value | (-1 << shift) : value;
  };
  while (at < packed.length) {
    offset += number(false);
    if (offset > wanted) break;
    rip = (rip + number(true)) >>> 0;
    found = { rip, stackDifference: number(true) };
  }
  return found;
}
