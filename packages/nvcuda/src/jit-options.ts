import { JIT } from "@decant/cuda";
import type { GuestMemory } from "@decant/memory";

/** A buffer that a program gave for a compiler's log. */
interface LogBuffer {
  readonly address: number;
  readonly capacity: number;
  /** Where the number of bytes written goes: the option's own value. */
  readonly sizeAddress: number | undefined;
}

/** The options of cuModuleLoadDataEx that are acted on: where logs go. All others are hints to a compiler that is not this one. */
export interface JitOptions {
  readonly info: LogBuffer | undefined;
  readonly error: LogBuffer | undefined;
}

/** Reads the options: `values` is an array of 8-byte values, which hold integers or pointers. */
export function readJitOptions(memory: GuestMemory, options: readonly number[], values: number): JitOptions {
  const place = (option: number): number | undefined => {
    const index = options.indexOf(option);
    return index < 0 ? undefined : values + 8 * index;
  };
  const buffer = (bufferOption: number, sizeOption: number): LogBuffer | undefined => {
    const bufferAddress = place(bufferOption);
    const sizeAddress = place(sizeOption);
    if (bufferAddress === undefined) return undefined;
    const capacity = sizeAddress === undefined ? 0 : memory.u32(sizeAddress);
    return { address: memory.u32(bufferAddress), capacity, sizeAddress };
  };
  return {
    info: buffer(JIT.INFO_LOG_BUFFER, JIT.INFO_LOG_BUFFER_SIZE_BYTES),
    error: buffer(JIT.ERROR_LOG_BUFFER, JIT.ERROR_LOG_BUFFER_SIZE_BYTES),
  };
}

/** Writes a log with its NUL, cut to the buffer, and how many bytes that took. */
export function writeLog(memory: GuestMemory, buffer: LogBuffer | undefined, log: string): void {
  if (!buffer || buffer.address === 0 || buffer.capacity === 0) return;
  const text = new TextEncoder().encode(log).subarray(0, buffer.capacity - 1);
  memory.write(buffer.address, Uint8Array.of(...text, 0));
  if (buffer.sizeAddress !== undefined) memory.setU32(buffer.sizeAddress, log === "" ? 0 : text.length + 1);
}
