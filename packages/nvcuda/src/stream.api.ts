import { alias, api, CALLBACK, fn, FLOAT, inout, INT, OPAQUE, optional, out, PVOID, SIZE_T, UINT, ULONGLONG } from "@decant/hook";
import { CUcontext, CUdevice, CUdeviceptr, CUenum, CUevent, CUhandle, CURESULT, CUstream } from "./types.ts";

/* Streams, events, and what is captured in streams ("CUDA Driver API", Stream Management and Event Management, cuda.h 13.0). */

const onStream = fn(CURESULT, ["hStream", CUstream]);
const waitEvent = fn(CURESULT, ["hStream", CUstream], ["hEvent", CUevent], ["Flags", UINT]);
const record = fn(CURESULT, ["hEvent", CUevent], ["hStream", CUstream]);
const recordWithFlags = fn(CURESULT, ["hEvent", CUevent], ["hStream", CUstream], ["flags", UINT]);
const streamFlags = fn(CURESULT, ["hStream", CUstream], ["flags", out(UINT)]);
const streamPriority = fn(CURESULT, ["hStream", CUstream], ["priority", out(INT)]);
const streamContext = fn(CURESULT, ["hStream", CUstream], ["pctx", out(CUcontext)]);
const streamId = fn(CURESULT, ["hStream", CUstream], ["streamId", out(ULONGLONG)]);

const captureInfo = [
  ["hStream", CUstream],
  ["captureStatus_out", out(CUenum)],
  ["id_out", optional(out(ULONGLONG))],
  ["graph_out", optional(out(CUhandle))],
  ["dependencies_out", optional(out(PVOID))],
] as const;

export const streamApi = api("nvcuda", {
  cuStreamCreate: fn(CURESULT, ["phStream", out(CUstream)], ["Flags", UINT]),
  cuStreamCreateWithPriority: fn(CURESULT, ["phStream", out(CUstream)], ["flags", UINT], ["priority", INT]),
  cuStreamDestroy: alias("cuStreamDestroy_v2"),
  cuStreamDestroy_v2: onStream,
  cuStreamQuery: onStream,
  cuStreamSynchronize: onStream,
  cuStreamWaitEvent: waitEvent,
  cuStreamGetFlags: streamFlags,
  cuStreamGetPriority: streamPriority,
  cuStreamGetCtx: streamContext,
  cuStreamGetId: streamId,
  cuEventCreate: fn(CURESULT, ["phEvent", out(CUevent)], ["Flags", UINT]),
  cuEventDestroy: alias("cuEventDestroy_v2"),
  cuEventDestroy_v2: fn(CURESULT, ["hEvent", CUevent]),
  cuEventRecord: record,
  cuEventRecordWithFlags: recordWithFlags,
  cuEventQuery: fn(CURESULT, ["hEvent", CUevent]),
  cuEventSynchronize: fn(CURESULT, ["hEvent", CUevent]),
  cuEventElapsedTime: fn(CURESULT, ["pMilliseconds", out(FLOAT)], ["hStart", CUevent], ["hEnd", CUevent]),
  cuEventElapsedTime_v2: fn(CURESULT, ["pMilliseconds", out(FLOAT)], ["hStart", CUevent], ["hEnd", CUevent]),
  cuStreamAddCallback: fn(CURESULT, ["hStream", CUstream], ["callback", CALLBACK], ["userData", OPAQUE], ["flags", UINT]),
  cuLaunchHostFunc: fn(CURESULT, ["hStream", CUstream], ["fn", CALLBACK], ["userData", OPAQUE]),
  cuStreamGetDevice: fn(CURESULT, ["hStream", CUstream], ["device", out(CUdevice)]),
  cuStreamGetCtx_v2: fn(CURESULT, ["hStream", CUstream], ["pCtx", optional(out(CUcontext))], ["pGreenCtx", optional(out(CUhandle))]),
  cuStreamAttachMemAsync: fn(CURESULT, ["hStream", CUstream], ["dptr", CUdeviceptr], ["length", SIZE_T], ["flags", UINT]),
  cuStreamBeginCapture: onStream,
  cuStreamBeginCapture_v2: fn(CURESULT, ["hStream", CUstream], ["mode", CUenum]),
  cuStreamBeginCaptureToGraph: fn(
    CURESULT,
    ["hStream", CUstream],
    ["hGraph", CUhandle],
    ["dependencies", PVOID],
    ["dependencyData", PVOID],
    ["numDependencies", SIZE_T],
    ["mode", CUenum],
  ),
  cuStreamEndCapture: fn(CURESULT, ["hStream", CUstream], ["phGraph", out(CUhandle)]),
  cuStreamIsCapturing: fn(CURESULT, ["hStream", CUstream], ["captureStatus", out(CUenum)]),
  cuStreamGetCaptureInfo: fn(CURESULT, ["hStream", CUstream], ["captureStatus_out", out(CUenum)], ["id_out", optional(out(ULONGLONG))]),
  cuStreamGetCaptureInfo_v2: fn(CURESULT, ...captureInfo, ["numDependencies_out", optional(out(SIZE_T))]),
  cuStreamGetCaptureInfo_v3: fn(
    CURESULT,
    ...captureInfo,
    ["edgeData_out", optional(out(PVOID))],
    ["numDependencies_out", optional(out(SIZE_T))],
  ),
  cuStreamUpdateCaptureDependencies: fn(
    CURESULT,
    ["hStream", CUstream],
    ["dependencies", PVOID],
    ["numDependencies", SIZE_T],
    ["flags", UINT],
  ),
  cuStreamUpdateCaptureDependencies_v2: fn(
    CURESULT,
    ["hStream", CUstream],
    ["dependencies", PVOID],
    ["dependencyData", PVOID],
    ["numDependencies", SIZE_T],
    ["flags", UINT],
  ),
  cuThreadExchangeStreamCaptureMode: fn(CURESULT, ["mode", inout(CUenum)]),
});
