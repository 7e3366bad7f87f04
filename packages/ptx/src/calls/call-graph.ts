import type { Instruction, Operand, PtxFunction, PtxModule } from "../parse/ast.ts";

/** A call, taken apart (PTX ISA, "call"). */
export interface Call {
  readonly instruction: Instruction;
  readonly results: readonly Operand[];
  readonly callee: Operand;
  readonly arguments: readonly Operand[];
  /** The label of a prototype or of a list of functions, for a call through a register. */
  readonly table: string | undefined;
}

export function callOf(instruction: Instruction): Call | undefined {
  const [first, second, ...rest] = instruction.operands;
  const results = first?.kind === "list" ? first.elements : [];
  const callee = first?.kind === "list" ? second : first;
  const [args, table] = first?.kind === "list" ? rest : [second, ...rest];
  if (callee === undefined) return undefined;
  const named = args?.kind === "label" ? args : table;
  return {
    instruction,
    results,
    callee,
    arguments: args?.kind === "list" ? args.elements : [],
    table: named?.kind === "label" ? named.name : undefined,
  };
}

export function callsOf(source: PtxFunction): readonly Call[] {
  return (source.body?.statements ?? []).flatMap((statement) => {
    const call = statement.kind === "instruction" && statement.opcode === "call" ? callOf(statement) : undefined;
    return call === undefined ? [] : [call];
  });
}

/** Functions whose addresses the module takes, in code or in initial values: what a call through a register may reach. */
export function addressedFunctions(module: PtxModule): ReadonlySet<string> {
  const names = new Set<string>();
  const functions = new Set(module.functions.filter(({ entry }) => !entry).map(({ name }) => name));
  for (const { initial } of module.variables)
    for (const value of initial) if (value.kind === "address" && functions.has(value.name)) names.add(value.name);
  for (const { body } of module.functions) {
    for (const statement of body?.statements ?? []) {
      if (statement.kind !== "instruction" || statement.opcode === "call") continue;
      for (const operand of statement.operands) if (operand.kind === "symbol" && functions.has(operand.name)) names.add(operand.name);
    }
  }
  return names;
}

/** Functions of more instructions than this are not written again at each call. */
const MAX_COPIED = 2000;
/** A kernel that grows beyond this calls functions that others call too. */
const MAX_GROWN = 20_000;
/** Calls within calls that are written in place. */
const MAX_DEPTH = 64;

/**
 * The functions that are written once and called by a jump, with a stack for what their callers keep: those that may call
 * themselves, that a register may point to, and large ones with several callers. All others stand in the place of their calls.
 */
export function sharedFunctions(
  entry: PtxFunction,
  functions: ReadonlyMap<string, PtxFunction>,
  addressed: ReadonlySet<string>,
): ReadonlySet<string> {
  const shared = new Set<string>();
  const sites = new Map<string, number>();
  for (const source of [entry, ...functions.values()])
    for (const { callee } of callsOf(source)) if (callee.kind === "symbol") sites.set(callee.name, (sites.get(callee.name) ?? 0) + 1);
  const sizes = new Map<string, number>();
  const onPath = new Set<string>();
  const visit = (source: PtxFunction, depth: number): void => {
    if (sizes.has(source.name)) return;
    onPath.add(source.name);
    let size = source.body?.statements.length ?? 0;
    for (const { callee } of callsOf(source)) {
      if (callee.kind === "register") for (const name of addressed) shared.add(name);
      const target = callee.kind === "symbol" ? functions.get(callee.name) : undefined;
      if (target?.body === undefined) continue;
      if (onPath.has(target.name) || depth > MAX_DEPTH) shared.add(target.name);
      else visit(target, depth + 1);
      if (size > MAX_GROWN && (sites.get(target.name) ?? 0) > 1) shared.add(target.name);
      if (!shared.has(target.name)) size += sizes.get(target.name) ?? 0;
    }
    onPath.delete(source.name);
    sizes.set(source.name, size);
    if (size > MAX_COPIED && (sites.get(source.name) ?? 0) > 1) shared.add(source.name);
  };
  // What is shared is visited on its own, from no depth.
  visit(entry, 0);
  for (const name of shared) {
    const source = functions.get(name);
    if (source !== undefined) visit(source, 0);
  }
  return shared;
}

/** Function pointers are numbers that no address in memory has. */
const FUNCTION_POINTERS = 0x00f0_0000_0000_0000n;

export function functionPointer(module: PtxModule, name: string): bigint | undefined {
  const index = module.functions.findIndex((source) => source.name === name);
  return index < 0 ? undefined : FUNCTION_POINTERS + 16n * BigInt(index + 1);
}
