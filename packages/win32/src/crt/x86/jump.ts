import { api, convention, fn, INT, PVOID, VARARGS, VOID } from "@decant/hook";
import { firstRegistration, guestCall, implement, jump as continueAt, unwindRegistrations } from "@decant/process";
import type { GuestGenerator, Thread } from "@decant/process";
import { CDECL, WITH_VCRUNTIME } from "../dlls.ts";
import { localUnwind } from "./except-handler.ts";

/** Non-local jumps of x86. */
export const jumpApi32 = api(
  WITH_VCRUNTIME,
  {
    _setjmp: fn(INT, ["env", PVOID]),
    _setjmp3: fn(INT, ["env", PVOID], ["count", INT], VARARGS),
    longjmp: fn(INT, ["env", PVOID], ["value", INT]),
    _longjmpex: fn(INT, ["env", PVOID], ["value", INT]),
    _seh_longjmp_unwind: convention("stdcall", fn(VOID, ["env", PVOID])),
    _seh_longjmp_unwind4: convention("stdcall", fn(VOID, ["env", PVOID])),
  },
  { ...CDECL, only: 4 },
);

/** Offsets of _JUMP_BUFFER for x86 (setjmp.h). */
const JUMP = { Registration: 24, TryLevel: 28, Cookie: 32, UnwindFunc: 36, UnwindData: 40, esp: 16, eip: 20 } as const;
/** Registers by their number in the encoding, and where they lie. */
const SAVED = [[5, 0], [3, 4], [7, 8], [6, 12]] as const; // prettier-ignore
const UNWIND_DATA = 6;
/** What marks a buffer that has the fields behind TryLevel. */
const COOKIE = 0x5643_3230;
const NO_REGISTRATION = 0xffff_ffff;
const ESP = 4;

export const jump32 = implement(jumpApi32, {
  _setjmp: (thread, env) => {
    save(thread, env);
    const registration = thread.memory.u32(env + JUMP.Registration);
    thread.memory.setU32(env + JUMP.TryLevel, registration === NO_REGISTRATION ? NO_REGISTRATION : levelOf(thread, registration));
    return 0;
  },
  _setjmp3(thread, env, count, data) {
    const { memory } = thread;
    save(thread, env);
    memory.setU32(env + JUMP.Cookie, COOKIE);
    memory.setU32(env + JUMP.UnwindFunc, 0);
    const registration = memory.u32(env + JUMP.Registration);
    if (registration === NO_REGISTRATION) {
      memory.setU32(env + JUMP.TryLevel, NO_REGISTRATION);
      return 0;
    }
    if (count > 0) memory.setU32(env + JUMP.UnwindFunc, data.uint());
    memory.setU32(env + JUMP.TryLevel, count > 1 ? data.uint() : levelOf(thread, registration));
    for (let i = 0; i < Math.min(count - 2, UNWIND_DATA); i++) memory.setU32(env + JUMP.UnwindData + 4 * i, data.uint());
    return 0;
  },
  longjmp,
  _longjmpex: longjmp,
  *_seh_longjmp_unwind(thread, env) {
    yield* localUnwind(thread, thread.memory.u32(env + JUMP.Registration), thread.memory.i32(env + JUMP.TryLevel));
  },
  *_seh_longjmp_unwind4(thread, env) {
    const cookie = thread.memory.u32(env + JUMP.UnwindData);
    yield* localUnwind(thread, thread.memory.u32(env + JUMP.Registration), thread.memory.i32(env + JUMP.TryLevel), cookie);
  },
});

function save(thread: Thread, env: number): void {
  const { memory, registers, rsp } = thread;
  for (const [register, offset] of SAVED) memory.setU32(env + offset, registers[2 * register]!);
  memory.setU32(env + JUMP.esp, rsp);
  memory.setU32(env + JUMP.eip, memory.u32(rsp));
  memory.setU32(env + JUMP.Registration, firstRegistration(thread));
}

/** What C's handlers keep behind the registration. */
function levelOf({ memory }: Thread, registration: number): number {
  return memory.u32(registration + 12);
}

/** Leaves the frames between by their handlers, and the blocks of the function's own by its UnwindFunc; goes on where setjmp was called. */
function* longjmp(thread: Thread, env: number, value: number): GuestGenerator<number> {
  const { memory, registers } = thread;
  const registration = memory.u32(env + JUMP.Registration);
  if (registration !== firstRegistration(thread))
    yield* unwindRegistrations(thread, registration === NO_REGISTRATION ? 0 : registration, 0, 0);
  if (registration !== NO_REGISTRATION) {
    const hasFunction = memory.u32(env + JUMP.Cookie) === COOKIE;
    const unwindFunc = hasFunction ? memory.u32(env + JUMP.UnwindFunc) : 0;
    if (unwindFunc !== 0) yield* guestCall(thread, unwindFunc, env);
    else yield* localUnwind(thread, registration, memory.i32(env + JUMP.TryLevel));
  }
  for (const [register, offset] of SAVED) registers[2 * register] = memory.u32(env + offset);
  registers[0] = value === 0 ? 1 : value;
  registers[2 * ESP] = memory.u32(env + JUMP.esp) + 4;
  thread.rip = memory.u32(env + JUMP.eip);
  return yield* continueAt(thread);
}
