/** What is wrong with a file that was meant to be a Windows image. */
export type PeErrorKind =
  /** Some other kind of file: ELF, a script, text … */
  | "not-pe"
  /** It ends before something that its headers promise. */
  | "truncated"
  /** 16-bit Windows, OS/2 or DOS. */
  | "16-bit"
  /** A PE for a processor that is not x86 or x86-64. */
  | "machine"
  /** A field holds what no linker writes. */
  | "malformed";

/** A file that is not a PE image that can be read. The message is a sentence that says what was expected and what was found. */
export class PeError extends Error {
  readonly kind: PeErrorKind;

  constructor(kind: PeErrorKind, message: string) {
    super(message);
    this.name = "PeError";
    this.kind = kind;
  }
}
