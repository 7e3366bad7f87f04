import type { GuestGenerator, Thread } from "@decant/process";
import { hasWildcards } from "../../paths/wildcard.ts";
import { Tool, toolWords } from "./tool.ts";

/** where.exe: `where [/r folder] [/q] [/f] patterns…` ("where"): in the folder and along PATH, with the extensions of PATHEXT. */
export function* where(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const words = toolWords(tool.tail);
  const patterns: string[] = [];
  let [isQuiet, isQuoted, root] = [false, false, undefined as string | undefined];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (/^\/q$/i.test(word)) isQuiet = true;
    else if (/^\/f$/i.test(word)) isQuoted = true;
    else if (/^\/r$/i.test(word)) root = words.shift();
    else if (word.startsWith("/")) {
      yield* tool.complain(`ERROR: Invalid argument or option - '${word}'.\r\nType "WHERE /?" for usage help.`);
      return 2;
    } else patterns.push(word);
  }
  const extensions = ["", ...(tool.lookup("PATHEXT") ?? "").toLowerCase().split(";")];
  const path = (tool.lookup("PATH") ?? "").split(";").filter((folder) => folder !== "");
  let result = 0;
  for (const pattern of patterns) {
    const folders = root === undefined ? [tool.folder, ...path] : [root];
    const names = hasWildcards(pattern) ? [pattern] : [...new Set(extensions)].map((extension) => pattern + extension);
    const found = folders.flatMap((folder) =>
      names.flatMap((name) => tool.files(`${folder.replace(/\\$/, "")}\\${name}`, root !== undefined)),
    );
    for (const file of new Set(found)) if (!isQuiet) yield* tool.print(`${isQuoted ? `"${file}"` : file}\r\n`);
    if (found.length > 0) continue;
    result = 1;
    if (!isQuiet) yield* tool.complain("INFO: Could not find files for the given pattern(s).");
  }
  return result;
}
