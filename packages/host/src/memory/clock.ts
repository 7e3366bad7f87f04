import type { Clock } from "../host.ts";

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** 2020-01-01T00:00:00Z. */
const DEFAULT_START_MS = Date.UTC(2020, 0, 1);

/** A clock for tests and for runs that must repeat exactly; each look takes `tickMs`. Local time is UTC. */
export function manualClock(startMs = DEFAULT_START_MS, tickMs = 0): ManualClock {
  let elapsed = 0;
  const look = (): number => {
    const now = elapsed;
    elapsed += tickMs;
    return now;
  };
  return {
    now: () => startMs + look(),
    monotonic: look,
    offsetMinutes: () => 0,
    zone: "UTC",
    advance(ms) {
      elapsed += ms;
    },
  };
}
