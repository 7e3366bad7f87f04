import { CudaError } from "@decant/cuda";
import type { Out, Waiting } from "@decant/hook";
import { waitFor } from "@decant/process";
import { type JitOptions, writeLog } from "./jit-options.ts";
import { type GuestThread, need } from "./library.ts";

/** Loads a module or a library for a program: its handle goes to `out`, and what the compiler says to the program's logs. `infoOf` gives what it says of one that was loaded. */
export function* loadImage(
  thread: GuestThread,
  out: Out<number, number | bigint>,
  jit: JitOptions | undefined,
  load: () => Promise<number>,
  infoOf?: (handle: number) => string,
): Waiting<void> {
  need(out);
  try {
    const handle: number = yield* waitFor(load());
    if (infoOf) writeLog(thread.memory, jit?.info, infoOf(handle));
    writeLog(thread.memory, jit?.error, "");
    out.set(handle);
  } catch (error) {
    if (error instanceof CudaError) writeLog(thread.memory, jit?.error, error.log ?? "");
    throw error;
  }
}
