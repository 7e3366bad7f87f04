import { ATOMIC, I32, OP, type FunctionBuilder, type ModuleBuilder } from "@decant/wasm";
import type { Helpers } from "./helpers.ts";
import { ABORT_WORD, FAULT, LAUNCH, STATE, WORKER } from "./layout.ts";

/**
 * Writes and exports `run(worker, count) -> blocks done`: runs blocks from the worker's block index on, each phase after
 * the other, as long as all threads of a block reach the same place. Returns early, at a block whose threads are at
 * different places: its caller takes them further.
 * Hot: once a barrier of each block; bench/kernels-cuda.ts.
 */
export function writeRun(builder: ModuleBuilder, helpers: Helpers, name: string, phases: readonly FunctionBuilder[]): string {
  const f = builder.function(builder.type([I32, I32], [I32]), name);
  const [state, done, launch, at] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)];
  const [worker, count] = [0, 1];
  f.localGet(worker).load(OP.i32_load, WORKER.launch, 2).localSet(launch);
  const blocks = f.loop();
  f.localGet(worker).i32Const(0).store(OP.i32_store, WORKER.split, 2);
  f.localGet(worker)
    .i32Const(0)
    .i32Const(1)
    .call(phases[0]?.index ?? 0)
    .localSet(state);
  const out = f.block();
  const again = f.loop();
  // A loop around a barrier passes here each time, and may hold no loop of its own.
  f.i32Const(0).atomic(ATOMIC.i32_atomic_load, ABORT_WORD, 2).expect(false).if();
  f.localGet(worker).i32Const(FAULT.stopped).i32Const(0).i32Const(0).call(helpers.get("stop")).end();
  f.localGet(state).i32Const(STATE.done).op(OP.i32_eq).brIf(out);
  f.localGet(state).i32Const(STATE.mixed).op(OP.i32_eq).if();
  f.localGet(done).return().end();
  const labels = phases.map(() => f.block()).toReversed();
  const [first] = labels;
  if (first === undefined) throw new Error("ptx: a kernel has phases");
  f.localGet(state).i32Const(STATE.phaseMask).op(OP.i32_and).brTable(labels, first);
  for (const phase of phases) {
    f.end();
    f.localGet(worker).localGet(state).i32Const(STATE.all).call(phase.index).localSet(state).br(again);
  }
  f.end();
  f.end();
  f.localGet(done).i32Const(1).op(OP.i32_add).localTee(done).localGet(count).op(OP.i32_eq).if();
  f.localGet(done).return().end();
  const next = (axis: number, inner: () => void): void => {
    f.localGet(worker)
      .load(OP.i32_load, WORKER.blockIndex + 4 * axis, 2)
      .i32Const(1)
      .op(OP.i32_add)
      .localSet(at);
    if (axis < 2)
      f.localGet(at)
        .localGet(launch)
        .load(OP.i32_load, LAUNCH.gridDim + 4 * axis, 2)
        .op(OP.i32_eq)
        .if();
    if (axis < 2) {
      f.localGet(worker)
        .i32Const(0)
        .store(OP.i32_store, WORKER.blockIndex + 4 * axis, 2);
      inner();
      f.else();
    }
    f.localGet(worker)
      .localGet(at)
      .store(OP.i32_store, WORKER.blockIndex + 4 * axis, 2);
    if (axis < 2) f.end();
  };
  next(0, () => next(1, () => next(2, () => undefined)));
  f.br(blocks);
  f.end();
  f.unreachable();
  builder.exportFunction(name, f.index);
  return name;
}
