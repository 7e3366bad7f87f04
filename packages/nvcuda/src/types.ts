import { errorName } from "@decant/cuda";
import { codeResult, cuResultOf, DWORD, INT, type Type, UINT, ULARGE_INTEGER, ULONG_PTR_N } from "@decant/hook";

/** The types of cuda.h. Addresses and handles are numbers: real ones stay below 2^53. */
export const CUdeviceptr = ULARGE_INTEGER;
export const CUcontext = ULONG_PTR_N;
export const CUmodule = ULONG_PTR_N;
export const CUfunction = ULONG_PTR_N;
export const CUstream = ULONG_PTR_N;
export const CUevent = ULONG_PTR_N;
export const CUdevice = INT;
/** Enumerations and flags of cuda.h. */
export const CUenum = UINT;

/** A CUresult; a body that returns nothing has succeeded: the register then holds 0, CUDA_SUCCESS. */
export const CURESULT = codeResult(
  DWORD,
  "CUresult",
  cuResultOf,
  (code: number | undefined) => errorName(code ?? 0) ?? String(code),
) as unknown as Type<number, number | void>;

/** Handles that are no contexts, modules or streams. */
export const CUhandle = ULONG_PTR_N;
