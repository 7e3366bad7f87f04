import { PeError } from "./error.ts";
import { DIRECTORY } from "./image.ts";
import type { Image } from "./image.ts";
import { directoryOf, RvaView } from "./rva-view.ts";

/** Base relocation types (PE Format, "Base Relocation Types") that x86 and x86-64 images use. */
export const RELOCATION = { ABSOLUTE: 0, HIGH: 1, LOW: 2, HIGHLOW: 3, DIR64: 10 } as const;

/** Calls `visit` for each base relocation; ABSOLUTE padding is left out. Throws PeError. */
export function visitRelocations(image: Image, visit: (rva: number, type: number) => void): void {
  const directory = directoryOf(image, DIRECTORY.BASERELOC);
  if (directory === undefined) return;
  const view = new RvaView(image);
  const end = directory.rva + directory.size;
  for (let at = directory.rva; at + 8 <= end;) {
    const page = view.u32(at);
    const size = view.u32(at + 4);
    if (size === 0) return;
    if (size < 8 || at + size > end) {
      throw new PeError("malformed", `expected a relocation block of 8 to ${end - at} bytes, found ${size}`);
    }
    for (let entry = at + 8; entry + 2 <= at + size; entry += 2) visitEntry(view.u16(entry), page, image, visit);
    at += size;
  }
}

function visitEntry(value: number, page: number, image: Image, visit: (rva: number, type: number) => void): void {
  const type = value >>> 12;
  if (type === RELOCATION.ABSOLUTE) return;
  if (type > RELOCATION.HIGHLOW && type !== RELOCATION.DIR64) {
    throw new PeError("malformed", `expected a relocation of type 0 to 3 or 10, found type ${type}`);
  }
  const rva = page + (value & 0xfff);
  if (rva + (type === RELOCATION.DIR64 ? 8 : 4) > image.sizeOfImage) {
    throw new PeError(
      "malformed",
      `expected a relocation inside the image (${image.sizeOfImage} bytes), found one at 0x${rva.toString(16)}`,
    );
  }
  visit(rva, type);
}
