import type { Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { expandWildcards, splitCommandLine } from "./arguments.ts";

/** Narrow text in the ANSI code page, or UTF-16. */
export type Width = "narrow" | "wide";

/** Variables that hold a pointer have room for the larger kind. */
const POINTER_SIZE = 8;

/** Bytes of text with its NUL. */
export function encodeString(thread: Thread, text: string, width: Width): Uint8Array {
  if (width === "narrow") return thread.ansi.encode(`${text}\0`);
  const bytes = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) {
    bytes[2 * i] = text.charCodeAt(i) & 0xff;
    bytes[2 * i + 1] = text.charCodeAt(i) >>> 8;
  }
  return bytes;
}

/** A string of the process's, made once under a name. */
export function storedString(thread: Thread, name: string, text: string, width: Width): number {
  const bytes = encodeString(thread, text, width);
  const runtime = Runtime.of(thread);
  const address = runtime.reserve(`${name} ${width}`, bytes.length);
  thread.memory.write(address, bytes);
  return address;
}

/** An array of strings that NULL ends, in one block of the heap, as argv and environ are. */
export function storeStrings(thread: Thread, strings: readonly string[], width: Width): number {
  const encoded = strings.map((text) => encodeString(thread, text, width));
  const table = (strings.length + 1) * thread.pointerSize;
  const size = encoded.reduce((sum, { length }) => sum + length, table);
  const { memory } = thread;
  const address = thread.process.heap.allocate(size, true);
  let at = address + table;
  encoded.forEach((bytes, index) => {
    memory.write(at, bytes);
    memory.setPointer(address + index * thread.pointerSize, at);
    at += bytes.length;
  });
  return address;
}

/** Sets __argc and __argv or __wargv, once; returns what they point to. */
export function provideArguments(thread: Thread, width: Width, expand: boolean): { argc: number; argv: number } {
  const runtime = Runtime.of(thread);
  const { memory, process } = thread;
  const variable = runtime.variable(width === "narrow" ? "__argv" : "__wargv", POINTER_SIZE);
  const count = runtime.variable("__argc", 4);
  if (memory.u32(variable) === 0) {
    const split = splitCommandLine(process.commandLine);
    const list = expand ? expandWildcards(thread, split) : split;
    memory.setI32(count, list.length);
    memory.setPointer(variable, storeStrings(thread, list, width));
  }
  return { argc: memory.i32(count), argv: memory.u32(variable) };
}

/** The environment as environ has it, made again when it has changed. */
export function provideEnvironment(thread: Thread, width: Width): number {
  const runtime = Runtime.of(thread);
  const { memory } = thread;
  const variable = runtime.variable(width === "narrow" ? "_environ" : "_wenviron", POINTER_SIZE);
  const made = runtime.variable(`environment ${width}`, 4);
  const version = runtime.environment.version + 1;
  if (memory.u32(variable) === 0 || memory.u32(made) !== version) {
    memory.setPointer(variable, storeStrings(thread, runtime.environment.strings(), width));
    memory.setU32(made, version);
  }
  return memory.u32(variable);
}

/** The environment as it was at first: __initenv, which keeps its value. */
export function provideInitialEnvironment(thread: Thread, width: Width): number {
  const variable = Runtime.of(thread).variable(width === "narrow" ? "__initenv" : "__winitenv", POINTER_SIZE);
  if (thread.memory.u32(variable) === 0) thread.memory.setPointer(variable, provideEnvironment(thread, width));
  return thread.memory.u32(variable);
}

/** Sets _acmdln or _wcmdln, once; returns the variable's address. */
export function provideCommandLine(thread: Thread, width: Width): number {
  return provideText(thread, width === "narrow" ? "_acmdln" : "_wcmdln", thread.process.commandLine, width);
}

/** Sets _pgmptr or _wpgmptr, once; returns the variable's address. */
export function provideProgramPath(thread: Thread, width: Width): number {
  return provideText(thread, width === "narrow" ? "_pgmptr" : "_wpgmptr", thread.process.path, width);
}

function provideText(thread: Thread, name: string, text: string, width: Width): number {
  const variable = Runtime.of(thread).variable(name, POINTER_SIZE);
  if (thread.memory.u32(variable) === 0) thread.memory.setPointer(variable, storedString(thread, `${name} text`, text, width));
  return variable;
}
