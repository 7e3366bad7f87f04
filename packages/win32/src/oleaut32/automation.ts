import { implement, type Thread } from "@decant/process";
import { automationApi } from "./automation.api.ts";

/** VARTYPEs (wtypes.h). */
const VT = { EMPTY: 0, BSTR: 8, DISPATCH: 9, VARIANT: 12, UNKNOWN: 13, RECORD: 36, ARRAY: 0x2000, BYREF: 0x4000 } as const;
/** Where a VARIANT's value lies, which is two pointers long. */
const VARIANT_VALUE = 8;
const S_OK = 0;
const DISP_E_BADVARTYPE = 0x8002_0008;

/** A BSTR points behind four bytes that hold its length in bytes, and ends with a NUL that is not counted. */
export const automation = implement(automationApi, {
  SysAllocString: (thread, text) => (text === 0 ? 0 : makeString(thread, text, 2 * thread.memory.wstringLength(text))),
  SysReAllocString(thread, place, text) {
    const made = text === 0 ? 0 : makeString(thread, text, 2 * thread.memory.wstringLength(text));
    if (text !== 0 && made === 0) return 0;
    freeString(thread, thread.memory.u32(place));
    thread.memory.setPointer(place, made);
    return 1;
  },
  SysAllocStringLen: (thread, text, count) => makeString(thread, text, 2 * count),
  SysFreeString: (thread, string) => freeString(thread, string),
  SysStringLen: ({ memory }, string) => (string === 0 ? 0 : memory.u32(string - 4) >>> 1),
  VariantInit({ memory }, variant) {
    memory.setU16(variant, VT.EMPTY);
  },
  VariantClear: (thread, variant) => clearVariant(thread, variant),
  VariantCopy(thread, target, source) {
    if (target === source) return S_OK;
    const { memory } = thread;
    const type = memory.u16(source);
    if (!isPlain(type)) return DISP_E_BADVARTYPE;
    const status = clearVariant(thread, target);
    if (status !== S_OK) return status;
    memory.copy(target, source, VARIANT_VALUE + 2 * thread.pointerSize);
    if (type !== VT.BSTR) return S_OK;
    const string = memory.u32(source + VARIANT_VALUE);
    memory.setPointer(target + VARIANT_VALUE, string === 0 ? 0 : makeString(thread, string, memory.u32(string - 4)));
    return S_OK;
  },
  SysStringByteLen: ({ memory }, string) => (string === 0 ? 0 : memory.u32(string - 4)),
  SysAllocStringByteLen: (thread, bytes, count) => makeString(thread, bytes, count),
});

/** A string with a copy of `count` bytes from `source`, or with nothing in particular when that is NULL; 0 when there is no memory. */
function makeString({ memory, process }: Thread, source: number, count: number): number {
  const block = process.heap.allocate(4 + count + 2);
  if (block === 0) return 0;
  memory.setU32(block, count);
  if (source !== 0 && count > 0) memory.copy(block + 4, source, count);
  memory.setU16(block + 4 + count, 0);
  return block + 4;
}

function freeString({ process }: Thread, string: number): void {
  if (string !== 0) process.heap.free(string - 4);
}

/** Numbers, dates, strings and references: what needs no COM object. */
function isPlain(type: number): boolean {
  if ((type & VT.BYREF) !== 0) return true;
  return type <= 23 && type !== VT.DISPATCH && type !== VT.UNKNOWN && type !== VT.VARIANT;
}

function clearVariant(thread: Thread, variant: number): number {
  const { memory } = thread;
  const type = memory.u16(variant);
  if (!isPlain(type)) return DISP_E_BADVARTYPE;
  if (type === VT.BSTR) freeString(thread, memory.u32(variant + VARIANT_VALUE));
  memory.setU16(variant, VT.EMPTY);
  return S_OK;
}
