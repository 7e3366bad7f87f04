import type { Layout } from "./run-blocks.ts";
import type { Textures } from "./textures.ts";

/** What a kernel asks of the host: (worker's record, SERVICE number, thread) -> result. The arguments are in the record. */
export type Service = (worker: number, service: number, thread: number) => bigint;

/**
 * The services of one memory: printf and assert messages, and the heap of `malloc` in kernels.
 *
 * Output lies in a ring: a lock, where to write next, how many bytes are held, how many were lost, then the bytes. When it is
 * full the oldest are overwritten, as in CUDA's buffer (CUDA C++ Programming Guide, "Formatted Output"). The heap: a lock, the
 * first byte never used, a list of free blocks for each size, then blocks of powers of two, each after its size in 16 bytes.
 *
 * The text of this function is what workers run: it must not name anything outside of itself.
 */
export function createServices(layout: Layout, buffer: ArrayBufferLike, window: bigint, textures: Textures): Service {
  const { HEAP_HEADER_BYTES, LAUNCH, WORKER, SERVICE } = layout;
  const words = new Int32Array(buffer);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  const word = (address: number): number => view.getUint32(address, true);
  const launchOf = (worker: number): number => word(worker + WORKER.launch);

  const locked = <T>(lock: number, run: () => T): T => {
    while (Atomics.compareExchange(words, lock >>> 2, 0, 1) !== 0) Atomics.wait(words, lock >>> 2, 1, 1);
    try {
      return run();
    } finally {
      Atomics.store(words, lock >>> 2, 0);
      Atomics.notify(words, lock >>> 2, 1);
    }
  };

  /** A generic pointer as an offset in the memory; undefined when it is none, or fewer bytes follow. */
  const place = (pointer: bigint, size: number): number | undefined => {
    const offset = BigInt.asUintN(64, pointer - window);
    return offset >= 4096n && offset + BigInt(size) <= BigInt(bytes.length) ? Number(offset) : undefined;
  };
  const textAt = (pointer: bigint, most = 4096): string | undefined => {
    const start = place(pointer, 1);
    if (start === undefined) return undefined;
    let text = "";
    for (let at = start; at < Math.min(bytes.length, start + most) && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at] ?? 0);
    return text;
  };

  const print = (launch: number, text: string): void => {
    const ring = word(launch + LAUNCH.output);
    const size = word(launch + LAUNCH.outputBytes) - 16;
    if (ring === 0 || size <= 0) return;
    locked(ring, () => {
      let next = word(ring + 4);
      let held = word(ring + 8);
      for (let i = 0; i < text.length; i++) {
        bytes[ring + 16 + next] = text.charCodeAt(i);
        next = next + 1 === size ? 0 : next + 1;
        if (held < size) held++;
        else view.setUint32(ring + 12, word(ring + 12) + 1, true);
      }
      view.setUint32(ring + 4, next, true);
      view.setUint32(ring + 8, held, true);
    });
  };

  const pad = (text: string, width: number, flags: string, numeric: boolean): string => {
    if (text.length >= width) return text;
    if (flags.includes("-")) return text.padEnd(width);
    if (!flags.includes("0") || !numeric) return text.padStart(width);
    const sign = /^([-+ ]|0[xX])*/.exec(text)?.[0] ?? "";
    return sign + text.slice(sign.length).padStart(width - sign.length, "0");
  };
  const signed = (text: string, negative: boolean, flags: string): string =>
    (negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + text;

  const integer = (value: bigint, kind: string, bits: number, flags: string, precision: number | undefined): string => {
    const negative = (kind === "d" || kind === "i") && BigInt.asIntN(bits, value) < 0n;
    const magnitude = negative ? -BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    let digits = magnitude.toString(kind === "o" ? 8 : kind === "x" || kind === "X" || kind === "p" ? 16 : 10);
    if (precision === 0 && magnitude === 0n) digits = "";
    digits = digits.padStart(precision ?? 0, "0");
    if (kind === "o" && flags.includes("#") && !digits.startsWith("0")) digits = `0${digits}`;
    if ((kind === "x" || kind === "X") && flags.includes("#") && magnitude !== 0n) digits = `0x${digits}`;
    if (kind === "X") digits = digits.toUpperCase();
    return kind === "d" || kind === "i" ? signed(digits, negative, flags) : digits;
  };

  /** Decimal digits of a finite number, exactly: toFixed and toExponential stop at 100 digits and 10^21. */
  const fixed = (value: number, precision: number): string => {
    const [mantissa, exponent] = ((): [bigint, number] => {
      const bits = new DataView(new ArrayBuffer(8));
      bits.setFloat64(0, value);
      const raw = bits.getBigUint64(0);
      const field = Number((raw >> 52n) & 0x7ffn);
      return [(raw & 0xf_ffff_ffff_ffffn) | (field === 0 ? 0n : 1n << 52n), (field === 0 ? 1 : field) - 1075];
    })();
    const scale = 10n ** BigInt(precision);
    let scaled = mantissa * scale;
    if (exponent >= 0) scaled <<= BigInt(exponent);
    else {
      const half = 1n << BigInt(-exponent - 1);
      const whole = scaled >> BigInt(-exponent);
      const rest = scaled - (whole << BigInt(-exponent));
      scaled = rest > half || (rest === half && (whole & 1n) === 1n) ? whole + 1n : whole;
    }
    const digits = scaled.toString().padStart(precision + 1, "0");
    return precision === 0 ? digits : `${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
  };
  const exponential = (value: number, precision: number): string =>
    value.toExponential(Math.min(100, precision)).replace(/e([-+])([0-9])$/, "e$10$2");
  const general = (value: number, precision: number, flags: string): string => {
    const wanted = precision === 0 ? 1 : precision;
    const exponent = value === 0 ? 0 : Number(/e(.*)$/.exec(value.toExponential(Math.min(100, wanted - 1)))?.[1]);
    const text = exponent < -4 || exponent >= wanted ? exponential(value, wanted - 1) : fixed(value, wanted - 1 - exponent);
    return flags.includes("#") || !text.includes(".") ? text : text.replace(/\.?0*(e|$)/, "$1");
  };
  const hexadecimal = (value: number, precision: number | undefined): string => {
    if (value === 0) return `0x0${precision ? `.${"0".repeat(precision)}` : ""}p+0`;
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value);
    const raw = bits.getBigUint64(0);
    const field = Number((raw >> 52n) & 0x7ffn);
    let mantissa = (raw & 0xf_ffff_ffff_ffffn) | (field === 0 ? 0n : 1n << 52n);
    const exponent = (field === 0 ? 1 : field) - 1023;
    const kept = precision ?? 13;
    if (kept < 13) {
      const drop = BigInt(4 * (13 - kept));
      const half = 1n << (drop - 1n);
      const rest = mantissa & ((1n << drop) - 1n);
      mantissa >>= drop;
      if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
      mantissa <<= drop;
    }
    let digits = (mantissa & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, "0").slice(0, Math.min(13, kept));
    digits = precision === undefined ? digits.replace(/0+$/, "") : digits.padEnd(kept, "0");
    return `0x${mantissa >> 52n}${digits === "" ? "" : `.${digits}`}p${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
  };
  const float = (value: number, kind: string, flags: string, precision: number | undefined): string => {
    const negative = value < 0 || Object.is(value, -0);
    const magnitude = Math.abs(value);
    const lower = kind.toLowerCase();
    let text: string;
    if (!Number.isFinite(value)) text = Number.isNaN(value) ? "nan" : "inf";
    else if (lower === "f") text = fixed(magnitude, precision ?? 6) + (precision === 0 && flags.includes("#") ? "." : "");
    else if (lower === "e") text = exponential(magnitude, precision ?? 6).replace("e", precision === 0 && flags.includes("#") ? ".e" : "e");
    else if (lower === "g") text = general(magnitude, precision ?? 6, flags);
    else text = hexadecimal(magnitude, precision);
    return signed(lower === kind ? text : text.toUpperCase(), negative, flags);
  };

  const vprintf = (worker: number): bigint => {
    const format = textAt(view.getBigUint64(worker + WORKER.service, true), 65536);
    if (format === undefined) return -1n;
    const list = view.getBigUint64(worker + WORKER.service + 8, true);
    const longBytes = word(launchOf(worker) + LAUNCH.longBytes);
    let at = 0n;
    let count = 0n;
    const take = (size: 4 | 8): bigint => {
      at = (at + BigInt(size - 1)) & -BigInt(size);
      const offset = place(list + at, size);
      at += BigInt(size);
      if (offset === undefined) return 0n;
      return size === 4 ? BigInt(view.getUint32(offset, true)) : view.getBigUint64(offset, true);
    };
    const out = format.replace(
      /%([-+ #0]*)(\*|[0-9]+)?(?:\.(\*|[0-9]*))?(hh|h|ll|l|j|z|t|L|I64|I32)?([diouxXcsSpneEfFgGaA%])/g,
      (
        whole,
        flagText: string,
        widthText: string | undefined,
        precisionText: string | undefined,
        size: string | undefined,
        kind: string,
      ) => {
        if (kind === "%") return "%";
        let flags = flagText;
        let width = widthText === "*" ? Number(BigInt.asIntN(32, take(4))) : Number(widthText ?? 0);
        if (width < 0) {
          flags += "-";
          width = -width;
        }
        width = Math.min(width, 4096);
        let precision =
          precisionText === undefined ? undefined : precisionText === "*" ? Number(BigInt.asIntN(32, take(4))) : Number(precisionText);
        if (precision !== undefined) precision = precision < 0 ? undefined : Math.min(precision, 1100);
        count++;
        if (kind === "n") {
          take(8);
          return "";
        }
        if (/[eEfFgGaA]/.test(kind)) {
          const bits = new DataView(new ArrayBuffer(8));
          bits.setBigUint64(0, take(8));
          const value = bits.getFloat64(0);
          return pad(float(value, kind, flags, precision), width, flags, Number.isFinite(value));
        }
        if (kind === "c") return pad(String.fromCharCode(Number(take(4) & 0xffn)), width, flags, false);
        if (kind === "s" || kind === "S") {
          const text = textAt(take(8), 65536) ?? "(null)";
          return pad(precision === undefined ? text : text.slice(0, precision), width, flags, false);
        }
        if (kind === "p") return pad(`0x${integer(take(8), kind, 64, "", undefined)}`, width, flags, false);
        // Of `long` Windows and Linux differ, and nvcc passes what the host's compiler has.
        const wide = size === "ll" || size === "j" || size === "z" || size === "t" || size === "I64" || (size === "l" && longBytes !== 4);
        const bits = wide ? 64 : size === "hh" ? 8 : size === "h" ? 16 : 32;
        const text = integer(take(wide ? 8 : 4), kind, bits, flags, precision);
        return pad(text, width, flags, precision === undefined);
      },
    );
    print(launchOf(worker), out);
    return count;
  };

  const assertFail = (worker: number, thread: number): bigint => {
    const argument = (index: number): bigint => view.getBigUint64(worker + WORKER.service + 8 * index, true);
    const [message, file, name] = [argument(0), argument(1), argument(3)].map((pointer) => textAt(pointer) ?? "");
    const line = word(worker + WORKER.service + 16);
    const launch = launchOf(worker);
    const [x, y] = [word(launch + LAUNCH.blockDim), word(launch + LAUNCH.blockDim + 4)];
    const block = [0, 4, 8].map((offset) => word(worker + WORKER.blockIndex + offset));
    const threads = [thread % x, Math.floor(thread / x) % y, Math.floor(thread / x / y)];
    print(
      launch,
      `${file}:${line}: ${name}: block: [${block.join(",")}], thread: [${threads.join(",")}] Assertion \`${message}\` failed.\n`,
    );
    return 0n;
  };

  const malloc = (worker: number): bigint => {
    const size = view.getBigUint64(worker + WORKER.service, true);
    const launch = launchOf(worker);
    const heap = word(launch + LAUNCH.heap);
    const end = word(launch + LAUNCH.heapBytes);
    if (heap === 0 || size === 0n || size > BigInt(end)) return 0n;
    let exponent = 4;
    while (2 ** exponent < Number(size)) exponent++;
    return locked(heap, () => {
      const list = heap + 16 + 4 * exponent;
      const free = word(list);
      // A kernel can overwrite what a free block says; only places in the heap are believed.
      if (free >= heap + HEAP_HEADER_BYTES && free + 2 ** exponent <= heap + end) {
        view.setUint32(list, word(free), true);
        return window + BigInt(free);
      }
      const top = word(heap + 4) || HEAP_HEADER_BYTES;
      if (top + 16 + 2 ** exponent > end) return 0n;
      view.setUint32(heap + 4, top + 16 + 2 ** exponent, true);
      view.setUint32(heap + top, exponent, true);
      return window + BigInt(heap + top + 16);
    });
  };
  const free = (worker: number): bigint => {
    const launch = launchOf(worker);
    const heap = word(launch + LAUNCH.heap);
    const at = place(view.getBigUint64(worker + WORKER.service, true), 16);
    if (
      heap === 0 ||
      at === undefined ||
      at % 16 !== 0 ||
      at < heap + HEAP_HEADER_BYTES + 16 ||
      at >= heap + word(launch + LAUNCH.heapBytes)
    )
      return 0n;
    const exponent = word(at - 16);
    if (exponent < 4 || exponent > 31) return 0n;
    locked(heap, () => {
      const list = heap + 16 + 4 * exponent;
      view.setUint32(at, word(list), true);
      view.setUint32(list, at, true);
    });
    return 0n;
  };

  return (record, service, thread) => {
    const worker = record >>> 0;
    switch (service) {
      case SERVICE.vprintf:
        return vprintf(worker);
      case SERVICE.assert:
        return assertFail(worker, thread);
      case SERVICE.malloc:
        return malloc(worker);
      case SERVICE.free:
        return free(worker);
      case SERVICE.texture:
        return textures(worker) ? 1n : 0n;
      default:
        return 0n;
    }
  };
}

/** Takes what has been printed out of the ring, oldest first. Nothing may run meanwhile. */
export function takeOutput(bytes: Uint8Array, ring: number, size: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const lock = new Int32Array(bytes.buffer, bytes.byteOffset + ring, 1);
  // Workers hold it for as long as they copy a line.
  while (Atomics.compareExchange(lock, 0, 0, 1) !== 0);
  try {
    return takeHeld(bytes, view, ring, size - 16);
  } finally {
    Atomics.store(lock, 0, 0);
    Atomics.notify(lock, 0, 1);
  }
}

function takeHeld(bytes: Uint8Array, view: DataView, ring: number, room: number): Uint8Array {
  const next = view.getUint32(ring + 4, true);
  const held = Math.min(room, view.getUint32(ring + 8, true));
  if (held === 0 || next >= room) return new Uint8Array(0);
  const start = (next - held + room) % room;
  const out = new Uint8Array(held);
  const first = Math.min(held, room - start);
  out.set(bytes.subarray(ring + 16 + start, ring + 16 + start + first));
  out.set(bytes.subarray(ring + 16, ring + 16 + held - first), first);
  view.setUint32(ring + 4, 0, true);
  view.setUint32(ring + 8, 0, true);
  return out;
}
