import { Readable, type Writable } from "node:stream";
import {
  memoryInput,
  memoryOutput,
  nodeInput,
  nodeOutput,
  streamInput,
  streamOutput,
  type Host,
  type HostInput,
  type HostOutput,
} from "@decant/host";

/** What a program reads: a stream, this process's own input, or nothing. */
export type Input = Readable | AsyncIterable<string | Uint8Array> | "inherit" | "ignore";

/** Where what a program writes goes: it is kept ("pipe"), or goes to a stream, to this process's own, or nowhere. */
export type Output = "pipe" | Writable | "inherit" | "ignore";

/** The three standard streams, with Node's names for what they may be. */
export interface StdioOptions {
  /** Text or bytes that are there at once, in the place of `stdin`. */
  readonly input?: string | Uint8Array;
  /** "ignore" when absent. */
  readonly stdin?: Input;
  /** "pipe" when absent. */
  readonly stdout?: Output;
  /** "pipe" when absent. */
  readonly stderr?: Output;
}

/** Standard streams for a guest, and what was kept of its output. */
export interface Stdio {
  readonly streams: Pick<Host, "stdin" | "stdout" | "stderr" | "drained">;
  readonly kept: { stdout(): Buffer; stderr(): Buffer };
}

/** Makes standard streams from what a caller gave for them. */
export function makeStdio({ input, stdin = "ignore", stdout = "pipe", stderr = "pipe" }: StdioOptions): Stdio {
  const outputs = [makeOutput(stdout, 1, () => process.stdout), makeOutput(stderr, 2, () => process.stderr)] as const;
  return {
    streams: {
      stdin: input === undefined ? makeInput(stdin) : memoryInput(input),
      stdout: outputs[0].output,
      stderr: outputs[1].output,
      drained: () => outputs[0].drained() ?? outputs[1].drained(),
    },
    kept: { stdout: outputs[0].kept, stderr: outputs[1].kept },
  };
}

function makeInput(input: Input): HostInput {
  if (input === "inherit") return nodeInput(0, () => process.stdin);
  if (input === "ignore") return memoryInput();
  return streamInput(input instanceof Readable ? input : Readable.from(input));
}

interface Sink {
  readonly output: HostOutput;
  readonly kept: () => Buffer;
  readonly drained: () => Promise<void> | undefined;
}

function makeOutput(to: Output, descriptor: 1 | 2, own: () => NodeJS.WriteStream & { fd: 1 | 2 }): Sink {
  const nothing = { kept: () => Buffer.alloc(0), drained: () => undefined };
  if (to === "inherit") return { output: nodeOutput(descriptor, own), ...nothing };
  if (to === "ignore") return { output: { ...memoryOutput(), write: () => {} }, ...nothing };
  if (to === "pipe") {
    const output = memoryOutput();
    return { ...nothing, output, kept: () => Buffer.from(output.bytes()) };
  }
  const output = streamOutput(to);
  return { ...nothing, output, drained: () => output.drained() };
}
