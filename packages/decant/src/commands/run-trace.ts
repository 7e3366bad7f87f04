import { closeSync, openSync, writeSync } from "node:fs";
import type { CudaDriver } from "@decant/cuda";
import { matchesName } from "@decant/hook";
import type { MachineOptions } from "../run-program.ts";
import { painter, UsageError } from "../terminal.ts";
import { traceOutput } from "../trace-output.ts";
import type { TraceRequest } from "./run-options.ts";

/** A trace that is being written. */
export interface Tracing {
  /** What the program runs on instead: what devices do is on the timeline where the calls are that made them do it. */
  readonly machine: Pick<MachineOptions, "trace" | "onTrace" | "onTraceOpen" | "cuda">;
  /** Writes what is left when the program is over; true when no call matched. */
  end(): Promise<boolean>;
}

/** Begins the trace of a program. Throws UsageError where its file cannot be written. */
export async function openTrace({ patterns, format, filter, file }: TraceRequest, program: string, cuda: CudaDriver): Promise<Tracing> {
  const output = traceOutput(format, filter, { program });
  const { write, close } = file === undefined ? standardError() : openFile(file);
  let isEmpty = true;
  const traced = matchesName(patterns, "nvcuda", "cuLaunchKernel")
    ? (await import("@decant/cuda")).tracedDriver(cuda, (span) => write(output.span(span)))
    : undefined;
  return {
    machine: {
      trace: patterns,
      onTrace(call) {
        isEmpty = false;
        write(output.call(call));
      },
      onTraceOpen(call) {
        isEmpty = false;
        write(output.open(call));
      },
      cuda: traced ?? cuda,
    },
    async end() {
      await traced?.settle();
      write(output.end());
      close();
      return isEmpty;
    },
  };
}

interface Sink {
  write(text: string): void;
  close(): void;
}

function standardError(): Sink {
  const paint = painter(process.stderr);
  return { write: (text) => void (text !== "" && process.stderr.write(paint("dim", text))), close: () => undefined };
}

function openFile(file: string): Sink {
  let descriptor: number;
  try {
    descriptor = openSync(file, "w");
  } catch (error) {
    throw new UsageError(`--trace-file ${file}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  return { write: (text) => void (text !== "" && writeSync(descriptor, text)), close: () => closeSync(descriptor) };
}
