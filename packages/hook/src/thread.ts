import type { GuestMemory } from "@decant/memory";
import type { Hooks } from "./hooks.ts";

/** Bytes of a pointer in the guest: 8 for x86-64, 4 for x86-32. */
export type PointerSize = 4 | 8;

/** Text of one code page, both ways. `encode` puts "?" where the page lacks a character, as Windows does. */
export interface TextCodec {
  decode(encoded: Uint8Array): string;
  encode(text: string): Uint8Array;
}

/** What the hook layer asks of the thread that makes a call. The package process has the real one. */
export interface CallingThread {
  readonly memory: GuestMemory;
  readonly pointerSize: PointerSize;
  /** The live CPU block as 32-bit words: general register n at index 2n, XMM register n at 64 + 4n. */
  readonly registers: Uint32Array;
  /** The process' ANSI code page. */
  readonly ansi: TextCodec;
  /** The guest's number of the thread, for the trace. */
  readonly id?: number;
  lastError: number;
  errno: number;
  /** The hooks that calls among mappings cross. */
  readonly hooks?: Hooks | undefined;
  /** The high half that a pointer into an image above 4 GiB carries; absent where there is no such image. */
  pointerHigh?(address: number): number;
  /** Pushes a value on the x87 stack, where x86-32 functions return floating point. */
  pushFloat?(value: number): void;
  /** Takes that value off again, after a guest function returned it. */
  popFloat?(): number;
  /** What a handle stands for, for the trace. */
  describeHandle?(handle: number): string | undefined;
  /** Where a code address lies ("ninja.exe+0x1234"), for the trace and for errors. */
  describeAddress?(address: number): string | undefined;
}

/** Indices into CallingThread.registers. */
export const REGISTER = { rax: 0, rcx: 2, rdx: 4, rsp: 8, r8: 16, r9: 18, xmm0: 64 } as const;
