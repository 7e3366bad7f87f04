import {
  alias,
  api,
  errno,
  fn,
  forward,
  infallible,
  INT,
  PVOID,
  SIZE_T,
  UINT,
  VOID,
  type ApiTable,
  type Declaration,
  type Implementation,
} from "@decant/hook";
import { implement } from "@decant/process";
import { exceptionClasses, msvcrtExceptionClasses } from "./cxx/exception-classes.ts";
import { CDECL, MSVCRT, OLDER_RUNTIMES } from "./dlls.ts";
import { msvcrtFormattedInLocale, withLocale } from "./locale-variants.ts";
import { msvcrtConversionApi } from "./conversion.api.ts";
import { msvcrtConversion, ucrtConversion } from "./conversion.ts";
import { byteSwap } from "./math/rotation.ts";
import { math99 } from "./math/math.ts";
import { olderPrintf } from "./printf/flavour.ts";
import { printfCount, printfCountOutput } from "./printf/count-output.ts";
import { msvcrtInvalidParameter, ucrtInvalidParameter } from "./startup/invalid-parameter.ts";
import { msvcrtFormattedApi } from "./stdio/formatted.api.ts";
import { formattedWith, msvcrtFormatted } from "./stdio/formatted.ts";
import { heap } from "./heap.ts";
import { POINTER_COOKIE } from "../kernel32/exceptions.ts";

/** The first of them with C99's mathematics. */
const C99_RUNTIME = "msvcr120";

const BLOCK = errno(PVOID, 0);
const POINTER = infallible(PVOID);

/** What their own startup code and libraries call, besides what msvcrt has. */
const startupApi = api(
  OLDER_RUNTIMES,
  {
    _encode_pointer: fn(POINTER, ["pointer", PVOID]),
    _decode_pointer: fn(POINTER, ["pointer", PVOID]),
    _encoded_null: fn(POINTER),
    _malloc_crt: fn(BLOCK, ["size", SIZE_T]),
    _calloc_crt: fn(BLOCK, ["num", SIZE_T], ["size", SIZE_T]),
    _realloc_crt: fn(BLOCK, ["memblock", PVOID], ["size", SIZE_T]),
    _recalloc_crt: fn(BLOCK, ["memblock", PVOID], ["num", SIZE_T], ["size", SIZE_T]),
    _crt_debugger_hook: fn(VOID, ["reserved", INT]),
    __crt_debugger_hook: alias("_crt_debugger_hook"),
    __clean_type_info_names_internal: fn(VOID, ["list", PVOID]),
    __crtTerminateProcess: fn(VOID, ["exitCode", UINT]),
  },
  CDECL,
);

const { malloc, calloc, realloc, _recalloc } = heap.bodies;

const startup = implement(startupApi, {
  _encode_pointer: (_, pointer) => (pointer ^ POINTER_COOKIE) >>> 0,
  _decode_pointer: (_, pointer) => (pointer ^ POINTER_COOKIE) >>> 0,
  _encoded_null: () => POINTER_COOKIE,
  _malloc_crt: malloc!,
  _calloc_crt: calloc!,
  _realloc_crt: realloc!,
  _recalloc_crt: _recalloc!,
  _crt_debugger_hook() {},
  // The names are the modules', which are gone with them.
  __clean_type_info_names_internal() {},
  __crtTerminateProcess: (thread, exitCode) => thread.process.terminate(exitCode),
});

const { atoi, atol, _wtoi, _wtol } = ucrtConversion.bodies;
/** Numbers that are too large become the largest, as in the ucrt. */
const conversion = implement(msvcrtConversionApi, { atoi: atoi!, atol: atol!, _wtoi: _wtoi!, _wtol: _wtol! });

/** What is otherwise in msvcrt. */
const REPLACED: ReadonlySet<unknown> = new Set([
  msvcrtConversion,
  msvcrtFormatted,
  msvcrtFormattedInLocale,
  msvcrtInvalidParameter,
  ...msvcrtExceptionClasses,
]);

/**
 * The topics of an older runtime: msvcrt's functions under its name, with what it has of its own. Variables are msvcrt's, so that a program with parts of several
 * runtimes has one of each, as it has one set of streams.
 */
export function olderRuntime(
  dll: (typeof OLDER_RUNTIMES)[number],
  topics: readonly (Implementation | ApiTable)[],
): (Implementation | ApiTable)[] {
  const shared = topics.filter((topic) => !REPLACED.has(topic) && tableOf(topic).dlls.includes(MSVCRT));
  const hasC99 = dll === C99_RUNTIME;
  const formatted = implement(
    msvcrtFormattedApi,
    formattedWith((thread) => olderPrintf({ storesCount: printfCount(thread).isEnabled, hasChar: hasC99 })),
  );
  return [
    ...shared,
    formatted,
    withLocale(formatted),
    ucrtInvalidParameter,
    startup,
    conversion,
    byteSwap,
    printfCountOutput,
    ...exceptionClasses,
    ...(hasC99 ? [math99] : []),
  ].map((topic) => renamed(topic, dll));
}

function tableOf(topic: Implementation | ApiTable): ApiTable {
  return "table" in topic ? topic.table : topic;
}

/** A topic as a topic of another DLL. */
function renamed(topic: Implementation | ApiTable, dll: string): Implementation | ApiTable {
  const table = tableOf(topic);
  const declarations = Object.fromEntries(
    Object.entries(table.declarations).map(([name, declaration]): [string, Declaration] => [
      name,
      declaration.kind === "data" ? forward(`${MSVCRT}.${name}`) : declaration,
    ]),
  );
  const own = { ...table, dlls: [dll], declarations };
  return "table" in topic ? { table: own, bodies: topic.bodies } : own;
}
