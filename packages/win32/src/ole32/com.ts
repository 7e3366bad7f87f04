import { E, GUID, HresultError, type Out } from "@decant/hook";
import { guestCall, implement, type GuestGenerator, type Thread } from "@decant/process";
import { hivesOf } from "../hives/hives.ts";
import { dataText } from "../hives/key-node.ts";
import { initialise, requireApartment, uninitialise } from "./apartments.ts";
import { ClassObjects, method } from "./class-objects.ts";
import { comApi, commonControlsApi, windowsRuntimeApi } from "./com.api.ts";
import { createInProcess, serverOf } from "./in-process.ts";
import { bracedGuid, parseGuid, randomGuid, type GuidValue } from "./guids.ts";

const S_OK = 0;
const RPC_E_TOO_LATE = 0x8001_0119;
const CO_E_CLASSSTRING = 0x8004_01f3;
const REGDB_E_CLASSNOTREG = 0x8004_0154;
const COINIT_APARTMENTTHREADED = 2;
const APARTMENT = { STA: 0, MTA: 1, MAIN_STA: 3 } as const;
/** MULTI_QI: two pointers and an HRESULT. */
const MULTI_QI_POINTERS = 2;
const MAX_INTERFACES = 64;

/** PROPVARIANT: its type, then the value; types whose values are memory of CoTaskMemAlloc's, or nothing (wtypes.h). */
const PROPVARIANT_VALUE = 8;
const VT_BSTR = 8;
const VT_FILETIME = 64;
const VT_OF_TASK_MEMORY: ReadonlySet<number> = new Set([30, 31, 72]);
const LAST_PLAIN_TYPE = 23;
const STG_E_INVALIDPARAMETER = 0x8003_0057;

const SECURITY_KEY = Symbol("COM security");

