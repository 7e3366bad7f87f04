import { CALLBACK, codeResult, cuResultOf, DWORD, in_, struct, type Type, UINT } from "@decant/hook";
import { CUenum } from "../types.ts";
import { runtimeErrorName } from "./error-names.ts";

/** A cudaError_t; a body that returns nothing has succeeded. */
export const CUDA_ERROR_T = codeResult(DWORD, "cudaError_t", cuResultOf, (code: number | undefined) =>
  runtimeErrorName(code ?? 0),
) as unknown as Type<number, number | void>;

/** dim3 by value: larger than a register, and so by a pointer to a copy. */
export const DIM3 = in_(struct("dim3", { x: UINT, y: UINT, z: UINT }));

/** A dim3's value. */
export interface Dim3 {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** The address of a program's stand-in for a kernel, or of a cudaKernel_t. */
export const ENTRY = CALLBACK;
/** cudaMemcpyKind. */
export const CopyKind = CUenum;
