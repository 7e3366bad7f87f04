import { GUEST_BASE, WASM_PAGES } from "@decant/memory";
import { FUNCREF, I32, I64, ModuleBuilder, OP, type FunctionBuilder } from "@decant/wasm";
import { CPU, GPR } from "../cpu-block.ts";
import { emitHash } from "./hash-function.ts";
import { CPU_ADDRESS, cpuField, DIRECTORY, FOREIGN_STACK, MACHINE } from "./layout.ts";
import { STRING_FUNCTIONS } from "./string-functions.ts";

/** Functions of the runtime that translated code imports, with their types. */
export const RUNTIME_IMPORTS = {
  /** Enters a guest address: the next RIP when it returns, or 0. */
  go: { parameters: [I32], results: [I32] },
  /** The same for the module at a slot. */
  goFrom: { parameters: [I32, I32], results: [I32] },
  memcmp: { parameters: [I32, I32, I32], results: [I32] },
  strcmp: { parameters: [I32, I32], results: [I32] },
  strncmp: { parameters: [I32, I32, I32], results: [I32] },
  memchr: { parameters: [I32, I32, I32], results: [I32] },
  strchr: { parameters: [I32, I32], results: [I32] },
  strlen: { parameters: [I32], results: [I32] },
  wcslen: { parameters: [I32], results: [I32] },
  /** The address of a critical section: 1 when it was entered, or left, without help. */
  enterCriticalSection: { parameters: [I32], results: [I32] },
  leaveCriticalSection: { parameters: [I32], results: [I32] },
} as const;

export type RuntimeImport = keyof typeof RUNTIME_IMPORTS;

/** A thread's id in its TEB (CLIENT_ID.UniqueThread), x64. */
const TEB_THREAD_ID = 0x48;

/** The module that all others share: dispatch through the code map, and what is too long to emit inline. */
export function runtimeModule(): Uint8Array {
  const m = new ModuleBuilder();
  m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
  const table = m.importTable("env", "modules", FUNCREF, 1);
  const api = m.importFunction("env", "api", m.type([I32], [I32]));
  const translate = m.importFunction("env", "translate", m.type([I32], [I32]));
  const bind = m.importFunction("env", "bind", m.type([I32, I32]));
  const enter = m.type([I32], [I32]);
  const go = m.function(m.type([I32], [I32]), "go");
  emitGo(go, { api, translate, enter, table });
  m.exportFunction("go", go.index);
  const goFrom = m.function(m.type([I32, I32], [I32]), "goFrom");
  emitGoFrom(goFrom, go.index, { bind, translate });
  m.exportFunction("goFrom", goFrom.index);
  const run = m.function(m.type([I32], []), "run");
  emitRun(run, go.index);
  m.exportFunction("run", run.index);
  const hash = m.function(m.type([I32, I32, I64], [I64]), "hash");
  emitHash(hash);
  m.exportFunction("hash", hash.index);
  for (const [name, emit] of [
    ...(Object.entries(STRING_FUNCTIONS) as [keyof typeof STRING_FUNCTIONS, (f: FunctionBuilder) => void][]),
    ["enterCriticalSection", emitEnter],
    ["leaveCriticalSection", emitLeave],
  ] as const) {
    const { parameters, results } = RUNTIME_IMPORTS[name];
    const f = m.function(m.type(parameters, results), name);
    emit(f);
    m.exportFunction(name, f.index);
  }
  return m.finish();
}

/**
 * Every first call, and every call that leaves its module by no link: the code map, else the translator; then a call through two tables.
 * The caller has stored the address in cpu.rip, so that the state is exact wherever the host's stack ends.
 */
function emitGo(
  f: FunctionBuilder,
  { api, translate, enter, table }: { api: number; translate: number; enter: number; table: number },
): void {
  const entry = f.local(I32);
  emitLookUp(f, entry, translate);
  f.localGet(entry).i32Const(0).op(OP.i32_lt_s);
  f.if();
  f.localGet(entry).i32Const(0x7fffffff).op(OP.i32_and).returnCall(api).end();
  f.localGet(entry).i32Const(0xffff).op(OP.i32_and).localGet(entry).i32Const(16).op(OP.i32_shr_u).returnCallIndirect(enter, table);
}

/** `go` for an indirect call of the module at a slot, which did not find the address in the jump cache: the machine may put it there for the next time. */
function emitGoFrom(f: FunctionBuilder, go: number, { bind, translate }: { bind: number; translate: number }): void {
  const entry = f.local(I32);
  const misses = f.local(I32);
  emitLookUp(f, entry, translate);
  f.localGet(entry).i32Const(0).op(OP.i32_gt_s);
  f.if();
  // Two functions that share a place must not make every call a visit of the machine.
  f.i32Const(CPU_ADDRESS)
    .i32Const(CPU_ADDRESS)
    .load(OP.i32_load, MACHINE.jumpMisses, 2)
    .i32Const(1)
    .op(OP.i32_add)
    .localTee(misses)
    .store(OP.i32_store, MACHINE.jumpMisses, 2);
  f.localGet(misses).i32Const(7).op(OP.i32_and).op(OP.i32_eqz);
  f.if();
  f.localGet(0).localGet(1).call(bind).end();
  f.end();
  f.localGet(0).returnCall(go);
}

