import type { FunctionDeclaration, Parameter, Parameters, TextDeclaration } from "./api.ts";
import { planArguments, type ArgumentPlan } from "./argument-plan.ts";
import { compileInvoke, compileLong, type Invoke } from "./compile.ts";
import { layOutCall, type CallLayout, type Convention } from "./convention.ts";
import type { AnyBody } from "./implement.ts";
import { planResult, type ResultPlan } from "./result-plan.ts";
import type { PointerSize } from "./thread.ts";
import type { AnyType } from "./types/type.ts";
import { VarArgsType } from "./types/varargs.ts";

/** A signature's plans for one pointer size. */
export interface CompiledSignature {
  readonly layout: CallLayout;
  readonly argumentPlans: readonly ArgumentPlan[];
  readonly resultPlan: ResultPlan;
}

/** What an ApiFunction is made from. */
export interface ApiFunctionOptions {
  dll: string;
  /** The export's name: CreateFileW. */
  name: string;
  /** The table's name for it: CreateFile. */
  key: string;
  declaration: FunctionDeclaration | TextDeclaration;
  convention: Convention;
  /** For the variants of text(). */
  wide?: boolean | undefined;
  body: AnyBody | undefined;
}

/** One function that a DLL exports, implemented or only declared. Signatures are compiled at the first call, once for all processes. */
export class ApiFunction {
  readonly dll: string;
  readonly name: string;
  readonly key: string;
  readonly result: AnyType;
  readonly parameters: Parameters;
  readonly convention: Convention;
  /** Absent when the function is declared, not implemented. */
  readonly body: AnyBody | undefined;
  readonly #compiled = new Map<PointerSize, CompiledSignature>();
  readonly #invokes = new Map<PointerSize, Invoke>();

  constructor({ dll, name, key, declaration, convention, wide, body }: ApiFunctionOptions) {
    this.dll = dll;
    this.name = name;
    this.key = key;
    this.result = wide === undefined ? declaration.result : declaration.result.forText(wide);
    this.parameters = wide === undefined ? declaration.parameters : declaration.parameters.map((parameter) => forText(parameter, wide));
    this.convention = declaration.convention ?? convention;
    this.body = body;
  }

  /** "kernel32!CreateFileW". */
  get fullName(): string {
    return `${this.dll}!${this.name}`;
  }

  /** The parameters' names; "..." for VARARGS. */
  get parameterNames(): string[] {
    return this.parameters.map((parameter) => (parameter instanceof VarArgsType ? "..." : parameter[0]));
  }

  /** The parameters' types. */
  get parameterTypes(): AnyType[] {
    return this.parameters.map((parameter) => (parameter instanceof VarArgsType ? parameter : parameter[1]));
  }

  signature(pointerSize: PointerSize): CompiledSignature {
    let compiled = this.#compiled.get(pointerSize);
    if (compiled === undefined) {
      const layout = layOutCall(this.result, this.parameters, pointerSize, this.convention);
      compiled = {
        layout,
        argumentPlans: planArguments(this.parameters, layout, pointerSize),
        resultPlan: planResult(this.result, layout, pointerSize),
      };
      this.#compiled.set(pointerSize, compiled);
    }
    return compiled;
  }

  /** What a guest's call runs, with this body in the place of the function's own. */
  compile(pointerSize: PointerSize, body: AnyBody): Invoke {
    const { argumentPlans, resultPlan } = this.signature(pointerSize);
    return resultPlan.placed === undefined ? compileInvoke(argumentPlans, resultPlan, body) : compileLong(argumentPlans, resultPlan, body);
  }

  /** What a guest's call runs when nothing is hooked; undefined when the function is not implemented. */
  invoke(pointerSize: PointerSize): Invoke | undefined {
    if (this.body === undefined) return undefined;
    let invoke = this.#invokes.get(pointerSize);
    if (invoke === undefined) {
      invoke = this.compile(pointerSize, this.body);
      this.#invokes.set(pointerSize, invoke);
    }
    return invoke;
  }
}

function forText(parameter: Parameter | VarArgsType, wide: boolean): Parameter | VarArgsType {
  if (parameter instanceof VarArgsType) return parameter;
  const [name, type] = parameter;
  return [name, type.forText(wide)];
}
