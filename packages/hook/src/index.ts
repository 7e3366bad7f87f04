export * from "./ansi.ts";
export * from "./api.ts";
export { ApiFunction } from "./api-function.ts";
export * from "./binding.ts";
export * from "./calls.ts";
export * from "./com.ts";
export { isWaiting, type Invoke } from "./compile.ts";
export { layOutCall, type CallLayout, type Convention, type Place } from "./convention.ts";
export { ERRNO } from "./errors/errno-codes.ts";
export * from "./errors/error-classes.ts";
export * from "./errors/error-mapping.ts";
export { E } from "./errors/hresult-codes.ts";
export { HOST_ERRORS } from "./errors/host-errors.ts";
export { errorName, type ErrorKind } from "./errors/names.ts";
export { STATUS } from "./errors/status-codes.ts";
export { ERROR, WSA } from "./errors/win32-codes.ts";
export { guestCall, type GuestArguments, type GuestCall } from "./guest-call.ts";
export type { HookedCall, HookEntry } from "./hooked-call.ts";
export * from "./hooks.ts";
export * from "./host-arguments.ts";
export * from "./implement.ts";
export { matchesName, patternMatcher } from "./pattern.ts";
export * from "./registry.ts";
export * from "./thread.ts";
export { callTimes, type CallTime } from "./call-times.ts";
export { openCallText, trace, traceText, type OpenCall, type TracedCall, type TraceOptions } from "./trace.ts";
export { AddressType, at, CodeAddressType, HandleType, outAt, TargetAddressType, type Handle } from "./types/address.ts";
export {
  arrayIn,
  arrayOut,
  ArrayPointerType,
  BYTES,
  BytesAddressType,
  bytesAt,
  bytesIn,
  bytesOut,
  bytesOutAt,
  BytesType,
  hostPointer,
  type GuestArray,
  type Pointer,
} from "./types/buffers.ts";
export type { Count } from "./types/counts.ts";
export { ControlTransfer, type Failure } from "./types/failure.ts";
export { enumeration, flags, NamedIntegerType } from "./types/flags.ts";
export { optional, required } from "./types/optional.ts";
export { cell, in_, inout, InType, out, PointerType, type Out } from "./types/pointers.ts";
export { codeResult, cuResultOf, errno, infallible, orElse, ResultType, VoidType } from "./types/results.ts";
export { BooleanType, FloatType, IntegerType, WideNumberType, WideType } from "./types/scalars.ts";
export {
  array,
  ArrayType,
  byteBlock,
  ByteBlockType,
  struct,
  union,
  type StructInput,
  StructType,
  type StructValue,
} from "./types/structs.ts";
export {
  CharactersType,
  encodeText,
  readString,
  StringType,
  TextAddressType,
  TextBufferType,
  type TextBuffer,
  type TextForm,
  type Written,
} from "./types/text.ts";
export {
  RESULT,
  type AcceptedOf,
  type AnyType,
  type Direction,
  type Kind,
  type Passing,
  type Siblings,
  type Type,
  type ValueOf,
} from "./types/type.ts";
export { VA_LIST, VARARGS, VarArgs, VarArgsType } from "./types/varargs.ts";
export * from "./types/windows.ts";
export { rawArgument, unknownFunction, UnknownFunctionError } from "./unknown-function.ts";
