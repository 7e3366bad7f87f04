import { raise, type GuestGenerator, type Thread } from "@decant/process";
import { terminate } from "../startup/startup.ts";
import { CXX_EXCEPTION, CXX_MAGIC, CxxExceptions } from "./frame-handler.ts";
import { thrownTypeName } from "./thrown-object.ts";

const NONCONTINUABLE = 1;

/** _CxxThrowException: raises a C++ exception, or with nothing the one that is being handled again. */
export function* cxxThrow(thread: Thread, object: number, info: number): GuestGenerator<void> {
  const thrown =
    info === 0
      ? CxxExceptions.of(thread).active.at(-1)?.thrown
      : { object, info, base: thread.pointerSize === 8 ? (thread.process.modules.at(info)?.base ?? 0) : 0 };
  if (thrown === undefined) return yield* terminate(thread);
  return yield* raise(
    thread,
    {
      code: CXX_EXCEPTION,
      flags: NONCONTINUABLE,
      address: thread.memory.u32(thread.rsp),
      parameters: [CXX_MAGIC, BigInt(thrown.object), BigInt(thrown.info), ...(thread.pointerSize === 8 ? [BigInt(thrown.base)] : [])],
      description: `a C++ exception of type ${thrownTypeName(thread.memory, thrown)} that nothing catches`,
    },
    8,
  );
}
