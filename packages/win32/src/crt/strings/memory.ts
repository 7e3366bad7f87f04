import { InvalidParameterError, ERRNO } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { asciiLower, BYTES, compare, length } from "./units.ts";
import { memoryApi, memoryExtraApi } from "./memory.api.ts";

export const memory = implement(memoryApi, {
  memcpy: (thread, dest, src, count) => copy(thread, dest, src, count),
  memmove: (thread, dest, src, count) => copy(thread, dest, src, count),
  memset(thread, dest, c, count) {
    thread.memory.fill(dest, c, count);
    return dest;
  },
  memcmp({ memory: guest }, buffer1, buffer2, count) {
    const a = guest.slice(buffer1, count);
    const b = guest.slice(buffer2, count);
    for (let i = 0; i < count; i++) if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number) ? -1 : 1;
    return 0;
  },
  memchr({ memory: guest }, buffer, c, count) {
    for (let i = 0; i < count; i++) if (guest.u8(buffer + i) === (c & 0xff)) return buffer + i;
    return 0;
  },
});

export const memoryExtra = implement(memoryExtraApi, {
  _memccpy({ memory: guest }, dest, src, c, count) {
    for (let i = 0; i < count; i++) {
      const byte = guest.u8(src + i);
      guest.setU8(dest + i, byte);
      if (byte === (c & 0xff)) return dest + i + 1;
    }
    return 0;
  },
  _memicmp: ({ memory: guest }, buffer1, buffer2, count) =>
    compare(guest, BYTES, buffer1, buffer2, { count, fold: asciiLower, stopAtNul: false }),
  memcpy_s: (thread, dest, destSize, src, count) => copyChecked(thread, dest, destSize, src, count),
  memmove_s: (thread, dest, destSize, src, count) => copyChecked(thread, dest, destSize, src, count),
  _swab({ memory: guest }, src, dest, n) {
    for (let i = 0; i + 1 < n; i += 2) {
      const first = guest.u8(src + i);
      guest.setU8(dest + i, guest.u8(src + i + 1));
      guest.setU8(dest + i + 1, first);
    }
    return 0;
  },
  mblen: ({ memory: guest }, mbstr, count) => (mbstr === 0 || count === 0 ? (mbstr === 0 ? 0 : -1) : guest.u8(mbstr) === 0 ? 0 : 1),
  __strncnt: ({ memory: guest }, string, count) => length(guest, BYTES, string, count),
});

/** Copies as memmove does, which memcpy may. */
function copy({ memory: guest }: Thread, dest: number, src: number, count: number): number {
  if (count > 0) guest.copy(dest, src, count);
  return dest;
}

/** On a destination too small it is zeroed ("memcpy_s"). */
function copyChecked(thread: Thread, dest: number, destSize: number, src: number, count: number): number {
  if (count === 0) return 0;
  if (dest === 0) throw new InvalidParameterError(ERRNO.EINVAL);
  if (src === 0 || destSize < count) {
    thread.memory.fill(dest, 0, destSize);
    throw new InvalidParameterError(src === 0 ? ERRNO.EINVAL : ERRNO.ERANGE);
  }
  copy(thread, dest, src, count);
  return 0;
}
