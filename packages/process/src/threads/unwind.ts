/** What an API entry or a host frame returns when its thread cannot go on now: the machine unwinds. No guest code lies at this address. */
export const UNWIND = 0;
