import { guestCall, implement, recordLayout, type GuestGenerator, type Thread } from "@decant/process";
import { MemoryAccessError } from "@decant/memory";
import { initialiseSection } from "../../kernel32/critical-section.ts";
import { Runtime } from "../runtime.ts";
import { exchange, pureCall, terminate } from "../startup/startup.ts";
import { currentContext, currentException, processingThrow, uncaughtExceptions } from "./current-exception.ts";
import { copyExceptionData, destroyExceptionData, exceptionText } from "./exception-data.ts";
import { CXX_EXCEPTION, cxxFrameHandler4 } from "./frame-handler.ts";
import { adjustPointer, dynamicCast, locateObject } from "./rtti.ts";
import { throwStandard } from "./standard-exceptions.ts";
import { destroyObject, thrownTypeName, type Thrown } from "./thrown-object.ts";
import { setTranslator } from "./translator.ts";
import { compareTypes, hashType, readableName } from "./type-info.ts";
import {
  cplusplus32Api,
  cplusplus64Api,
  cplusplusApi,
  frameHandler4Api,
  rttiApi,
  standardMethods32Api,
  standardMethodsApi,
  vcruntimeApi,
  vcruntimeOnlyApi,
} from "./vcruntime.api.ts";

const DEREFERENCES_NULL = "Attempted a typeid of nullptr pointer!";
const NO_DATA = "Access violation - no RTTI data!";

const rtti = implement(rttiApi, {
  *__RTDynamicCast(thread, inptr, vfDelta, srcType, targetType, isReference) {
    if (inptr === 0) return 0;
    const found = yield* orNoData(thread, () => dynamicCast(thread.memory, inptr, srcType, targetType, vfDelta));
    return found === 0 && isReference !== 0 ? yield* throwStandard(thread, "bad_cast", "Bad dynamic_cast!") : found;
  },
  *__RTCastToVoid(thread, inptr) {
    return inptr === 0 ? 0 : yield* orNoData(thread, () => locateObject(thread.memory, inptr).complete);
  },
  *__RTtypeid(thread, inptr) {
    if (inptr === 0) return yield* throwStandard(thread, "bad_typeid", DEREFERENCES_NULL);
    return yield* orNoData(thread, () => locateObject(thread.memory, inptr).type);
  },
  __uncaught_exception: (thread) => uncaughtExceptions(thread) > 0,
});

/** What looks at an object's tables finds that it is none when memory is not there. */
function* orNoData(thread: Thread, look: () => number): GuestGenerator<number> {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof MemoryAccessError)) throw error;
  }
  return yield* throwStandard(thread, "__non_rtti_object", NO_DATA);
}

const vcruntime = implement(vcruntimeApi, {
  __current_exception: currentException,
  __current_exception_context: currentContext,
  __processing_throw: processingThrow,
  __uncaught_exceptions: uncaughtExceptions,
  __AdjustPointer: ({ memory }, object, pmd) => adjustPointer(memory, object, pmd),
  __std_exception_copy: copyExceptionData,
  __std_exception_destroy: destroyExceptionData,
  __std_terminate: terminate,
  __std_type_info_compare: compareTypes,
  __std_type_info_hash: hashType,
  __std_type_info_name: readableName,
  __std_type_info_destroy_list() {},
  _is_exception_typeof(thread, type, pointers) {
    const thrown = thrownOf(thread, thread.memory.u32(pointers));
    const name = thread.memory.cstring(type + 2 * thread.pointerSize, "latin1", 4096);
    return thrown !== undefined && thrownTypeName(thread.memory, thrown) === name ? 1 : 0;
  },
  _set_se_translator: setTranslator,
  unexpected,
  set_unexpected: (thread, handler) => exchange(thread, UNEXPECTED, handler),
  _get_unexpected: (thread) => handlerIn(thread, UNEXPECTED),
  _get_purecall_handler: (thread) => handlerIn(thread, "purecall handler"),
  *__FrameUnwindFilter(thread, pointers) {
    if (thread.memory.u32(thread.memory.u32(pointers)) === CXX_EXCEPTION) yield* terminate(thread);
    return 0;
  },
  *__DestructExceptionObject(thread, record) {
    const thrown = record === 0 ? undefined : thrownOf(thread, record);
    if (thrown !== undefined) yield* destroyObject(thread, thrown);
  },
  __NLG_Dispatch2() {},
  __NLG_Return2() {},
});

const vcruntimeOnly = implement(vcruntimeOnlyApi, {
  __vcrt_InitializeCriticalSectionEx(thread, section, spinCount) {
    initialiseSection(thread, section, spinCount);
    return 1;
  },
  __telemetry_main_invoke_trigger() {},
  __telemetry_main_return_trigger() {},
  _purecall: pureCall,
  _set_purecall_handler: (thread, handler) => exchange(thread, "purecall handler", handler),
});

