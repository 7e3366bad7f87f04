import { DEVICE_ATTRIBUTE } from "../attributes.ts";
import { CUDA_ERROR, CudaError } from "../result.ts";
import { refuseInCapture } from "./capture.ts";
import { allocate, free } from "./memory-calls.ts";
import { CudaArray } from "./objects.ts";
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

/** Bytes of a channel of each CUarray_format: 8, 16 and 32 bits unsigned and signed, half, float. */
const FORMAT_BYTES = new Map([
  [0x01, 1],
  [0x02, 2],
  [0x03, 4],
  [0x08, 1],
  [0x09, 2],
  [0x0a, 4],
  [0x10, 2],
  [0x20, 4],
]);
/** CUDA_ARRAY3D_*. */
const FLAG = { LAYERED: 1, SURFACE_LDST: 2, CUBEMAP: 4, TEXTURE_GATHER: 8 } as const;
const ALL_FLAGS = 15;
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
  const isLayered = (flags & FLAG.LAYERED) !== 0;
  const isCube = (flags & FLAG.CUBEMAP) !== 0;
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
    (flags & ~ALL_FLAGS) === 0 &&
    width > 0 &&
    (depth === 0 || height > 0 || isLayered) &&
    (!isLayered || depth > 0) &&
    (!isCube || (width === height && (isLayered ? depth % 6 === 0 : depth === 6))) &&
    [width, height, depth].every((size, axis) => limits[axis] === undefined || size <= most(limits[axis]));
  if (!isValid) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}
