import { HresultError } from "@decant/hook";
import type { Process, Thread } from "@decant/process";

const S_OK = 0;
const S_FALSE = 1;
const RPC_E_CHANGED_MODE = 0x8001_0106;
const CO_E_NOTINITIALIZED = 0x8004_01f0;

/** What COM keeps for a thread. */
interface Apartment {
  /** CoInitialize calls without a CoUninitialize. */
  count: number;
  isSingleThreaded: boolean;
}

const APARTMENT_KEY = Symbol("COM apartment");
const MULTITHREADED: Apartment = { count: 1, isSingleThreaded: false };

/** Enters the thread into an apartment. Returns S_OK, S_FALSE when it is in one of that kind already, RPC_E_CHANGED_MODE when it is in one of the other. */
export function initialise(thread: Thread, isSingleThreaded: boolean): number {
  const apartment = apartmentOf(thread);
  if (apartment.count > 0 && apartment.isSingleThreaded !== isSingleThreaded) return RPC_E_CHANGED_MODE;
  apartment.isSingleThreaded = isSingleThreaded;
  return apartment.count++ === 0 ? S_OK : S_FALSE;
}

/** Takes back one `initialise`. */
export function uninitialise(thread: Thread): void {
  const apartment = apartmentOf(thread);
  if (apartment.count > 0) apartment.count--;
}

/** The thread's apartment; a thread that entered none is in the multithreaded one, where another has made that. Throws CO_E_NOTINITIALIZED. */
export function requireApartment(thread: Thread): Apartment {
  const apartment = apartmentOf(thread);
  if (apartment.count > 0) return apartment;
  if (hasMultithreaded(thread.process)) return MULTITHREADED;
  throw new HresultError(CO_E_NOTINITIALIZED);
}

function hasMultithreaded({ threads }: Process): boolean {
  return [...threads].map(apartmentOf).some(({ count, isSingleThreaded }) => count > 0 && !isSingleThreaded);
}

function apartmentOf(thread: Thread): Apartment {
  return thread.state(APARTMENT_KEY, () => ({ count: 0, isSingleThreaded: false }));
}
