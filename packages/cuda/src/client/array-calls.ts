import { DEVICE_ATTRIBUTE } from "../attributes.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import { refuseInCapture } from "./capture.ts";
import { allocate, free } from "./memory-calls.ts";
import { ALL_ARRAY_FLAGS, ARRAY_FLAG, FORMAT_BYTES, MOST_TEXTURE_LEVELS } from "../texture-info.ts";
import { CudaArray, MipmappedArray } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** CUDA_ARRAY3D_DESCRIPTOR: sizes in elements; a height or depth of 0 is a dimension that the array does not have. */
export interface ArrayDescriptor {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly format: number;
  readonly numChannels: number;
  readonly flags: number;
}

/** Rows begin at multiples of it. */
const ROW_ALIGNMENT = 64;

/** A one- or two-dimensional array. */
export function cuArrayCreate(
  thread: CudaThread,
  descriptor: Pick<ArrayDescriptor, "width" | "height" | "format" | "numChannels">,
): number {
  return cuArray3DCreate(thread, { ...descriptor, depth: 0, flags: 0 });
}

/** An array of up to three dimensions, or of layers or cube faces. It lies in device memory, row by row and slice by slice. */
export function cuArray3DCreate(thread: CudaThread, descriptor: ArrayDescriptor): number {
  const context = thread.context();
  refuseInCapture(thread);
  check(descriptor, context.device.attributes);
  const { width, height, depth, format, numChannels } = descriptor;
  const elementBytes = FORMAT_BYTES.get(format)! * numChannels;
  const pitch = Math.ceil((width * elementBytes) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  const slice = pitch * Math.max(height, 1);
  const address = allocate(thread.client, context, slice * Math.max(depth, 1));
  const array = thread.client.register(
    new CudaArray(thread.client.handle(), context, { ...descriptor, address, pitch, slice, elementBytes }),
  );
  context.arrays.add(array);
  return array.handle;
}

/** Arrays for the levels of detail of a texture: as many as there are sizes, if `levels` is more. */
export function cuMipmappedArrayCreate(thread: CudaThread, descriptor: ArrayDescriptor, levels: number): number {
  const { client } = thread;
  const context = thread.context();
  const isDeep = descriptor.depth > 0 && (descriptor.flags & (ARRAY_FLAG.LAYERED | ARRAY_FLAG.CUBEMAP)) === 0;
  const side = Math.max(descriptor.width, descriptor.height, isDeep ? descriptor.depth : 1);
  if (levels < 1) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const count = Math.min(levels, MOST_TEXTURE_LEVELS, Math.floor(Math.log2(side)) + 1);
  const half = (size: number, level: number): number => (size === 0 ? 0 : Math.max(1, size >> level));
  const arrays = Array.from({ length: count }, (_, level) => {
    const { width, height, depth } = descriptor;
    const size = { width: half(width, level), height: half(height, level), depth: isDeep ? half(depth, level) : depth };
    return client.object(cuArray3DCreate(thread, { ...descriptor, ...size }), CudaArray);
  });
  const mipmap = client.register(new MipmappedArray(client.handle(), context, arrays));
  context.mipmaps.add(mipmap);
  return mipmap.handle;
}

/** The array of a level, which goes with the whole. */
export function cuMipmappedArrayGetLevel(thread: CudaThread, hMipmappedArray: number, level: number): number {
  const array = thread.client.object(hMipmappedArray, MipmappedArray).levels[level];
  if (!array) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return array.handle;
}

export function cuMipmappedArrayDestroy(thread: CudaThread, hMipmappedArray: number): void {
  const mipmap = thread.client.object(hMipmappedArray, MipmappedArray);
  thread.client.forget(mipmap);
  mipmap.context.mipmaps.delete(mipmap);
  for (const { handle } of mipmap.levels) cuArrayDestroy(thread, handle);
}

export function cuArrayDestroy(thread: CudaThread, hArray: number): void {
  const array = thread.client.object(hArray, CudaArray);
  thread.client.forget(array);
  array.context.arrays.delete(array);
  free(thread.client, array.address);
}

export function cuArray3DGetDescriptor(thread: CudaThread, hArray: number): ArrayDescriptor {
  const { width, height, depth, format, numChannels, flags } = thread.client.object(hArray, CudaArray);
  return { width, height, depth, format, numChannels, flags };
}

function check(descriptor: ArrayDescriptor, attributes: ReadonlyMap<number, number>): void {
  const { width, height, depth, format, numChannels, flags } = descriptor;
  const isLayered = (flags & ARRAY_FLAG.LAYERED) !== 0;
  const isCube = (flags & ARRAY_FLAG.CUBEMAP) !== 0;
  const most = (attribute: number): number => attributes.get(attribute) || Infinity;
  const limits =
    depth > 0 && !isLayered && !isCube
      ? ([
          DEVICE_ATTRIBUTE.MAXIMUM_TEXTURE3D_WIDTH,
          DEVICE_ATTRIBUTE.MAXIMUM_TEXTURE3D_HEIGHT,
          DEVICE_ATTRIBUTE.MAXIMUM_TEXTURE3D_DEPTH,
        ] as const)
      : height > 0
        ? ([DEVICE_ATTRIBUTE.MAXIMUM_TEXTURE2D_WIDTH, DEVICE_ATTRIBUTE.MAXIMUM_TEXTURE2D_HEIGHT] as const)
        : ([DEVICE_ATTRIBUTE.MAXIMUM_TEXTURE1D_WIDTH] as const);
  const isValid =
    FORMAT_BYTES.has(format) &&
    [1, 2, 4].includes(numChannels) &&
    (flags & ~ALL_ARRAY_FLAGS) === 0 &&
    width > 0 &&
    (depth === 0 || height > 0 || isLayered) &&
    (!isLayered || depth > 0) &&
    (!isCube || (width === height && (isLayered ? depth % 6 === 0 : depth === 6))) &&
    [width, height, depth].every((size, axis) => limits[axis] === undefined || size <= most(limits[axis]));
  if (!isValid) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}
