import { PtxError } from "../error.ts";
import type { Initial, Linkage, Space, Variable } from "./ast.ts";
import { parseConstant, parseCount } from "./constant.ts";
import { doubleBits, doubleFromBits, singleBits } from "./lexer.ts";
import type { TokenStream } from "./token-stream.ts";
import { bitsOf, bytesOf, isScalarType, type ScalarType } from "./types.ts";

const MAX_VARIABLE_BYTES = 2 ** 32;
const MAX_INITIAL_ELEMENTS = 1 << 24;

/** What stands between a space and the names: `.align 4 .attribute(.managed) .v4 .f32`. */
interface Prefix {
  type: ScalarType;
  vector: 1 | 2 | 4;
  align: number | undefined;
  managed: boolean;
}

/** Parses what follows a state space up to and including `;`: one or more variables. */
export function parseVariables(tokens: TokenStream, space: Space, linkage: Linkage): Variable[] {
  const prefix = parsePrefix(tokens);
  const variables: Variable[] = [];
  do variables.push(parseDeclarator(tokens, space, linkage, prefix));
  while (tokens.accept(","));
  tokens.expect(";");
  return variables;
}

/** Parses a parameter after `.param`: like a variable, with `.ptr` attributes and no initialiser. */
export function parseParameter(tokens: TokenStream): Variable {
  return parseDeclarator(tokens, "param", "none", parsePrefix(tokens));
}

export function parsePrefix(tokens: TokenStream): Prefix {
  const prefix: { type: ScalarType | undefined; vector: 1 | 2 | 4; align: number | undefined; managed: boolean } = {
    type: undefined,
    vector: 1,
    align: undefined,
    managed: false,
  };
  for (;;) {
    const token = tokens.peek();
    if (token.kind !== "directive") break;
    tokens.next();
    if (token.text === "align") {
      const align = parseCount(tokens, "alignment", 1, 1 << 20);
      if ((align & (align - 1)) !== 0) throw new PtxError(token.line, `alignment ${align} is not a power of two`);
      if (prefix.type === undefined) prefix.align = align; // After .ptr it is the alignment of what is pointed to.
    } else if (token.text === "v2" || token.text === "v4") prefix.vector = token.text === "v2" ? 2 : 4;
    else if (token.text === "attribute") prefix.managed = skipAttributes(tokens) || prefix.managed;
    else if (isScalarType(token.text) && prefix.type === undefined) prefix.type = token.text;
    else if (!["ptr", "global", "shared", "const", "local", "param"].includes(token.text)) {
      throw new PtxError(token.line, `unexpected '.${token.text}' in a declaration`);
    }
  }
  if (prefix.type === undefined) throw tokens.unexpected("a type");
  return { ...prefix, type: prefix.type };
}

function skipAttributes(tokens: TokenStream): boolean {
  let managed = false;
  tokens.expect("(");
  while (!tokens.accept(")")) {
    const token = tokens.next();
    if (token.kind === "end") throw new PtxError(token.line, "unterminated .attribute");
    if (token.text === "managed") managed = true;
  }
  return managed;
}

function parseDeclarator(tokens: TokenStream, space: Space, linkage: Linkage, prefix: Prefix): Variable {
  const token = tokens.expectKind("word", "a name");
  const dimensions: number[] = [];
  while (tokens.accept("[")) {
    if (tokens.is("]")) dimensions.push(0);
    else dimensions.push(parseCount(tokens, "array size", 0, MAX_VARIABLE_BYTES));
    tokens.expect("]");
  }
  const elementBytes = bytesOf(prefix.type) * prefix.vector;
  const initial: Initial[] = [];
  const reference = prefix.type === "texref" || prefix.type === "samplerref" || prefix.type === "surfref";
  if (reference && tokens.accept("=")) {
    // What a reference begins with says the driver that binds it.
    while (!tokens.is(";")) if (tokens.next().kind === "end") throw tokens.unexpected("';'");
  } else if (tokens.accept("=")) {
    if (space !== "global" && space !== "const")
      throw new PtxError(token.line, `initial value not allowed for '${token.text}' in .${space}`);
    parseInitializer(tokens, prefix.type, prefix.vector === 1 ? dimensions : [...dimensions, prefix.vector], initial);
    // An array of unknown length takes the length of its initialiser.
    if (dimensions[0] === 0) dimensions[0] = Math.ceil(initial.length / (dimensions.slice(1).reduce((a, b) => a * b, 1) * prefix.vector));
  }
  const size = dimensions.reduce((bytes, length) => bytes * length, elementBytes);
  if (size > MAX_VARIABLE_BYTES) throw new PtxError(token.line, `variable '${token.text}' is too large`);
  return {
    name: token.text,
    space,
    type: prefix.type,
    vector: prefix.vector,
    dimensions,
    size,
    align: prefix.align ?? elementBytes,
    linkage,
    initial,
    managed: prefix.managed,
    line: token.line,
  };
}

