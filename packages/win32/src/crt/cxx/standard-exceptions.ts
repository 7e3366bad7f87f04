import type { GuestGenerator, Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { OLDER_RUNTIMES } from "../dlls.ts";
import { raiseCxx } from "./throw.ts";

/** The classes of exceptions that the runtimes have; the runtime itself throws those that derive from std::exception. */
export type StandardException = "exception" | "bad_cast" | "bad_typeid" | "__non_rtti_object";

/** What each is derived from, the nearest first. */
const BASES: Readonly<Record<StandardException, readonly string[]>> = {
  exception: [],
  bad_cast: ["exception"],
  bad_typeid: ["exception"],
  __non_rtti_object: ["bad_typeid", "exception"],
};
/** The runtimes whose functions stand in the objects' tables, by which is loaded. */
const RUNTIMES = ["vcruntime140", "ucrtbase", ...OLDER_RUNTIMES, "msvcrt"].map((name) => `${name}.dll`);
/** The runtimes whose classes are in no namespace. */
const OLD = "msvcrt.dll";
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

/** The ThrowInfo of an exception class, and its virtual functions, made when they are first needed. */
function describe(thread: Thread, name: StandardException): { type: number; vtable: number } {
  const { memory, pointerSize, process } = thread;
  const runtime = Runtime.of(thread);
  const module = RUNTIMES.map((each) => process.modules.find(each)).find((each) => each !== undefined);
  const scope = module?.name.toLowerCase() === OLD ? "@@" : "@std@@";
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
    for (const [offset, value] of [[4, typeDescriptor(thread, each, scope)], [12, -1], [20, objectSize]] as const) memory.setI32(catchable + offset, value); // prettier-ignore
  });
  return { type: info, vtable: standardTable(thread, name, scope) };
}

/** Where a class of exceptions is: in msvcrt in no namespace, in the runtimes after it in std. */
export type ExceptionScope = "@@" | "@std@@";

/** The table of a class's virtual functions, with what its objects are before it; made when it is first needed. */
export function standardTable(thread: Thread, name: StandardException, scope: ExceptionScope): number {
  const { memory, pointerSize, process } = thread;
  const runtime = Runtime.of(thread);
  const key = `virtual functions of ${name}${scope}`;
  const known = runtime.reserved(key);
  if (known !== undefined) return known + pointerSize;
  const vtable = runtime.reserve(key, 3 * pointerSize) + pointerSize;
  const methods = STANDARD_METHODS[pointerSize];
  const exported = (symbol: string): number => {
    for (const name of RUNTIMES) {
      const module = process.modules.find(name);
      const address = module === undefined ? undefined : process.loader.getProcAddress(module, symbol);
      if (address !== undefined) return address;
    }
    return 0;
  };
  memory.setPointer(vtable - pointerSize, objectLocator(thread, name, scope));
  methods.forEach((method, index) => memory.setPointer(vtable + index * pointerSize, exported(method)));
  return vtable;
}

/** An RTTICompleteObjectLocator, with the hierarchy of a class that has no more than one base at a time. */
function objectLocator(thread: Thread, name: StandardException, scope: ExceptionScope): number {
  const { memory } = thread;
  const runtime = Runtime.of(thread);
  const classes = [name, ...BASES[name]];
  // The tables hold addresses, so what they are relative to is 0.
  const write = (what: string, words: readonly number[]): number => {
    const address = runtime.reserve(`${what} of ${name}${scope}`, 4 * words.length);
    words.forEach((word, index) => memory.setI32(address + 4 * index, word));
    return address;
  };
  const bases = classes.map((each, index) =>
    write(`base ${index}`, [typeDescriptor(thread, each, scope), classes.length - 1 - index, 0, -1, 0, 0]),
  );
  const hierarchy = write("hierarchy", [0, 0, classes.length, write("bases", bases)]);
  const locator = runtime.reserve(`locator of ${name}${scope}`, 24);
  const isRelative = thread.pointerSize === 8;
  return write("locator", [Number(isRelative), 0, 0, typeDescriptor(thread, name, scope), hierarchy, locator]);
}

function typeDescriptor(thread: Thread, className: string, scope: ExceptionScope): number {
  const { memory, pointerSize } = thread;
  const mangled = `.?AV${className}${scope}`;
  const address = Runtime.of(thread).reserve(mangled, 2 * pointerSize + mangled.length + 1);
  memory.write(address + 2 * pointerSize, latin1(`${mangled}\0`));
  return address;
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
