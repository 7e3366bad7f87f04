import { implement } from "@decant/process";
import { multimediaTimeApi } from "./time.api.ts";

const TIMERR_NOCANDO = 97;
const TIMECAPS_SIZE = 8;
/** The finest and the coarsest resolution, in milliseconds. */
const PERIOD = { MIN: 1, MAX: 1_000_000 } as const;
const MMTIME = { SIZE: 12, TIME_MS: 1 } as const;

/** Time with a resolution that is always the finest: asking for it changes nothing. */
export const multimediaTime = implement(multimediaTimeApi, {
  timeGetTime: ({ process }) => Math.floor(process.host.clock.monotonic()) >>> 0,
  timeBeginPeriod: (_thread, uPeriod) => (isPeriod(uPeriod) ? 0 : TIMERR_NOCANDO),
  timeEndPeriod: (_thread, uPeriod) => (isPeriod(uPeriod) ? 0 : TIMERR_NOCANDO),
  timeGetDevCaps(_thread, ptc, cbtc) {
    if (ptc.isNull || cbtc < TIMECAPS_SIZE) return TIMERR_NOCANDO;
    ptc.set({ wPeriodMin: PERIOD.MIN, wPeriodMax: PERIOD.MAX });
    return 0;
  },
  timeGetSystemTime({ process, memory }, pmmt, cbmmt) {
    if (cbmmt < MMTIME.SIZE) return TIMERR_NOCANDO;
    memory.setU32(pmmt, MMTIME.TIME_MS);
    memory.setU32(pmmt + 4, Math.floor(process.host.clock.monotonic()) >>> 0);
    return 0;
  },
});

function isPeriod(period: number): boolean {
  return period >= PERIOD.MIN && period <= PERIOD.MAX;
}
