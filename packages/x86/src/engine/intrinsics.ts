import { GUEST_BASE } from "@decant/memory";
import { I32, OP, type FunctionBuilder, type Label } from "@decant/wasm";
import { CPU, GPR } from "../cpu-block.ts";
import type { Emitter } from "../lower/index.ts";
import type { Value } from "../lower/flags.ts";
import { cpuField } from "./layout.ts";
import type { RuntimeImport } from "./runtime-module.ts";
import type { Intrinsic } from "./stub.ts";

/** What an intrinsic's code is emitted with. */
export interface IntrinsicContext {
  readonly f: FunctionBuilder;
  readonly e: Emitter;
  /** Says that what follows may trap. */
  mark(): void;
  /** Leaves pointers into the null page, which wasm would trap on, to the API: a fault there has all registers. */
  readonly guardsNull: boolean;
  /** The end of this label's block makes the call after all. */
  readonly slow: Label;
  callRuntime(name: RuntimeImport): void;
}

/** Offsets in the x64 TEB: LastErrorValue and TlsSlots. */
const TEB_LAST_ERROR = 0x68;
const TEB_TLS_SLOTS = 0x1480;
const TLS_SLOTS = 64;
/** Where x64 passes arguments. */
const ARGUMENTS = [GPR.rcx, GPR.rdx, GPR.r8];

/** Those that 32-bit code has too: C's functions, whose arguments the caller takes off the stack again. */
export const CDECL_INTRINSICS: ReadonlySet<Intrinsic> = new Set([
  "memcpy", "memmove", "memset", "memcmp", "memchr", "strcmp", "strncmp", "strchr", "strcpy", "strlen", "wcslen",
]); // prettier-ignore

/** Which arguments are pointers, and which of these ranges as long as the third says. */
const POINTERS: Readonly<Record<Intrinsic, { readonly pointers: readonly number[]; readonly hasLength?: boolean }>> = {
  memcpy: { pointers: [0, 1], hasLength: true }, memmove: { pointers: [0, 1], hasLength: true }, memset: { pointers: [0], hasLength: true },
  memcmp: { pointers: [0, 1] }, strncmp: { pointers: [0, 1] }, strcmp: { pointers: [0, 1] }, strcpy: { pointers: [0, 1] },
  memchr: { pointers: [0] }, strchr: { pointers: [0] }, strlen: { pointers: [0] }, wcslen: { pointers: [0] },
  GetLastError: { pointers: [] }, SetLastError: { pointers: [] }, TlsGetValue: { pointers: [] },
  EnterCriticalSection: { pointers: [0] }, LeaveCriticalSection: { pointers: [0] },
}; // prettier-ignore

/**
 * Emits an API function's common case in place of its call: arguments are in rcx, rdx and r8, of 32-bit code on the stack. Where the case turns out
 * uncommon the code branches to `slow`.
 */
export function emitIntrinsic(name: Intrinsic, { f, e, mark, slow, callRuntime, guardsNull }: IntrinsicContext): void {
  /** Pushes an argument: x64 has it in a register, 32-bit cdecl on the stack. */
  const argument = (n: number): Emitter => {
    if (e.mode === 64) return e.getGpr(ARGUMENTS[n] as number, 32);
    e.getGpr(GPR.rsp, 32);
    f.i32Const(4 * n - GUEST_BASE).op(OP.i32_add);
    return e.load(32);
  };
  const address = (n: number): void => {
    argument(n);
    f.i32Const(-GUEST_BASE).op(OP.i32_add);
  };
  /** The result is the first argument, whole. */
  const returnFirst = (): void => {
    if (e.mode === 64) e.getGpr(GPR.rcx, 64).setGpr(GPR.rax, 64);
    else argument(0).setGpr(GPR.rax, 32);
  };
  const teb = (offset: number): void => {
    f.i32Const(cpuField(CPU.gsBase))
      .load(OP.i32_load, 0, 2)
      .i32Const(offset - GUEST_BASE)
      .op(OP.i32_add);
  };
  /** Takes the i32 on the wasm stack: 0 leaves the fast way. */
  const unless = (): void => {
    f.op(OP.i32_eqz).brIf(slow);
  };
  /** Counts of 4 GiB and more are left to the API. */
  const count = (): void => {
    if (e.mode === 32) return;
    e.getGpr(GPR.r8, 64).f.i64Const(32).op(OP.i64_shr_u).op(OP.i64_eqz);
    unless();
  };
  mark();
  if (guardsNull) {
    const { pointers, hasLength } = POINTERS[name];
    for (const n of pointers) {
      argument(n).const(GUEST_BASE, 32).int(32, "ge_u");
      unless();
      if (hasLength !== true) continue;
      // Nor up to the end of all memory.
      e.const(0, 32);
      argument(n).int(32, "sub");
      argument(2).int(32, "ge_u");
      unless();
    }
  }
  switch (name) {
    case "memcpy":
    case "memmove":
      count();
      address(0);
      address(1);
      argument(2).f.memoryCopy();
      returnFirst();
      return;
    case "memset":
      count();
      address(0);
      argument(1);
      argument(2).f.memoryFill();
      returnFirst();
      return;
    case "memcmp":
    case "strncmp":
    case "memchr":
      count();
      argument(0);
      argument(1);
      argument(2);
      callRuntime(name);
      e.setGpr(GPR.rax, 32);
      return;
    case "strcmp": {
      // Most texts that are compared differ in their first character, and calling another module's function costs more than that.
      const first = (n: number): Value => {
        address(n);
        f.load(OP.i32_load8_u);
        return e.save(32);
      };
      const a = first(0);
      const b = first(1);
      e.value(a, 32).value(b, 32).f.op(OP.i32_ne);
      f.if(I32);
      e.value(a, 32).value(b, 32).f.op(OP.i32_gt_u).i32Const(1).op(OP.i32_shl).i32Const(1).op(OP.i32_sub);
      f.else();
      argument(0);
      argument(1);
      callRuntime(name);
      f.end();
      e.setGpr(GPR.rax, 32);
      return;
    }
    case "strchr":
      argument(0);
      argument(1);
      callRuntime(name);
      e.setGpr(GPR.rax, 32);
      return;
    case "strcpy":
      address(0);
      address(1);
      argument(1);
      callRuntime("strlen");
      f.i32Const(1).op(OP.i32_add).memoryCopy();
      returnFirst();
      return;
    case "strlen":
    case "wcslen":
      argument(0);
      callRuntime(name);
      e.setGpr(GPR.rax, 32);
      return;
    case "GetLastError":
      teb(TEB_LAST_ERROR);
      f.load(OP.i32_load);
      e.setGpr(GPR.rax, 32);
      return;
    case "SetLastError":
      teb(TEB_LAST_ERROR);
      e.getGpr(GPR.rcx, 32).f.store(OP.i32_store);
      return;
    case "TlsGetValue":
      e.getGpr(GPR.rcx, 32).f.i32Const(TLS_SLOTS).op(OP.i32_lt_u);
      unless();
      teb(TEB_LAST_ERROR);
      f.i32Const(0).store(OP.i32_store);
      teb(TEB_TLS_SLOTS);
      e.getGpr(GPR.rcx, 32).f.i32Const(3).op(OP.i32_shl).op(OP.i32_add).load(OP.i64_load);
      e.setGpr(GPR.rax, 64);
      return;
    case "EnterCriticalSection":
    case "LeaveCriticalSection":
      e.getGpr(GPR.rcx, 32);
      callRuntime(name === "EnterCriticalSection" ? "enterCriticalSection" : "leaveCriticalSection");
      unless();
      return;
  }
}
