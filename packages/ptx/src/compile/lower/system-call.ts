import { OP } from "@decant/wasm";
import { bitsOf } from "../../parse/types.ts";
import { FAULT, SERVICE, WORKER } from "../layout.ts";
import type { Lowering } from "./table.ts";

const SERVICES: Readonly<Record<string, number>> = {
  vprintf: SERVICE.vprintf,
  __assertfail: SERVICE.assert,
  malloc: SERVICE.malloc,
  free: SERVICE.free,
};

/** A call into the host, that linking has made: the arguments go through the worker's record. */
export const systemCall: Lowering = (e, i) => {
  const [name = ""] = i.modifiers;
  const [result, ...args] = i.operands;
  const { f, locals } = e;
  for (const [index, operand] of args.entries()) {
    f.localGet(locals.worker);
    const wide = operand.kind === "register" && bitsOf(operand.register.type) === 64;
    e.push(i, operand, wide ? "b64" : "b32");
    f.store(wide ? OP.i64_store : OP.i32_store, WORKER.service + 8 * index, 2);
  }
  f.localGet(locals.worker)
    .i32Const(SERVICES[name] ?? 0)
    .localGet(locals.thread)
    .call(e.helpers.imports.service);
  const wide = result?.kind === "register" && bitsOf(result.register.type) === 64;
  if (!wide) f.op(OP.i32_wrap_i64);
  e.set(i, result, wide ? "b64" : "b32");
  if (name === "__assertfail") e.stop(i, FAULT.assert);
};
