import { api, fn, INT, VOID } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { enterLater, initialiseSection, leave, tryEnter } from "../../kernel32/critical-section.ts";
import { CDECL, MSVCRT, UCRT } from "../dlls.ts";
import { Runtime } from "../runtime.ts";

/** The runtime's own locks, which programs may take: by number, and that of locales. */
export const msvcrtLocksApi = api(MSVCRT, { _lock: fn(VOID, ["lock", INT]), _unlock: fn(VOID, ["lock", INT]) }, CDECL);
export const ucrtLocksApi = api(UCRT, { _lock_locales: fn(VOID), _unlock_locales: fn(VOID) }, CDECL);

/** The number of the lock of locales (_SETLOCALE_LOCK of mtdll.h). */
const LOCALES = 0xc;
/** Bytes of a CRITICAL_SECTION. */
const SECTION_SIZE = 40;

export const msvcrtLocks = implement(msvcrtLocksApi, { _lock: enter, _unlock: (thread, lock) => leave(thread, section(thread, lock)) });
export const ucrtLocks = implement(ucrtLocksApi, {
  _lock_locales: (thread) => enter(thread, LOCALES),
  _unlock_locales: (thread) => leave(thread, section(thread, LOCALES)),
});

function enter(thread: Thread, lock: number): GuestGenerator<void> | undefined {
  const at = section(thread, lock);
  return tryEnter(thread, at) ? undefined : enterLater(thread, at);
}

function section(thread: Thread, lock: number): number {
  const address = Runtime.of(thread).reserve(`lock ${lock}`, SECTION_SIZE);
  // One that was never made is zero: the count of a free one is -1.
  if (thread.memory.read(address, SECTION_SIZE).every((byte) => byte === 0)) initialiseSection(thread, address, 0);
  return address;
}
