import { api, BOOL, CALLBACK, fn, infallible, INT, OPAQUE, PVOID, UINT, VOID, convention } from "@decant/hook";
import { CDECL, MSVCRT, UCRT, VCRUNTIME, WITH_VCRUNTIME } from "../dlls.ts";

const RESULT = infallible(PVOID);

/** Run-time type information, as compilers call it. */
export const rttiApi = api(
  WITH_VCRUNTIME,
  {
    __RTDynamicCast: fn(RESULT, ["inptr", PVOID], ["vfDelta", INT], ["srcType", PVOID], ["targetType", PVOID], ["isReference", INT]),
    __RTCastToVoid: fn(RESULT, ["inptr", PVOID]),
    __RTtypeid: fn(RESULT, ["inptr", PVOID]),
    __uncaught_exception: fn(BOOL),
  },
  CDECL,
);

/** What the newer runtimes have besides, for code that Visual Studio 2015 and later compile. */
export const vcruntimeApi = api(
  [UCRT, VCRUNTIME],
  {
    __current_exception: fn(RESULT),
    __current_exception_context: fn(RESULT),
    __processing_throw: fn(RESULT),
    __uncaught_exceptions: fn(INT),
    __AdjustPointer: fn(RESULT, ["object", PVOID], ["pmd", PVOID]),
    __std_exception_copy: fn(VOID, ["from", PVOID], ["to", PVOID]),
    __std_exception_destroy: fn(VOID, ["data", PVOID]),
    __std_terminate: fn(VOID),
    __std_type_info_compare: fn(INT, ["left", PVOID], ["right", PVOID]),
    __std_type_info_hash: fn(OPAQUE, ["data", PVOID]),
    __std_type_info_name: fn(RESULT, ["data", PVOID], ["rootNode", PVOID]),
    __std_type_info_destroy_list: fn(VOID, ["rootNode", PVOID]),
    _is_exception_typeof: fn(INT, ["type", PVOID], ["pointers", PVOID]),
    _set_se_translator: fn(RESULT, ["function", CALLBACK]),
    unexpected: fn(VOID),
    set_unexpected: fn(RESULT, ["function", CALLBACK]),
    _get_unexpected: fn(RESULT),
    _get_purecall_handler: fn(RESULT),
    __FrameUnwindFilter: fn(INT, ["pointers", PVOID]),
    __DestructExceptionObject: fn(VOID, ["record", PVOID], ["throwNotAllowed", INT]),
    __NLG_Dispatch2: fn(VOID),
    __NLG_Return2: fn(VOID),
  },
  CDECL,
);

/** What vcruntime140 has alone. */
export const vcruntimeOnlyApi = api(
  VCRUNTIME,
  {
    __vcrt_InitializeCriticalSectionEx: fn(INT, ["section", PVOID], ["spinCount", UINT], ["flags", UINT]),
    __telemetry_main_invoke_trigger: fn(VOID, ["instance", OPAQUE]),
    __telemetry_main_return_trigger: fn(VOID, ["instance", OPAQUE]),
    _purecall: fn(VOID),
    _set_purecall_handler: fn(RESULT, ["handler", CALLBACK]),
  },
  CDECL,
);

/** The frame handler that has a DLL of its own. */
export const frameHandler4Api = api(
  ["vcruntime140_1", UCRT],
  { __CxxFrameHandler4: fn(INT, ["record", PVOID], ["frame", PVOID], ["context", PVOID], ["dispatcher", PVOID]) },
  { ...CDECL, only: 8 },
);

/** The virtual functions of the exceptions that the runtimes throw themselves; programs do not call them by name. */
export const standardMethodsApi = api(
  WITH_VCRUNTIME,
  {
    "??_Gexception@std@@UEAAPEAXI@Z": fn(RESULT, ["this", PVOID], ["flags", UINT]),
    "?what@exception@std@@UEBAPEBDXZ": fn(RESULT, ["this", PVOID]),
  },
  { ...CDECL, only: 8 },
);

/** The same for x86. */
export const standardMethods32Api = api(
  WITH_VCRUNTIME,
  {
    "??_Gexception@std@@UAEPAXI@Z": convention("thiscall", fn(RESULT, ["this", PVOID], ["flags", UINT])),
    "?what@exception@std@@UBEPBDXZ": convention("thiscall", fn(RESULT, ["this", PVOID])),
  },
  { ...CDECL, only: 4 },
);

/** C++'s run-time support that msvcrt exports by mangled names, on both processors. */
export const cplusplusApi = api(
  MSVCRT,
  {
    "?terminate@@YAXXZ": fn(VOID),
    "?unexpected@@YAXXZ": fn(VOID),
    "?set_terminate@@YAP6AXXZP6AXXZ@Z": fn(RESULT, ["handler", CALLBACK]),
    "?set_unexpected@@YAP6AXXZP6AXXZ@Z": fn(RESULT, ["handler", CALLBACK]),
    _get_terminate: fn(RESULT),
    _get_unexpected: fn(RESULT),
  },
  CDECL,
);

/** Members of type_info and others, where x64 mangles them its way. */
export const cplusplus64Api = api(
  MSVCRT,
  {
    "??1type_info@@UEAA@XZ": fn(VOID, ["this", PVOID]),
    "??8type_info@@QEBAHAEBV0@@Z": fn(INT, ["this", PVOID], ["other", PVOID]),
    "??9type_info@@QEBAHAEBV0@@Z": fn(INT, ["this", PVOID], ["other", PVOID]),
    "?before@type_info@@QEBAHAEBV1@@Z": fn(INT, ["this", PVOID], ["other", PVOID]),
    "?name@type_info@@QEBAPEBDXZ": fn(RESULT, ["this", PVOID]),
    "?raw_name@type_info@@QEBAPEBDXZ": fn(RESULT, ["this", PVOID]),
    "?_set_se_translator@@YAP6AXIPEAU_EXCEPTION_POINTERS@@@ZP6AXI0@Z@Z": fn(RESULT, ["function", CALLBACK]),
  },
  { ...CDECL, only: 8 },
);

const member = (...parameters: ["other", typeof PVOID][]) => convention("thiscall", fn(RESULT, ["this", PVOID], ...parameters));

/** The same for x86, where members find their object in ecx. */
export const cplusplus32Api = api(
  MSVCRT,
  {
    "??1type_info@@UAE@XZ": member(),
    "??8type_info@@QBEHABV0@@Z": member(["other", PVOID]),
    "??9type_info@@QBEHABV0@@Z": member(["other", PVOID]),
    "?before@type_info@@QBEHABV1@@Z": member(["other", PVOID]),
    "?name@type_info@@QBEPBDXZ": member(),
    "?raw_name@type_info@@QBEPBDXZ": member(),
    "?_set_se_translator@@YAP6AXIPAU_EXCEPTION_POINTERS@@@ZP6AXI0@Z@Z": fn(RESULT, ["function", CALLBACK]),
  },
  { ...CDECL, only: 4 },
);
