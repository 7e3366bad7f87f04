import { I32, OP } from "@decant/wasm";
import { checkedAddress } from "./access.ts";
import type { Lowering } from "./table.ts";
import { illegal, notTranslated, Suffixes } from "../suffixes.ts";

/**
 * cp.async from global to shared memory (PTX ISA, "cp.async"): done at once, which is as good as later, so groups and
 * waits need nothing. What the source size leaves of the copy is zero.
 */
export const copyAsync: Lowering = (e, i) => {
  const suffixes = new Suffixes(i);
  if (!suffixes.take("async")) throw notTranslated(i);
  if (suffixes.oneOf(["commit_group", "wait_group", "wait_all"]) !== undefined) {
    suffixes.end();
    return;
  }
  suffixes.oneOf(["ca", "cg"]);
  const shared = suffixes.oneOf(["shared", "shared::cta"]);
  const global = suffixes.take("global");
  suffixes.drop(/^L2::/);
  suffixes.end();
  if (shared === undefined || !global) throw notTranslated(i);
  const [destination, source, bytes, sourceBytes, more] = i.operands;
  const size = Number(e.constant(bytes) ?? 0n);
  if (size !== 4 && size !== 8 && size !== 16) throw illegal(i, "cp.async copies 4, 8 or 16 bytes");
  if (more !== undefined) throw notTranslated(i, "a cache policy");
  const { f } = e;
  const to = e.scratch(I32, "copy to");
  const count = e.scratch(I32, "copy bytes");
  f.localGet(checkedAddress(e, i, destination, "shared", size)).localSet(to);
  if (sourceBytes === undefined) f.i32Const(size);
  else {
    e.push(i, sourceBytes, "u32");
    f.localTee(count).i32Const(size).localGet(count).i32Const(size).op(OP.i32_lt_u).select();
  }
  f.localSet(count);
  f.localGet(to).i32Const(0).i32Const(size).memoryFill();
  // Nothing is read of a source of no bytes.
  f.localGet(count).if();
  const from = checkedAddress(e, i, source, "global", size);
  f.localGet(to).localGet(from).localGet(count).memoryCopy();
  f.end();
};
