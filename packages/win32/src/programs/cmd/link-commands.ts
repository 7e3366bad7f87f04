import { calls } from "@decant/hook";
import { copyFile } from "../../kernel32/copy-file.ts";
import type { Body } from "./body.ts";
import { attributesOf } from "./files.ts";
import { splitWords, unquote } from "./syntax.ts";

const copying = calls(copyFile);
const SYMBOLIC_LINK_FLAG_DIRECTORY = 1;

/** `mklink [/d | /h | /j] link target` ("mklink"). A junction is a symbolic link to the folder's full path. */
export const linkCommands: Readonly<Record<string, Body>> = {
  *mklink(shell, rest) {
    const words = splitWords(rest);
    const switches = words.filter((word) => word.startsWith("/")).map((word) => word.slice(1).toLowerCase());
    const [link, target, ...more] = words.filter((word) => !word.startsWith("/")).map(unquote);
    const kind = switches[0] ?? "";
    if (link === undefined || target === undefined || more.length > 0 || switches.length > 1 || !["", "d", "h", "j"].includes(kind)) {
      yield* shell.complain("The syntax of the command is incorrect.");
      return 1;
    }
    const full = shell.fullPath(link);
    try {
      if (attributesOf(shell, full) !== undefined) {
        yield* shell.complain("Cannot create a file when that file already exists.");
        return 1;
      }
      if (kind === "h") copying.CreateHardLink(shell.thread, full, shell.fullPath(target), 0);
      else
        copying.CreateSymbolicLink(
          shell.thread,
          full,
          kind === "j" ? shell.fullPath(target) : target,
          kind === "" ? 0 : SYMBOLIC_LINK_FLAG_DIRECTORY,
        );
      const name = { "": "symbolic link", d: "symbolic link", h: "Hardlink", j: "Junction" }[kind];
      yield* shell.print(`${name} created for ${link} <<===>> ${target}\r\n`);
      return 0;
    } catch (error) {
      yield* shell.complain(shell.message(error));
      return 1;
    }
  },
};
