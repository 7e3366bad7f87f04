import type { ApiTable, Implementation } from "@decant/hook";
import { cxxRuntime } from "./cxx/vcruntime.ts";
import { msvcrtExceptionClasses } from "./cxx/exception-classes.ts";
import { conversion, msvcrtConversion, ucrtConversion } from "./conversion.ts";
import { environment } from "./environment.ts";
import { errors } from "./errors.ts";
import { fileCalls, msvcrtFileCallsApi } from "./files/file-calls.ts";
import { fileStatus, msvcrtFileStatusApi, msvcrtFileStatusApi32 } from "./files/file-status.ts";
import { temporaryNames } from "./files/temporary-names.ts";
import { find, msvcrtFindApi, msvcrtFindApi32 } from "./files/find.ts";
import { floatingControl } from "./floating-control.ts";
import { heap, msvcrtHeap } from "./heap.ts";
import { ucrtHeapApi } from "./heap.ts";
import { jump } from "./jump.ts";
import { locale, msvcrtLocale } from "./locale.ts";
import { multibyte, msvcrtMultibyteApi } from "./multibyte.ts";
import { longDoubleApi } from "./math/math.api.ts";
import { multibyteNames, multibyteStrings } from "./multibyte-strings.ts";
import { localeVariants, msvcrtFormattedInLocale, ucrtLocaleVariants } from "./locale-variants.ts";
import { msvcrtInvalidParameter, ucrtInvalidParameter } from "./startup/invalid-parameter.ts";
import { msvcrtLocks, ucrtLocks } from "./startup/locks.ts";
import { startup, msvcrtStartup } from "./startup/startup.ts";
import { ucrtStartup } from "./startup/ucrt-startup.ts";
import { printfCountOutput } from "./printf/count-output.ts";
import { spawning } from "./processes/spawn.ts";
import { conio } from "./stdio/conio.ts";
import { descriptorCalls } from "./stdio/descriptor-calls.ts";
import { msvcrtFormatted, ucrtFormatted } from "./stdio/formatted.ts";
import { msvcrtScanned, ucrtScanned } from "./stdio/scanned.ts";
import { msvcrtStreams, streams, ucrtStreams } from "./stdio/streams.ts";
import { wideStreams } from "./stdio/wide-streams.ts";
import { stringsAndMath } from "./strings-and-math.ts";

import { cxx32 } from "./x86/cxx-frame-handler.ts";
import { exceptHandler } from "./x86/except-handler.ts";
import { jump32 } from "./x86/jump.ts";
import { msvcrtX87, sse2Math, x87Math } from "./x86/register-math.ts";
import { exceptions, threads } from "./threads.ts";
import { msvcrtTimeNamesApi, msvcrtTimeNamesApi32 } from "./time/time.api.ts";
import { msvcrtTime, msvcrtTimeTexts, time, ucrtTime, ucrtTimeTexts } from "./time/time.ts";

/** The C runtimes: msvcrt.dll, ucrtbase.dll (which the api-ms-win-crt-* sets stand for) and vcruntime140.dll. */
export const crt = [
  startup, msvcrtStartup, ucrtStartup, msvcrtLocks, ucrtLocks, msvcrtInvalidParameter, ucrtInvalidParameter,
  heap, msvcrtHeap, ucrtHeapApi,
  ...stringsAndMath,
  conversion, msvcrtConversion, ucrtConversion,
  conio, descriptorCalls, streams, msvcrtStreams, ucrtStreams, wideStreams, msvcrtFormatted, ucrtFormatted, printfCountOutput,
  localeVariants, ucrtLocaleVariants, msvcrtFormattedInLocale, msvcrtScanned, ucrtScanned,
  time, msvcrtTimeTexts, ucrtTimeTexts, msvcrtTime, msvcrtTimeNamesApi, msvcrtTimeNamesApi32, ucrtTime,
  spawning,
  fileCalls, msvcrtFileCallsApi, fileStatus, msvcrtFileStatusApi, msvcrtFileStatusApi32, find, msvcrtFindApi, msvcrtFindApi32, temporaryNames,
  threads, exceptions, ...cxxRuntime, ...msvcrtExceptionClasses,
  multibyte, msvcrtMultibyteApi, multibyteNames, multibyteStrings, floatingControl,
  environment, locale, msvcrtLocale, errors, jump,
  longDoubleApi, jump32, exceptHandler, cxx32, x87Math, sse2Math, msvcrtX87,
] as const satisfies readonly (Implementation | ApiTable)[]; // prettier-ignore
