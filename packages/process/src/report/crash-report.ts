import { errorName } from "@decant/hook";
import { CPU, disassemble } from "@decant/x86";
import type { Disassembled } from "@decant/x86";
import { CONTEXT32 } from "../exceptions/context-record-32.ts";
import { CONTEXT } from "../exceptions/context-record.ts";
import { readFlags } from "../exceptions/flags-word.ts";
import type { ExceptionFrame } from "../exceptions/dispatch.ts";
import type { GuestException } from "../exceptions/exception.ts";
import { readUnwindState, type UnwindState } from "../exceptions/unwind-state.ts";
import type { Process } from "../process.ts";
import type { Thread } from "../threads/thread.ts";
import { describePlace, type CodePlace } from "./places.ts";
import { walkStack, type StackFrame } from "./stack-walk.ts";

/** What is known of an exception that nobody handled: data for a report, with nothing of the guest's memory in it but what it shows. */
export interface CrashReport {
  /** The program's file name, and the thread that it happened in, of how many. */
  readonly program: string;
  readonly threadId: number;
  readonly threadCount: number;
  readonly exception: {
    /** Unsigned, 32 bits. */
    readonly code: number;
    /** "STATUS_ACCESS_VIOLATION"; absent for codes of the program's own. */
    readonly name?: string;
    /** A sentence's part: "cannot read address 0x0". */
    readonly what: string;
    readonly parameters: readonly bigint[];
  };
  readonly place: CodePlace;
  /** The instruction there, when there is one. */
  readonly instruction?: Disassembled;
  /** General registers, rip and eflags, by name. */
  readonly registers: Readonly<Record<string, bigint>>;
  /** False when all but rip and rsp are as of the last call or the function's entry: programs run faster so. */
  readonly areRegistersExact: boolean;
  /** From the innermost frame on; of a very deep stack the first and the last, with the number of frames left out before each. */
  readonly stack: readonly (CodePlace & Pick<StackFrame, "found"> & { readonly omitted?: number })[];
}

/** Frames that are shown of the inner and of the outer end of a stack. */
const INNER_FRAMES = 40;
const OUTER_FRAMES = 20;

const NAMES_64 = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
const NAMES_32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];

/** The report of an exception in a thread. Its registers are in the context record of `frame`, or else live. */
export function crashReport(thread: Thread, exception: GuestException, frame: ExceptionFrame | undefined): CrashReport {
  const { process, memory } = thread;
  const state = frame === undefined ? liveState(thread) : readUnwindState(memory, frame.context);
  const flags =
    frame === undefined
      ? readFlags(new DataView(thread.live.buffer, thread.live.byteOffset))
      : memory.u32(frame.context + (memory.pointerSize === 8 ? CONTEXT : CONTEXT32).EFlags);
  const { is64 } = process.modules.program.image;
  const instruction = disassemble(memory, exception.address, is64 ? 64 : 32);
  const code = exception.code >>> 0;
  const name = errorName("status", code);
  const registers: Record<string, bigint> = {};
  (is64 ? NAMES_64 : NAMES_32).forEach((register, n) => (registers[register] = state.gpr[n] ?? 0n));
  registers[is64 ? "rip" : "eip"] = BigInt(state.rip);
  registers["eflags"] = BigInt(flags);
  return {
    program: process.name,
    threadId: thread.id,
    threadCount: process.liveThreadCount,
    exception: {
      code,
      ...(name.startsWith("STATUS_") && { name }),
      what: exception.summary ?? exception.description,
      parameters: exception.parameters,
    },
    place: describePlace(process, exception.address),
    ...(instruction && { instruction }),
    registers,
    areRegistersExact: exception.isExact !== false,
    stack: describeStack(process, walkStack(process, state)),
  };
}

function describeStack(process: Process, frames: readonly StackFrame[]): CrashReport["stack"] {
  const omitted = frames.length - INNER_FRAMES - OUTER_FRAMES;
  const shown = omitted > 1 ? [...frames.slice(0, INNER_FRAMES), ...frames.slice(-OUTER_FRAMES)] : frames;
  return shown.map(({ address, found }, n) => ({
    ...describePlace(process, address, found !== "fault"),
    found,
    ...(omitted > 1 && n === INNER_FRAMES && { omitted }),
  }));
}

function liveState({ live, rip }: Thread): UnwindState {
  const gpr = new BigUint64Array(live.slice(CPU.gpr, CPU.gpr + 16 * 8).buffer);
  return { gpr, xmm: live.slice(CPU.xmm, CPU.xmm + 16 * 16), rip };
}
