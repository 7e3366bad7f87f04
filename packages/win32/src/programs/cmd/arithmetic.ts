import type { Lookup } from "./expand.ts";

/** What `set /a` cannot compute: the code that ERRORLEVEL gets, which is its message's number, and the message. */
export class ArithmeticError extends Error {
  readonly code: number;

  constructor({ code, text }: { readonly code: number; readonly text: string }) {
    super(text);
    this.code = code;
  }
}

const FAILURE = {
  PARENTHESIS: { code: 0x4000_23cc, text: "Unbalanced parenthesis." },
  OPERAND: { code: 0x4000_23cd, text: "Missing operand." },
  OPERATOR: { code: 0x4000_23ce, text: "Missing operator." },
  NUMBER: {
    code: 0x4000_23cf,
    text: "Invalid number.  Numeric constants are either decimal (17),\r\nhexadecimal (0x11), or octal (021).",
  },
  TOO_LARGE: { code: 0x4000_23d0, text: "Invalid number.  Numbers are limited to 32-bits of precision." },
  ZERO: { code: 0x4000_23d1, text: "Divide by zero error." },
} as const;
const BINARY: readonly (readonly string[])[] = [["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]];

/** Computes what `set /a` is given, in 32 bits: expressions with commas between them, and assignments. Returns the last value. */
export function evaluate(text: string, lookup: Lookup, assign: (name: string, value: number) => void): number {
  const tokens = tokenise(text);
  let at = 0;

  function expression(): number {
    const [name, sign] = [tokens[at], tokens[at + 1]];
    if (name !== undefined && sign !== undefined && /^[^\d\W]/.test(name) && /^(?:[-+*/%&|^]|<<|>>)?=$/.test(sign)) {
      at += 2;
      const right = expression();
      const value = sign === "=" ? right : apply(sign.slice(0, -1), valueOf(name), right);
      assign(name, value);
      return value;
    }
    return binary(0);
  }

  function binary(level: number): number {
    const operators = BINARY[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    for (let sign = tokens[at]; sign !== undefined && operators.includes(sign); sign = tokens[at]) {
      at++;
      left = apply(sign, left, binary(level + 1));
    }
    return left;
  }

  function unary(): number {
    const token = tokens[at++];
    if (token === undefined) throw new ArithmeticError(FAILURE.OPERAND);
    if (token === "-") return -unary() | 0;
    if (token === "+") return unary();
    if (token === "~") return ~unary();
    if (token === "!") return unary() === 0 ? 1 : 0;
    if (token === "(") {
      const value = expression();
      if (tokens[at++] !== ")") throw new ArithmeticError(FAILURE.PARENTHESIS);
      return value;
    }
    if (!/^\w/.test(token)) throw new ArithmeticError(FAILURE.OPERAND);
    return valueOf(token);
  }

  function valueOf(token: string): number {
    if (/^\d/.test(token)) return parseNumber(token);
    const value = lookup(token)?.trim() ?? "";
    return /^-?\d/.test(value) ? parseNumber(value) : 0;
  }

  let value = 0;
  do value = expression();
  while (tokens[at++] === ",");
  if (at <= tokens.length) throw new ArithmeticError(FAILURE.OPERATOR);
  return value;
}

/** Decimal, 0x for hexadecimal, a leading 0 for octal. */
function parseNumber(text: string): number {
  const match = /^(-?)(?:0x([\da-f]+)|0([0-7]*)|([1-9]\d*))$/i.exec(text);
  if (match === null) throw new ArithmeticError(FAILURE.NUMBER);
  const [, sign, hexadecimal, octal, decimal] = match;
  const value =
    hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : octal !== undefined ? Number.parseInt(octal || "0", 8) : Number(decimal);
  if (value > 0xffff_ffff || (decimal !== undefined && value > 0x7fff_ffff)) throw new ArithmeticError(FAILURE.TOO_LARGE);
  return sign === "-" ? -value | 0 : value | 0;
}

function apply(operator: string, left: number, right: number): number {
  switch (operator) {
    case "|":
      return left | right;
    case "^":
      return left ^ right;
    case "&":
      return left & right;
    case "<<":
      return right < 0 || right > 31 ? 0 : left << right;
    case ">>":
      return right < 0 || right > 31 ? (left < 0 ? -1 : 0) : left >> right;
    case "+":
      return (left + right) | 0;
    case "-":
      return (left - right) | 0;
    case "*":
      return Math.imul(left, right);
    default:
      if (right === 0) throw new ArithmeticError(FAILURE.ZERO);
      return operator === "/" ? Math.trunc(left / right) | 0 : (left % right) | 0;
  }
}

function tokenise(text: string): string[] {
  const tokens = text.replaceAll('"', "").match(/\s+|(?:<<|>>|[-+*/%&|^])?=|<<|>>|[-+*/%&|^~!(),]|[^\s\-+*/%&|^~!(),=<>]+|./g) ?? [];
  return tokens.filter((token) => token.trim() !== "");
}
