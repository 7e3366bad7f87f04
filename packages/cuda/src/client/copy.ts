import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CudaClient } from "./client.ts";
import type { HostMemory } from "./host-memory.ts";
import type { Stream } from "./objects.ts";

/** Bulk copies cross in pieces of this many bytes: large enough to cost no more than one copy, small enough that other calls pass. */
export const PIECE_BYTES = 1 << 20;
/** Pieces of a copy to the host that are asked for at a time, where it is waited for: calls of other streams come between. */
const PIECES_IN_FLIGHT = 16;

/** Where one side of a copy begins, and how far apart its rows and slices are, in bytes. `memory` is the host's; without it `at` is a device address. */
export interface CopySide {
  readonly memory?: HostMemory;
  readonly at: number;
  readonly pitch: number;
  readonly slice: number;
}

/** A copy of `depth` slices of `height` rows of `width` bytes. */
export interface Copy {
  readonly dst: CopySide;
  readonly src: CopySide;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

/** A copy of bytes in a row. */
export function linearCopy(dst: Pick<CopySide, "at" | "memory">, src: Pick<CopySide, "at" | "memory">, size: number): Copy {
  return { dst: { ...dst, pitch: size, slice: size }, src: { ...src, pitch: size, slice: size }, width: size, height: 1, depth: 1 };
}

/** Bytes from the first to the last of one side. */
export function extent({ width, height, depth }: Copy, { pitch, slice }: CopySide): number {
  return width === 0 || height === 0 || depth === 0 ? 0 : (depth - 1) * slice + (height - 1) * pitch + width;
}

/**
 * Posts a copy to a stream. One to the host gives a promise: all bytes have landed before it resolves. Bytes of the host are taken now. What lies on
 * the device must have been checked. Where nothing follows in the stream before a copy to the host `isAwaited`, its pieces are asked for a few at a time.
 */
export function postCopy(client: CudaClient, stream: Stream, given: Copy, isAwaited = false): Promise<void> | undefined {
  const copy = flattened(given);
  if (extent(copy, copy.src) === 0) return copy.dst.memory ? client.wait(stream) : undefined;
  if (copy.dst.memory && copy.src.memory) return copyOnHost(client, stream, copy);
  if (copy.dst.memory) return client.answer(stream.context, copyToHost(client, stream, copy, isAwaited ? PIECES_IN_FLIGHT : Infinity));
  if (copy.src.memory) copyToDevice(client, stream, copy);
  else copyOnDevice(client, stream, copy);
  return undefined;
}

/** The same copy as one row, where its rows follow each other on both sides. */
function flattened(copy: Copy): Copy {
  const { dst, src, width, height, depth } = copy;
  const isWhole = (side: CopySide): boolean =>
    (height <= 1 || side.pitch === width) && (depth <= 1 || side.slice === width * Math.max(height, 1));
  return isWhole(dst) && isWhole(src) ? linearCopy(dst, src, width * height * depth) : copy;
}

function copyOnDevice(client: CudaClient, stream: Stream, { dst, src, width, height, depth }: Copy): void {
  const { session } = client;
  const from = client.contextOf(src.at, width);
  if (from !== stream.context) {
    if (height > 1 || depth > 1) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, "copies of rows between contexts");
    session.cuMemcpyPeer(stream.handle, dst.at, from.handle, src.at, width);
  } else if (height === 1 && depth === 1) session.cuMemcpyDtoD(stream.handle, dst.at, src.at, width);
  else session.cuMemcpy3DDtoD(stream.handle, dst.at, dst.pitch, dst.slice, src.at, src.pitch, src.slice, width, height, depth);
}

function copyToDevice(client: CudaClient, stream: Stream, copy: Copy): void {
  const { dst, src } = copy;
  for (const { dstAt, srcAt, width, rows } of pieces(copy)) {
    stream.posted++;
    if (rows === 1) client.session.cuMemcpyHtoD(stream.handle, dstAt, src.memory!.read(srcAt, width));
    else {
      const packed = new Uint8Array(width * rows);
      for (let row = 0; row < rows; row++) packed.set(src.memory!.read(srcAt + row * src.pitch, width), row * width);
      if (dst.pitch === width) client.session.cuMemcpyHtoD(stream.handle, dstAt, packed);
      else client.session.cuMemcpy2DHtoD(stream.handle, dstAt, dst.pitch, width, rows, packed);
    }
  }
}

async function copyToHost(client: CudaClient, stream: Stream, copy: Copy, mostInFlight: number): Promise<void> {
  const { dst, src } = copy;
  const inFlight: Promise<void>[] = [];
  for (const { dstAt, srcAt, width, rows } of pieces(copy)) {
    const isWhole = rows === 1 || src.pitch === width;
    // Bytes that land where they belong are held by nobody: those that a promise is resolved with live as long as it, through two collections of garbage.
    const into = rows === 1 || dst.pitch === width ? dst.memory!.view(dstAt, width * rows) : undefined;
    const answer = isWhole
      ? client.session.cuMemcpyDtoH(stream.handle, srcAt, width * rows, into)
      : client.session.cuMemcpy2DDtoH(stream.handle, srcAt, src.pitch, width, rows, into);
    const landed = Promise.resolve(answer).then((bytes) => {
      if (into !== undefined) void (bytes === into || into.set(bytes));
      else for (let row = 0; row < rows; row++) dst.memory!.write(dstAt + row * dst.pitch, bytes.subarray(row * width, (row + 1) * width));
    });
    // A failure is thrown where the piece is awaited; others may fail before that.
    landed.catch(() => undefined);
    inFlight.push(landed);
    if (inFlight.length >= mostInFlight) await Promise.all(inFlight.splice(0, mostInFlight / 2));
  }
  await Promise.all(inFlight);
}

async function copyOnHost(client: CudaClient, stream: Stream, copy: Copy): Promise<void> {
  await client.wait(stream);
  const { dst, src } = copy;
  for (const { dstAt, srcAt, width, rows } of pieces(copy))
    for (let row = 0; row < rows; row++)
      dst.memory!.write(dstAt + row * dst.pitch, src.memory!.read(srcAt + row * src.pitch, width).slice());
}

/** Cuts a copy into groups of rows, or parts of one row, of at most a piece's bytes. */
function* pieces({ dst, src, width, height, depth }: Copy): Generator<{ dstAt: number; srcAt: number; width: number; rows: number }> {
  const group = Math.max(1, Math.floor(PIECE_BYTES / width));
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y += group) {
      const rows = Math.min(group, height - y);
      const [dstAt, srcAt] = [dst.at + z * dst.slice + y * dst.pitch, src.at + z * src.slice + y * src.pitch];
      if (width <= PIECE_BYTES) yield { dstAt, srcAt, width, rows };
      else
        for (let x = 0; x < width; x += PIECE_BYTES)
          yield { dstAt: dstAt + x, srcAt: srcAt + x, width: Math.min(PIECE_BYTES, width - x), rows: 1 };
    }
  }
}
