import {
  type AnyBody,
  type ApiTable,
  type Bodies,
  type FunctionDeclaration,
  type Implementation,
  implementFor,
  type Waiting,
} from "@decant/hook";
import type { GuestThread } from "../library.ts";
import type { CudaRuntime, Needs } from "./runtime.ts";

/** `implement` of the runtime: bodies that find the driver started and a context current, as `needs` has it, and whose errors cudaGetLastError tells. */
export function runtimeTopic(runtime: CudaRuntime, needs: Needs) {
  return <D>(table: ApiTable<D>, bodies: Bodies<GuestThread, NoInfer<D>>): Implementation => {
    const wrapped = Object.entries(bodies).map(([name, body]) => [name, runtimeBody(runtime, needs, body as AnyBody)]);
    return implementFor<GuestThread>()(table as ApiTable, Object.fromEntries(wrapped)) as Implementation;
  };
}

/** A body that finds what it needs, and whose failure is kept. */
export function runtimeBody(runtime: CudaRuntime, needs: Needs, body: AnyBody): AnyBody {
  const call = (thread: GuestThread, args: unknown[]): unknown => {
    const result = body(thread, ...args);
    return isWaiting(result) ? runtime.waiting(thread, result) : result;
  };
  function* afterStart(thread: GuestThread, starting: Waiting<void>, args: unknown[]): Waiting<unknown> {
    yield* starting;
    const result = body(thread, ...args);
    return isWaiting(result) ? yield* result : result;
  }
  return (thread: GuestThread, ...args: unknown[]) => {
    try {
      const starting = runtime.prepare(thread, needs);
      return starting ? runtime.waiting(thread, afterStart(thread, starting, args)) : call(thread, args);
    } catch (error) {
      throw runtime.failed(thread, error);
    }
  };
}

function isWaiting(result: unknown): result is Waiting<unknown> {
  return typeof result === "object" && result !== null && "next" in result;
}

/** A function of the driver: what it takes, and what it does. */
export interface DriverFunction {
  readonly declaration: FunctionDeclaration;
  readonly body: AnyBody;
}

/** The driver's functions by name, from its topics. */
export function driverFunctions(topics: readonly Implementation[]): ReadonlyMap<string, DriverFunction> {
  return new Map(
    topics.flatMap(({ table, bodies }) =>
      Object.entries(bodies as Record<string, AnyBody>).map(
        ([name, body]) => [name, { body, declaration: (table.declarations as Record<string, FunctionDeclaration>)[name]! }] as const,
      ),
    ),
  );
}
