import { GUEST_BASE, WASM_PAGES } from "@decant/memory";
import { FUNCREF, I32, I64, ModuleBuilder, OP, SIMD, V128, type FunctionBuilder, type ValueType } from "@decant/wasm";
import { CPU, GPR } from "../cpu-block.ts";
import { emitHash } from "./hash-function.ts";
import { CPU_ADDRESS, cpuField, DIRECTORY, FOREIGN_STACK, HELPER_WINDOW, MACHINE } from "./layout.ts";
import { STRING_FUNCTIONS } from "./string-functions.ts";

/**
 * The type of what translated code imports: so many numbers, and a vector that nobody looks at (`pushVector`). For every signature among a module's imports
 * V8 compiles the call of a JavaScript function when it accepts the module (60 to 100 us), unless JavaScript cannot be called so, as with a vector.
 */
const imported = (numbers: number): { readonly parameters: readonly ValueType[]; readonly results: readonly ValueType[] } => ({
  parameters: [...new Array<ValueType>(numbers).fill(I32), V128],
  results: [I32],
});

/** Functions of the runtime that translated code imports, with their types. */
export const RUNTIME_IMPORTS = {
  /** Enters a guest address: the next RIP when it returns, or 0. */
  go: imported(1),
  /** The same for the module at a slot. */
  goFrom: imported(2),
  /** Calls an API function: (index) -> the next RIP. */
  api: imported(1),
  /** Reports an instruction that cannot be run: (rip) -> 0. */
  fault: imported(1),
  /** Drops the unit of MACHINE.staleEntry if its bytes have changed: (slot, and STALE_ITSELF if it has just written there) -> 0. */
  stale: imported(1),
  /** Puts a function into the place of a link: (slot * 2^16 + number) -> 0. */
  link: imported(1),
  /**
   * (site << ACCESS_BITS | bytes + WRITES, wasm address, upper half of the guest address): ends the instruction of the site with this number in the unit that calls
   * with an access violation; never returns.
   */
  refuse: imported(3),
  memcmp: imported(3),
  strcmp: imported(2),
  strncmp: imported(3),
  memchr: imported(3),
  strchr: imported(2),
  strlen: imported(1),
  wcslen: imported(1),
  /** The address of a critical section: 1 when it was entered, or left, without help. */
  enterCriticalSection: imported(1),
  leaveCriticalSection: imported(1),
} as const;

export type RuntimeImport = keyof typeof RUNTIME_IMPORTS;

/** Functions of the machine that the runtime passes on. */
const PASSED_ON = ["api", "fault", "stale", "link"] as const;

/** Pushes the last argument of an imported function. */
export function pushVector(f: FunctionBuilder): void {
  f.i32Const(0).simd(SIMD.i32x4_splat);
}

/** A thread's id in its TEB (CLIENT_ID.UniqueThread), x64. */
const TEB_THREAD_ID = 0x48;

/** The module that all others share: dispatch through the code map, and what is too long to emit inline. */
export function runtimeModule(): Uint8Array {
  const m = new ModuleBuilder();
  m.importMemory("env", "memory", { initial: WASM_PAGES, maximum: WASM_PAGES });
  const table = m.importTable("env", "modules", FUNCREF, 1);
  const machine = PASSED_ON.map((name) => m.importFunction("env", name, m.type([I32], [I32])));
  const [api] = machine as [number];
  const translate = m.importFunction("env", "translate", m.type([I32], [I32]));
  const bind = m.importFunction("env", "bind", m.type([I32, I32]));
  const refuse = m.importFunction("env", "refuse", m.type([I32, I32, I32]));
  const enter = m.type([I32], [I32]);
  const make = (name: RuntimeImport, emit: (f: FunctionBuilder) => void): number => {
    const { parameters, results } = RUNTIME_IMPORTS[name];
    const f = m.function(m.type(parameters, results), name);
    emit(f);
    m.exportFunction(name, f.index);
    return f.index;
  };
  const go = make("go", (f) => emitGo(f, { api, translate, enter, table }));
  make("goFrom", (f) => emitGoFrom(f, go, { bind, translate }));
  PASSED_ON.forEach((name, n) => make(name, (f) => f.localGet(0).returnCall(machine[n] as number)));
  make("refuse", (f) => f.localGet(0).localGet(1).localGet(2).call(refuse).unreachable());
  const run = m.function(m.type([I32], []), "run");
  emitRun(run, go);
  m.exportFunction("run", run.index);
  const hash = m.function(m.type([I32, I32, I64], [I64]), "hash");
  emitHash(hash);
  m.exportFunction("hash", hash.index);
  for (const [name, emit] of Object.entries(STRING_FUNCTIONS)) make(name as keyof typeof STRING_FUNCTIONS, emit);
  make("enterCriticalSection", emitEnter);
  make("leaveCriticalSection", emitLeave);
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
  f.localGet(0).localGet(2).returnCall(go);
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
  const helpers = f.local(I32);
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
  f.localTee(limit);
  f.store(OP.i32_store, CPU.stackLimit, 2);
  // The higher of this and of the helpers' window, unless that reaches below address 0.
  f.i32Const(CPU_ADDRESS).localGet(rsp).i32Const(HELPER_WINDOW).op(OP.i32_sub).localTee(helpers).localGet(limit);
  f.localGet(helpers).localGet(limit).op(OP.i32_gt_u).localGet(helpers).localGet(rsp).op(OP.i32_lt_u).op(OP.i32_and).select();
  f.store(OP.i32_store, MACHINE.helperLimit, 2);
  f.localGet(0);
  pushVector(f);
  f.call(go).localTee(0).brIf(again).end();
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
