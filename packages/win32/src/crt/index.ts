import type { ApiTable, Implementation } from "@decant/hook";
import { conversion, ucrtConversion } from "./conversion.ts";
import { environment } from "./environment.ts";
import { errors } from "./errors.ts";
import { heap, msvcrtHeap } from "./heap.ts";
import { ucrtHeapApi } from "./heap.ts";
import { jump } from "./jump.ts";
import { locale, msvcrtLocale } from "./locale.ts";
import { math, math99 } from "./math/math.ts";
import { startup, msvcrtStartup } from "./startup/startup.ts";
import { ucrtStartup } from "./startup/ucrt-startup.ts";
import { descriptorCalls } from "./stdio/descriptor-calls.ts";
import { msvcrtFormatted, ucrtFormatted } from "./stdio/formatted.ts";
import { msvcrtStreams, streams, ucrtStreams } from "./stdio/streams.ts";
import { wideStreams } from "./stdio/wide-streams.ts";
import { characters } from "./strings/characters.ts";
import { memory, memoryExtra } from "./strings/memory.ts";
import { msvcrtStrings, searching, strings, ucrtStrings } from "./strings/strings.ts";

/** The C runtimes: msvcrt.dll, ucrtbase.dll (which the api-ms-win-crt-* sets stand for) and vcruntime140.dll. */
export const crt: readonly (Implementation | ApiTable)[] = [
  startup, msvcrtStartup, ucrtStartup,
  heap, msvcrtHeap, ucrtHeapApi,
  memory, memoryExtra, searching, strings, msvcrtStrings, ucrtStrings, characters,
  math, math99,
  conversion, ucrtConversion,
  descriptorCalls, streams, msvcrtStreams, ucrtStreams, wideStreams, msvcrtFormatted, ucrtFormatted,
  environment, locale, msvcrtLocale, errors, jump,
]; // prettier-ignore