/** COM's start-up and memory. Of classes there are those that we bring along; for others programs go their way without objects, as on a bare Windows. */
export const com = implement(comApi, {
  CoInitialize: (thread) => initialise(thread, true),
  CoInitializeEx: (thread, _pvReserved, dwCoInit) => initialise(thread, (dwCoInit & COINIT_APARTMENTTHREADED) !== 0),
  CoUninitialize: (thread) => uninitialise(thread),
  OleInitialize: (thread) => initialise(thread, true),
  OleUninitialize: (thread) => uninitialise(thread),
  CoInitializeSecurity(thread) {
    requireApartment(thread);
    const security = thread.process.state(SECURITY_KEY, () => ({ isSet: false }));
    if (security.isSet) return RPC_E_TOO_LATE;
    security.isSet = true;
    return S_OK;
  },
  CoGetApartmentType(thread, pAptType, pAptQualifier) {
    if (pAptType.isNull || pAptQualifier.isNull) throw new HresultError(E.INVALIDARG);
    const { isSingleThreaded } = requireApartment(thread);
    pAptType.set(isSingleThreaded ? (thread === thread.process.mainThread ? APARTMENT.MAIN_STA : APARTMENT.STA) : APARTMENT.MTA);
    pAptQualifier.set(0);
    return S_OK;
  },
  CoGetCurrentProcess: ({ process }) => process.id,
  CoGetContextToken: (thread, pToken) => noContext(thread, pToken, E.NOTIMPL),
  CoGetObjectContext: (thread, _riid, ppv) => noContext(thread, ppv, E.NOINTERFACE),
  *CoCreateInstance(thread, rclsid, pUnkOuter, dwClsContext, riid, ppv) {
    const server = serverOf(rclsid, dwClsContext);
    const own = ClassObjects.of(thread.process).find(rclsid, dwClsContext);
    if (ppv.isNull || (server === undefined && own === undefined)) return notRegistered(thread, ppv);
    ppv.set(0);
    requireApartment(thread);
    if (own !== undefined) return yield* createByFactory(thread, own, pUnkOuter, riid, ppv);
    const { result, object } = yield* createInProcess(thread, server!, { clsid: rclsid, iid: riid, outer: pUnkOuter });
    ppv.set(object);
    return result;
  },
  CoCreateInstanceEx(thread, _Clsid, _punkOuter, _dwClsCtx, _pServerInfo, dwCount, pResults) {
    requireApartment(thread);
    const size = (MULTI_QI_POINTERS + 1) * thread.pointerSize;
    for (let i = 0; i < Math.min(dwCount, MAX_INTERFACES); i++) {
      thread.memory.setPointer(pResults + i * size + thread.pointerSize, 0);
      thread.memory.setU32(pResults + i * size + MULTI_QI_POINTERS * thread.pointerSize, E.NOINTERFACE);
    }
    return REGDB_E_CLASSNOTREG;
  },
  *CoGetClassObject(thread, rclsid, dwClsContext, _pvReserved, riid, ppv) {
    const own = ClassObjects.of(thread.process).find(rclsid, dwClsContext);
    if (own === undefined || ppv.isNull) return notRegistered(thread, ppv);
    requireApartment(thread);
    return yield* withGuid(thread, riid, (iid) => guestCall(thread, method(thread, own, METHOD.QueryInterface), own, iid, ppv.address));
  },
  CoFreeUnusedLibraries() {},
  CoTaskMemAlloc: ({ process }, cb) => process.heap.allocate(Math.max(cb, 1)),
  CoTaskMemRealloc({ process }, pv, cb) {
    if (pv === 0) return process.heap.allocate(Math.max(cb, 1));
    if (cb > 0) return process.heap.reallocate(pv, cb);
    process.heap.free(pv);
    return 0;
  },
  CoTaskMemFree({ process }, pv) {
    if (pv !== 0) process.heap.free(pv);
  },
  CoCreateGuid({ process }, pguid) {
    pguid.set(randomGuid(process));
    return S_OK;
  },
  StringFromGUID2: (_thread, rguid, lpsz, cchMax) => {
    const { written, needed } = lpsz.write(bracedGuid(rguid), cchMax);
    return written === 0 ? 0 : needed;
  },
  StringFromCLSID: (thread, rclsid, lplpsz) => giveText(thread, bracedGuid(rclsid), lplpsz),
  StringFromIID: (thread, rclsid, lplpsz) => giveText(thread, bracedGuid(rclsid), lplpsz),
  CLSIDFromString(thread, lpsz, pclsid) {
    const guid = lpsz === undefined ? EMPTY : (parseBraced(lpsz) ?? classOf(thread, lpsz));
    pclsid.set(guid ?? EMPTY);
    return guid === undefined ? CO_E_CLASSSTRING : S_OK;
  },
  IIDFromString(_thread, lpsz, lpiid) {
    const guid = lpsz === undefined ? EMPTY : parseBraced(lpsz);
    lpiid.set(guid ?? EMPTY);
    return guid === undefined ? E.INVALIDARG : S_OK;
  },
  CLSIDFromProgID(thread, lpszProgID, lpclsid) {
    if (lpszProgID === undefined || lpclsid.isNull) throw new HresultError(E.INVALIDARG);
    const guid = classOf(thread, lpszProgID);
    lpclsid.set(guid ?? EMPTY);
    return guid === undefined ? CO_E_CLASSSTRING : S_OK;
  },
  ProgIDFromCLSID(thread, clsid, lplpszProgID) {
    lplpszProgID.set(0);
    const value = hivesOf(thread.process).classes.subkey("CLSID")?.subkey(bracedGuid(clsid))?.subkey("ProgID")?.value("");
    if (value === undefined) return REGDB_E_CLASSNOTREG;
    return giveText(thread, dataText(value.data).replace(/\0.*$/s, ""), lplpszProgID);
  },
  PropVariantClear(thread, pvar) {
    const { memory, process } = thread;
    if (pvar === 0) return S_OK;
    const type = memory.u16(pvar);
    const value = memory.u32(pvar + PROPVARIANT_VALUE);
    if (VT_OF_TASK_MEMORY.has(type) && value !== 0) process.heap.free(value);
    else if (type === VT_BSTR && value !== 0) process.heap.free(value - 4);
    else if (type > LAST_PLAIN_TYPE && type !== VT_FILETIME) return STG_E_INVALIDPARAMETER;
    memory.fill(pvar, 0, PROPVARIANT_VALUE + 2 * thread.pointerSize);
    return S_OK;
  },
});

