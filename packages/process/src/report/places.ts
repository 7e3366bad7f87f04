import { ImageSymbols } from "@decant/pe";
import type { Module } from "../loader/module.ts";
import type { Process } from "../process.ts";

/** A place in a guest's code, as far as it has names. */
export interface CodePlace {
  readonly address: number;
  /** The module's file name, and the place from its base on. */
  readonly module?: string;
  readonly offset?: number;
  /** The function or other symbol before it, and how far. */
  readonly symbol?: string;
  readonly symbolOffset?: number;
  readonly file?: string;
  readonly line?: number;
}

const symbols = new WeakMap<Module, ImageSymbols>();

/**
 * Names a place in code. Of a return address the call before it is what counts: `isReturn`. The names of a module are read at the first question, and take
 * as long as its debug information is large: this is for reports.
 */
export function describePlace(process: Process, address: number, isReturn = false): CodePlace {
  const { modules, callbackStubs } = process;
  if (callbackStubs.module.contains(address)) return { address, symbol: "Decant: a thread's start, or a call back" };
  const module = modules.at(address);
  if (module === undefined) return { address };
  let known = symbols.get(module);
  if (known === undefined) symbols.set(module, (known = new ImageSymbols(module.image)));
  const offset = address - module.base;
  const asked = isReturn ? offset - 1 : offset;
  const symbol = known.symbolAt(asked);
  return {
    address,
    module: module.name,
    offset,
    ...(symbol && { symbol: symbol.name, symbolOffset: symbol.offset + offset - asked }),
    ...known.lineAt(asked),
  };
}
