import { ERROR, Win32Error } from "@decant/hook";
import { guestCall, implement, tebLayout, type Thread } from "@decant/process";
import { FiberStorage } from "./fiber-storage.ts";
import { tlsApi } from "./tls.api.ts";

/** TLS_MINIMUM_AVAILABLE: slots in the TEB itself, which translated code reads without a call. */
const TEB_SLOTS = 64;
const EXPANSION_SLOTS = 1024;
const MAX_FLS_SLOTS = 4096;

/** Which indices are taken; index 0 is the loader's, as on Windows. */
class TlsIndices {
  readonly taken = new Set<number>([0]);
}

const tlsOf = ({ process }: Thread): TlsIndices => process.state(TlsIndices, () => new TlsIndices());

export const tls = implement(tlsApi, {
  TlsAlloc(thread) {
    const { taken } = tlsOf(thread);
    for (let index = 0; index < TEB_SLOTS + EXPANSION_SLOTS; index++) {
      if (taken.has(index)) continue;
      taken.add(index);
      for (const each of thread.process.threads) clearSlot(each, index);
      return index;
    }
    throw new Win32Error(ERROR.NO_MORE_ITEMS);
  },
  TlsFree(thread, index) {
    if (index === 0 || !tlsOf(thread).taken.delete(index)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    for (const each of thread.process.threads) clearSlot(each, index);
    return true;
  },
  TlsGetValue(thread, index) {
    const slot = slotAddress(thread, index, false);
    // Success sets the last error too: 0 is a value like any other ("TlsGetValue").
    thread.lastError = 0;
    return slot === 0 ? 0n : thread.memory.word(slot);
  },
  TlsSetValue(thread, index, value) {
    thread.memory.setWord(slotAddress(thread, index, true), value);
    return true;
  },
  FlsAlloc(thread, callback) {
    const { callbacks } = FiberStorage.of(thread);
    for (let index = 1; index < MAX_FLS_SLOTS; index++) {
      if (callbacks.has(index)) continue;
      callbacks.set(index, callback);
      return index;
    }
    throw new Win32Error(ERROR.NO_MORE_ITEMS);
  },
  *FlsFree(thread, index) {
    const fls = FiberStorage.of(thread);
    const callback = fls.callbacks.get(index);
    if (callback === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    for (const values of fls.values.values()) {
      const value = values.get(index) ?? 0n;
      values.delete(index);
      if (callback !== 0 && value !== 0n) yield* guestCall(thread, callback, value);
    }
    fls.callbacks.delete(index);
    return true;
  },
  FlsGetValue(thread, index) {
    const fls = FiberStorage.of(thread);
    if (!fls.callbacks.has(index)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    thread.lastError = 0;
    return fls.of(thread).get(index) ?? 0n;
  },
  FlsSetValue(thread, index, value) {
    const fls = FiberStorage.of(thread);
    if (!fls.callbacks.has(index)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    fls.of(thread).set(index, value);
    return true;
  },
});

/** The address of a slot; 0 for an expansion slot that a thread has no array for yet, unless it is made. */
function slotAddress({ teb, memory, process }: Thread, index: number, make: boolean): number {
  if (index < TEB_SLOTS) return teb + tebLayout(memory).TlsSlots + memory.pointerSize * index;
  if (index >= TEB_SLOTS + EXPANSION_SLOTS) throw new Win32Error(ERROR.INVALID_PARAMETER);
  let array = memory.u32(teb + tebLayout(memory).TlsExpansionSlots);
  if (array === 0 && make) {
    array = process.heap.allocate(memory.pointerSize * EXPANSION_SLOTS, true);
    if (array === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    memory.setPointer(teb + tebLayout(memory).TlsExpansionSlots, array);
  }
  return array === 0 ? 0 : array + memory.pointerSize * (index - TEB_SLOTS);
}

function clearSlot(thread: Thread, index: number): void {
  const slot = slotAddress(thread, index, false);
  if (slot !== 0) thread.memory.setPointer(slot, 0);
}
