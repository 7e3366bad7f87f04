import { STREAM_PER_THREAD } from "@decant/cuda";
import { api, type FunctionDeclaration, type Implementation } from "@decant/hook";
import { implement } from "./library.ts";

type AnyBody = (thread: unknown, ...args: unknown[]) => unknown;

/** What a stream is called among the parameters. */
const STREAM_NAMES = new Set(["hStream", "stream"]);

/**
 * The `_ptds` and `_ptsz` forms of all functions that have one among `exported`: a default stream, 0 in `hStream` or `stream`, means the thread's own. A
 * function without such a parameter takes the stream as one more argument, behind its own.
 */
export function perThreadForms(dll: string, exported: ReadonlySet<string>, topics: readonly Implementation[]): Implementation {
  const declarations: Record<string, FunctionDeclaration> = {};
  const bodies: Record<string, AnyBody> = {};
  for (const { table, bodies: plain } of topics)
    for (const [name, body] of Object.entries(plain as Record<string, AnyBody>)) {
      const form = [`${name}_ptds`, `${name}_ptsz`].find((candidate) => exported.has(candidate));
      const declaration = (table.declarations as Record<string, FunctionDeclaration>)[name];
      if (form === undefined || declaration === undefined) continue;
      const named = declaration.parameters.findIndex((parameter) => Array.isArray(parameter) && STREAM_NAMES.has(parameter[0]));
      const at = named < 0 ? declaration.parameters.length : named;
      declarations[form] = declaration;
      bodies[form] = (thread, ...args) => {
        args[at] = args[at] || STREAM_PER_THREAD;
        return body(thread, ...args);
      };
    }
  return implement(api(dll, declarations), bodies);
}
