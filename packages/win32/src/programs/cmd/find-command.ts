import { upcase } from "../../text/upcase.ts";
import { attributesOf, ATTRIBUTE } from "./files.ts";
import type { Shell } from "./shell.ts";
import { unquote } from "./syntax.ts";

/** The name that a command's text begins with: up to a blank or a switch, quotation marks and all. */
export function commandName(text: string): string {
  return /^(?:"[^"]*"?|[^\s"/,;=])+/.exec(text)?.[0] ?? text;
}

/** The full path of a program or batch file: in the folder, then along PATH, with the extensions of PATHEXT. */
export function findCommand(shell: Shell, name: string): string | undefined {
  if (name === "") return undefined;
  const extensions = (shell.lookup("PATHEXT") ?? ".COM;.EXE;.BAT;.CMD").split(";").filter((each) => each !== "");
  const hasExtension = extensions.some((extension) => upcase(name).endsWith(upcase(extension)));
  const isPath = /[\\/:]/.test(name);
  const folders = isPath ? [""] : [shell.folder, ...(shell.lookup("PATH") ?? "").split(";").map(unquote)];
  for (const folder of folders) {
    if (folder === "" && !isPath) continue;
    const base = folder === "" ? name : `${folder.replace(/[\\/]$/, "")}\\${name}`;
    for (const candidate of [...(hasExtension ? [base] : []), ...extensions.map((extension) => base + extension.toLowerCase())]) {
      const attributes = attributesOf(shell, candidate);
      if (attributes !== undefined && (attributes & ATTRIBUTE.DIRECTORY) === 0) return shell.fullPath(candidate);
    }
  }
  return undefined;
}
