import { PtxError } from "../error.ts";
import type { AddressBase, Operand, Variable } from "./ast.ts";
import { parseConstant, parseInteger } from "./constant.ts";
import type { Scope } from "./scope.ts";
import { specialRegisters, specialVectors } from "./special-registers.ts";
import type { TokenStream } from "./token-stream.ts";

/** What names mean outside of functions. */
export interface Globals {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly functions: ReadonlySet<string>;
}

export interface OperandContext {
  readonly tokens: TokenStream;
  readonly scope: Scope;
  readonly globals: Globals;
  /** Names that stand for code: branch targets, callees, prototypes. */
  readonly codeNames: boolean;
}

const MAX_DEPTH = 16;
const PRECEDENCE_ABOVE_OR = 4;

/** Parses one operand (PTX ISA, "Instruction Operands"). */
export function parseOperand(context: OperandContext, depth = 0): Operand {
  const { tokens } = context;
  if (depth > MAX_DEPTH) throw new PtxError(tokens.line, "operand is nested too deeply");
  const first = parseSimple(context, depth);
  if (!tokens.is("|")) return first;
  tokens.next();
  return { kind: "pair", first, second: parseSimple(context, depth + 1) };
}

function parseSimple(context: OperandContext, depth: number): Operand {
  const { tokens } = context;
  if (tokens.is("[")) return parseAddress(context, depth);
  if (tokens.is("{")) return { kind: "vector", elements: parseList(context, "{", "}", depth) };
  if (tokens.is("(") && context.codeNames) return { kind: "list", elements: parseList(context, "(", ")", depth) };
  if (tokens.is("!") && tokens.peek(1).kind === "word") {
    tokens.next();
    const operand = parseName(context);
    if (operand.kind !== "register") throw new PtxError(tokens.line, "'!' needs a predicate register");
    return { ...operand, negated: true };
  }
  if (tokens.is("-") && tokens.peek(1).kind === "word" && tokens.peek(1).text !== "WARP_SZ") {
    tokens.next();
    const operand = parseName(context);
    if (operand.kind !== "register") throw new PtxError(tokens.line, "'-' needs a register or a constant");
    return { ...operand, minus: true };
  }
  if (tokens.peek().kind === "word" && tokens.peek().text !== "WARP_SZ") return parseName(context);
  const constant = parseConstant(tokens, PRECEDENCE_ABOVE_OR);
  return constant.kind === "integer" ? { kind: "integer", value: constant.value } : constant;
}

function parseList(context: OperandContext, open: string, close: string, depth: number): Operand[] {
  const { tokens } = context;
  const elements: Operand[] = [];
  tokens.expect(open);
  while (!tokens.is(close)) {
    elements.push(parseOperand(context, depth + 1));
    if (!tokens.accept(",")) break;
  }
  tokens.expect(close);
  return elements;
}

function parseName(context: OperandContext): Operand {
  const { tokens, scope } = context;
  const token = tokens.next();
  if (token.text === "_") return { kind: "sink" };
  const special = parseSpecial(context, token.text);
  if (special !== undefined) return special;
  const named = scope.find(token.text);
  if (named?.kind === "register") {
    if (tokens.isDirective()) return { kind: "register", register: named.register, part: tokens.next().text };
    return { kind: "register", register: named.register };
  }
  if (named?.kind === "vector") {
    const { elements } = named.vector;
    if (!tokens.isDirective()) return { kind: "vector", elements: elements.map((register) => ({ kind: "register", register })) };
    const element = tokens.next();
    const at = Math.max("xyzw".indexOf(element.text), "rgba".indexOf(element.text));
    const register = element.text.length === 1 ? elements[at] : undefined;
    if (register === undefined) throw new PtxError(token.line, `'${token.text}' has no element '.${element.text}'`);
    return { kind: "register", register };
  }
  const variable = named?.variable ?? context.globals.variables.get(token.text);
  if (variable !== undefined) return { kind: "variable", variable, offset: parseOffset(tokens) };
  if (context.globals.functions.has(token.text)) return { kind: "symbol", name: token.text };
  if (context.codeNames) return { kind: "label", name: token.text };
  throw new PtxError(token.line, `unknown symbol '${token.text}'`);
}

function parseSpecial({ tokens, scope }: OperandContext, name: string): Operand | undefined {
  if (!name.startsWith("%")) return undefined;
  const bare = name.slice(1);
  if (specialVectors.has(bare) && scope.find(name) === undefined) {
    if (!tokens.isDirective()) {
      return { kind: "vector", elements: ["x", "y", "z", "w"].map((element) => ({ kind: "special", name: `${bare}.${element}` })) };
    }
    const element = tokens.next();
    const full = `${bare}.${element.text}`;
    if (!specialRegisters.has(full)) throw new PtxError(element.line, `unknown special register '%${full}'`);
    return { kind: "special", name: full };
  }
  return specialRegisters.has(bare) && scope.find(name) === undefined ? { kind: "special", name: bare } : undefined;
}

function parseAddress(context: OperandContext, depth: number): Operand {
  const { tokens } = context;
  tokens.expect("[");
  const { base, offset } = parseBase(context);
  let coordinates: Operand | undefined;
  if (tokens.accept(",")) {
    coordinates = parseOperand(context, depth + 1);
    if (tokens.accept(",")) coordinates = { kind: "list", elements: [coordinates, parseOperand(context, depth + 1)] };
  }
  tokens.expect("]");
  return { kind: "address", base, offset, coordinates };
}

function parseBase(context: OperandContext): { base: AddressBase | undefined; offset: bigint } {
  const { tokens } = context;
  const token = tokens.peek();
  if (token.kind !== "word" || token.text === "WARP_SZ") return { base: undefined, offset: parseInteger(tokens) };
  const operand = parseName({ ...context, codeNames: false });
  if (operand.kind === "register" && operand.part === undefined) {
    return { base: { kind: "register", register: operand.register }, offset: parseOffset(tokens) };
  }
  if (operand.kind === "variable") return { base: { kind: "variable", variable: operand.variable }, offset: operand.offset };
  throw new PtxError(token.line, `'${token.text}' cannot be an address`);
}

function parseOffset(tokens: TokenStream): bigint {
  let offset = 0n;
  while (tokens.is("+") || tokens.is("-")) {
    const negative = tokens.next().text === "-";
    const line = tokens.line;
    const value = parseConstant(tokens, 10);
    if (value.kind !== "integer") throw new PtxError(line, "expected an integer offset");
    offset += negative ? -value.value : value.value;
  }
  return BigInt.asIntN(64, offset);
}
