import { api, fn, INT, type Out, out, PVOID } from "@decant/hook";
import { type GuestThread, need } from "../library.ts";
import { CUenum, CUevent, CUstream } from "../types.ts";
import { runtimeTopic } from "./forms.ts";
import type { CudaRuntime } from "./runtime.ts";
import { CUDA_ERROR_T } from "./types.ts";

/* Streams and events that take no flags, and cudaCreateChannelDesc ("CUDA Runtime API", Stream Management, Event Management, Texture Object Management). */

export const streamApi = (dll: string) =>
  api(dll, {
    cudaStreamCreate: fn(CUDA_ERROR_T, ["pStream", out(CUstream)]),
    cudaEventCreate: fn(CUDA_ERROR_T, ["event", out(CUevent)]),
  });

type OutHandle = Out<number, number | bigint>;

export const streams = (runtime: CudaRuntime, dll: string) =>
  runtimeTopic(runtime, "context")(streamApi(dll), {
    cudaStreamCreate(thread: GuestThread, pStream: OutHandle) {
      need(pStream);
      pStream.set(runtime.cuda(thread).cuStreamCreate(0));
    },
    cudaEventCreate(thread: GuestThread, event: OutHandle) {
      need(event);
      event.set(runtime.cuda(thread).cuEventCreate(0));
    },
  });

/** Its result is larger than a register: it goes where the first argument says. */
export const channelApi = (dll: string) =>
  api(dll, {
    cudaCreateChannelDesc: fn(PVOID, ["desc", PVOID], ["x", INT], ["y", INT], ["z", INT], ["w", INT], ["f", CUenum]),
  });

export const channels = (runtime: CudaRuntime, dll: string) =>
  runtimeTopic(runtime, "nothing")(channelApi(dll), {
    cudaCreateChannelDesc(thread, desc, ...values) {
      for (const [index, value] of values.entries()) thread.memory.setU32(desc + 4 * index, value >>> 0);
      return desc;
    },
  });
