/** Memory of the host that copies read and write: a program's own bytes, or a guest's. Offsets are from its beginning. */
export interface HostMemory {
  /** Bytes as they are now: a view or a copy, which the caller does not keep. */
  read(offset: number, size: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  /** The live bytes, for a copy that lands in them later, as a device's own would. */
  view(offset: number, size: number): Uint8Array;
}

/** A typed array's own bytes. */
export function hostBytes(view: ArrayBufferView): HostMemory {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const live = (offset: number, size: number): Uint8Array => bytes.subarray(offset, offset + size);
  return { read: live, write: (offset, piece) => bytes.set(piece, offset), view: live };
}
