/** Block sizes, in bytes: multiples of 16, at most a quarter apart. */
export const CLASS_SIZES: readonly number[] = makeSizes();

/** Larger blocks get an allocation of their own. */
export const MAX_SMALL = 0x8000;

/** The class whose blocks hold a size of 1 to MAX_SMALL bytes, by (size + 15) / 16. */
const CLASS_OF_UNITS = makeIndex();

/** The smallest class that holds `size` bytes; size is at most MAX_SMALL. */
export function classOf(size: number): number {
  return CLASS_OF_UNITS[(size + 15) >>> 4]!;
}

function makeSizes(): number[] {
  const sizes: number[] = [];
  for (let size = 16; size <= 128; size += 16) sizes.push(size);
  for (let base = 128; base < 0x8000; base *= 2) for (let part = 1; part <= 4; part++) sizes.push(base + (base / 4) * part);
  return sizes;
}

function makeIndex(): Uint8Array {
  const index = new Uint8Array(MAX_SMALL / 16 + 1);
  let current = 0;
  for (let units = 0; units < index.length; units++) {
    while (CLASS_SIZES[current]! < units * 16) current++;
    index[units] = current;
  }
  return index;
}
