import { deflateRawSync, inflateRawSync } from "node:zlib";
import { STATE, STATE_BYTES } from "./state.ts";

/**
 * Recorded end states, packed: a header line of JSON, then for each form the words of the state that changed in any of its cases, and their values.
 * Start states are made again from the seed (cases.ts), so they are not stored.
 */
export interface Recording {
  readonly header: RecordingHeader;
  /** The end states of each form, in the order of forms.txt. */
  readonly ends: (index: number, starts: Uint8Array) => Uint8Array;
}

export interface RecordingHeader {
  /** The processor that the vectors were recorded on. */
  readonly processor: string;
  readonly seed: number;
  readonly casesPerForm: number;
  readonly forms: number;
}

const WORDS = STATE_BYTES / 8;

/** Packs what `normalise` left of each form's end states. */
export function packRecording(header: RecordingHeader, forms: readonly { starts: Uint8Array; ends: Uint8Array }[]): Uint8Array {
  const parts: Uint8Array[] = [new TextEncoder().encode(`${JSON.stringify(header)}\n`)];
  for (const { starts, ends } of forms) {
    const count = starts.length / STATE_BYTES;
    const changed = changedWords(starts, ends);
    parts.push(Uint8Array.of(changed.length, ...changed));
    // Byte planes: the first byte of a word in every case, then the second, which is what deflate likes.
    for (const word of changed) {
      const plane = new Uint8Array(count * 8);
      for (let n = 0; n < count; n++)
        for (let byte = 0; byte < 8; byte++) plane[byte * count + n] = ends[n * STATE_BYTES + word * 8 + byte]!;
      parts.push(plane);
    }
  }
  return deflateRawSync(Buffer.concat(parts), { level: 9 });
}

/** Reads what `packRecording` wrote. */
export function openRecording(packed: Uint8Array): Recording {
  const bytes = inflateRawSync(packed);
  const lineEnd = bytes.indexOf(10);
  const header = JSON.parse(bytes.toString("utf8", 0, lineEnd)) as RecordingHeader;
  const count = header.casesPerForm;
  const offsets: number[] = [];
  let at = lineEnd + 1;
  for (let n = 0; n < header.forms; n++) {
    offsets.push(at);
    at += 1 + bytes[at]! * (1 + count * 8);
  }
  return {
    header,
    ends(index, starts) {
      const ends = Uint8Array.from(starts);
      let from = offsets[index]!;
      const changed = bytes.subarray(from + 1, from + 1 + bytes[from]!);
      from += 1 + changed.length;
      for (const word of changed) {
        for (let n = 0; n < count; n++)
          for (let byte = 0; byte < 8; byte++) ends[n * STATE_BYTES + word * 8 + byte] = bytes[from + byte * count + n]!;
        from += count * 8;
      }
      return ends;
    },
  };
}

/**
 * Makes end states comparable: x87 registers only where the form uses them, of MXCSR some bits, of a fault nothing but itself and MXCSR, and of the
 * undefined flags what they were at the start.
 */
export function normalise(starts: Uint8Array, ends: Uint8Array, undefinedInRflags: number, mxcsrBits: number): void {
  for (let at = 0; at < ends.length; at += STATE_BYTES) {
    const start = new DataView(starts.buffer, starts.byteOffset + at, STATE_BYTES);
    const end = new DataView(ends.buffer, ends.byteOffset + at, STATE_BYTES);
    const fault = end.getUint32(STATE.fault, true);
    const mxcsr = end.getUint32(STATE.mxcsr, true) & mxcsrBits;
    if (fault !== 0) ends.set(starts.subarray(at, at + STATE_BYTES), at);
    end.setUint32(STATE.fault, fault, true);
    const mask = undefinedInRflags | ~0xcd5;
    end.setUint32(STATE.rflags, (end.getUint32(STATE.rflags, true) & ~mask) | (start.getUint32(STATE.rflags, true) & mask), true);
    end.setUint32(STATE.mxcsr, mxcsr, true);
    if (start.getUint16(STATE.depth, true) === 0) ends.set(starts.subarray(at + STATE.x87, at + STATE_BYTES), at + STATE.x87);
    else normaliseX87(end);
  }
}

/** Registers that are free as zeros, and of the control word nothing that is reserved. */
function normaliseX87(end: DataView): void {
  const top = (end.getUint16(STATE.fsw, true) >> 11) & 7;
  for (let n = 0; n < 8; n++) {
    const at = STATE.x87 + n * 16;
    const isUsed = (end.getUint16(STATE.ftag, true) >> ((top + n) & 7)) & 1;
    if (!isUsed) end.setBigUint64(at, 0n, true);
    end.setBigUint64(at + 8, isUsed ? BigInt(end.getUint16(at + 8, true)) : 0n, true);
  }
}

function changedWords(starts: Uint8Array, ends: Uint8Array): number[] {
  const result: number[] = [];
  for (let word = 0; word < WORDS; word++) {
    for (let at = word * 8; at < starts.length; at += STATE_BYTES) {
      if (!starts.subarray(at, at + 8).every((byte, n) => byte === ends[at + n])) {
        result.push(word);
        break;
      }
    }
  }
  return result;
}
