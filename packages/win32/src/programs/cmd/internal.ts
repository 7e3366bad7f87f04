import type { Body } from "./body.ts";
import { fileCommands } from "./file-commands.ts";
import { linkCommands } from "./link-commands.ts";
import { shellCommands } from "./shell-commands.ts";

/** Commands that set ERRORLEVEL to 0 when they work; the others leave it. */
const CLEARING: ReadonlySet<string> = new Set(
  "call cd chdir color copy date del dir erase md mkdir mklink move pushd ren rename setlocal time type ver verify vol".split(" "),
);
/** Commands that set it to 0 in .cmd files only. */
const SETTING: ReadonlySet<string> = new Set(["assoc", "dpath", "ftype", "path", "prompt", "set"]);
/** Commands that leave it when they fail, unless `||` asks. */
const QUIET: ReadonlySet<string> = new Set(["popd", "rd", "rmdir"]);
/** What may follow a name without a blank. */
const PATH_COMMANDS: ReadonlySet<string> = new Set(["cd", "chdir", "md", "mkdir", "rd", "rmdir", "dir", "del", "type", "pushd"]);

/** The internal command that a text begins with; undefined when it is none. */
export function internalCommand(text: string): { body: Body; rest: string; clears: boolean; setting: boolean; quiet: boolean } | undefined {
  const [, name = "", next = ""] = /^([a-z]+)(.?)/i.exec(text) ?? [];
  const key = name.toLowerCase();
  const body = [shellCommands, fileCommands, linkCommands].find((commands) => Object.hasOwn(commands, key))?.[key];
  if (body === undefined) return undefined;
  const follows = next === "" || /[\s,;=/]/.test(next) || (key === "echo" && /[.:([\]+\\"]/.test(next)) || (key === "goto" && next === ":");
  if (!follows && !(PATH_COMMANDS.has(key) && /[\\."]/.test(next)) && !(key === "call" && next === ":") && !(key === "set" && next === '"'))
    return undefined;
  return { body, rest: text.slice(name.length), clears: CLEARING.has(key), setting: SETTING.has(key), quiet: QUIET.has(key) };
}
