import { PtxError } from "../error.ts";
import type { Linkage, PtxFunction, PtxModule, Space, Variable } from "./ast.ts";
import { parseCount } from "./constant.ts";
import { parseVariables } from "./declarations.ts";
import { parseFunction } from "./function.ts";
import { tokenize } from "./lexer.ts";
import { skipSection } from "./sections.ts";
import { TokenStream } from "./token-stream.ts";

const LINKAGE = new Set(["extern", "visible", "weak", "common"]);
const SPACES = new Set(["global", "const", "shared", "local", "param", "tex"]);

/** Parses PTX text of ISA 1.0 to 9.0. Fails with PtxError, and with nothing else, whatever the text is. */
export function parsePtx(text: string): PtxModule {
  return new ModuleParser(new TokenStream(tokenize(text.replace(/\0[^]*$/, "")))).parse();
}

class ModuleParser {
  readonly #tokens: TokenStream;
  readonly #variables = new Map<string, Variable>();
  readonly #functions = new Map<string, PtxFunction>();
  readonly #names = new Set<string>();
  readonly #files = new Map<number, string>();
  #version: { major: number; minor: number } | undefined;
  #targets: string[] = [];
  #addressSize: 32 | 64 | undefined;

  constructor(tokens: TokenStream) {
    this.#tokens = tokens;
  }

  parse(): PtxModule {
    const tokens = this.#tokens;
    while (tokens.peek().kind !== "end") {
      if (tokens.accept(";")) continue;
      const { text, line } = tokens.expectKind("directive", "a directive");
      if (this.#version === undefined && text !== "version") throw new PtxError(line, "missing .version directive at start of file");
      if (this.#targets.length === 0 && !["version", "target"].includes(text))
        throw new PtxError(line, "missing .target directive after .version");
      this.#directive(text, line);
    }
    if (this.#version === undefined) throw new PtxError(1, "missing .version directive at start of file");
    if (this.#targets.length === 0) throw new PtxError(1, "missing .target directive after .version");
    return {
      version: this.#version,
      targets: this.#targets,
      addressSize: this.#addressSize ?? (this.#version.major < 3 ? 32 : 64),
      variables: [...this.#variables.values()],
      functions: [...this.#functions.values()],
      files: this.#files,
    };
  }

  #directive(text: string, line: number): void {
    const tokens = this.#tokens;
    if (LINKAGE.has(text)) {
      const next = tokens.expectKind("directive", "a declaration");
      this.#declaration(next.text, next.line, text as Linkage);
    } else if (text === "version") this.#parseVersion(line);
    else if (text === "target") {
      do this.#targets.push(tokens.expectKind("word", "a target").text);
      while (tokens.accept(","));
    } else if (text === "address_size") {
      const size = parseCount(tokens, ".address_size", 0, 64);
      if (size !== 32 && size !== 64) throw new PtxError(line, `.address_size ${size} is neither 32 nor 64`);
      this.#addressSize = size;
    } else if (text === "file") {
      const index = parseCount(tokens, "file index", 0, 2 ** 31);
      this.#files.set(index, tokens.expectKind("string", "a file name").text);
      while (tokens.accept(",")) tokens.next();
    } else if (text === "section") skipSection(tokens);
    else if (text === "pragma" || text === "alias" || text === "loc") {
      while (!tokens.accept(";")) {
        if (text === "loc" && tokens.isDirective()) break;
        if (tokens.next().kind === "end") throw tokens.unexpected("';'");
      }
    } else this.#declaration(text, line, "none");
  }

  #parseVersion(line: number): void {
    const { text } = this.#tokens.expectKind("float", "a version number such as 8.0");
    const match = /^([0-9]+)\.([0-9]+)$/.exec(text);
    if (match === null) throw new PtxError(line, `invalid version '${text}'`);
    const version = { major: Number(match[1]), minor: Number(match[2]) };
    if (version.major < 1 || version.major > 9) throw new PtxError(line, `unsupported .version ${text}; current version is '9.0'`);
    this.#version = version;
  }

  #declaration(text: string, line: number, linkage: Linkage): void {
    if (text === "entry" || text === "func") this.#function(text === "entry", linkage, line);
    else if (SPACES.has(text)) {
      if (this.#tokens.accept("[")) {
        // .const[bank] of PTX ISA 1.x.
        while (!this.#tokens.accept("]")) if (this.#tokens.next().kind === "end") throw this.#tokens.unexpected("']'");
      }
      for (const variable of parseVariables(this.#tokens, text as Space, linkage)) this.#variable(variable);
    } else throw new PtxError(line, `unexpected directive '.${text}'`);
  }

  #variable(variable: Variable): void {
    const known = this.#variables.get(variable.name);
    const replaces = known === undefined || known.linkage === "extern" || (known.linkage === "weak" && variable.linkage === "weak");
    if (this.#names.has(variable.name) || (!replaces && variable.linkage !== "extern")) {
      throw new PtxError(variable.line, `duplicate definition of '${variable.name}'`);
    }
    if (replaces) this.#variables.set(variable.name, variable);
  }

  #function(entry: boolean, linkage: Linkage, line: number): void {
    const globals = { variables: this.#variables, functions: this.#names };
    const written = parseFunction(this.#tokens, entry, linkage, globals, (name) => this.#names.add(name));
    const parsed = entry ? withParameters(written) : written;
    const known = this.#functions.get(parsed.name);
    if (this.#variables.has(parsed.name) || (known?.body !== undefined && parsed.body !== undefined)) {
      throw new PtxError(line, `duplicate definition of function '${parsed.name}'`);
    }
    if (known?.body === undefined) this.#functions.set(parsed.name, parsed);
  }
}

/** A kernel of PTX before 1.4 has its parameters in its body: what no parameter list declares, and no call passes. */
function withParameters(source: PtxFunction): PtxFunction {
  const { body, parameters } = source;
  if (
    body === undefined ||
    parameters.length > 0 ||
    body.statements.some((statement) => statement.kind === "instruction" && statement.opcode === "call")
  )
    return source;
  const own = body.variables.filter(({ space }) => space === "param");
  if (own.length === 0) return source;
  return { ...source, parameters: own, body: { ...body, variables: body.variables.filter(({ space }) => space !== "param") } };
}
