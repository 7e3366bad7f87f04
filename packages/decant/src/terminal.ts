/** Colour where there is a terminal and NO_COLOR (no-color.org) is not set. */
const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Style = keyof typeof styles;

/** A painter for one stream: leaves text alone where colour is not wanted. */
export function painter(stream: { isTTY?: boolean }): (style: Style, text: string) => string {
  const colour = stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  return (style, text) => (colour ? `\u001b[${styles[style]}m${text}\u001b[0m` : text);
}

/** The exit codes for a program that cannot be started, and for one that is not there, as shells have them. */
export const CANNOT_RUN = 126;
export const NOT_FOUND = 127;

/** A mistake of the user's, or something wrong with their input: printed as one sentence, with no stack. */
export class UsageError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Says what the mistake is, and gives the exit code. */
export function sayMistake({ message, exitCode }: UsageError): number {
  process.stderr.write(`${painter(process.stderr)("red", "decant:")} ${message}\n`);
  return exitCode;
}
