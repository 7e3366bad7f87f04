import type { CallName, DriverCall } from "@decant/cuda";
import { BYTES, callNames, driverCalls, signature, WireError } from "@decant/cuda";
import type { TransferReceiver, TransferSender } from "./transfer.ts";

type Encode = (value: unknown, transfers: TransferSender) => unknown;
type Decode = (value: unknown, transfers: TransferReceiver) => unknown;

/** How one call of the table crosses the wire. */
export interface CallCodec {
  readonly name: CallName;
  /** Its place in the table. */
  readonly index: number;
  readonly signature: string;
  readonly answers: boolean;
  /** How many there are. One more may be given to a method that results in bytes: where to put them. */
  readonly parameters: number;
  readonly returnsBytes: boolean;
  /** Where the size of the bytes that it returns stands among its arguments, or -1. */
  readonly sizeAt: number;
  /** The last argument is bytes that are worth keeping by their hash: an image, of a call with an answer. */
  readonly takesContent: boolean;
  /** Fails with WireError for arguments that are not of the declared types. */
  encodeArguments(args: readonly unknown[], transfers: TransferSender): unknown[];
  /** `values` is [call number, ...arguments]. */
  decodeArguments(values: readonly unknown[], transfers: TransferReceiver): unknown[];
  encodeResult: Encode;
  decodeResult: Decode;
}

/** The codecs of all calls, in the order of the table. */
export const callCodecs: readonly CallCodec[] = callNames.map((name, index) => codecOf(name, index));

function codecOf(name: CallName, index: number): CallCodec {
  const call: DriverCall = driverCalls[name];
  const codecs = call.parameters.map(([, type]) => valueCodec(type));
  const result = valueCodec(call.result);
  return {
    name,
    index,
    signature: signature(name),
    answers: call.kind === "answer",
    parameters: call.parameters.length,
    returnsBytes: (call.result as unknown) === BYTES,
    sizeAt: (call.result as unknown) === BYTES ? call.parameters.findIndex(([parameter]) => parameter === "size") : -1,
    takesContent: call.kind === "answer" && (call.parameters.at(-1)?.[1] as unknown) === BYTES,
    // Runs once for each posted call: a million times a second (bench/cuda-channel.ts).
    encodeArguments(args, transfers) {
      const values: unknown[] = [0];
      for (let at = 0; at < codecs.length; at++) values.push(codecs[at]!.encode(args[at], transfers));
      return values;
    },
    decodeArguments(values, transfers) {
      if (values.length !== codecs.length + 1)
        throw new WireError(`${name} has ${codecs.length} arguments, ${values.length - 1} were sent`);
      const args: unknown[] = [];
      for (let at = 0; at < codecs.length; at++) args.push(codecs[at]!.decode(values[at + 1], transfers));
      return args;
    },
    encodeResult: result.encode,
    decodeResult: result.decode,
  };
}

function valueCodec(type: DriverCall["result"]): { encode: Encode; decode: Decode } {
  if ((type as unknown) === BYTES)
    return {
      encode: (value, transfers) => transfers.encode(BYTES.decode(value)),
      decode: (value, transfers) => BYTES.decode(transfers.decode(value)),
    };
  if (type.plain) return { encode: (value) => type.decode(value), decode: (value) => type.decode(value) };
  return { encode: (value) => type.encode(value), decode: (value) => type.decode(value) };
}
