import type { ApiTable, ArgumentsOf, FunctionDeclaration, TextDeclaration } from "./api.ts";
import { ApiFunction } from "./api-function.ts";
import { isWaiting } from "./compile.ts";
import type { AnyBody, Implementation, Waiting } from "./implement.ts";
import type { CallingThread } from "./thread.ts";
import type { AcceptedOf } from "./types/type.ts";
import { UnknownFunctionError } from "./unknown-function.ts";

type FunctionKeys<D> = { [K in keyof D]: D[K] extends FunctionDeclaration | TextDeclaration ? K : never }[keyof D];

/** A table's functions, for other mappings to call. */
export type Calls<Thread, D> = {
  readonly [K in FunctionKeys<D>]: D[K] extends FunctionDeclaration<infer R, infer P> | TextDeclaration<infer R, infer P>
    ? (thread: Thread, ...args: ArgumentsOf<P>) => AcceptedOf<R>
    : never;
};

/** The same, of functions that may wait: `yield* waiting.ReadFile(thread, …)`. */
export type WaitingCalls<Thread, D> = {
  readonly [K in FunctionKeys<D>]: D[K] extends FunctionDeclaration<infer R, infer P> | TextDeclaration<infer R, infer P>
    ? (thread: Thread, ...args: ArgumentsOf<P>) => Waiting<AcceptedOf<R>>
    : never;
};

/**
 * A topic's functions for other mappings to call: fopen calls calls(file).CreateFile. The call crosses the hooks where one is set, as
 * NameW for text functions; a failure is thrown, as the implementation threw it. Calling a function that waits is an error here.
 */
export function calls<Thread extends CallingThread, D>(implementation: Implementation<Thread, D>): Calls<Thread, D> {
  return tableOf(implementation, (target) => (thread, ...args) => {
    const value = bodyOf(target, thread)(thread, ...args);
    if (isWaiting(value)) throw new Error(`${target.fullName} waits: call it through waitingCalls`);
    return value;
  }) as unknown as Calls<Thread, D>;
}

/** A topic's functions for generators to call, whether they wait or not. */
export function waitingCalls<Thread extends CallingThread, D>(implementation: Implementation<Thread, D>): WaitingCalls<Thread, D> {
  return tableOf(
    implementation,
    (target) =>
      function* (thread, ...args) {
        const value = bodyOf(target, thread)(thread, ...args);
        return isWaiting(value) ? yield* value : value;
      },
  ) as unknown as WaitingCalls<Thread, D>;
}

type AnyCall = (thread: CallingThread, ...args: unknown[]) => unknown;

function bodyOf(target: ApiFunction, { hooks }: CallingThread): AnyBody {
  const body = hooks === undefined || hooks.isEmpty ? target.body : hooks.bodyOf(target);
  if (body === undefined)
    throw new UnknownFunctionError(target.dll, target.name, `a mapping called ${target.fullName}, which is declared but not implemented`);
  return body;
}

/** Few of a topic's functions are ever called so: each is made when it is first asked for, and is the table's own property from then on. */
function tableOf({ table, bodies }: Implementation, make: (target: ApiFunction) => AnyCall): Record<string, AnyCall> {
  const { declarations, dlls, convention } = table as ApiTable;
  const own = bodies as Readonly<Record<string, AnyBody | undefined>>;
  const get = (_: object, key: string | symbol, receiver: Record<string, AnyCall>): AnyCall | undefined => {
    const declaration = typeof key === "string" && Object.hasOwn(declarations, key) ? declarations[key] : undefined;
    if (typeof key !== "string" || (declaration?.kind !== "function" && declaration?.kind !== "text")) return undefined;
    const isText = declaration.kind === "text";
    const name = isText ? (declaration.names?.[1] ?? `${key}W`) : key;
    const wide = isText ? true : undefined;
    return (receiver[key] = make(new ApiFunction({ dll: dlls[0] ?? "", name, key, declaration, convention, wide, body: own[key] })));
  };
  return Object.create(new Proxy({}, { get }));
}
