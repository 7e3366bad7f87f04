// oxlint-disable no-explicit-any -- what a body yields and takes is between it and the kernel; its types follow from its table
import type { ApiTable, ArgumentsOf, FunctionDeclaration, Parameters, TextDeclaration } from "./api.ts";
import type { AcceptedOf, AnyType } from "./types/type.ts";

/** A body that can wait: the kernel resumes it, or closes it. What it yields is between it and the kernel. */
export type Waiting<R> = Generator<any, R>;

/** A body that the hook layer calls without knowing its types. */
export type AnyBody = (thread: any, ...args: any[]) => unknown;

/** The implementation of one declaration. */
export type Body<Thread, R extends AnyType, P extends Parameters> = (
  thread: Thread,
  ...args: ArgumentsOf<P>
) => AcceptedOf<R> | Waiting<AcceptedOf<R>>;

/** Implementations of a table's functions, by name; what is missing is declared, not implemented. */
export type Bodies<Thread, D> = {
  readonly [K in keyof D as D[K] extends FunctionDeclaration | TextDeclaration ? K : never]?: D[K] extends
    | FunctionDeclaration<infer R, infer P>
    | TextDeclaration<infer R, infer P>
    ? Body<Thread, R, P>
    : never;
};

/** A table with bodies for some of it. */
export interface Implementation<Thread = any, D = any, N extends string = string> {
  readonly table: ApiTable<D, N>;
  readonly bodies: Bodies<Thread, D>;
}

/** `implement` for a kind of thread: implementFor<Thread>()(fileApi, { GetFileSizeEx(thread, hFile, lpFileSize) {…} }). */
export function implementFor<Thread>() {
  return <D, N extends string>(table: ApiTable<D, N>, bodies: Bodies<Thread, NoInfer<D>>): Implementation<Thread, D, N> => ({
    table,
    bodies,
  });
}
