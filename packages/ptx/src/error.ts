/**
 * PTX text that cannot be used. The message has the form of ptxas: `ptx:12: error: 'add.s33 %r1, %r2, %r3': unknown modifier '.s33'`.
 * `kind` is "unsupported" when the text is valid PTX that this compiler does not translate yet, "unresolved" for an external
 * symbol that nothing defines, and "syntax" for everything else.
 */
export class PtxError extends Error {
  override readonly name = "PtxError";
  readonly line: number;
  readonly instruction: string | undefined;
  readonly reason: string;
  readonly kind: PtxErrorKind;

  constructor(line: number, reason: string, options: { instruction?: string | undefined; kind?: PtxErrorKind } = {}) {
    const at = options.instruction === undefined ? "" : `'${options.instruction}': `;
    super(`ptx:${line}: error: ${at}${reason}`);
    this.line = line;
    this.reason = reason;
    this.instruction = options.instruction;
    this.kind = options.kind ?? "syntax";
  }
}

export type PtxErrorKind = "syntax" | "unsupported" | "unresolved";
