import { api, fn, INT, PVOID, VOID } from "@decant/hook";
import { guestCallInFrame, implement, jump, unwindRegistrations } from "@decant/process";
import type { GuestGenerator, Thread } from "@decant/process";
import { CDECL, WITH_VCRUNTIME } from "../dlls.ts";

/** The handlers that x86 C compilers put into functions with __try ("Structured Exception Handling", Microsoft C). */
export const exceptHandlerApi = api(
  WITH_VCRUNTIME,
  {
    _except_handler3: fn(INT, ["record", PVOID], ["registration", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    _except_handler2: fn(INT, ["record", PVOID], ["registration", PVOID], ["context", PVOID], ["dispatcher", PVOID]),
    _except_handler4_common: fn(
      INT,
      ["cookie", PVOID],
      ["check", PVOID],
      ["record", PVOID],
      ["registration", PVOID],
      ["context", PVOID],
      ["dispatcher", PVOID],
    ),
    _local_unwind2: fn(VOID, ["registration", PVOID], ["level", INT]),
    _local_unwind4: fn(VOID, ["cookie", PVOID], ["registration", PVOID], ["level", INT]),
    _global_unwind2: fn(VOID, ["registration", PVOID]),
  },
  { ...CDECL, only: 4 },
);

/** Behind the registration's two words: the scope table, the level in it, and ebp, which code of the function's frame finds. */
const REGISTRATION = { pointers: -4, scopeTable: 8, level: 12, ebp: 16 } as const;
/** Bytes of a scope: the level around it, its filter (0: a __finally), its handler. */
const SCOPE_SIZE = 12;
/** A version 4 table starts with four words about cookies. */
const HEADER_SIZE = 16;
const UNWINDING = 6;
const CONTINUE_SEARCH = 1;
const CONTINUE_EXECUTION = 0;

/** The scopes of a function: version 3 ends at level -1; version 4 at -2, and its table's address is mixed with a cookie, given by its address. */
class Scopes {
  readonly #thread: Thread;
  readonly #table: number;
  readonly end: number;
  readonly registration: number;

  constructor(thread: Thread, registration: number, cookie: number) {
    const { memory } = thread;
    this.#thread = thread;
    this.registration = registration;
    const table = memory.u32(registration + REGISTRATION.scopeTable);
    this.#table = cookie === 0 ? table : ((table ^ memory.u32(cookie)) >>> 0) + HEADER_SIZE;
    this.end = cookie === 0 ? -1 : -2;
  }

  get level(): number {
    return this.#thread.memory.i32(this.registration + REGISTRATION.level);
  }

  set level(value: number) {
    this.#thread.memory.setI32(this.registration + REGISTRATION.level, value);
  }

  get ebp(): number {
    return this.registration + REGISTRATION.ebp;
  }

  at(level: number): { around: number; filter: number; handler: number } {
    const { memory } = this.#thread;
    const scope = this.#table + level * SCOPE_SIZE;
    return { around: memory.i32(scope), filter: memory.u32(scope + 4), handler: memory.u32(scope + 8) };
  }
}

export const exceptHandler = implement(exceptHandlerApi, {
  _except_handler3: (thread, record, registration, context) => handle(thread, record, registration, context, 0),
  _except_handler2: (thread, record, registration, context) => handle(thread, record, registration, context, 0),
  _except_handler4_common: (thread, cookie, _check, record, registration, context) => handle(thread, record, registration, context, cookie),
  *_local_unwind2(thread, registration, level) {
    yield* localUnwind(thread, registration, level);
  },
  *_local_unwind4(thread, cookie, registration, level) {
    yield* localUnwind(thread, registration, level, cookie);
  },
  *_global_unwind2(thread, registration) {
    yield* unwindRegistrations(thread, registration, 0, 0);
  },
});

function* handle(thread: Thread, record: number, registration: number, context: number, cookie: number): GuestGenerator<number> {
  const { memory, process } = thread;
  const scopes = new Scopes(thread, registration, cookie);
  if ((memory.u32(record + 4) & UNWINDING) !== 0) {
    yield* localUnwind(thread, registration, scopes.end, cookie);
    return CONTINUE_SEARCH;
  }
  // GetExceptionInformation() in a filter is what lies here.
  const pointers = process.heap.require(8);
  memory.setU32(pointers, record);
  memory.setU32(pointers + 4, context);
  memory.setU32(registration + REGISTRATION.pointers, pointers);
  try {
    for (let level = scopes.level; level !== scopes.end;) {
      const { around, filter, handler } = scopes.at(level);
      const verdict = filter === 0 ? 0 : (yield* guestCallInFrame(thread, filter, scopes.ebp)) | 0;
      if (verdict < 0) return CONTINUE_EXECUTION;
      if (verdict > 0) {
        yield* unwindRegistrations(thread, registration, record, 0);
        yield* localUnwind(thread, registration, level, cookie);
        scopes.level = around;
        thread.registers[2 * EBP] = scopes.ebp;
        thread.rip = handler;
        // The handler takes esp from its frame; what is below is free.
        return yield* jump(thread);
      }
      level = around;
    }
    return CONTINUE_SEARCH;
  } finally {
    if (process.heap.has(pointers)) process.heap.free(pointers);
  }
}

const EBP = 5;

/** Runs the __finally blocks of a function from its present level out to another, which stays. */
export function* localUnwind(thread: Thread, registration: number, target: number, cookie = 0): GuestGenerator<void> {
  const scopes = new Scopes(thread, registration, cookie);
  thread.frames.tellAgain(registration);
  for (let { level } = scopes; level !== scopes.end && level !== target && level > target; { level } = scopes) {
    const { around, filter, handler } = scopes.at(level);
    scopes.level = around;
    if (filter === 0) yield* guestCallInFrame(thread, handler, scopes.ebp);
  }
}
