import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { ELF, readElf } from "./elf.ts";
import { FATBIN, type FatbinPtx, readFatbin } from "./fatbin.ts";

/** The compute capability that the processor presents itself with, as 86: see `device.ts`. */
const CAPABILITY = 86;

/**
 * The PTX of a module image: of the image itself where it is text, otherwise of a fatbin's entry that suits best, or of the texts that a cubin carries
 * (several where a linker made it). Fails with CUDA_ERROR_NO_BINARY_FOR_GPU where there is machine code only, and INVALID_IMAGE where the image is
 * damaged, or none.
 */
export function modulePtx(image: Uint8Array): string[] {
  const magic = image.length >= 4 ? new DataView(image.buffer, image.byteOffset, 4).getUint32(0, true) : 0;
  if (magic === FATBIN) return [bestOf(readFatbin(image), "fatbin")];
  if (magic === ELF) {
    const { texts, fatbins } = readElf(image);
    return texts.length > 0 ? texts : [bestOf(fatbins.flatMap(readFatbin), "cubin")];
  }
  if (!looksLikeText(image)) throw new CudaError(CUDA_ERROR.INVALID_IMAGE, "the image is neither PTX text, nor a fatbin, nor a cubin");
  return [new TextDecoder("latin1").decode(image).replace(/\0[^]*$/, "")];
}

/** As the driver chooses: the newest that is not too new; where all are, the oldest of them may still compile. */
function bestOf(candidates: readonly FatbinPtx[], kind: string): string {
  const sorted = candidates.toSorted((a, b) => a.capability - b.capability);
  const best = sorted.findLast(({ capability }) => capability <= CAPABILITY) ?? sorted[0];
  if (best === undefined)
    throw new CudaError(
      CUDA_ERROR.NO_BINARY_FOR_GPU,
      `the ${kind} holds machine code for GPUs, and no PTX (nvcc -gencode arch=compute_75,code=compute_75)`,
    );
  return best.text;
}

function looksLikeText(image: Uint8Array): boolean {
  return (
    image.length > 0 && image.subarray(0, 64).every((byte, index) => byte >= 0x20 || (byte >= 9 && byte <= 13) || (byte === 0 && index > 0))
  );
}
