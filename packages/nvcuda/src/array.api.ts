import { alias, api, fn, out, PVOID } from "@decant/hook";
import { CUhandle, CURESULT } from "./types.ts";

/* Arrays ("CUDA Driver API", Memory Management, cuda.h 13.0). */

const create = fn(CURESULT, ["pHandle", out(CUhandle)], ["pAllocateArray", PVOID]);
const describe = fn(CURESULT, ["pArrayDescriptor", PVOID], ["hArray", CUhandle]);

export const arrayApi = api("nvcuda", {
  cuArrayCreate: alias("cuArrayCreate_v2"),
  cuArrayCreate_v2: create,
  cuArray3DCreate: alias("cuArray3DCreate_v2"),
  cuArray3DCreate_v2: create,
  cuArrayGetDescriptor: alias("cuArrayGetDescriptor_v2"),
  cuArrayGetDescriptor_v2: describe,
  cuArray3DGetDescriptor: alias("cuArray3DGetDescriptor_v2"),
  cuArray3DGetDescriptor_v2: describe,
  cuArrayDestroy: fn(CURESULT, ["hArray", CUhandle]),
});
