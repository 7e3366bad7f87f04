import { E, GUID } from "@decant/hook";
import { guestCall, type GuestGenerator, type Thread } from "@decant/process";
import { method } from "./class-objects.ts";
import type { GuidValue } from "./guids.ts";
import { bracedGuid } from "./guids.ts";

/** Classes whose servers are DLLs that we bring along (InprocServer32 in the registry). */
const SERVERS = new Map<string, string>([
  ["{CACAF262-9370-4615-A13B-9F5539DA4C0A}", "windowscodecs.dll"],
  ["{317D06E8-5F24-433D-BDF7-79CE68D8ABC2}", "windowscodecs.dll"],
  // Shell links; on Windows they are windows.storage.dll's.
  ["{00021401-0000-0000-C000-000000000046}", "windowscodecs.dll"],
]);
const CLSCTX_INPROC_SERVER = 1;
const IID_ICLASSFACTORY = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46);
/** IClassFactory's methods by their place: Release, CreateInstance. */
const METHOD = { Release: 2, CreateInstance: 3 } as const;
const GUID_SIZE = 16;

/** The DLL of a class; undefined for one that is not registered. */
export function serverOf(clsid: GuidValue, context: number): string | undefined {
  return (context & CLSCTX_INPROC_SERVER) === 0 ? undefined : SERVERS.get(bracedGuid(clsid));
}

/** Has a DLL's class factory make an object. Returns the HRESULT, and the object's address where it is none of failure. */
export function* createInProcess(
  thread: Thread,
  dll: string,
  { clsid, iid, outer }: { clsid: GuidValue; iid: GuidValue; outer: number },
): GuestGenerator<{ result: number; object: number }> {
  const { memory, process } = thread;
  const module = yield* process.loader.load(thread, dll);
  const getClassObject = process.loader.getProcAddress(module, "DllGetClassObject");
  if (getClassObject === undefined) return { result: E.FAIL, object: 0 };
  const room = process.heap.require(4 * GUID_SIZE);
  try {
    const [wanted, factoryIid, slot] = [room + GUID_SIZE, room + 2 * GUID_SIZE, room + 3 * GUID_SIZE];
    GUID.store(thread, room, clsid);
    GUID.store(thread, wanted, iid);
    memory.write(factoryIid, IID_ICLASSFACTORY);
    memory.setU64(slot, 0n);
    const found = (yield* guestCall(thread, getClassObject, room, factoryIid, slot)) | 0;
    if (found < 0) return { result: found, object: 0 };
    const factory = memory.u32(slot);
    memory.setU64(slot, 0n);
    const result = (yield* guestCall(thread, method(thread, factory, METHOD.CreateInstance), factory, outer, wanted, slot)) | 0;
    const object = memory.u32(slot);
    yield* guestCall(thread, method(thread, factory, METHOD.Release), factory);
    return { result, object };
  } finally {
    if (process.heap.has(room)) process.heap.free(room);
  }
}
