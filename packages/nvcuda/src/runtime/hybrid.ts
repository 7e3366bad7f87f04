import { HYBRID_DLL } from "./dlls.ts";
import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { api, ApiFunction, fn, LPCSTR, OPAQUE, out, PVOID, ULONGLONG } from "@decant/hook";
import { declareTable, type ExportTable } from "../export-table.ts";
import { type GuestThread, named, need } from "../library.ts";
import { CURESULT } from "../types.ts";
import { nameOfCall } from "./call-ids.ts";
import { runtimeBody, runtimeTopic } from "./forms.ts";
import type { CudaRuntime } from "./runtime.ts";
import { CUDA_ERROR_T } from "./types.ts";

/* From CUDA 13 on, what is linked into programs for Windows is not the runtime but a way to it: it lies in a DLL of the driver's, and functions are asked for by number. */

/** Another name for it, for processes that are translated to arm64. */
const NAMES = new Set([`${HYBRID_DLL}.dll`, "nvcudart_hybrid64a.dll"]);
/** The function of that DLL that programs ask for the others. */
const ASK = "__cudaGetProcAddress";
/** What a program gives back when it is done. */
const TOKEN = 1n;
/** What __cudaGetProcAddress is given: its size, a number, and the version of the runtime that the program was made for. */
const REQUEST = { number: 8 } as const;

/** The driver's table for programs that look for the runtime: what it has was seen by watching the runtime of CUDA 13.1 ask. */
export const hybridTable: ExportTable = declareTable("dd9e98a4-f410-4844-99b0-e2aeb7b432b5", {
  1: ["hybridRuntimeLoad", fn(CURESULT, ["name", LPCSTR], ["pfn", out(PVOID)], ["token", out(ULONGLONG)]), load],
  2: ["hybridRuntimeFree", fn(CURESULT, ["token", ULONGLONG]), free],
});

function load(thread: GuestThread, name: string | undefined, pfn: PlaceOf<number>, token: PlaceOf<bigint>): void {
  need(pfn, token);
  if (!NAMES.has(named(name).toLowerCase())) throw new CudaError(CUDA_ERROR.FILE_NOT_FOUND);
  pfn.set(addressOf(thread, ASK));
  token.set(TOKEN);
}

function free(_: GuestThread, token: bigint): void {
  if (token !== TOKEN) throw new CudaError(CUDA_ERROR.INVALID_HANDLE);
}

type PlaceOf<V> = { readonly isNull: boolean; set(value: V): void };

/** __cudaGetProcAddress: a number that no topic has a function for gets one that answers cudaErrorNotSupported, and is counted. */
export const hybrid = (runtime: CudaRuntime, declared: ReadonlySet<string>) =>
  runtimeTopic(runtime, "nothing")(api(HYBRID_DLL, { [ASK]: fn(OPAQUE, ["request", PVOID]) }), {
    [ASK](thread: GuestThread, request: number) {
      const number = thread.memory.u32(request + REQUEST.number);
      const name = nameOfCall.get(number) ?? `function ${number}`;
      return BigInt(declared.has(name) || name === ASK ? addressOf(thread, name) : notSupported(runtime, thread, name));
    },
  });

/** The address of a function that answers cudaErrorNotSupported in another's name. */
function notSupported(runtime: CudaRuntime, thread: GuestThread, name: string): number {
  const { missing } = runtime.state(thread);
  const known = missing.get(name);
  if (known !== undefined) return known;
  const body = runtimeBody(runtime, "nothing", (caller: GuestThread) => {
    runtime.nvcuda.countUnsupported(caller, name);
    throw new CudaError(CUDA_ERROR.NOT_SUPPORTED);
  });
  const target = new ApiFunction({
    dll: HYBRID_DLL,
    name,
    key: name,
    convention: "stdcall",
    declaration: fn(CUDA_ERROR_T),
    wide: undefined,
    body,
  });
  const address = thread.process.addFunction(target);
  missing.set(name, address);
  return address;
}

function addressOf(thread: GuestThread, name: string): number {
  const target = thread.process.loader.require(`${HYBRID_DLL}.dll`).exports.byName.get(name);
  return target && "address" in target ? (target.address as number) : 0;
}
