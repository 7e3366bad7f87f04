import { PtxError } from "../error.ts";
import type {
  FunctionBody,
  Instruction,
  Linkage,
  Operand,
  PtxFunction,
  Register,
  SourceLocation,
  Space,
  Statement,
  Variable,
} from "./ast.ts";
import { parseCount, parseInteger } from "./constant.ts";
import { parseParameter, parsePrefix, parseVariables } from "./declarations.ts";
import { parseOperand, type Globals } from "./operands.ts";
import { Scope } from "./scope.ts";
import { skipSection } from "./sections.ts";
import type { TokenStream } from "./token-stream.ts";

const MAX_REGISTERS = 1 << 22;
const MAX_DEPTH = 100;
const VARIABLE_SPACES = new Set(["global", "const", "shared", "local", "param", "tex"]);
const CODE_OPCODES = new Set(["bra", "brx", "call"]);

/** Parses a function after `.entry` or `.func`. */
export function parseFunction(
  tokens: TokenStream,
  entry: boolean,
  linkage: Linkage,
  globals: Globals,
  onName: (name: string) => void,
): PtxFunction {
  return new FunctionParser(tokens, globals).parse(entry, linkage, onName);
}

class FunctionParser {
  readonly #tokens: TokenStream;
  readonly #globals: Globals;
  readonly #registers: Register[] = [];
  readonly #variables: Variable[] = [];
  readonly #statements: Statement[] = [];
  /** Lists of labels and of functions, by their own labels (PTX ISA, ".branchtargets" and ".calltargets"). */
  readonly #branchTargets = new Map<string, readonly Operand[]>();
  readonly #callTargets = new Map<string, readonly string[]>();
  #scope: Scope;
  #source: SourceLocation | undefined;
  #scopes = 0;
  #depth = 0;

  constructor(tokens: TokenStream, globals: Globals) {
    this.#tokens = tokens;
    this.#globals = globals;
    this.#scope = new Scope(undefined, this.#registers);
  }

  parse(entry: boolean, linkage: Linkage, onName: (name: string) => void): PtxFunction {
    const tokens = this.#tokens;
    const results = !entry && tokens.is("(") ? this.#parameters() : [];
    const name = tokens.expectKind("word", "a function name");
    onName(name.text);
    const parameters = tokens.is("(") ? this.#parameters() : [];
    const directives = this.#directives();
    const body = tokens.accept(";") ? undefined : this.#body();
    return { name: name.text, entry, linkage, results, parameters, directives, body, line: name.line };
  }

