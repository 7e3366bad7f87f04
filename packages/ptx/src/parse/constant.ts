import { PtxError } from "../error.ts";
import { doubleBits, doubleFromBits, singleFromBits } from "./lexer.ts";
import type { TokenStream } from "./token-stream.ts";

/** The value of a constant expression: 64-bit integers, signed or not, or a double (PTX ISA, "Constant Expressions"). */
export type Constant =
  | { readonly kind: "integer"; readonly value: bigint; readonly unsigned: boolean }
  | { readonly kind: "float"; readonly value: number; readonly single: boolean; readonly bits: bigint };

const PRECEDENCE: Record<string, number> = {
  "||": 1,
  "&&": 2,
  "|": 3,
  "^": 4,
  "&": 5,
  "==": 6,
  "!=": 6,
  "<": 7,
  ">": 7,
  "<=": 7,
  ">=": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};
const MAX_DEPTH = 200;

/** Parses a constant expression. `minimum` keeps operators of lower precedence for the caller. */
export function parseConstant(tokens: TokenStream, minimum = 0, depth = 0): Constant {
  if (depth > MAX_DEPTH) throw new PtxError(tokens.line, "constant expression is nested too deeply");
  let left = parseUnary(tokens, depth);
  for (;;) {
    const token = tokens.peek();
    const precedence = token.kind === "punctuation" ? PRECEDENCE[token.text] : undefined;
    if (precedence === undefined || precedence < Math.max(minimum, 1)) break;
    tokens.next();
    const right = parseConstant(tokens, precedence + 1, depth + 1);
    left = binary(token.text, left, right, token.line);
  }
  if (minimum === 0 && tokens.is("?")) {
    tokens.next();
    const yes = parseConstant(tokens, 0, depth + 1);
    tokens.expect(":");
    const no = parseConstant(tokens, 0, depth + 1);
    left = truth(left) ? yes : no;
  }
  return left;
}

/** Parses a constant that must be an integer. */
export function parseInteger(tokens: TokenStream): bigint {
  const line = tokens.line;
  const value = parseConstant(tokens);
  if (value.kind !== "integer") throw new PtxError(line, "expected an integer constant, found a floating-point constant");
  return value.value;
}

/** Parses an integer constant that counts something: from `minimum` to `maximum`. */
export function parseCount(tokens: TokenStream, what: string, minimum: number, maximum: number): number {
  const line = tokens.line;
  const value = parseInteger(tokens);
  if (value < BigInt(minimum) || value > BigInt(maximum))
    throw new PtxError(line, `${what} ${value} is out of range ${minimum} to ${maximum}`);
  return Number(value);
}

function parseUnary(tokens: TokenStream, depth: number): Constant {
  if (depth > MAX_DEPTH) throw new PtxError(tokens.line, "constant expression is nested too deeply");
  const token = tokens.peek();
  if (token.kind === "integer") {
    tokens.next();
    return integer(token.bits, token.text.endsWith("U") || token.bits >> 63n !== 0n);
  }
  if (token.kind === "float") {
    tokens.next();
    const value = token.single ? singleFromBits(token.bits) : doubleFromBits(token.bits);
    return { kind: "float", value, single: token.single, bits: token.bits };
  }
  if (token.kind === "word" && token.text === "WARP_SZ") {
    tokens.next();
    return integer(32n, false);
  }
  if (tokens.accept("(")) {
    const cast = tokens.peek();
    if (cast.kind === "directive" && (cast.text === "s64" || cast.text === "u64")) {
      tokens.next();
      tokens.expect(")");
      const operand = parseUnary(tokens, depth + 1);
      if (operand.kind !== "integer") throw new PtxError(token.line, `cannot cast a floating-point constant to .${cast.text}`);
      return integer(operand.value, cast.text === "u64");
    }
    const inner = parseConstant(tokens, 0, depth + 1);
    tokens.expect(")");
    return inner;
  }
  for (const operator of ["-", "+", "~", "!"]) {
    if (!tokens.accept(operator)) continue;
    return unary(operator, parseUnary(tokens, depth + 1), token.line);
  }
  throw tokens.unexpected("a constant");
}

function integer(value: bigint, unsigned: boolean): Constant {
  return { kind: "integer", value: unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value), unsigned };
}

function float(value: number): Constant {
  return { kind: "float", value, single: false, bits: doubleBits(value) };
}

function truth(value: Constant): boolean {
  return value.kind === "integer" ? value.value !== 0n : value.value !== 0;
}

function unary(operator: string, operand: Constant, line: number): Constant {
  if (operator === "!") return integer(truth(operand) ? 0n : 1n, false);
  if (operand.kind === "float") {
    if (operator === "~") throw new PtxError(line, "'~' needs an integer constant");
    if (operator === "+") return operand;
    const sign = operand.single ? 1n << 31n : 1n << 63n;
    return { ...operand, value: -operand.value, bits: operand.bits ^ sign };
  }
  if (operator === "+") return operand;
  return integer(operator === "-" ? -operand.value : ~operand.value, operand.unsigned);
}

function binary(operator: string, left: Constant, right: Constant, line: number): Constant {
  if (left.kind === "float" || right.kind === "float") return binaryFloat(operator, left, right, line);
  const unsigned = left.unsigned || right.unsigned;
  const wrap = (value: bigint): bigint => (unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value));
  const a = wrap(left.value);
  const b = wrap(right.value);
  const truthValue = (value: boolean): Constant => integer(value ? 1n : 0n, false);
  switch (operator) {
    case "+":
      return integer(a + b, unsigned);
    case "-":
      return integer(a - b, unsigned);
    case "*":
      return integer(a * b, unsigned);
    case "/":
    case "%":
      if (b === 0n) throw new PtxError(line, "division by zero in a constant expression");
      return integer(operator === "/" ? a / b : a % b, unsigned);
    case "&":
      return integer(a & b, unsigned);
    case "|":
      return integer(a | b, unsigned);
    case "^":
      return integer(a ^ b, unsigned);
    case "<<":
      return integer(a << BigInt.asUintN(6, b), left.unsigned);
    case ">>":
      return integer(left.value >> BigInt.asUintN(6, b), left.unsigned);
    case "<":
      return truthValue(a < b);
    case ">":
      return truthValue(a > b);
    case "<=":
      return truthValue(a <= b);
    case ">=":
      return truthValue(a >= b);
    case "==":
      return truthValue(a === b);
    case "!=":
      return truthValue(a !== b);
    case "&&":
      return truthValue(a !== 0n && b !== 0n);
    default:
      return truthValue(a !== 0n || b !== 0n);
  }
}

function binaryFloat(operator: string, left: Constant, right: Constant, line: number): Constant {
  const a = Number(left.value);
  const b = Number(right.value);
  const truthValue = (value: boolean): Constant => integer(value ? 1n : 0n, false);
  switch (operator) {
    case "+":
      return float(a + b);
    case "-":
      return float(a - b);
    case "*":
      return float(a * b);
    case "/":
      return float(a / b);
    case "<":
      return truthValue(a < b);
    case ">":
      return truthValue(a > b);
    case "<=":
      return truthValue(a <= b);
    case ">=":
      return truthValue(a >= b);
    case "==":
      return truthValue(a === b);
    case "!=":
      return truthValue(a !== b);
    default:
      throw new PtxError(line, `'${operator}' needs integer constants`);
  }
}