const frameHandler4 = implement(frameHandler4Api, { __CxxFrameHandler4: cxxFrameHandler4 });

const standardMethods = implement(standardMethodsApi, {
  "??_Gexception@std@@UEAAPEAXI@Z": destroyException,
  "?what@exception@std@@UEBAPEBDXZ": exceptionText,
});
const standardMethods32 = implement(standardMethods32Api, {
  "??_Gexception@std@@UAEPAXI@Z": destroyException,
  "?what@exception@std@@UBEPBDXZ": exceptionText,
});

const cplusplus = implement(cplusplusApi, {
  "?terminate@@YAXXZ": terminate,
  "?unexpected@@YAXXZ": unexpected,
  "?set_terminate@@YAP6AXXZP6AXXZ@Z": (thread, handler) => exchange(thread, "terminate handler", handler),
  "?set_unexpected@@YAP6AXXZP6AXXZ@Z": (thread, handler) => exchange(thread, UNEXPECTED, handler),
  _get_terminate: (thread) => handlerIn(thread, "terminate handler"),
  _get_unexpected: (thread) => handlerIn(thread, UNEXPECTED),
});

const cplusplus64 = implement(cplusplus64Api, {
  "??1type_info@@UEAA@XZ"() {},
  "??8type_info@@QEBAHAEBV0@@Z": (thread, self, other) => Number(compareTypeInfos(thread, self, other) === 0),
  "??9type_info@@QEBAHAEBV0@@Z": (thread, self, other) => Number(compareTypeInfos(thread, self, other) !== 0),
  "?before@type_info@@QEBAHAEBV1@@Z": (thread, self, other) => Number(compareTypeInfos(thread, self, other) < 0),
  "?name@type_info@@QEBAPEBDXZ": (thread, self) => readableName(thread, self + thread.pointerSize),
  "?raw_name@type_info@@QEBAPEBDXZ": ({ pointerSize }, self) => self + 2 * pointerSize,
  "?_set_se_translator@@YAP6AXIPEAU_EXCEPTION_POINTERS@@@ZP6AXI0@Z@Z": setTranslator,
});

const cplusplus32 = implement(cplusplus32Api, {
  "??1type_info@@UAE@XZ": () => 0,
  "??8type_info@@QBEHABV0@@Z": (thread, self, other) => Number(compareTypeInfos(thread, self, other) === 0),
  "??9type_info@@QBEHABV0@@Z": (thread, self, other) => Number(compareTypeInfos(thread, self, other) !== 0),
  "?before@type_info@@QBEHABV1@@Z": (thread, self, other) => Number(compareTypeInfos(thread, self, other) < 0),
  "?name@type_info@@QBEPBDXZ": (thread, self) => readableName(thread, self + thread.pointerSize),
  "?raw_name@type_info@@QBEPBDXZ": ({ pointerSize }, self) => self + 2 * pointerSize,
  "?_set_se_translator@@YAP6AXIPAU_EXCEPTION_POINTERS@@@ZP6AXI0@Z@Z": setTranslator,
});

/** C++'s run-time support: of vcruntime140 and its companion, and what the older and the newer C runtime export of it. */
export const cxxRuntime = [
  rtti, vcruntime, vcruntimeOnly, frameHandler4, standardMethods, standardMethods32, cplusplus, cplusplus64, cplusplus32,
]; // prettier-ignore

const UNEXPECTED = "unexpected handler";

function handlerIn(thread: Thread, name: string): number {
  return thread.memory.u32(Runtime.of(thread).variable(name, 8));
}

/** unexpected: the program's handler, then terminate. */
function* unexpected(thread: Thread): GuestGenerator<void> {
  const handler = handlerIn(thread, UNEXPECTED);
  if (handler !== 0) yield* guestCall(thread, handler);
  yield* terminate(thread);
}

/** Types by their type_info, which starts with a pointer to its virtual functions. */
function compareTypeInfos(thread: Thread, left: number, right: number): number {
  return compareTypes(thread, left + thread.pointerSize, right + thread.pointerSize);
}

/** The C++ exception that a record tells of. */
function thrownOf({ memory, pointerSize }: Thread, record: number): Thrown | undefined {
  if (memory.u32(record) !== CXX_EXCEPTION) return undefined;
  const parameters = record + recordLayout(memory).ExceptionInformation;
  const info = memory.u32(parameters + 2 * pointerSize);
  const base = pointerSize === 8 ? memory.u32(parameters + 3 * pointerSize) : 0;
  return info === 0 ? undefined : { object: memory.u32(parameters + pointerSize), info, base };
}

/** std::exception's deleting destructor: bit 0 of the flags says that memory is freed too. */
function destroyException(thread: Thread, self: number, flags: number): number {
  destroyExceptionData(thread, self + thread.pointerSize);
  if ((flags & 1) !== 0) thread.process.heap.free(self);
  return self;
}
