import { GUEST_BASE, PAGE_SIZE, type GuestMemory, type MemoryAccessError } from "@decant/memory";
import { format, MNEMONIC, type Decoder, type Instruction } from "../decode/index.ts";
import { TRAP } from "../lower/helpers.ts";
import { UNMASKED } from "../lower/mxcsr.ts";
import { MISALIGNED } from "./access-checks.ts";
import { noCode, type Fault, type FaultCode, type FloatFaultCode, type GuestTrap, type RefusedAccess } from "./fault.ts";

/** A fault at an instruction, which its message names. All registers are exact. */
function describeFault(code: FaultCode, rip: number, what: string, memory: GuestMemory, decoder: Decoder | undefined): Fault {
  return { code, rip, isExact: true, message: describe(rip, what, memory, decoder) };
}

function describe(rip: number, what: string, memory: GuestMemory, decoder: Decoder | undefined): string {
  return decoder === undefined ? what : `${what}: ${format(memory, decoder.decode(rip))} at 0x${rip.toString(16)}`;
}

/** What wasm trapped on: registers are as of the last call or entry. */
export function describeAccess(
  rip: number,
  access: { address: number; access: "read" | "write" } | undefined,
  memory: GuestMemory,
  decoder: Decoder | undefined,
): Fault {
  const what = access === undefined ? "access to memory that is not there" : cannot(access.access, access.address);
  return { code: "access-violation", rip, isExact: false, ...access, message: describe(rip, what, memory, decoder) };
}

/** An access of a single instruction, which was refused. All registers are exact. */
export function describeRefusal(
  rip: number,
  { address, kind }: MemoryAccessError,
  memory: GuestMemory,
  decoder: Decoder | undefined,
): Fault {
  const access = kind === "write" ? "write" : "read";
  return { ...describeFault("access-violation", rip, cannot(access, address), memory, decoder), access, address };
}

const cannot = (access: "read" | "write", address: number | bigint): string => `cannot ${access} address 0x${address.toString(16)}`;

/** What code raised that had made the registers exact. A guard page's guard is taken away. */
export function faultOfTrap({ kind, access }: GuestTrap["raised"], rip: number, memory: GuestMemory, decoder: Decoder | undefined): Fault {
  if (access !== undefined) return faultOfAccess(rip, access, memory, decoder);
  if (kind >= UNMASKED.sse) return floatFault(kind, rip, memory, decoder);
  if (kind === TRAP.overflow)
    return describeFault("integer-overflow", rip, "the quotient of an integer division does not fit", memory, decoder);
  if (kind === TRAP.bounds) return describeFault("array-bounds", rip, "an index out of bounds", memory, decoder);
  if (kind === TRAP.into) return describeFault("integer-overflow", rip, "an overflow", memory, decoder);
  if (kind === TRAP.protection) return protectionFault(rip, "a segment register got what is none", memory, decoder);
  return describeFault("divide-by-zero", rip, "integer division by zero", memory, decoder);
}

/** By the flags of MXCSR and of the x87's status word, in the order in which Windows looks at them. */
const FLOAT_FAULTS: readonly (readonly [flags: number, code: FloatFaultCode, what: string])[] = [
  [0x40, "float-stack", "the x87's stack is full, or empty"],
  [0x01, "float-invalid", "an invalid operation of floating point"],
  [0x04, "float-zero-divide", "floating-point division by zero"],
  [0x02, "float-denormal", "a denormal operand of floating point"],
  [0x08, "float-overflow", "floating-point overflow"],
  [0x10, "float-underflow", "floating-point underflow"],
  [0x20, "float-inexact", "a floating-point result that is not exact"],
];

/** An exception of floating point that the program has unmasked (`UNMASKED`). */
function floatFault(kind: number, rip: number, memory: GuestMemory, decoder: Decoder | undefined): Fault {
  const flags = kind & 0x7f;
  const [, code, what] = FLOAT_FAULTS.find(([bits]) => (flags & bits) !== 0) ?? FLOAT_FAULTS[1]!;
  const isOfX87 = kind >= UNMASKED.x87;
  const fault = describeFault(code, rip, isOfX87 ? `${what}, before this` : what, memory, decoder);
  return isOfX87 ? fault : { ...fault, raised: flags };
}

/** The address that Windows reports for what is a general protection fault to the processor: a misaligned operand, an address that is not canonical. */
const NO_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** What the processor refuses without an address. */
export function protectionFault(rip: number, what: string, memory: GuestMemory, decoder: Decoder | undefined): Fault {
  return { ...describeFault("access-violation", rip, what, memory, decoder), access: "read", address: NO_ADDRESS };
}

