import type { ApiEntry, Library } from "./loader/library.ts";
import { cSpecificHandler } from "./exceptions/c-specific-handler.ts";
import { raise } from "./exceptions/raise.ts";
import { ThreadObject } from "./objects/thread-object.ts";
import { guestCall } from "./threads/guest-call.ts";
import { ARGUMENT_WORDS, getRegister, setRegister, WORD } from "./threads/registers.ts";
import { exitProcess, exitThread } from "./threads/thread-life.ts";
import type { Thread } from "./threads/thread.ts";
import type { GuestGenerator } from "./waits/suspension.ts";
import { sleep, wait } from "./waits/wait.ts";

type Body = (thread: Thread, first: number, second: number, third: number, fourth: number) => number | void | GuestGenerator<number>;

/** The functions that the programs of testdata call, answered without the hook layer. */
export function testLibrary(mode: number, log: unknown[]): Library {
  const functions: Record<string, Body> = {
    Mode: () => mode,
    Log: (thread, text) => void log.push(thread.memory.cstring(text)),
    LogNumber: (_, value) => void log.push(value),
    CallBack: (thread, callback, argument) => guestCall(thread, callback, argument, 1, 1, 1, 1, 9),
    Nap: (thread, timeoutMs) => sleep(thread, timeoutMs),
    NewThread: ({ process }, start, argument) => process.handles.add(process.createThread(start, BigInt(argument)).object),
    Join: (thread, handle) => wait(thread, [thread.process.handles.get(handle as never, ThreadObject)]),
    BadPointer: (thread, pointer) => thread.memory.u32(pointer),
    FreeTwice({ process }) {
      const block = process.heap.allocate(10);
      process.heap.free(block);
      process.heap.free(block);
    },
    OnException: (thread, handler) => void thread.process.handlers.vectored.add("last", handler, handler),
    OnConsole: (thread, handler) => void thread.process.consoleHandlers.push(handler),
    Raise: (thread, code) => raise(thread, { code, flags: 0, address: 0, parameters: [], description: "raised" }),
    __C_specific_handler: (thread, record, frame, context, dispatcher) => cSpecificHandler(thread, { record, frame, context, dispatcher }),
    ExitThread: (thread, exitCode) => exitThread(thread, exitCode),
    ExitProcess: (thread, exitCode) => exitProcess(thread, exitCode),
  };
  return {
    name: "kernel32.dll",
    exports: Object.entries(functions).map(([name, body]) => ({ kind: "function", name, function: { entry: answer(body) } })),
  };
}

function answer(body: Body): ApiEntry {
  const finish = (thread: Thread, value: unknown): number => {
    setRegister(thread.registers, WORD.rax, (value as number | undefined) ?? 0);
    return thread.returnFromCall(0);
  };
  return (thread) => {
    const [first, second, third, fourth] = ARGUMENT_WORDS.map((word) => Number(getRegister(thread.registers, word) & 0xffff_ffffn));
    const result = body(thread, first!, second!, third!, fourth!);
    return typeof result === "object" ? thread.run(result, (value) => finish(thread, value)) : finish(thread, result);
  };
}
