import { GUEST_BASE, type GuestMemory } from "@decant/memory";
import { format, type Decoder } from "../decode/index.ts";
import type { Fault, FaultCode } from "./fault.ts";
import type { Site } from "./module-context.ts";
import type { Batch } from "./translator.ts";

/** A frame of translated code in a stack trace: the batch's place, the function's name, and the offset in the module. */
export interface GuestFrame {
  readonly slot: number;
  readonly name: string;
  readonly offset: number;
}

/** V8 writes a frame as `at x401000 (wasm://wasm/guest3-0a1b2c3d:wasm-function[12]:0x1234)`. */
const FRAME = /at (?:(\S+) \()?wasm:\/\/wasm\/guest(\d+)-[0-9a-f]+:wasm-function\[\d+\]:(0x[0-9a-f]+)/;

/** The innermost frame of translated code, and whether it is the innermost of all. */
export function innermostFrame(error: Error): { frame: GuestFrame; isTop: boolean } | undefined {
  const lines = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  for (const [i, line] of lines.entries()) {
    const match = FRAME.exec(line);
    if (match !== null) return { frame: { name: match[1] ?? "", slot: Number(match[2]), offset: Number(match[3]) }, isTop: i === 0 };
  }
  return undefined;
}

/** The instruction that code at a module offset was made from. */
export function siteAt({ marks, sites }: Batch, offset: number): Site | undefined {
  let low = 0;
  for (let high = marks.length; low < high;) {
    const middle = (low + high) >>> 1;
    if ((marks[middle]?.offset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const tag = marks[low - 1]?.tag;
  return tag === undefined ? undefined : sites[tag];
}

/** A fault at an instruction, which its message names. */
export function describeFault(code: FaultCode, rip: number, what: string, memory: GuestMemory, decoder: Decoder | undefined): Fault {
  if (decoder === undefined) return { code, rip, message: what };
  return { code, rip, message: `${what}: ${format(memory, decoder.decode(rip))} at 0x${rip.toString(16)}` };
}

/** Why the instruction at `rip`, which has no translation, cannot be run. */
export function describeInstruction(rip: number, memory: GuestMemory, decoder: Decoder): Fault {
  const insn = decoder.decode(rip);
  const fault = (code: FaultCode, what: string): Fault => describeFault(code, rip, what, memory, decoder);
  switch (insn.kind) {
    case "undefined":
      return fault("illegal-instruction", "illegal instruction");
    case "invalid": {
      const bytes = Array.from(memory.bytes.subarray(rip - GUEST_BASE, rip - GUEST_BASE + 8), (byte) => byte.toString(16).padStart(2, "0"));
      return { code: "illegal-instruction", rip, message: `illegal instruction: bytes ${bytes.join(" ")} at 0x${rip.toString(16)}` };
    }
    case "privileged":
      return fault("privileged-instruction", "privileged instruction");
    case "int":
      // int 29h is __fastfail (Microsoft Learn, "__fastfail").
      return insn.immediate === 0x29 ? fault("fast-fail", "the program ended itself (fast fail)") : fault("breakpoint", "breakpoint");
    default:
      return fault("not-translated", "an instruction that Decant does not translate yet");
  }
}