  #parameters(): (Variable | Register)[] {
    const tokens = this.#tokens;
    const list: (Variable | Register)[] = [];
    tokens.expect("(");
    while (!tokens.is(")")) {
      const token = tokens.expectKind("directive", "'.param' or '.reg'");
      if (token.text === "param") {
        const variable = parseParameter(tokens);
        if (variable.name !== "_") this.#scope.declareVariable(variable);
        list.push(variable);
      } else if (token.text === "reg") {
        const { type } = parsePrefix(tokens);
        const name = tokens.expectKind("word", "a name");
        const register = this.#scope.declareRegister(name.text, type, 1, name.line);
        if (register !== undefined) list.push(register);
      } else throw new PtxError(token.line, `expected '.param' or '.reg', found '.${token.text}'`);
      if (!tokens.accept(",")) break;
    }
    tokens.expect(")");
    return list;
  }

  #directives(): Map<string, readonly number[]> {
    const tokens = this.#tokens;
    const directives = new Map<string, readonly number[]>();
    while (tokens.isDirective()) {
      const name = tokens.next().text;
      const values: number[] = [];
      if (tokens.peek().kind === "string") {
        tokens.next();
        tokens.accept(";");
      } else if (tokens.accept("(")) {
        while (!tokens.accept(")")) if (tokens.next().kind === "end") throw tokens.unexpected("')'");
      } else if (tokens.peek().kind === "integer") {
        do values.push(parseCount(tokens, `.${name}`, 0, 2 ** 32 - 1));
        while (tokens.accept(","));
      }
      directives.set(name, values);
    }
    return directives;
  }

  #body(): FunctionBody {
    this.#block();
    const statements = this.#statements.map((statement) => this.#withTargets(statement));
    return { registers: this.#registers, variables: this.#variables, statements, callTargets: this.#callTargets };
  }

  /** `brx.idx` with the labels themselves in place of their list's name. */
  #withTargets(statement: Statement): Statement {
    if (statement.kind !== "instruction" || statement.opcode !== "brx") return statement;
    const [index, table] = statement.operands;
    const elements = table?.kind === "label" ? this.#branchTargets.get(table.name) : undefined;
    if (index === undefined || elements === undefined || statement.operands.length !== 2)
      throw new PtxError(statement.line, "'brx.idx' needs an index and a list of .branchtargets");
    return { ...statement, operands: [index, { kind: "list", elements }] };
  }

  #block(): void {
    const tokens = this.#tokens;
    if (++this.#depth > MAX_DEPTH) throw new PtxError(tokens.line, "blocks are nested too deeply");
    const outer = this.#scope;
    if (this.#scopes++ > 0) this.#scope = new Scope(outer, this.#registers);
    tokens.expect("{");
    while (!tokens.is("}")) this.#statement();
    tokens.expect("}");
    this.#resolveLabels(this.#scope);
    this.#scope = outer;
    this.#depth--;
  }

  #resolveLabels(scope: Scope): void {
    for (const use of scope.uses) {
      const label = scope.labels.get(use.operand.name);
      if (label !== undefined) use.operand.name = label;
      else if (this.#depth > 1) scope.parent?.uses.push(use);
      else throw new PtxError(use.line, `unknown symbol '${use.operand.name}'`);
    }
  }

  #statement(): void {
    const tokens = this.#tokens;
    const token = tokens.peek();
    if (tokens.is("{")) this.#block();
    else if (tokens.accept(";")) return;
    else if (token.kind === "directive") this.#directive();
    else if (token.kind === "word" && tokens.is(":", 1)) this.#label();
    else if (token.kind === "word" || tokens.is("@")) this.#instruction();
    else throw tokens.unexpected("a statement");
  }

  #label(): void {
    const tokens = this.#tokens;
    const { text, line } = tokens.next();
    tokens.expect(":");
    if (this.#scope.labels.has(text)) throw new PtxError(line, `duplicate definition of label '${text}'`);
    const name = this.#depth === 1 ? text : `${text}#${this.#scopes}`;
    this.#scope.labels.set(text, name);
    if (["branchtargets", "calltargets", "callprototype"].some((directive) => tokens.isDirective(directive))) this.#table(name);
    else this.#statements.push({ kind: "label", name, line });
  }

  #table(name: string): void {
    const tokens = this.#tokens;
    const kind = tokens.next().text;
    if (kind === "callprototype") {
      // Callers tell what they pass themselves.
      while (!tokens.accept(";")) if (tokens.next().kind === "end") throw tokens.unexpected("';'");
      return;
    }
    const names: string[] = [];
    const labels: Operand[] = [];
    do {
      const { text, line } = tokens.expectKind("word", "a name");
      const operand: { kind: "label"; name: string } = { kind: "label", name: text };
      names.push(text);
      labels.push(operand);
      if (kind === "branchtargets") this.#scope.uses.push({ operand, line });
    } while (tokens.accept(","));
    tokens.expect(";");
    if (kind === "branchtargets") this.#branchTargets.set(name, labels);
    else this.#callTargets.set(name, names);
  }

  #directive(): void {
    const tokens = this.#tokens;
    const { text, line } = tokens.next();
    if (text === "reg") this.#registerDeclaration();
    else if (VARIABLE_SPACES.has(text)) this.#variableDeclaration(text as Space, "none");
    else if (text === "extern") {
      const space = tokens.expectKind("directive", "a state space");
      if (!VARIABLE_SPACES.has(space.text)) throw new PtxError(line, `unexpected '.${space.text}' after .extern`);
      this.#variableDeclaration(space.text as Space, "extern");
    } else if (text === "loc") this.#location();
    else if (text === "pragma") {
      while (!tokens.accept(";")) if (tokens.next().kind === "end") throw tokens.unexpected("';'");
    } else if (text === "section") skipSection(tokens);
    else throw new PtxError(line, `unexpected directive '.${text}'`);
  }

  #variableDeclaration(space: Space, linkage: Linkage): void {
    for (const variable of parseVariables(this.#tokens, space, linkage)) {
      this.#scope.declareVariable(variable);
      this.#variables.push(variable);
    }
  }

  #registerDeclaration(): void {
    const tokens = this.#tokens;
    const { type, vector } = parsePrefix(tokens);
    do {
      const name = tokens.expectKind("word", "a register name");
      if (tokens.accept("<")) {
        const count = tokens.expectKind("integer", "a register count");
        if (count.bits > MAX_REGISTERS) throw new PtxError(count.line, `register count ${count.bits} is out of range`);
        this.#scope.declareRange(name.text, type, Number(count.bits));
        tokens.expect(">");
      } else this.#scope.declareRegister(name.text, type, vector, name.line);
    } while (tokens.accept(","));
    tokens.expect(";");
  }

  /** `.loc 1 20 5, function_name $L__info_string0, inlined_at 1 30 7` */
  #location(): void {
    const tokens = this.#tokens;
    const [file, line, column] = [parseInteger(tokens), parseInteger(tokens), parseInteger(tokens)];
    this.#source = { file: Number(file), line: Number(line), column: Number(column) };
    while (tokens.accept(",")) {
      tokens.expectKind("word", "'function_name' or 'inlined_at'");
      while (
        tokens.peek().kind === "integer" ||
        tokens.is("+") ||
        (tokens.peek().kind === "word" && tokens.peek().text.includes("info_string"))
      )
        tokens.next();
    }
    tokens.accept(";");
  }

  #instruction(): void {
    const tokens = this.#tokens;
    const start = tokens.position;
    const line = tokens.line;
    try {
      this.#statements.push(this.#parseInstruction(line));
    } catch (error) {
      if (!(error instanceof PtxError) || error.instruction !== undefined) throw error;
      let end = tokens.position;
      while (
        end < start + 40 &&
        !/^[;{}]$/.test(tokens.peek(end - tokens.position).text) &&
        tokens.peek(end - tokens.position).kind !== "end"
      )
        end++;
      throw new PtxError(error.line, error.reason, { instruction: tokens.text(start, end), kind: error.kind });
    }
  }

  #parseInstruction(line: number): Instruction {
    const tokens = this.#tokens;
    const guard = tokens.accept("@") ? this.#guard() : undefined;
    const opcode = tokens.expectKind("word", "an instruction").text;
    const modifiers: string[] = [];
    while (tokens.isDirective()) modifiers.push(tokens.next().text);
    const operands: Operand[] = [];
    const context = { tokens, scope: this.#scope, globals: this.#globals, codeNames: CODE_OPCODES.has(opcode) };
    while (!tokens.is(";")) {
      const operand = parseOperand(context);
      if (operand.kind === "label") this.#scope.uses.push({ operand, line });
      operands.push(operand);
      if (!tokens.accept(",")) break;
    }
    tokens.expect(";");
    return { kind: "instruction", line, source: this.#source, opcode, modifiers, guard, operands };
  }

  #guard(): { register: Register; negated: boolean } {
    const tokens = this.#tokens;
    const negated = tokens.accept("!");
    const name = tokens.expectKind("word", "a predicate register");
    const named = this.#scope.find(name.text);
    if (named?.kind !== "register") throw new PtxError(name.line, `unknown symbol '${name.text}'`);
    if (named.register.type !== "pred") throw new PtxError(name.line, `'${name.text}' is not a predicate register`);
    return { register: named.register, negated };
  }
}
