import { E, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { runtimeStringsApi } from "./runtime-strings.api.ts";

const S_OK = 0;
const REGDB_E_CLASSNOTREG = 0x8004_0154;
/** A string begins with HSTRING_HEADER: flags, the length in characters, eight bytes more, and where the text is. Our own have a count behind it, and then their text. */
const AT = { flags: 0, length: 4, text: 16 } as const;
const IS_REFERENCE = 1;
const MAX_CHARACTERS = 0x3fff_ffff;

/** An empty string is NULL; a reference lies in memory of the program's, as its text does. */
export const runtimeStrings = implement(runtimeStringsApi, {
  WindowsCreateString(thread, sourceString, length, string) {
    if (string.isNull) return E.INVALIDARG;
    string.set(0);
    if (length === 0) return S_OK;
    if (sourceString.isNull) return E.POINTER;
    return length > MAX_CHARACTERS ? E.OUTOFMEMORY : create(thread, sourceString.text(length), string);
  },
  WindowsCreateStringReference(thread, sourceString, length, hstringHeader, string) {
    if (string.isNull || hstringHeader === 0) return E.INVALIDARG;
    string.set(0);
    if (sourceString.isNull) return length === 0 ? S_OK : E.POINTER;
    const { memory } = thread;
    // "The string must be terminated": so that the text can be handed on as it is.
    if (memory.u16(sourceString.address + 2 * length) !== 0) return E.INVALIDARG;
    if (length === 0) return S_OK;
    memory.setU32(hstringHeader + AT.flags, IS_REFERENCE);
    memory.setU32(hstringHeader + AT.length, length);
    memory.setPointer(hstringHeader + AT.text, sourceString.address);
    string.set(hstringHeader);
    return S_OK;
  },
  WindowsDeleteString(thread, string) {
    if (string === 0 || isReference(thread, string)) return S_OK;
    const count = string + AT.text + thread.pointerSize;
    const left = thread.memory.u32(count) - 1;
    thread.memory.setU32(count, left);
    if (left === 0) thread.process.heap.free(string);
    return S_OK;
  },
  WindowsDuplicateString(thread, string, newString) {
    if (newString.isNull) return E.INVALIDARG;
    if (string !== 0 && isReference(thread, string)) return create(thread, textOf(thread, string), newString);
    const count = string + AT.text + thread.pointerSize;
    if (string !== 0) thread.memory.setU32(count, thread.memory.u32(count) + 1);
    newString.set(string);
    return S_OK;
  },
  WindowsGetStringLen: (thread, string) => lengthOf(thread, string),
  WindowsGetStringRawBuffer(thread, string, length) {
    length.set(lengthOf(thread, string));
    return string === 0 ? emptyText(thread) : thread.memory.pointer(string + AT.text);
  },
  WindowsIsStringEmpty: (thread, string) => lengthOf(thread, string) === 0,
  WindowsStringHasEmbeddedNull(thread, string, hasEmbedNull) {
    if (hasEmbedNull.isNull) return E.INVALIDARG;
    hasEmbedNull.set(textOf(thread, string).includes("\0"));
    return S_OK;
  },
  WindowsCompareStringOrdinal(thread, string1, string2, result) {
    if (result.isNull) return E.INVALIDARG;
    const [a, b] = [textOf(thread, string1), textOf(thread, string2)];
    result.set(a < b ? -1 : a > b ? 1 : 0);
    return S_OK;
  },
  WindowsConcatString: (thread, string1, string2, newString) =>
    newString.isNull ? E.INVALIDARG : create(thread, textOf(thread, string1) + textOf(thread, string2), newString),
  WindowsSubstring: (thread, string, startIndex, newString) =>
    substring(thread, string, startIndex, lengthOf(thread, string) - startIndex, newString),
  WindowsSubstringWithSpecifiedLength: (thread, string, startIndex, length, newString) =>
    substring(thread, string, startIndex, length, newString),

  RoGetActivationFactory: (_thread, _activatableClassId, _iid, factory) => noClass(factory),
  RoActivateInstance: (_thread, _activatableClassId, instance) => noClass(instance),
});

function create(thread: Thread, text: string, result: Out<number>): number {
  if (text === "") {
    result.set(0);
    return S_OK;
  }
  const { heap, memory } = thread.process;
  const textAt = AT.text + thread.pointerSize + 8;
  const string = heap.allocate(textAt + 2 * (text.length + 1));
  memory.setU32(string + AT.flags, 0);
  memory.setU32(string + AT.length, text.length);
  memory.setPointer(string + AT.text, string + textAt);
  memory.setU32(string + AT.text + thread.pointerSize, 1);
  for (let index = 0; index <= text.length; index++)
    memory.setU16(string + textAt + 2 * index, index === text.length ? 0 : text.charCodeAt(index));
  result.set(string);
  return S_OK;
}

function substring(thread: Thread, string: number, start: number, length: number, result: Out<number>): number {
  if (result.isNull) return E.INVALIDARG;
  if (length < 0 || start + length > lengthOf(thread, string)) return E.BOUNDS;
  return create(thread, textOf(thread, string).slice(start, start + length), result);
}

function noClass(result: Out<number>): number {
  if (result.isNull) return E.INVALIDARG;
  result.set(0);
  return REGDB_E_CLASSNOTREG;
}

function isReference({ memory }: Thread, string: number): boolean {
  return (memory.u32(string + AT.flags) & IS_REFERENCE) !== 0;
}

function lengthOf({ memory }: Thread, string: number): number {
  return string === 0 ? 0 : memory.u32(string + AT.length);
}

function textOf(thread: Thread, string: number): string {
  return string === 0 ? "" : thread.memory.utf16(thread.memory.pointer(string + AT.text), lengthOf(thread, string));
}

const EMPTY = Symbol("the empty string's text");

function emptyText({ process }: Thread): number {
  return process.state(EMPTY, () => {
    const at = process.heap.allocate(2);
    process.memory.setU16(at, 0);
    return { at };
  }).at;
}
