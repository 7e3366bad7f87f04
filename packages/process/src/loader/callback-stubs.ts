import { STATUS } from "@decant/hook";
import { CALL_FRAMES } from "../threads/callback-frames.ts";
import type { CallFrame } from "../threads/callback-frames.ts";
import type { GuestMemory } from "@decant/memory";
import { buildDll, readImage } from "@decant/pe";
import { raiseException } from "../exceptions/raise.ts";
import { mapImage, protectImage } from "./map-image.ts";
import type { StubTable } from "./map-library.ts";
import { Module } from "./module.ts";

/** The stubs to which guest functions return that the host has called. */
export interface CallbackStubs {
  /** Their image, which is in no list: unwinders need its function table. */
  readonly module: Module;
  readonly addresses: ReadonlyMap<CallFrame, number>;
}

/** Maps the callback stubs, with unwind data for their frames. */
export function mapCallbackStubs(memory: GuestMemory, stubs: StubTable): CallbackStubs {
  const index = stubs.reserve((thread) => {
    const next = thread.frames.returnFromGuest();
    if (next !== undefined) return next;
    const description = "a return into Decant's callback stub that no call matches";
    return raiseException(thread, { code: STATUS.ACCESS_VIOLATION, flags: 0, address: thread.rip, parameters: [], description });
  });
  const symbols = CALL_FRAMES.map(({ frameSize }) => ({ kind: "stub", frameSize, hidden: true }) as const);
  const { bytes, addresses } = buildDll({ name: "callbacks", base: 0n, machine: memory.pointerSize === 8 ? "x86-64" : "x86", symbols });
  const image = readImage(bytes);
  const base = mapImage(memory, image, "callbacks");
  protectImage(memory, image, base);
  const placed = CALL_FRAMES.map((frame, i) => {
    const address = base + addresses[i]!;
    stubs.place(address, index, {});
    return [frame, address] as const;
  });
  return { module: new Module({ name: "callbacks", path: "", base, image, isBuiltIn: true }), addresses: new Map(placed) };
}
