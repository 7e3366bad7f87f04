import type { ValueOf, WireType } from "./wire-types.ts";
import {
  BYTES,
  CONTEXT,
  DEVICEPTR,
  EVENT,
  FLOAT,
  I32,
  LINK,
  MODULE,
  NEW_CONTEXT,
  NEW_EVENT,
  NEW_GATE,
  NEW_LINK,
  NEW_MODULE,
  NEW_STREAM,
  NEW_TEXTURE,
  OLD_CONTEXT,
  OLD_EVENT,
  OLD_GATE,
  OLD_LINK,
  OLD_MODULE,
  OLD_STREAM,
  OLD_TEXTURE,
  SIZE,
  STREAM,
  TEXT,
  U32,
  VOID,
} from "./wire-types.ts";
import { MODULE_INFO } from "./driver-info.ts";
import { TEXTURE_INFO } from "./texture-info.ts";

type Parameter = readonly [name: string, type: WireType<unknown>];

/**
 * How a call crosses: `answer` waits for its result; `post` has none, and a failure is latched; `create` is a post
 * whose first parameter is a handle or address that the client chose.
 */
export type CallKind = "answer" | "post" | "create";

/** One call of a driver: its kind, its parameters in order, its result. */
export interface DriverCall<P extends readonly Parameter[] = readonly Parameter[], R = unknown, K extends CallKind = CallKind> {
  readonly kind: K;
  readonly parameters: P;
  readonly result: WireType<R>;
}

const post = <const P extends readonly Parameter[]>(...parameters: P): DriverCall<P, void, "post"> => ({
  kind: "post",
  parameters,
  result: VOID,
});
const create = <const P extends readonly Parameter[]>(...parameters: P): DriverCall<P, void, "create"> => ({
  kind: "create",
  parameters,
  result: VOID,
});
const answer = <R, const P extends readonly Parameter[]>(result: WireType<R>, ...parameters: P): DriverCall<P, R, "answer"> => ({
  kind: "answer",
  parameters,
  result,
});

const launch = post(
  ["stream", STREAM],
  ["module", MODULE],
  ["function", U32],
  ["gridDimX", U32],
  ["gridDimY", U32],
  ["gridDimZ", U32],
  ["blockDimX", U32],
  ["blockDimY", U32],
  ["blockDimZ", U32],
  ["sharedMemBytes", U32],
  ["parameters", BYTES],
);

/**
 * Every call that a driver executes, by the Driver API name that it carries out (those without `cu` have none). All other Driver API functions are
 * local: the client answers them from what it knows, or by these.
 *
 * Calls arrive in order. A call on a stream starts when those before it on that stream have ended; the legacy default
 * stream (named by its context) and the blocking streams of that context wait for each other as CUDA documents.
 */