/** Sets `entry` to the code map's entry for the address in parameter 0; returns 0 from the function where there can be none. */
function emitLookUp(f: FunctionBuilder, entry: number, translate: number): void {
  const leaf = f.local(I32);
  f.localGet(0).i32Const(12).op(OP.i32_shr_u).i32Const(2).op(OP.i32_shl).load(OP.i32_load, DIRECTORY, 2).localTee(leaf);
  f.if();
  f.localGet(leaf)
    .localGet(0)
    .i32Const(0xfff)
    .op(OP.i32_and)
    .i32Const(2)
    .op(OP.i32_shl)
    .op(OP.i32_add)
    .load(OP.i32_load, 0, 2)
    .localSet(entry)
    .end();
  f.localGet(entry).op(OP.i32_eqz);
  f.if();
  f.localGet(0).call(translate).localTee(entry).op(OP.i32_eqz);
  f.if();
  f.i32Const(0).return().end();
  f.end();
}

/**
 * Each turn of the loop has an empty stack of wasm frames, so the guest's may grow by a whole window again, but never past its end. A stack that
 * the program made itself (a coroutine's) has no end that is known.
 */
function emitRun(f: FunctionBuilder, go: number): void {
  const rsp = f.local(I32);
  const limit = f.local(I32);
  const stackEnd = f.local(I32);
  const cpu = (offset: number): void => void f.i32Const(CPU_ADDRESS).load(OP.i32_load, offset, 2);
  const again = f.loop();
  f.i32Const(CPU_ADDRESS).localGet(0).store(OP.i32_store, CPU.rip, 2);
  f.i32Const(CPU_ADDRESS);
  cpu(CPU.gpr + 8 * GPR.rsp);
  f.localTee(rsp).store(OP.i32_store, MACHINE.stackBase, 2);
  f.localGet(rsp);
  cpu(MACHINE.stackWindow);
  f.op(OP.i32_sub).localSet(limit);
  cpu(CPU.stackEnd);
  f.localSet(stackEnd);
  f.i32Const(CPU_ADDRESS);
  f.localGet(limit)
    .localGet(stackEnd)
    .localGet(limit)
    .localGet(stackEnd)
    .op(OP.i32_gt_u)
    .localGet(rsp)
    .i32Const(FOREIGN_STACK)
    .op(OP.i32_add)
    .localGet(stackEnd)
    .op(OP.i32_lt_u)
    .op(OP.i32_or)
    .localGet(limit)
    .localGet(rsp)
    .op(OP.i32_lt_u)
    .op(OP.i32_and)
    .select();
  f.store(OP.i32_store, CPU.stackLimit, 2);
  f.localGet(0).call(go).localTee(0).brIf(again).end();
}

/**
 * RTL_CRITICAL_SECTION on x64: LockCount at 8 (-1 free), RecursionCount at 0xC, OwningThread at 0x10, LockSemaphore at 0x18. Free, or owned by
 * this thread: taken here. Contended, or not initialised: the API's affair.
 */
function emitEnter(f: FunctionBuilder): void {
  const self = f.local(I32);
  pushThreadId(f);
  f.localSet(self);
  f.localGet(0).i32Const(-GUEST_BASE).op(OP.i32_add).localSet(0);
  f.localGet(0).load(OP.i32_load, 8).i32Const(-1).op(OP.i32_eq);
  f.if();
  f.localGet(0).i32Const(0).store(OP.i32_store, 8);
  f.localGet(0).i32Const(1).store(OP.i32_store, 0xc);
  f.localGet(0).localGet(self).op(OP.i64_extend_i32_u).store(OP.i64_store, 0x10);
  f.i32Const(1).return().end();
  f.localGet(0)
    .load(OP.i32_load, 0x10)
    .localGet(self)
    .op(OP.i32_eq)
    .localGet(0)
    .load(OP.i32_load, 0xc)
    .i32Const(0)
    .op(OP.i32_gt_s)
    .op(OP.i32_and);
  f.if();
  f.localGet(0).localGet(0).load(OP.i32_load, 8).i32Const(1).op(OP.i32_add).store(OP.i32_store, 8);
  f.localGet(0).localGet(0).load(OP.i32_load, 0xc).i32Const(1).op(OP.i32_add).store(OP.i32_store, 0xc);
  f.i32Const(1).return().end();
  f.i32Const(0);
}

function emitLeave(f: FunctionBuilder): void {
  const self = f.local(I32);
  const count = f.local(I32);
  pushThreadId(f);
  f.localSet(self);
  f.localGet(0).i32Const(-GUEST_BASE).op(OP.i32_add).localSet(0);
  // Somebody else's, or somebody waits (LockCount above the recursion): the API's affair.
  f.localGet(0).load(OP.i32_load, 0x10).localGet(self).op(OP.i32_ne);
  f.localGet(0)
    .load(OP.i32_load, 8)
    .localGet(0)
    .load(OP.i32_load, 0xc)
    .localTee(count)
    .i32Const(1)
    .op(OP.i32_sub)
    .op(OP.i32_ne)
    .op(OP.i32_or);
  f.if();
  f.i32Const(0).return().end();
  f.localGet(0).localGet(count).i32Const(1).op(OP.i32_sub).localTee(count).store(OP.i32_store, 0xc);
  f.localGet(0).localGet(count).i32Const(1).op(OP.i32_sub).store(OP.i32_store, 8);
  f.localGet(count).op(OP.i32_eqz);
  f.if();
  f.localGet(0).i64Const(0).store(OP.i64_store, 0x10).end();
  f.i32Const(1);
}

function pushThreadId(f: FunctionBuilder): void {
  f.i32Const(cpuField(CPU.gsBase))
    .load(OP.i32_load, 0, 2)
    .i32Const(TEB_THREAD_ID - GUEST_BASE)
    .op(OP.i32_add)
    .load(OP.i32_load);
}
