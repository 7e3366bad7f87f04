import { PeError } from "./error.ts";
import { DIRECTORY } from "./image.ts";
import type { Image } from "./image.ts";
import { directoryOf, RvaView } from "./rva-view.ts";

/** The thread-local storage directory, addresses relative to the image. */
export interface TlsDirectory {
  /** The initial contents that each thread gets a copy of. */
  readonly template: { readonly rva: number; readonly size: number } | undefined;
  readonly zeroFill: number;
  /** Where the loader stores the module's TLS index. */
  readonly indexRva: number | undefined;
  /** Where the zero-terminated array of callbacks lies; programs may fill it at run time. */
  readonly callbacksRva: number | undefined;
}

/** The TLS directory; undefined when there is none. Throws PeError. */
export function readTls(image: Image): TlsDirectory | undefined {
  const directory = directoryOf(image, DIRECTORY.TLS);
  if (directory === undefined) return undefined;
  const view = new RvaView(image);
  const size = image.is64 ? 8 : 4;
  const field = (index: number): bigint => view.pointer(directory.rva + index * size);
  const start = field(0);
  const end = field(1);
  if (end < start || end - start > BigInt(image.sizeOfImage)) {
    throw new PeError("malformed", `expected a TLS template inside the image, found 0x${start.toString(16)} to 0x${end.toString(16)}`);
  }
  const zeroFill = view.u32(directory.rva + size * 4);
  if (zeroFill > 0x1000_0000) throw new PeError("malformed", `expected a TLS zero fill of at most 256 MiB, found ${zeroFill} bytes`);
  const rva = end === start ? undefined : view.fromVa(start, "the TLS template");
  return {
    template: rva === undefined ? undefined : { rva, size: Number(end - start) },
    zeroFill,
    indexRva: view.fromVa(field(2), "the TLS index"),
    callbacksRva: view.fromVa(field(3), "the TLS callbacks"),
  };
}
