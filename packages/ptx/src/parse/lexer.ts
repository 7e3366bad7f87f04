import { PtxError } from "../error.ts";

export type TokenKind = "word" | "directive" | "integer" | "float" | "string" | "punctuation" | "end";

/** A token. `text` of a directive has no dot. `bits` belong to numbers: the value of an integer, the pattern of a float. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly line: number;
  readonly bits: bigint;
  /** A float written as 0f........: 32 bits wide. */
  readonly single: boolean;
}

const TOKEN = new RegExp(
  [
    String.raw`(?<space>[ \t\r\f\v\ufeff]+)`,
    String.raw`(?<newline>\n)`,
    String.raw`(?<comment>//[^\n]*|/\*[^]*?\*/)`,
    String.raw`(?<preprocessor>(?:#|@@)[^\n]*)`,
    String.raw`(?<hexfloat>0[fF][0-9a-fA-F]{8}(?![0-9a-zA-Z_])|0[dD][0-9a-fA-F]{16}(?![0-9a-zA-Z_]))`,
    String.raw`(?<float>[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?(?![0-9a-zA-Z_])|[0-9]+[eE][-+]?[0-9]+(?![0-9a-zA-Z_]))`,
    String.raw`(?<integer>0[xX][0-9a-fA-F]+U?|0[bB][01]+U?|[0-9]+U?)(?![0-9a-zA-Z_$])`,
    String.raw`(?<directive>\.[a-zA-Z0-9_$]+(?:::[a-zA-Z0-9_]+)*)`,
    String.raw`(?<word>[a-zA-Z_$%][a-zA-Z0-9_$]*)`,
    String.raw`(?<string>"(?:[^"\\\n]|\\[^\n])*")`,
    String.raw`(?<punctuation><<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!?:;,.(){}[\]<>=@])`,
  ].join("|"),
  "y",
);

/** Splits PTX text into tokens, ended by one of kind "end" (PTX ISA, "Syntax"). */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let position = 0;
  const push = (kind: TokenKind, content: string, bits = 0n, single = false): void => {
    tokens.push({ kind, text: content, line, bits, single });
  };
  while (position < text.length) {
    TOKEN.lastIndex = position;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw new PtxError(line, `unexpected character ${describe(text, position)}`);
    position = TOKEN.lastIndex;
    if (groups["space"] !== undefined || groups["preprocessor"] !== undefined) continue;
    if (groups["newline"] !== undefined) line++;
    else if (groups["comment"] !== undefined) line += newlines(groups["comment"]);
    else if (groups["word"] !== undefined) push("word", groups["word"]);
    else if (groups["directive"] !== undefined) push("directive", groups["directive"].slice(1));
    else if (groups["punctuation"] !== undefined) push("punctuation", groups["punctuation"]);
    else if (groups["integer"] !== undefined) push("integer", groups["integer"], integerValue(groups["integer"], line));
    else if (groups["hexfloat"] !== undefined) {
      push("float", groups["hexfloat"], BigInt(`0x${groups["hexfloat"].slice(2)}`), /^0f/i.test(groups["hexfloat"]));
    } else if (groups["float"] !== undefined) push("float", groups["float"], doubleBits(Number(groups["float"])));
    else push("string", (groups["string"] ?? '""').slice(1, -1));
  }
  push("end", "end of file");
  return tokens;
}

function integerValue(text: string, line: number): bigint {
  const digits = text.endsWith("U") ? text.slice(0, -1) : text;
  if (digits.length > 68) throw new PtxError(line, `integer constant '${text.slice(0, 20)}...' is out of range`);
  const octal = /^0[0-9]+$/.test(digits);
  if (octal && /[89]/.test(digits)) throw new PtxError(line, `invalid octal constant '${text}'`);
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  if (value >> 64n !== 0n) throw new PtxError(line, `integer constant '${text}' is out of range`);
  return value;
}

const buffer = new DataView(new ArrayBuffer(8));

export function doubleBits(value: number): bigint {
  buffer.setFloat64(0, value);
  return buffer.getBigUint64(0);
}

export function singleBits(value: number): bigint {
  buffer.setFloat32(0, value);
  return BigInt(buffer.getUint32(0));
}

export function doubleFromBits(bits: bigint): number {
  buffer.setBigUint64(0, bits);
  return buffer.getFloat64(0);
}

export function singleFromBits(bits: bigint): number {
  buffer.setUint32(0, Number(bits & 0xffff_ffffn));
  return buffer.getFloat32(0);
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

function describe(text: string, position: number): string {
  const code = text.codePointAt(position) ?? 0;
  return code > 0x20 && code < 0x7f ? `'${String.fromCodePoint(code)}'` : `U+${code.toString(16).padStart(4, "0")}`;
}
