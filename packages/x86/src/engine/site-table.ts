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
  let found: Site | undefined;
  for (const { offset, site } of unpack(packed)) {
    if (offset > wanted) break;
    found = site;
  }
  return found;
}

/** The site that was marked as the n-th, from 0. */
export function siteNumbered(packed: Uint8Array, n: number): Site | undefined {
  for (const { site } of unpack(packed)) if (n-- === 0) return site;
  return undefined;
}

function* unpack(packed: Uint8Array): Generator<{ offset: number; site: Site }> {
  let at = 0;
  let offset = 0;
  let rip = 0;
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
    rip = (rip + number(true)) >>> 0;
    yield { offset, site: { rip, stackDifference: number(true) } };
  }
}
