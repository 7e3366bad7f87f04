import { guestCall, type GuestGenerator, type Thread } from "@decant/process";

const TRANSLATOR: unique symbol = Symbol("_set_se_translator");

function translatorOf(thread: Thread): { address: number } {
  return thread.state(TRANSLATOR, () => ({ address: 0 }));
}

/** _set_se_translator: what makes C++ exceptions of others, for functions that are compiled to see them (/EHa). Returns what was set before. */
export function setTranslator(thread: Thread, address: number): number {
  const translator = translatorOf(thread);
  const before = translator.address;
  translator.address = address;
  return before;
}

/** Calls the thread's translator with an exception's code and pointers. It may throw; when it returns, the exception is what it was. */
export function* translateException(thread: Thread, record: number, context: number): GuestGenerator<void> {
  const { address } = translatorOf(thread);
  if (address === 0) return;
  const { memory, process } = thread;
  const pointers = process.heap.require(16);
  try {
    memory.setPointer(pointers, record);
    memory.setPointer(pointers + thread.pointerSize, context);
    yield* guestCall(thread, address, memory.u32(record), pointers);
  } finally {
    if (process.heap.has(pointers)) process.heap.free(pointers);
  }
}
