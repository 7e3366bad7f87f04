import type { ApiFunction } from "./api-function.ts";
import type { CallingThread } from "./thread.ts";
import { readable } from "./types/pointers.ts";
import { FORMAT } from "./types/varargs.ts";
import { hex, RESULT, type AnyType } from "./types/type.ts";

/** A call's arguments as "name=value". Before the call, what is only an out-parameter shows as its address. */
export function showArguments(
  thread: CallingThread,
  { parameterNames, parameterTypes }: ApiFunction,
  values: readonly unknown[],
  when: "before" | "after",
  result?: unknown,
): string[] {
  const format = parameterTypes.at(-2) as AnyType | undefined;
  const siblings = {
    ...Object.fromEntries(parameterNames.map((name, index) => [name, values[index]])),
    [RESULT]: result,
    [FORMAT]: values[parameterNames.length - 2],
  };
  return parameterNames.map((name, index) => {
    const type = parameterTypes[index] as AnyType;
    const value = values[index];
    const shown =
      when === "before" && type.direction === "out"
        ? showAddress(value)
        : readable(() => type.show(thread, value, siblings, name === "..." ? format?.name : name));
    return name === "..." ? shown : `${name}=${shown}`;
  });
}

function showAddress(value: unknown): string {
  const address =
    typeof value === "number" ? value : typeof value === "object" && value !== null && "address" in value ? Number(value.address) : 0;
  return address === 0 ? "NULL" : hex(address);
}
