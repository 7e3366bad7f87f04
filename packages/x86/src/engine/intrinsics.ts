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
  /** The end of this label's block makes the call after all. */
  readonly slow: Label;
  runtime(name: RuntimeImport): number;
}

/** Offsets in the x64 TEB: LastErrorValue and TlsSlots. */
const TEB_LAST_ERROR = 0x68;
const TEB_TLS_SLOTS = 0x1480;
const TLS_SLOTS = 64;

/**
 * Emits an API function's common case in place of its call: arguments are in rcx, rdx and r8. Where the case turns out
 * uncommon the code branches to `slow`.
 */
export function emitIntrinsic(name: Intrinsic, { f, e, mark, slow, runtime }: IntrinsicContext): void {
  const address = (register: number): void => {
    e.getGpr(register, 32);
    f.i32Const(-GUEST_BASE).op(OP.i32_add);
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
    e.getGpr(GPR.r8, 64).f.i64Const(32).op(OP.i64_shr_u).op(OP.i64_eqz);
    unless();
  };
  mark();
  switch (name) {
    case "memcpy":
    case "memmove":
      count();
      address(GPR.rcx);
      address(GPR.rdx);
      e.getGpr(GPR.r8, 32).f.memoryCopy();
      e.getGpr(GPR.rcx, 64).setGpr(GPR.rax, 64);
      return;
    case "memset":
      count();
      address(GPR.rcx);
      e.getGpr(GPR.rdx, 32).getGpr(GPR.r8, 32).f.memoryFill();
      e.getGpr(GPR.rcx, 64).setGpr(GPR.rax, 64);
      return;
    case "memcmp":
    case "strncmp":
    case "memchr":
      count();
      e.getGpr(GPR.rcx, 32).getGpr(GPR.rdx, 32).getGpr(GPR.r8, 32).f.call(runtime(name));
      e.setGpr(GPR.rax, 32);
      return;
    case "strcmp": {
      // Most texts that are compared differ in their first character, and calling another module's function costs more than that.
      const first = (register: number): Value => {
        address(register);
        f.load(OP.i32_load8_u);
        return e.save(32);
      };
      const a = first(GPR.rcx);
      const b = first(GPR.rdx);
      e.value(a, 32).value(b, 32).f.op(OP.i32_ne);
      f.if(I32);
      e.value(a, 32).value(b, 32).f.op(OP.i32_gt_u).i32Const(1).op(OP.i32_shl).i32Const(1).op(OP.i32_sub);
      f.else();
      e.getGpr(GPR.rcx, 32).getGpr(GPR.rdx, 32).f.call(runtime(name));
      f.end();
      e.setGpr(GPR.rax, 32);
      return;
    }
    case "strchr":
      e.getGpr(GPR.rcx, 32).getGpr(GPR.rdx, 32).f.call(runtime(name));
      e.setGpr(GPR.rax, 32);
      return;
    case "strcpy":
      address(GPR.rcx);
      address(GPR.rdx);
      e.getGpr(GPR.rdx, 32).f.call(runtime("strlen")).i32Const(1).op(OP.i32_add).memoryCopy();
      e.getGpr(GPR.rcx, 64).setGpr(GPR.rax, 64);
      return;
    case "strlen":
    case "wcslen":
      e.getGpr(GPR.rcx, 32).f.call(runtime(name));
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
      e.getGpr(GPR.rcx, 32).f.call(runtime(name === "EnterCriticalSection" ? "enterCriticalSection" : "leaveCriticalSection"));
      unless();
      return;
  }
}