/** Braces nest by dimension; a level that is not full is padded with zeros. */
function parseInitializer(tokens: TokenStream, type: ScalarType, dimensions: readonly number[], out: Initial[]): void {
  if (!tokens.accept("{")) {
    out.push(parseInitial(tokens, type));
    return;
  }
  if (dimensions.length === 0) throw new PtxError(tokens.line, "too many braces in an initialiser");
  const inner = dimensions.slice(1);
  const innerElements = inner.reduce((a, b) => a * b, 1);
  const start = out.length;
  while (!tokens.is("}")) {
    if (tokens.is("{")) {
      const end = out.length + innerElements;
      parseInitializer(tokens, type, inner, out);
      if (end > MAX_INITIAL_ELEMENTS) throw new PtxError(tokens.line, "initialiser is too long");
      while (out.length < end) out.push({ kind: "bits", value: 0n });
    } else out.push(parseInitial(tokens, type));
    if (out.length > MAX_INITIAL_ELEMENTS) throw new PtxError(tokens.line, "initialiser is too long");
    if (!tokens.accept(",")) break;
  }
  const line = tokens.line;
  tokens.expect("}");
  const length = (dimensions[0] ?? 0) * innerElements;
  if (length !== 0 && out.length - start > length) throw new PtxError(line, "too many initial values");
}

function parseInitial(tokens: TokenStream, type: ScalarType): Initial {
  const first = tokens.peek();
  if (first.kind === "integer" && tokens.is("(", 1)) {
    tokens.next();
    tokens.expect("(");
    const address = parseAddress(tokens);
    tokens.expect(")");
    return { ...address, mask: first.bits };
  }
  if (first.kind === "word" && first.text !== "WARP_SZ") return parseAddress(tokens);
  const line = tokens.line;
  const constant = parseConstant(tokens);
  if (type === "f64" || type === "f32") {
    const own = constant.kind === "float" && constant.single === (type === "f32");
    if (own) return { kind: "bits", value: constant.bits };
    const value = Number(constant.value);
    return { kind: "bits", value: type === "f64" ? doubleBits(value) : singleBits(value) };
  }
  if (constant.kind === "float") {
    if (constant.single && bitsOf(type) === 32) return { kind: "bits", value: constant.bits };
    if (!constant.single && bitsOf(type) === 64) return { kind: "bits", value: doubleBits(doubleFromBits(constant.bits)) };
    throw new PtxError(line, `floating-point initial value for a .${type} variable`);
  }
  return { kind: "bits", value: BigInt.asUintN(bitsOf(type), constant.value) };
}

function parseAddress(tokens: TokenStream): Initial & { kind: "address" } {
  const generic = tokens.peek().text === "generic" && tokens.is("(", 1);
  if (generic) {
    tokens.next();
    tokens.next();
  }
  const name = tokens.expectKind("word", "a name").text;
  if (generic) tokens.expect(")");
  const negative = tokens.is("-");
  let offset = 0n;
  if (negative || tokens.is("+")) {
    tokens.next();
    const constant = parseConstant(tokens);
    if (constant.kind !== "integer") throw new PtxError(tokens.line, "expected an integer offset");
    offset = negative ? -constant.value : constant.value;
  }
  return { kind: "address", name, offset, generic };
}
