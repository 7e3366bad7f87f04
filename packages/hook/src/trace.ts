import { errorName } from "./errors/names.ts";
import type { HookedCall } from "./hooked-call.ts";
import type { HookHandle, Hooks } from "./hooks.ts";
import { patternMatcher } from "./pattern.ts";
import { showArguments } from "./show-call.ts";
import { readable } from "./types/pointers.ts";
import type { AnyType } from "./types/type.ts";

/**
 * Prints every call that matches, when it is over: `kernel32!WriteFile(hFile=0x7, lpBuffer=0x14f0"hello\n", …) = TRUE`. Arguments are
 * shown by their types as they were before the call, out-parameters as they are after it; a failure ends with its error.
 */
export function trace(hooks: Hooks, patterns: string, print: (line: string) => void): HookHandle {
  const before = new WeakMap<HookedCall, string[]>();
  const show = (call: HookedCall) => {
    const { function: target, thread } = call;
    const early = before.get(call) ?? [];
    const late = call.error === undefined ? showArguments(thread, target, call.values, "after") : early;
    const shown = target.parameterTypes.map((type: AnyType, index) => (type.direction === "in" ? early : late)[index]);
    return `${call.name}(${shown.join(", ")})`;
  };
  return hooks.add({
    matches: patternMatcher(patterns),
    enter(call) {
      before.set(call, showArguments(call.thread, call.function, call.values, "before"));
    },
    leave(call, result) {
      const { result: type } = call.function;
      const shown = readable(() => type.show(call.thread, result, {}));
      print(`${show(call)}${shown === "" ? "" : ` = ${shown}`}${failureText(call, type)}`);
    },
    unwound(call) {
      print(`${show(call)} did not return`);
    },
  });
}

function failureText({ error, thread }: HookedCall, { failure }: AnyType): string {
  if (error === undefined || failure === undefined || failure.channel === "result") return "";
  return failure.channel === "errno" ? ` [${errorName("errno", thread.errno)}]` : ` [${errorName("win32", thread.lastError)}]`;
}