function faultOfAccess(rip: number, { low, high, bytes, kind }: RefusedAccess, memory: GuestMemory, decoder: Decoder | undefined): Fault {
  const violation = (access: "read" | "write", address: number | bigint, what = cannot(access, address)): Fault => ({
    ...describeFault("access-violation", rip, what, memory, decoder),
    access,
    address,
  });
  if (bytes === MISALIGNED) return violation("read", NO_ADDRESS, "an operand that is not aligned");
  if (high !== 0) {
    const address = (BigInt(high) << 32n) | BigInt(low);
    const isCanonical = BigInt.asIntN(48, address) === BigInt.asIntN(64, address);
    return isCanonical
      ? violation(kind, address)
      : violation("read", NO_ADDRESS, `an address that is not canonical, 0x${address.toString(16)}`);
  }
  const lastPage = Math.floor((low + Math.max(bytes, 1) - 1) / PAGE_SIZE) * PAGE_SIZE;
  const address = memory.accessible(low, 1, kind) ? Math.max(low, lastPage) : low;
  if (!memory.takeGuard(address)) return violation(kind, address);
  return { ...describeFault("guard-page", rip, `a guard page at 0x${address.toString(16)}`, memory, decoder), access: kind, address };
}

/** The interrupts that Windows answers: of the others, all that a program gets is a violation. */
const INTERRUPTS: Readonly<Record<number, readonly [code: FaultCode, what: string]>> = {
  1: ["single-step", "a single step"],
  3: ["breakpoint", "breakpoint"],
  4: ["integer-overflow", "an overflow"],
  // __fastfail (Microsoft Learn, "__fastfail"), and __assertfail.
  0x29: ["fast-fail", "the program ended itself (fast fail)"],
  0x2c: ["assertion", "an assertion failed"],
  0x2d: ["breakpoint", "breakpoint"],
};

/** Why the instruction at `rip`, which has no translation, cannot be run. */
export function describeInstruction(rip: number, memory: GuestMemory, decoder: Decoder): Fault {
  const insn = decoder.decode(rip);
  const fault = (code: FaultCode, what: string): Fault => describeFault(code, rip, what, memory, decoder);
  for (let address = rip; address < rip + insn.length; address++) {
    if (!memory.accessible(address, 1, "execute")) return noCode(rip, address);
  }
  const interrupt = ({ mnemonic, immediate }: Instruction): Fault | undefined => {
    const known = INTERRUPTS[mnemonic === MNEMONIC.Int3 ? 3 : mnemonic === MNEMONIC.Int1 ? 1 : immediate];
    return known && fault(...known);
  };
  switch (insn.kind) {
    case "undefined":
      return fault("illegal-instruction", "illegal instruction");
    case "invalid": {
      if (decoder.isTooLong(rip)) return protectionFault(rip, "an instruction of more than 15 bytes", memory, decoder);
      const bytes = Array.from(memory.bytes.subarray(rip - GUEST_BASE, rip - GUEST_BASE + 8), (byte) => byte.toString(16).padStart(2, "0"));
      return {
        code: "illegal-instruction",
        rip,
        isExact: true,
        message: `illegal instruction: bytes ${bytes.join(" ")} at 0x${rip.toString(16)}`,
      };
    }
    case "privileged":
      return fault("privileged-instruction", "privileged instruction");
    case "int":
      return interrupt(insn) ?? protectionFault(rip, "an interrupt that programs may not use", memory, decoder);
    case "far":
      return fault("not-translated", "a far jump, call or return between code of 32 and of 64 bits, which Decant does not follow");
    case "syscall":
      return fault("not-translated", "a system call that is made without a function of ntdll, which Decant does not answer");
    default:
      return fault("illegal-instruction", isVector(memory, rip) ? NO_AVX : NOT_OFFERED);
  }
}

const NO_AVX = "an AVX instruction; the processor here has none, as CPUID says (x86-64-v2), which the program did not look at";
const NOT_OFFERED = "an instruction that the processor here does not have, as CPUID says (x86-64-v2)";

/** Whether an instruction has a VEX or EVEX prefix, behind those of segments and sizes. On x86 it is one where LES, LDS or BOUND would have no memory. */
function isVector({ bytes, pointerSize }: GuestMemory, rip: number): boolean {
  let at = rip - GUEST_BASE;
  while ([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67].includes(bytes[at]!)) at++;
  return [0x62, 0xc4, 0xc5].includes(bytes[at]!) && (pointerSize === 8 || bytes[at + 1]! >= 0xc0);
}
