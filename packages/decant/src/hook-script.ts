import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CrtError, ERRNO, ERROR, NtError, STATUS, Win32Error, type CallingThread, type Hooks } from "@decant/hook";
import { guestCall, type GuestGenerator, type Thread } from "@decant/process";
import type { Win32Functions } from "@decant/win32";
import { transform } from "sucrase";
import { importModule } from "./import-module.ts";
import { UsageError } from "./terminal.ts";

/** What a hook script's default export is called with. */
export interface HookScriptApi {
  /** Handlers around every call of the functions that match a pattern. */
  readonly hook: Hooks<Win32Functions>["hook"];
  /** A function in the place of those that match, also of ones that Decant lacks. */
  readonly replace: Hooks<Win32Functions>["replace"];
  /** Makes calls fail. */
  readonly fail: Hooks["fail"];
  /** A fixed result. */
  readonly stub: Hooks["stub"];
  /** Calls a guest function by its address, from a replacement that is a generator: `const sum = yield* callGuest(call.thread, address, 1, 2)`. */
  readonly callGuest: (thread: CallingThread, address: number, ...args: readonly (number | bigint)[]) => GuestGenerator<number>;
  readonly ERROR: typeof ERROR;
  readonly STATUS: typeof STATUS;
  readonly ERRNO: typeof ERRNO;
  readonly Win32Error: typeof Win32Error;
  readonly NtError: typeof NtError;
  readonly CrtError: typeof CrtError;
}

/** A script that sets hooks: `export default ({ hook, fail, ERROR }) => { … }`. It may be async; what it returns is of no matter. */
export type HookScript = (api: HookScriptApi) => unknown;

/** Loads a script (JavaScript, or TypeScript whose types are taken off) and lets it set its hooks. Throws UsageError with what is wrong with it. */
export async function runHookScript(file: string, hooks: Hooks): Promise<void> {
  const script = await load(resolve(file), file);
  try {
    await script(hookScriptApi(hooks));
  } catch (error) {
    throw new UsageError(`--hook ${file}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, 1);
  }
}

/** What a script sets hooks with. */
export function hookScriptApi(hooks: Hooks): HookScriptApi {
  return {
    hook: hooks.hook.bind(hooks),
    replace: hooks.replace.bind(hooks),
    fail: hooks.fail.bind(hooks),
    stub: hooks.stub.bind(hooks),
    // Hooks see a thread by what the hook layer needs of it; in a process it is one.
    callGuest: (thread, address, ...args) => guestCall(thread as Thread, address, ...args),
    ERROR,
    STATUS,
    ERRNO,
    Win32Error,
    NtError,
    CrtError,
  };
}

async function load(path: string, file: string): Promise<HookScript> {
  if (!existsSync(path)) throw new UsageError(`--hook ${file}: there is no such file`);
  let module: { default?: unknown };
  try {
    module = (await importModule(isTypeScript(path) ? withoutTypes(path) : pathToFileURL(path).href)) as typeof module;
  } catch (error) {
    throw new UsageError(`--hook ${file}: ${(error as Error).message}`, 1);
  }
  if (typeof module.default !== "function")
    throw new UsageError(
      `--hook ${file}: the script has no default export that is a function, as \`export default ({ hook }) => { … }\``,
      1,
    );
  return module.default as HookScript;
}

/**
 * The script as JavaScript, in an address of its own. Lines stay where they are, so that errors name the user's file and line; its relative imports are
 * made absolute, as such an address has no folder.
 */
function withoutTypes(path: string): string {
  const source = readFileSync(path, "utf8");
  const { code } = transform(source, { transforms: ["typescript"], filePath: path, disableESTransforms: true });
  const absolute = code.replaceAll(
    /(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}\/[^"']+)\2/g,
    (_, before: string, quote: string, relative: string) => {
      const target = resolve(dirname(path), relative);
      return `${before}${quote}${isTypeScript(target) ? withoutTypes(target) : pathToFileURL(target).href}${quote}`;
    },
  );
  return `data:text/javascript;charset=utf-8,${encodeURIComponent(`${absolute}\n//# sourceURL=${pathToFileURL(path).href}`)}`;
}

function isTypeScript(path: string): boolean {
  return [".ts", ".mts"].includes(extname(path));
}
