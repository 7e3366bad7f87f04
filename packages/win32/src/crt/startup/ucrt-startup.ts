import { exitProcess, guestCall, implement, type Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { filterException } from "../signals.ts";
import { provideArguments, provideCommandLine, provideEnvironment, provideInitialEnvironment } from "./program-data.ts";
import { assertionFailed, exchange, terminate } from "./startup.ts";
import { ucrtStartupApi } from "./startup.api.ts";

/** _crt_argv_mode (vcstartup_internal.h): no arguments, as they are, with wildcards expanded. */
const ARGV_EXPANDED = 2;
/** Offsets of _onexit_table_t (process.h), by the size of a pointer: first, one past the last, end of the room. */
const TABLES = { 4: { first: 0, last: 4, end: 8, SIZE: 12 }, 8: { first: 0, last: 8, end: 16, SIZE: 24 } } as const;
const FIRST_ROOM = 32;

export const ucrtStartup = implement(ucrtStartupApi, {
  _configure_narrow_argv(thread, mode) {
    if (mode !== 0) provideArguments(thread, "narrow", mode === ARGV_EXPANDED);
    return 0;
  },
  _configure_wide_argv(thread, mode) {
    if (mode !== 0) provideArguments(thread, "wide", mode === ARGV_EXPANDED);
    return 0;
  },
  _initialize_narrow_environment(thread) {
    provideEnvironment(thread, "narrow");
    return 0;
  },
  _initialize_wide_environment(thread) {
    provideEnvironment(thread, "wide");
    return 0;
  },
  _get_initial_narrow_environment: (thread) => provideInitialEnvironment(thread, "narrow"),
  _get_initial_wide_environment: (thread) => provideInitialEnvironment(thread, "wide"),
  _get_narrow_winmain_command_line: (thread) => skipProgram(thread, thread.memory.u32(provideCommandLine(thread, "narrow")), 1),
  _get_wide_winmain_command_line: (thread) => skipProgram(thread, thread.memory.u32(provideCommandLine(thread, "wide")), 2),
  _set_app_type(thread, appType) {
    exchange(thread, "app type", appType);
  },
  _query_app_type: (thread) => thread.memory.i32(Runtime.of(thread).variable("app type", 8)),
  _crt_atexit(thread, func) {
    Runtime.of(thread).exits.atExit.push(func);
    return 0;
  },
  _crt_at_quick_exit(thread, func) {
    Runtime.of(thread).exits.atQuickExit.push(func);
    return 0;
  },
  *quick_exit(thread, status) {
    const { atQuickExit } = Runtime.of(thread).exits;
    for (let next = atQuickExit.pop(); next !== undefined; next = atQuickExit.pop()) yield* guestCall(thread, next);
    return yield* exitProcess(thread, status);
  },
  _initialize_onexit_table(thread, table) {
    if (table === 0) return -1;
    const { memory } = thread;
    const layout = TABLES[thread.pointerSize];
    if (memory.u32(table + layout.first) === memory.u32(table + layout.end)) memory.fill(table, 0, layout.SIZE);
    return 0;
  },
  _register_onexit_function(thread, table, func) {
    if (table === 0) return -1;
    const { memory, process } = thread;
    const layout = TABLES[thread.pointerSize];
    const first = memory.u32(table + layout.first);
    const last = memory.u32(table + layout.last);
    const used = last - first;
    let room = memory.u32(table + layout.end) - first;
    let base = first;
    if (used === room) {
      room = room === 0 ? FIRST_ROOM * thread.pointerSize : room * 2;
      base = first === 0 ? process.heap.allocate(room) : process.heap.reallocate(first, room);
      if (base === 0) return -1;
    }
    memory.setPointer(base + used, func);
    memory.setPointer(table + layout.first, base);
    memory.setPointer(table + layout.last, base + used + thread.pointerSize);
    memory.setPointer(table + layout.end, base + room);
    return 0;
  },
  *_execute_onexit_table(thread, table) {
    const { memory, process } = thread;
    const layout = TABLES[thread.pointerSize];
    const first = memory.u32(table + layout.first);
    let last = memory.u32(table + layout.last);
    if (first === 0) return 0;
    while (last > first) {
      last -= thread.pointerSize;
      const func = memory.u32(last);
      memory.setPointer(table + layout.last, last);
      if (func !== 0) yield* guestCall(thread, func);
    }
    memory.fill(table, 0, layout.SIZE);
    process.heap.free(first);
    return 0;
  },
  _register_thread_local_exe_atexit_callback(thread, callback) {
    Runtime.of(thread).exits.threadLocal = callback;
  },
  _seh_filter_exe: filterException,
  // EXCEPTION_CONTINUE_SEARCH: signals are the program's, not a library's.
  _seh_filter_dll: () => 0,
  terminate,
  set_terminate: (thread, handler) => exchange(thread, "terminate handler", handler),
  _get_terminate: (thread) => thread.memory.u32(Runtime.of(thread).variable("terminate handler", 8)),
  _crt_debugger_hook() {},
  _set_new_mode: (thread, mode) => exchange(thread, "new mode", mode),
  _query_new_mode: (thread) => thread.memory.i32(Runtime.of(thread).variable("new mode", 8)),
  _set_new_handler: (thread, handler) => exchange(thread, "new handler", handler),
  *_callnewh(thread, size) {
    const handler = thread.memory.u32(Runtime.of(thread).variable("new handler", 8));
    return handler !== 0 && (yield* guestCall(thread, handler, size)) !== 0 ? 1 : 0;
  },
  _wassert: assertionFailed,
  _assert: assertionFailed,
  _get_osplatform(_thread, value) {
    value.set(2); // VER_PLATFORM_WIN32_NT
    return 0;
  },
});

/** What follows the program's name on a command line. */
function skipProgram(thread: Thread, commandLine: number, unit: 1 | 2): number {
  const { memory } = thread;
  const at = (index: number) => (unit === 1 ? memory.u8(commandLine + index) : memory.u16(commandLine + 2 * index));
  let index = 0;
  let isQuoted = false;
  for (; at(index) !== 0 && (isQuoted || at(index) > 0x20); index++) if (at(index) === 0x22) isQuoted = !isQuoted;
  while (at(index) !== 0 && at(index) <= 0x20) index++;
  return commandLine + unit * index;
}
