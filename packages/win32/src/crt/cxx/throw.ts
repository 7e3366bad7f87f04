import { raise, recordLayout, type GuestGenerator, type Thread } from "@decant/process";
import { terminate } from "../startup/startup.ts";
import { CXX_EXCEPTION, CXX_MAGIC, CxxExceptions } from "./frame-handler.ts";
import { thrownTypeName, type Thrown } from "./thrown-object.ts";

const NONCONTINUABLE = 1;
/** EXCEPTION_MAXIMUM_PARAMETERS. */
const MAX_PARAMETERS = 15;

/** _CxxThrowException: raises a C++ exception, or with nothing the one that is being handled again. */
export function* cxxThrow(thread: Thread, object: number, info: number): GuestGenerator<void> {
  const thrown =
    info === 0
      ? CxxExceptions.of(thread).active.at(-1)?.thrown
      : { object, info, base: thread.pointerSize === 8 ? (thread.process.modules.at(info)?.base ?? 0) : 0 };
  // What is not C++'s and was caught by catch (...) goes on as what it is.
  if (thrown?.info === 0 && thrown.record !== undefined) return yield* raiseAgain(thread, thrown.record);
  if (thrown === undefined) return yield* terminate(thread);
  return yield* raiseCxx(thread, thrown);
}

/** Raises a C++ exception at the caller of the mapping that runs, which takes eight bytes of arguments on x86. */
export function* raiseCxx(thread: Thread, thrown: Thrown): GuestGenerator<never> {
  const base = thread.pointerSize === 8 ? [BigInt(thrown.base)] : [];
  return yield* raise(
    thread,
    {
      code: CXX_EXCEPTION,
      flags: NONCONTINUABLE,
      address: thread.memory.u32(thread.rsp),
      parameters: [CXX_MAGIC, BigInt(thrown.object), BigInt(thrown.info), ...base],
      description: `a C++ exception of type ${thrownTypeName(thread.memory, thrown)} that nothing catches`,
    },
    8,
  );
}

function* raiseAgain(thread: Thread, record: number): GuestGenerator<never> {
  const { memory } = thread;
  const layout = recordLayout(memory);
  const count = Math.min(memory.u32(record + layout.NumberParameters), MAX_PARAMETERS);
  return yield* raise(
    thread,
    {
      code: memory.u32(record),
      flags: 0,
      address: memory.u32(record + layout.ExceptionAddress),
      parameters: Array.from({ length: count }, (_, i) => memory.word(record + layout.ExceptionInformation + i * thread.pointerSize)),
      description: "an exception that a catch clause passed on",
    },
    8,
  );
}
