import { implement, exitProcess, guestCall, type GuestGenerator, type Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { abort, filterException, raiseSignal, setSignal } from "../signals.ts";
import { cleanUp, complain, exit } from "./ending.ts";
import {
  provideArguments,
  provideCommandLine,
  provideEnvironment,
  provideInitialEnvironment,
  provideProgramPath,
  type Width,
} from "./program-data.ts";
import { takeDescriptors } from "../stdio/low-io.ts";
import { msvcrtStartupApi, startupApi } from "./startup.api.ts";

/** R6xxx messages are numbered by what _amsg_exit is given. */
const RUNTIME_ERROR_STATUS = 255;

export const startup = implement(startupApi, {
  exit: (thread, status) => exit(thread, status),
  _exit: (thread, status) => exitProcess(thread, status),
  _cexit: cleanUp,
  _c_exit() {},
  abort,
  *_initterm(thread, first, last) {
    for (let at = first; at < last; at += thread.pointerSize) {
      const func = thread.memory.u32(at);
      if (func !== 0) yield* guestCall(thread, func);
    }
  },
  *_initterm_e(thread, first, last) {
    for (let at = first; at < last; at += thread.pointerSize) {
      const func = thread.memory.u32(at);
      const result = func === 0 ? 0 : (yield* guestCall(thread, func)) | 0;
      if (result !== 0) return result;
    }
    return 0;
  },
  __setusermatherr() {},
  _XcptFilter: filterException,
  __p___argc: (thread) => Runtime.of(thread).variable("__argc", 4),
  __p___argv: (thread) => Runtime.of(thread).variable("__argv", 8),
  __p___wargv: (thread) => Runtime.of(thread).variable("__wargv", 8),
  __p__acmdln: (thread) => provideCommandLine(thread, "narrow"),
  __p__wcmdln: (thread) => provideCommandLine(thread, "wide"),
  __p__environ: (thread) => environmentVariable(thread, "narrow"),
  __p__wenviron: (thread) => environmentVariable(thread, "wide"),
  __p__fmode: (thread) => Runtime.of(thread).variable("_fmode", 4),
  __p__commode: (thread) => Runtime.of(thread).variable("_commode", 4),
  __p__pgmptr: (thread) => provideProgramPath(thread, "narrow"),
  __p__wpgmptr: (thread) => provideProgramPath(thread, "wide"),
  _set_error_mode: () => 0,
  _purecall: pureCall,
  _getpid: (thread) => thread.process.id,
  _set_abort_behavior: () => 0,
  _get_pgmptr(thread, value) {
    value.set(thread.memory.u32(provideProgramPath(thread, "narrow")));
    return 0;
  },
  _get_wpgmptr(thread, value) {
    value.set(thread.memory.u32(provideProgramPath(thread, "wide")));
    return 0;
  },
  _set_fmode(thread, mode) {
    thread.memory.setI32(Runtime.of(thread).variable("_fmode", 4), mode);
    return 0;
  },
  _get_fmode(thread, mode) {
    mode.set(thread.memory.i32(Runtime.of(thread).variable("_fmode", 4)));
    return 0;
  },
  _set_purecall_handler: (thread, handler) => exchange(thread, "purecall handler", handler),
  signal: setSignal,
  raise: raiseSignal,
  _onexit(thread, func) {
    Runtime.of(thread).exits.atExit.push(func);
    return func;
  },
});

export const msvcrtStartup = implement(msvcrtStartupApi, {
  __getmainargs(thread, argc, argv, env, expandWildcards) {
    return mainArguments(thread, "narrow", expandWildcards !== 0, { argc, argv, env });
  },
  __wgetmainargs(thread, argc, argv, env, expandWildcards) {
    return mainArguments(thread, "wide", expandWildcards !== 0, { argc, argv, env });
  },
  __set_app_type(thread) {
    provideCommandLine(thread, "narrow");
    provideCommandLine(thread, "wide");
  },
  atexit(thread, func) {
    Runtime.of(thread).exits.atExit.push(func);
    return 0;
  },
  // A DLL's own table: the caller keeps its ends.
  __dllonexit(thread, func, begin, end) {
    const { heap } = thread.process;
    const used = end.get() - begin.get();
    const moved = begin.get() === 0 ? heap.allocate(thread.pointerSize) : heap.reallocate(begin.get(), used + thread.pointerSize);
    if (moved === 0) return 0;
    thread.memory.setPointer(moved + used, func);
    begin.set(moved);
    end.set(moved + used + thread.pointerSize);
    return func;
  },
  *_amsg_exit(thread, message) {
    yield* complain(thread, `\nruntime error R60${String(message).padStart(2, "0")}\n`);
    return yield* exitProcess(thread, RUNTIME_ERROR_STATUS);
  },
  __p__iob: (thread) => Runtime.of(thread).iob,
  __p___initenv: (thread) => initialEnvironmentVariable(thread, "narrow"),
  __p___winitenv: (thread) => initialEnvironmentVariable(thread, "wide"),
  __p___mb_cur_max: (thread) => Runtime.of(thread).variable("__mb_cur_max", 4),
  __lconv_init: () => 0,
  _assert: assertionFailed,
  _wassert: assertionFailed,
});

/** What a call of a pure virtual function comes to: the program's handler, then its end. */
export function* pureCall(thread: Thread): GuestGenerator<never> {
  const handler = thread.memory.u32(Runtime.of(thread).variable("purecall handler", 8));
  if (handler !== 0) yield* guestCall(thread, handler);
  yield* complain(thread, "\nruntime error R6025\n- pure virtual function call\n");
  return yield* exitProcess(thread, RUNTIME_ERROR_STATUS);
}

/** terminate: the program's handler, then abort. */
export function* terminate(thread: Thread): GuestGenerator<void> {
  const handler = thread.memory.u32(Runtime.of(thread).variable("terminate handler", 8));
  if (handler !== 0) yield* guestCall(thread, handler);
  yield* abort(thread);
}

/** assert's message, and abort. */
export function* assertionFailed(
  thread: Thread,
  message: string | undefined,
  file: string | undefined,
  line: number,
): GuestGenerator<void> {
  yield* complain(thread, `Assertion failed: ${message ?? ""}, file ${file ?? ""}, line ${line}\n\n`);
  yield* abort(thread);
}

/** Stores a new value of a pointer variable, and returns the old one. */
export function exchange(thread: Thread, name: string, value: number): number {
  const variable = Runtime.of(thread).variable(name, 8);
  const old = thread.memory.u32(variable);
  thread.memory.setPointer(variable, value);
  return old;
}

interface MainArguments {
  readonly argc: { set(value: number): void };
  readonly argv: { set(value: number): void };
  readonly env: { set(value: number): void };
}

function mainArguments(thread: Thread, width: Width, expand: boolean, { argc, argv, env }: MainArguments): number {
  // Programs look at the table of descriptors that msvcrt exports.
  takeDescriptors(thread);
  const given = provideArguments(thread, width, expand);
  argc.set(given.argc);
  argv.set(given.argv);
  env.set(provideInitialEnvironment(thread, width));
  return 0;
}

function environmentVariable(thread: Thread, width: Width): number {
  provideEnvironment(thread, width);
  return Runtime.of(thread).variable(width === "narrow" ? "_environ" : "_wenviron", 8);
}

function initialEnvironmentVariable(thread: Thread, width: Width): number {
  provideInitialEnvironment(thread, width);
  return Runtime.of(thread).variable(width === "narrow" ? "__initenv" : "__winitenv", 8);
}
