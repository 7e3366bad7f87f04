import type { CpuDriverOptions } from "@decant/compute";
import { UsageError } from "./terminal.ts";

/** `--compute`: which form of kernels the processor runs. */
export function compilerOption(text: string | undefined): Pick<CpuDriverOptions, "compiler"> {
  if (text === undefined) return {};
  if (text !== "vector" && text !== "reference") throw new UsageError(`--compute is vector or reference, not "${text}"`);
  return { compiler: text };
}
