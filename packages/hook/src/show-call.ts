import type { ApiFunction } from "./api-function.ts";
import type { CallingThread } from "./thread.ts";
import { readable } from "./types/pointers.ts";
import { hex, type AnyType } from "./types/type.ts";

/** A call's arguments as "name=value". Before the call, what is only an out-parameter shows as its address. */
export function showArguments(
  thread: CallingThread,
  { parameterNames, parameterTypes }: ApiFunction,
  values: readonly unknown[],
  when: "before" | "after",
): string[] {
  const siblings = Object.fromEntries(parameterNames.map((name, index) => [name, values[index]]));
  return parameterNames.map((name, index) => {
    const type = parameterTypes[index] as AnyType;
    const value = values[index];
    const shown = when === "before" && type.direction === "out" ? showAddress(value) : readable(() => type.show(thread, value, siblings));
    return name === "..." ? shown : `${name}=${shown}`;
  });
}

function showAddress(value: unknown): string {
  const address = typeof value === "object" && value !== null && "address" in value ? Number(value.address) : 0;
  return address === 0 ? "NULL" : hex(address);
}
