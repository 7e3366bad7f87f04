import { setFlagsFromString } from "node:v8";
import type { CudaDriver } from "@decant/cuda";
import { probeFeatures, type Features } from "@decant/ptx";
import { defaultMemoryBytes, defaultWorkers, driverInfo } from "./device.ts";
import { Pool } from "./pool.ts";
import { CpuSession } from "./session.ts";
import { Share } from "./turns.ts";

export interface CpuDriverOptions {
  /** Threads that run blocks; as many as the machine has cores, if not given. 0: launches run in the caller's thread, and no time limit can reach them. */
  readonly workers?: number;
  /** What a context may allocate, in bytes; at most 3,568 MiB. Half of the machine's memory, if not given. */
  readonly memoryBytes?: number;
  /** How long a kernel may run, in milliseconds, before it ends with CUDA_ERROR_LAUNCH_TIMEOUT; 60,000 if not given. */
  readonly timeLimitMs?: number;
  /** "vector", if not given: several threads of a block at a time, by SIMD. "reference": one thread after the other, in plain code. */
  readonly compiler?: "vector" | "reference";
}

/** A driver that runs kernels on the processor: PTX is compiled to WebAssembly, and worker threads take the blocks. */
export function cpuDriver(options: CpuDriverOptions = {}): CudaDriver {
  const workers = options.workers ?? defaultWorkers();
  const info = driverInfo(workers, Math.min(options.memoryBytes ?? Infinity, defaultMemoryBytes()));
  const pool = new Pool(workers);
  const sessions = new Set<CpuSession>();
  let features: Features | undefined;
  return {
    open({ kernelTimeMs = Infinity, weight = 1, onOutput = () => undefined } = {}) {
      features ??= findFeatures();
      const session = new CpuSession(info, {
        pool,
        kernels: { features, compiler: options.compiler ?? "vector" },
        timeLimitMs: Math.min(options.timeLimitMs ?? 60_000, kernelTimeMs),
        onOutput,
        share: new Share(weight),
      });
      sessions.add(session);
      return session.asSession();
    },
    async close() {
      await Promise.all([...sessions].map((session) => session.close()));
      sessions.clear();
      await pool.close();
    },
  };
}

function findFeatures(): Features {
  // Behind flags at first; later engines have them on, and may no longer know the flags.
  const version = Number.parseInt(process.versions.node, 10);
  // V8 keeps most of what a large function computes on the stack, to have compiled it somewhat sooner.
  if (version < 22) setFlagsFromString("--no-turbo-use-mid-tier-regalloc-for-huge-functions");
  if (version < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");
  if (version < 25) setFlagsFromString("--experimental-wasm-branch-hinting");
  return probeFeatures();
}
