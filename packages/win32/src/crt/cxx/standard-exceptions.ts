import type { GuestGenerator, Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { raiseCxx } from "./throw.ts";

/** Exceptions that the runtime itself throws; they derive from std::exception. */
export type StandardException = "bad_cast" | "bad_typeid" | "__non_rtti_object";

/** What each is derived from, the nearest first. */
const BASES: Readonly<Record<StandardException, readonly string[]>> = {
  bad_cast: ["exception"],
  bad_typeid: ["exception"],
  __non_rtti_object: ["bad_typeid", "exception"],
};
/** The runtimes whose functions stand in the objects' tables, by which is loaded. */
const RUNTIMES = ["vcruntime140.dll", "ucrtbase.dll", "msvcrt.dll"] as const;
/** Below the stack pointer, where dispatching an exception leaves room: the object lies there while clauses look at it. */
const OBJECT_OFFSET = 0x60;

/** Throws an exception of the runtime's own, with a message that lives as long as the process. */
export function* throwStandard(thread: Thread, name: StandardException, message: string): GuestGenerator<never> {
  const { memory, pointerSize } = thread;
  const { type, vtable } = describe(thread, name);
  const object = thread.rsp - OBJECT_OFFSET;
  memory.setPointer(object, vtable);
  memory.setPointer(object + pointerSize, text(thread, message));
  memory.setPointer(object + 2 * pointerSize, 0);
  // The tables hold addresses, so what they are relative to is 0.
  return yield* raiseCxx(thread, { object, info: type, base: 0 });
}

/** The ThrowInfo and the virtual functions of an exception class, made when they are first needed. */
function describe(thread: Thread, name: StandardException): { type: number; vtable: number } {
  const { memory, pointerSize, process } = thread;
  const runtime = Runtime.of(thread);
  const module = RUNTIMES.map((each) => process.modules.find(each)).find((each) => each !== undefined);
  const isOld = module?.name.toLowerCase() === "msvcrt.dll";
  const exported = (symbol: string): number => (module === undefined ? undefined : process.loader.getProcAddress(module, symbol)) ?? 0;
  const descriptor = (className: string): number => {
    const mangled = `.?AV${className}${isOld ? "@@" : "@std@@"}`;
    const address = runtime.reserve(mangled, 2 * pointerSize + mangled.length + 1);
    memory.write(address + 2 * pointerSize, latin1(`${mangled}\0`));
    return address;
  };
  const classes = [name, ...BASES[name]];
  const objectSize = 3 * pointerSize;
  const info = runtime.reserve(`throw ${name}`, 16 + 4 + 4 * classes.length + 28 * classes.length);
  const array = info + 16;
  memory.setU32(info + 12, array);
  memory.setU32(array, classes.length);
  classes.forEach((each, index) => {
    const catchable = array + 4 + 4 * classes.length + 28 * index;
    memory.setU32(array + 4 + 4 * index, catchable);
    // No members to move, no table of virtual bases, and bitwise copies: the message is not the object's.
    for (const [offset, value] of [[4, descriptor(each)], [12, -1], [20, objectSize]] as const) memory.setI32(catchable + offset, value); // prettier-ignore
  });
  const vtable = runtime.reserve(`virtual functions of ${name}`, 2 * pointerSize);
  const [destroy, what] = pointerSize === 8 ? STANDARD_METHODS[8] : STANDARD_METHODS[4];
  memory.setPointer(vtable, exported(destroy));
  memory.setPointer(vtable + pointerSize, exported(what));
  return { type: info, vtable };
}

/** The virtual functions of std::exception, as the runtimes export them. */
export const STANDARD_METHODS = {
  8: ["??_Gexception@std@@UEAAPEAXI@Z", "?what@exception@std@@UEBAPEBDXZ"],
  4: ["??_Gexception@std@@UAEPAXI@Z", "?what@exception@std@@UBEPBDXZ"],
} as const;

function text(thread: Thread, message: string): number {
  const address = Runtime.of(thread).reserve(`message ${message}`, message.length + 1);
  thread.memory.write(address, latin1(`${message}\0`));
  return address;
}

function latin1(characters: string): Uint8Array {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}