/** RO_INIT_TYPE. */
const RO_INIT = { SINGLETHREADED: 0, MULTITHREADED: 1 } as const;

/** Enters apartments as COM does, and they are the same. */
export const windowsRuntime = implement(windowsRuntimeApi, {
  RoInitialize(thread, initType) {
    if (initType !== RO_INIT.SINGLETHREADED && initType !== RO_INIT.MULTITHREADED) throw new HresultError(E.INVALIDARG);
    return initialise(thread, initType === RO_INIT.SINGLETHREADED);
  },
  RoUninitialize: (thread) => uninitialise(thread),
});

/** Windows on the screen are not there; that their classes are registered nobody can tell. */
export const commonControls = implement(commonControlsApi, {
  InitCommonControls() {},
  InitCommonControlsEx: () => true,
});

const GUID_SIZE = 16;
/** Methods by their place: those of IUnknown, and IClassFactory's. */
const METHOD = { QueryInterface: 0, Release: 2, CreateInstance: 3 } as const;
const IID_ICLASSFACTORY: GuidValue = { Data1: 1, Data2: 0, Data3: 0, Data4: Uint8Array.of(0xc0, 0, 0, 0, 0, 0, 0, 0x46) };
const EMPTY: GuidValue = { Data1: 0, Data2: 0, Data3: 0, Data4: new Uint8Array(8) };

/** Has a registered class factory make an object, as IClassFactory's CreateInstance does. */
function* createByFactory(thread: Thread, own: number, outer: number, riid: GuidValue, ppv: { address: number }): GuestGenerator<number> {
  return yield* withGuid(thread, IID_ICLASSFACTORY, function* (iid) {
    const found = (yield* guestCall(thread, method(thread, own, METHOD.QueryInterface), own, iid, ppv.address)) | 0;
    if (found < 0) return found >>> 0;
    const factory = thread.memory.u32(ppv.address);
    thread.memory.setPointer(ppv.address, 0);
    GUID.store(thread, iid, riid);
    const result = yield* guestCall(thread, method(thread, factory, METHOD.CreateInstance), factory, outer, iid, ppv.address);
    yield* guestCall(thread, method(thread, factory, METHOD.Release), factory);
    return result >>> 0;
  });
}

/** Lends a call a GUID in the guest's memory. */
function* withGuid(thread: Thread, guid: GuidValue, call: (iid: number) => GuestGenerator<number>): GuestGenerator<number> {
  const { heap } = thread.process;
  const place = heap.require(GUID_SIZE);
  try {
    GUID.store(thread, place, guid);
    return (yield* call(place)) >>> 0;
  } finally {
    if (heap.has(place)) heap.free(place);
  }
}

/** Contexts of apartments are no objects here; run-time systems tell apartments apart by them, and take failure for one that they do not know. */
function noContext(thread: Thread, result: Out<number>, failure: number): number {
  if (result.isNull) throw new HresultError(E.POINTER);
  result.set(0);
  requireApartment(thread);
  return failure;
}

function notRegistered(thread: Thread, result: Out<number>): number {
  if (result.isNull) throw new HresultError(E.POINTER);
  result.set(0);
  requireApartment(thread);
  return REGDB_E_CLASSNOTREG;
}

function parseBraced(text: string): GuidValue | undefined {
  return text.startsWith("{") && text.endsWith("}") ? parseGuid(text.slice(1, -1)) : undefined;
}

/** A class by its programmatic identifier, as the registry has it. */
function classOf(thread: Thread, progId: string): GuidValue | undefined {
  const value = hivesOf(thread.process).classes.subkey(progId)?.subkey("CLSID")?.value("");
  return value === undefined ? undefined : parseBraced(dataText(value.data).replace(/\0.*$/s, ""));
}

function giveText({ process, memory }: Thread, text: string, result: Out<number>): number {
  const address = process.heap.allocate(2 * text.length + 2);
  if (address === 0) throw new HresultError(E.OUTOFMEMORY);
  memory.setWstring(address, text);
  result.set(address);
  return S_OK;
}
