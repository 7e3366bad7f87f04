import { CUDA_ERROR, CudaError, levelBytes, RESOURCE, type TextureInfo, type TextureLevel } from "@decant/cuda";
import { arrayDescriptor, levelCopy } from "./descriptors.ts";
import { check, type Libcuda } from "./libcuda.ts";

/** An array of the library's that stands for an array of the client's, which is memory. */
interface Image {
  readonly context: object;
  readonly info: TextureInfo;
  readonly levels: readonly { readonly level: TextureLevel; readonly array: bigint; readonly end: number }[];
  /** A CUarray, or a CUmipmappedArray. */
  readonly object: bigint;
  /** Which of the two was written to last. */
  newer: "memory" | "array" | "neither";
  /** Kernels may write to it. */
  isSurface: boolean;
  /** Recorded behind the last copy between the two, which other streams wait for. */
  readonly event: bigint;
  stream: bigint | undefined;
}

/** CU_EVENT_DISABLE_TIMING. */
const NO_TIMING = 2;

/**
 * The arrays behind textures and surfaces. To the client an array is memory, to the GPU it is not; so each array that a texture or surface object was made of is
 * there twice, as long as its memory is. What copies and sets write to the memory goes to the array before the next kernel, and what kernels may have written through a
 * surface comes back before the next copy that looks at the memory. Programs order their launches and copies, and these copies follow them in the same streams.
 */
export class Images {
  readonly #cuda: Libcuda;
  readonly #images = new Set<Image>();

  constructor(cuda: Libcuda) {
    this.#cuda = cuda;
  }

  /** The CUarray or CUmipmappedArray of a texture that has one, in the current context; it is made where there is none. 0 for memory. */
  of(context: object, info: TextureInfo, use: "texture" | "surface"): bigint {
    if (info.resource === RESOURCE.LINEAR || info.resource === RESOURCE.PITCH2D) return 0n;
    if (info.levels.some(({ rowPitch, slicePitch }) => rowPitch === 0 || slicePitch % rowPitch !== 0))
      throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, "slices of an array that are not a number of rows apart");
    for (const image of this.#images) {
      if (image.context !== context) continue;
      const object = isSame(image.info, info) ? image.object : info.resource === RESOURCE.ARRAY ? levelOf(image, info) : undefined;
      if (object === undefined) continue;
      image.isSurface ||= use === "surface";
      return object;
    }
    const image = this.#make(context, info, use === "surface");
    this.#images.add(image);
    return image.object;
  }

  /** Before a kernel: arrays are what their memory is. */
  beforeLaunch(context: object, stream: bigint): void {
    if (this.#images.size === 0) return;
    for (const image of this.#images) if (image.context === context && image.newer === "array") this.#shareOverlap(image, stream);
    for (const image of this.#images) {
      if (image.context !== context) continue;
      if (image.newer === "memory") this.#copy(image, "array", stream);
      else this.#follow(image, stream);
    }
  }

  /** After a kernel: it may have written to any surface of its context. */
  afterLaunch(context: object): void {
    for (const image of this.#images) if (image.context === context && image.isSurface) image.newer = "array";
  }

  /** Before work of a stream that reads, or writes, [address, address + size). */
  beforeAccess(address: number, size: number, stream: bigint, access: "read" | "write"): void {
    for (const image of this.#images) {
      if (!overlaps(image, address, size)) continue;
      if (image.newer === "array") this.#copy(image, "memory", stream);
      else this.#follow(image, stream);
      if (access === "write") image.newer = "memory";
    }
  }

  /** Lets go of arrays whose memory is freed; their context is current. */
  free(address: number, size: number): void {
    for (const image of this.#images) if (overlaps(image, address, size)) this.#destroy(image);
  }

  /** Forgets those of a context that is about to be destroyed, and current. */
  clear(context: object): void {
    for (const image of this.#images) if (image.context === context) this.#destroy(image);
  }

  #make(context: object, info: TextureInfo, isSurface: boolean): Image {
    const cuda = this.#cuda;
    const isMipmapped = info.resource === RESOURCE.MIPMAPPED_ARRAY;
    const [object, event] = [new BigUint64Array(1), new BigUint64Array(1)];
    const descriptor = arrayDescriptor(info, info.levels[0]!);
    if (isMipmapped) check(cuda.cuMipmappedArrayCreate(object, descriptor, info.levels.length));
    else check(cuda.cuArray3DCreate_v2(object, descriptor));
    const levels = info.levels.map((level, index) => {
      const array = new BigUint64Array(object);
      if (isMipmapped) check(cuda.cuMipmappedArrayGetLevel(array, object[0]!, index));
      return { level, array: array[0]!, end: level.address + levelBytes(info, level) };
    });
    check(cuda.cuEventCreate(event, NO_TIMING));
    return { context, info, levels, object: object[0]!, newer: "memory", isSurface, event: event[0]!, stream: undefined };
  }

  #destroy(image: Image): void {
    this.#images.delete(image);
    if (image.info.resource === RESOURCE.MIPMAPPED_ARRAY) this.#cuda.cuMipmappedArrayDestroy(image.object);
    else this.#cuda.cuArrayDestroy(image.object);
    this.#cuda.cuEventDestroy_v2(image.event);
  }

  /** A level may have been a surface before it was one of a mipmapped texture: what kernels wrote to one is the other's too. */
  #shareOverlap(image: Image, stream: bigint): void {
    const others = [...this.#images].filter(
      (other) => other !== image && image.levels.some(({ level, end }) => overlaps(other, level.address, end - level.address)),
    );
    if (others.length === 0) return;
    // What stands for one level only is what kernels were given for it.
    for (const other of others) if (other.newer === "array") this.#copy(other, "memory", stream);
    this.#copy(image, "memory", stream);
    for (const other of others) other.newer = "memory";
  }

  #copy(image: Image, to: "array" | "memory", stream: bigint): void {
    this.#follow(image, stream);
    for (const { level, array } of image.levels) check(this.#cuda.cuMemcpy3DAsync_v2(levelCopy(image.info, level, array, to), stream));
    check(this.#cuda.cuEventRecord(image.event, stream));
    image.newer = "neither";
    image.stream = stream;
  }

  /** Lets a stream wait for the last copy, where that was in another. */
  #follow(image: Image, stream: bigint): void {
    if (image.stream !== undefined && image.stream !== stream) check(this.#cuda.cuStreamWaitEvent(stream, image.event, 0));
  }
}

function isSame(one: TextureInfo, other: TextureInfo): boolean {
  const shape = ({ resource, arrayFlags, format, channels, layers, levels }: TextureInfo): string =>
    JSON.stringify([resource, arrayFlags, format, channels, layers, levels]);
  return shape(one) === shape(other);
}

/** The level of a mipmapped array that an array is. */
function levelOf({ info, levels }: Image, { format, channels, levels: [wanted] }: TextureInfo): bigint | undefined {
  if (info.resource !== RESOURCE.MIPMAPPED_ARRAY || info.format !== format || info.channels !== channels) return undefined;
  return levels.find(({ level }) => JSON.stringify(level) === JSON.stringify(wanted))?.array;
}

function overlaps({ levels }: Image, address: number, size: number): boolean {
  return levels.some(({ level, end }) => level.address < address + size && address < end);
}
