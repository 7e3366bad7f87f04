import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { modulePtx } from "@decant/compute";
import { parsePtx, PtxError, type Register, type Variable } from "@decant/ptx";

/** A kernel as `decant kernel list` shows it. */
export interface KernelSignature {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: string; readonly bytes: number }[];
  /** `.maxntid` and kin by name. */
  readonly directives: Readonly<Record<string, readonly number[]>>;
}

/** The kernels of a module image, in its order. Fails with CudaError as loading the module would. */
export function kernelSignatures(image: Uint8Array): KernelSignature[] {
  return modulePtx(image).flatMap((text) => {
    try {
      return parsePtx(text)
        .functions.filter(({ entry, body }) => entry && body !== undefined)
        .map(({ name, parameters, directives }) => ({
          name,
          parameters: parameters.map(parameterOf),
          directives: Object.fromEntries(directives),
        }));
    } catch (error) {
      if (error instanceof PtxError) throw new CudaError(CUDA_ERROR.INVALID_PTX, error.message);
      throw error;
    }
  });
}

/** `saxpy(u32 n, f32 a, u64 x, u64 y)`, and what the block must be. */
export function signatureText({ name, parameters, directives }: KernelSignature): string {
  const list = parameters.map((parameter) => `${parameter.type} ${parameter.name}`).join(", ");
  const notes = Object.entries(directives).map(([directive, values]) => ` .${directive} ${values.join(",")}`);
  return `${name}(${list})${notes.join("")}`;
}

function parameterOf(parameter: Variable | Register): KernelSignature["parameters"][number] {
  if (!("space" in parameter)) return { name: parameter.name, type: parameter.type, bytes: 0 };
  const { name, type, dimensions, vector, size } = parameter;
  return { name, type: `${type}${vector > 1 ? `.v${vector}` : ""}${dimensions.map((count) => `[${count}]`).join("")}`, bytes: size };
}
