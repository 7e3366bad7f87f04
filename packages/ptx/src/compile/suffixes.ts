import { PtxError } from "../error.ts";
import type { Instruction } from "../parse/ast.ts";
import { formatInstruction } from "../parse/format.ts";
import { isScalarType, type ScalarType } from "../parse/types.ts";

/** Fails because the text is wrong. */
export function illegal(instruction: Instruction, reason: string): PtxError {
  return new PtxError(instruction.line, reason, { instruction: formatInstruction(instruction) });
}

/** Fails because the compiler does not know how yet. */
export function notTranslated(instruction: Instruction, what = "this instruction"): PtxError {
  return new PtxError(instruction.line, `${what} is not translated yet`, {
    instruction: formatInstruction(instruction),
    kind: "unsupported",
  });
}

/** The suffixes of an instruction, taken one after the other; `end` fails when one is left over. */
export class Suffixes {
  readonly #instruction: Instruction;
  readonly #left: string[];

  constructor(instruction: Instruction) {
    this.#instruction = instruction;
    this.#left = [...instruction.modifiers];
  }

  /** Takes the suffix if it is there, wherever it stands. */
  take(name: string): boolean {
    const at = this.#left.indexOf(name);
    if (at >= 0) this.#left.splice(at, 1);
    return at >= 0;
  }

  /** Takes the first suffix that is one of these. */
  oneOf<const T extends string>(names: readonly T[]): T | undefined {
    const at = this.#left.findIndex((name) => (names as readonly string[]).includes(name));
    return at < 0 ? undefined : (this.#left.splice(at, 1)[0] as T); // findIndex has just found it among `names`.
  }

  /** Takes the first suffix that matches. */
  matching(pattern: RegExp): string | undefined {
    const at = this.#left.findIndex((name) => pattern.test(name));
    return at < 0 ? undefined : this.#left.splice(at, 1)[0];
  }

  /** Takes the first suffix that is a type. */
  type(): ScalarType {
    const at = this.#left.findIndex(isScalarType);
    const name = at < 0 ? undefined : this.#left.splice(at, 1)[0];
    if (name === undefined || !isScalarType(name)) throw illegal(this.#instruction, `'${this.#instruction.opcode}' needs a type`);
    return name;
  }

  /** Takes all suffixes that match. */
  drop(pattern: RegExp): void {
    for (let at = this.#left.length - 1; at >= 0; at--) if (pattern.test(this.#left[at] ?? "")) this.#left.splice(at, 1);
  }

  /** How many have not been taken. */
  get left(): number {
    return this.#left.length;
  }

  end(): void {
    const [left] = this.#left;
    if (left !== undefined) throw notTranslated(this.#instruction, `modifier '.${left}' of '${this.#instruction.opcode}'`);
  }
}
