import { ByteWriter } from "@decant/wasm";

/** An instruction that may trap, and what rsp is there beyond the rsp in the CPU block. */
export interface Site {
  readonly rip: number;
  readonly stackDifference: number;
}

/**
 * Packs where a unit may trap: for each site, in the order of the code, three LEB128 numbers: how far its code is from the one before, how far its instruction is,
 * and its stack difference. About three bytes each; read only when something has trapped.
 */
export class SitePacker {
  /** How many there are. */
  count = 0;
  readonly #packed: ByteWriter;
  #first = -1;
  #offset = 0;
  #rip = 0;

  /** `packed` is an empty writer that nobody else uses until `finish` has been called. */
  constructor(packed = new ByteWriter()) {
    this.#packed = packed;
  }

  /** `offset` is where the site's code begins, from the first instruction on. */
  add(offset: number, rip: number, stackDifference: number): void {
    this.count++;
    // How far the first is from the start of the function's entry, locals included, is known at the end.
    if (this.#first < 0) this.#first = offset;
    else this.#packed.u32(offset - this.#offset);
    this.#packed.s32(rip - this.#rip);
    this.#packed.s32(stackDifference);
    this.#offset = offset;
    this.#rip = rip;
  }

  /** `codeStart` is where the first instruction is in the function's entry. */
  finish(codeStart: number): Uint8Array {
    if (this.#first < 0) return NONE;
    const out = new ByteWriter(this.#packed.length + 5);
    out.u32(codeStart + this.#first);
    out.appendFrom(this.#packed);
    return out.bytes;
  }
}

const NONE = new Uint8Array(0);

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