export const driverCalls = {
  // `slot` is the number of the arena slot that the context's memory takes (see DeviceInfo.arena).
  cuCtxCreate: create(["context", NEW_CONTEXT], ["device", U32], ["flags", U32], ["slot", U32]),
  // Ends the context's work, then frees everything in it: streams, events, modules, memory.
  cuCtxDestroy: post(["context", OLD_CONTEXT]),
  cuCtxSynchronize: answer(VOID, ["context", CONTEXT]),
  cuCtxSetLimit: post(["context", CONTEXT], ["limit", U32], ["value", SIZE]),

  // The image is PTX text (with or without its NUL), or a fatbin or cubin as it lies in memory. Fails with
  // CUDA_ERROR_INVALID_PTX, NO_BINARY_FOR_GPU, INVALID_IMAGE...; the error's log says why.
  cuModuleLoadData: answer(MODULE_INFO, ["module", NEW_MODULE], ["context", CONTEXT], ["image", BYTES]),
  cuModuleUnload: post(["module", OLD_MODULE]),
  cuFuncSetAttribute: post(["module", MODULE], ["function", U32], ["attribute", U32], ["value", I32]),

  // Joins modules. Data is checked when it comes: the answer is the compiler's log. `type` is a CUjitInputType; `name` is for messages.
  cuLinkCreate: create(["link", NEW_LINK], ["context", CONTEXT]),
  cuLinkAddData: answer(TEXT, ["link", LINK], ["type", U32], ["name", TEXT], ["data", BYTES]),
  // The result is an image for cuModuleLoadData. Fails with CUDA_ERROR_NOT_FOUND for a name that nothing defines.
  cuLinkComplete: answer(BYTES, ["link", LINK]),
  cuLinkDestroy: post(["link", OLD_LINK]),

  // The result is what kernels know the object by: a CUtexObject or CUsurfObject. Each level lies in one allocation of the context.
  cuTexObjectCreate: answer(SIZE, ["texture", NEW_TEXTURE], ["context", CONTEXT], ["info", TEXTURE_INFO]),
  cuTexObjectDestroy: post(["texture", OLD_TEXTURE]),
  cuSurfObjectCreate: answer(SIZE, ["surface", NEW_TEXTURE], ["context", CONTEXT], ["info", TEXTURE_INFO]),
  cuSurfObjectDestroy: post(["surface", OLD_TEXTURE]),
  // Lets a texture or surface reference of a module (its position in the module's references) be an object.
  cuTexRefSetArray: post(["module", MODULE], ["reference", U32], ["object", SIZE]),

  // The address lies in the context's arena slot, and no live allocation overlaps it. New memory is zeroed when it was used before.
  cuMemAlloc: create(["address", DEVICEPTR], ["context", CONTEXT], ["size", SIZE]),
  // Takes effect after all work of the context that was posted before it.
  cuMemFree: post(["address", DEVICEPTR], ["context", CONTEXT]),

  cuMemcpyHtoD: post(["stream", STREAM], ["dstDevice", DEVICEPTR], ["bytes", BYTES]),
  // The result is the caller's to keep.
  cuMemcpyDtoH: answer(BYTES, ["stream", STREAM], ["srcDevice", DEVICEPTR], ["size", SIZE]),
  cuMemcpyDtoD: post(["stream", STREAM], ["dstDevice", DEVICEPTR], ["srcDevice", DEVICEPTR], ["size", SIZE]),
  // Rows: `height` of them, of `width` bytes, lie `pitch` apart on the device, and follow each other in the bytes.
  cuMemcpy2DHtoD: post(["stream", STREAM], ["dstDevice", DEVICEPTR], ["pitch", SIZE], ["width", SIZE], ["height", SIZE], ["bytes", BYTES]),
  cuMemcpy2DDtoH: answer(BYTES, ["stream", STREAM], ["srcDevice", DEVICEPTR], ["pitch", SIZE], ["width", SIZE], ["height", SIZE]),
  // Slices of rows: `depth` of them, `slice` bytes apart.
  cuMemcpy3DDtoD: post(
    ["stream", STREAM],
    ["dstDevice", DEVICEPTR],
    ["dstPitch", SIZE],
    ["dstSlice", SIZE],
    ["srcDevice", DEVICEPTR],
    ["srcPitch", SIZE],
    ["srcSlice", SIZE],
    ["width", SIZE],
    ["height", SIZE],
    ["depth", SIZE],
  ),
  // From another context's memory: after that context's work until now, in the order of this stream.
  cuMemcpyPeer: post(["stream", STREAM], ["dstDevice", DEVICEPTR], ["srcContext", CONTEXT], ["srcDevice", DEVICEPTR], ["size", SIZE]),
  // Sets `height` rows of `width` elements of `elementSize` (1, 2 or 4) bytes, rows `pitch` bytes apart; a plain memset has height 1.
  cuMemsetD2D: post(
    ["stream", STREAM],
    ["dstDevice", DEVICEPTR],
    ["pitch", SIZE],
    ["value", U32],
    ["elementSize", U32],
    ["width", SIZE],
    ["height", SIZE],
  ),

  // `function` is the position in the module's functions. `parameters` is the parameter block, laid out by the
  // offsets in FunctionInfo and as long as the last of them needs.
  cuLaunchKernel: launch,
  // The same with all blocks at the same time: they may wait for each other.
  cuLaunchCooperativeKernel: launch,

  cuStreamCreate: create(["stream", NEW_STREAM], ["context", CONTEXT], ["flags", U32], ["priority", I32]),
  // Work that was posted goes on; the stream is gone when it has ended.
  cuStreamDestroy: post(["stream", OLD_STREAM]),
  cuStreamSynchronize: answer(VOID, ["stream", STREAM]),
  cuStreamWaitEvent: post(["stream", STREAM], ["event", EVENT]),

  // Answers when the stream has come here; its later work waits until `hostFuncReturned`.
  cuLaunchHostFunc: answer(VOID, ["gate", NEW_GATE], ["stream", STREAM]),
  // What the client ran at a gate has returned.
  hostFuncReturned: post(["gate", OLD_GATE]),

  cuEventCreate: create(["event", NEW_EVENT], ["context", CONTEXT], ["flags", U32]),
  cuEventDestroy: post(["event", OLD_EVENT]),
  cuEventRecord: post(["event", EVENT], ["stream", STREAM]),
  // Answers at once for an event that was never recorded.
  cuEventSynchronize: answer(VOID, ["event", EVENT]),
  // Milliseconds between two recorded and completed events.
  cuEventElapsedTime: answer(FLOAT, ["start", EVENT], ["end", EVENT]),

  // A program has called a function of cuda.h that is not there: to be counted.
  unsupportedCall: post(["times", U32], ["function", TEXT]),
} satisfies Record<string, DriverCall>;

type Calls = typeof driverCalls;

/** The name of a driver call. */
export type CallName = keyof Calls;

type Arguments<P extends readonly Parameter[]> = { -readonly [I in keyof P]: ValueOf<P[I][1]> };
type Result<C> = C extends DriverCall<readonly Parameter[], infer R> ? R : never;

/** The arguments of a driver call, as a tuple. */
export type CallArguments<N extends CallName> = Arguments<Calls[N]["parameters"]>;

/** The same for the method: one that results in bytes may be given the array to write them to, and then returns that. */
export type MethodArguments<N extends CallName> =
  Calls[N]["result"] extends WireType<Uint8Array> ? [...CallArguments<N>, into?: Uint8Array] : CallArguments<N>;

/**
 * The calls as methods. A failure is a thrown CudaError or a promise that rejects with one. What a post gives says when
 * it has been executed, and is for the guard; other callers leave it alone. A post that is over on return gives nothing.
 */
export type DriverCalls = {
  [N in CallName]: (
    ...args: MethodArguments<N>
  ) => Calls[N]["kind"] extends "answer" ? Result<Calls[N]> | Promise<Result<Calls[N]>> : void | PromiseLike<void>;
};

/** The calls in the order of their declaration: the numbering of this version. */
export const callNames = Object.keys(driverCalls) as CallName[];

/** The text that two ends compare before they trust each other's encoding of a call. */
export function signature(name: CallName): string {
  const call: DriverCall = driverCalls[name];
  return `${call.kind} ${name}(${call.parameters.map(([parameter, type]) => `${parameter}:${type.name}`).join(",")}):${call.result.name}`;
}
