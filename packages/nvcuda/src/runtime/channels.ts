import { type ArrayDescriptor, CUDA_ERROR, CudaError } from "@decant/cuda";
import type { GuestThread } from "../library.ts";
import { CUDA_RUNTIME_ERROR } from "./error-names.ts";

/** cudaChannelFormatKind. */
const KIND = { SIGNED: 0, UNSIGNED: 1, FLOAT: 2 } as const;

/** CUarray_format by kind and bits. */
const formats: readonly (readonly [format: number, kind: number, bits: number])[] = [
  [0x01, KIND.UNSIGNED, 8],
  [0x02, KIND.UNSIGNED, 16],
  [0x03, KIND.UNSIGNED, 32],
  [0x08, KIND.SIGNED, 8],
  [0x09, KIND.SIGNED, 16],
  [0x0a, KIND.SIGNED, 32],
  [0x10, KIND.FLOAT, 16],
  [0x20, KIND.FLOAT, 32],
];

/** How the driver puts a channel description: a format, and how many channels of it. */
interface Texels {
  readonly format: number;
  readonly numChannels: number;
}

/** Reads a cudaChannelFormatDesc, which is the bits of four channels, then their kind; fails with cudaErrorInvalidChannelDescriptor for channels of unlike sizes, and for kinds that are not there. */
export function readChannels({ memory }: GuestThread, address: number): Texels {
  if (address === 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const bits = [0, 4, 8, 12].map((offset) => memory.u32(address + offset)).filter((count) => count > 0);
  const kind = memory.u32(address + 16);
  const found = formats.find(([, of, size]) => of === kind && size === bits[0]);
  if (!found || bits.length === 3 || bits.some((count) => count !== bits[0]))
    throw new CudaError(CUDA_RUNTIME_ERROR.INVALID_CHANNEL_DESCRIPTOR);
  return { format: found[0], numChannels: bits.length };
}

/** Stores a cudaChannelFormatDesc. */
export function writeChannels({ memory }: GuestThread, address: number, { format, numChannels }: Texels): void {
  const [, kind, bits] = formats.find(([of]) => of === format) ?? [0, KIND.UNSIGNED, 0];
  for (let channel = 0; channel < 4; channel++) memory.setU32(address + 4 * channel, channel < numChannels ? bits : 0);
  memory.setU32(address + 16, kind);
}

/** An array of the texels that a cudaChannelFormatDesc describes. The flags are those of the driver. */
export function arrayDescriptor(
  thread: GuestThread,
  desc: number,
  [width, height, depth]: readonly [number, number, number],
  flags: number,
): ArrayDescriptor {
  return { width, height, depth, ...readChannels(thread, desc), flags };
}
