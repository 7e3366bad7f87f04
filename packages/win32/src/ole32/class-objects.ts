import { E, HresultError } from "@decant/hook";
import { guestCall, implement, type Process, type Thread } from "@decant/process";
import { requireApartment } from "./apartments.ts";
import { classObjectsApi } from "./class-objects.api.ts";
import { bracedGuid, type GuidValue } from "./guids.ts";

const S_OK = 0;
const CO_E_OBJISREG = 0x8004_01fc;
const CLSCTX = { INPROC_SERVER: 1, LOCAL_SERVER: 4 } as const;
const REGCLS = { MULTIPLEUSE: 1 } as const;
/** IUnknown's methods by their place. */
const METHOD = { AddRef: 1, Release: 2 } as const;

interface ClassObject {
  readonly clsid: string;
  readonly object: number;
  /** Where it is to be found: CLSCTX_*. */
  readonly context: number;
  readonly isForMany: boolean;
}

/** The class objects of a process. Nobody else can ask for one, as there is no other process that COM would serve. */
export class ClassObjects {
  readonly #registered = new Map<number, ClassObject>();
  #next = 1;
  /** CoAddRefServerProcess' count. */
  serverReferences = 0;

  static of(process: Process): ClassObjects {
    return process.state(ClassObjects, () => new ClassObjects());
  }

  /** The address of a class's object; undefined where none is registered for the context. */
  find(clsid: GuidValue, context: number): number | undefined {
    const wanted = bracedGuid(clsid);
    return [...this.#registered.values()].find((each) => each.clsid === wanted && (each.context & context) !== 0)?.object;
  }

  /** Registers an object, and returns the number to revoke it by; undefined where the class has one that is not for many. */
  add(entry: ClassObject): number | undefined {
    const isTaken = [...this.#registered.values()].some(({ clsid, isForMany }) => clsid === entry.clsid && !isForMany);
    if (isTaken) return undefined;
    this.#registered.set(this.#next, entry);
    return this.#next++;
  }

  /** Removes an object, and returns its address; undefined where there is none of that number. */
  remove(cookie: number): number | undefined {
    const found = this.#registered.get(cookie);
    this.#registered.delete(cookie);
    return found?.object;
  }
}

export const classObjects = implement(classObjectsApi, {
  *CoRegisterClassObject(thread, rclsid, pUnk, dwClsContext, flags, lpdwRegister) {
    if (pUnk === 0 || lpdwRegister.isNull) throw new HresultError(E.INVALIDARG);
    requireApartment(thread);
    const isForMany = (flags & REGCLS.MULTIPLEUSE) !== 0;
    // "REGCLS_MULTIPLEUSE: the class object is also registered as in-process."
    const context = isForMany && (dwClsContext & CLSCTX.LOCAL_SERVER) !== 0 ? dwClsContext | CLSCTX.INPROC_SERVER : dwClsContext;
    const cookie = ClassObjects.of(thread.process).add({ clsid: bracedGuid(rclsid), object: pUnk, context, isForMany });
    if (cookie === undefined) throw new HresultError(CO_E_OBJISREG);
    lpdwRegister.set(cookie);
    yield* guestCall(thread, method(thread, pUnk, METHOD.AddRef), pUnk);
    return S_OK;
  },
  *CoRevokeClassObject(thread, dwRegister) {
    requireApartment(thread);
    const object = ClassObjects.of(thread.process).remove(dwRegister);
    if (object === undefined) throw new HresultError(E.INVALIDARG);
    yield* guestCall(thread, method(thread, object, METHOD.Release), object);
    return S_OK;
  },
  CoResumeClassObjects: () => S_OK,
  CoSuspendClassObjects: () => S_OK,
  CoAddRefServerProcess: ({ process }) => (ClassObjects.of(process).serverReferences += 1) >>> 0,
  CoReleaseServerProcess: ({ process }) => (ClassObjects.of(process).serverReferences -= 1) >>> 0,
});

/** The address of an object's method by its place. */
export function method({ memory, pointerSize }: Thread, object: number, index: number): number {
  return memory.u32(memory.u32(object) + index * pointerSize);
}
