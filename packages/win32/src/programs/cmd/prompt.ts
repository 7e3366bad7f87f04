import { WINDOWS_VERSION } from "@decant/process";
import type { Shell } from "./shell.ts";

const SIGNS: Readonly<Record<string, string>> = {
  a: "&", b: "|", c: "(", e: "\u001b", f: ")", g: ">", h: "\b", l: "<", q: "=", s: " ", _: "\r\n", $: "$",
}; // prettier-ignore

/** "Microsoft Windows [Version 10.0.19045]". */
export const versionText = (): string =>
  `Microsoft Windows [Version ${WINDOWS_VERSION.major}.${WINDOWS_VERSION.minor}.${WINDOWS_VERSION.build}]`;

/** What PROMPT makes of the shell's state: `$p$g` when it says nothing. */
export function promptText(shell: Shell): string {
  return (shell.lookup("PROMPT") ?? "$p$g").replaceAll(/\$(.)/g, (_, sign: string) => {
    switch (sign.toLowerCase()) {
      case "p":
        return shell.folder;
      case "n":
        return shell.folder.slice(0, 1);
      case "d":
        return shell.lookup("DATE") ?? "";
      case "t":
        return shell.lookup("TIME") ?? "";
      case "v":
        return versionText();
      case "+":
        return "+".repeat(shell.folders.length);
      default:
        return SIGNS[sign.toLowerCase()] ?? "";
    }
  });
}
