import { callNames, exportNames } from "@decant/cuda";

/** Upper bounds of the latency histogram's buckets, in seconds. */
export const LATENCY_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

const exported = new Set(exportNames);

/** What has happened on the channels of a server. Counters only grow. */
export class ChannelMetrics {
  /** Calls taken up, by their place in `callNames`. */
  readonly calls: number[] = callNames.map(() => 0);
  /** Answers with a failure, by `CUresult`. */
  readonly failures = new Map<number, number>();
  /** Calls of functions that are not there, by name. */
  readonly unsupported = new Map<string, number>();
  bytesIn = 0;
  bytesOut = 0;
  /** Answers by latency: a count for each bucket, and one for those beyond. */
  readonly latency: number[] = [...LATENCY_SECONDS, Infinity].map(() => 0);
  latencySeconds = 0;
  badFrames = 0;
  resumes = 0;
  refusals = 0;

  /** A name that cuda.h has not is a stranger's, and not kept. */
  notSupported(times: number, name: string): void {
    if (exported.has(name)) this.unsupported.set(name, (this.unsupported.get(name) ?? 0) + times);
  }

  fail(code: number): void {
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
  }

  answered(ms: number): void {
    const seconds = ms / 1000;
    const bucket = LATENCY_SECONDS.findIndex((bound) => seconds <= bound);
    this.latency[bucket < 0 ? LATENCY_SECONDS.length : bucket]!++;
    this.latencySeconds += seconds;
  }
}
