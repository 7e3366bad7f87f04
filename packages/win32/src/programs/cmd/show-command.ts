import type { Command, Redirection } from "./syntax.ts";

/** A command as cmd.exe shows it before it runs: made from what was understood, not from what was written. */
export function showCommand(command: Command): string {
  return plainText(command) + command.redirections.map(redirectionText).join("");
}

function plainText(command: Command): string {
  const silent = command.isSilent ? "@" : "";
  switch (command.kind) {
    case "simple":
      return `${silent}${command.name}${command.rest} `;
    case "block":
      return `${silent}(${command.commands.length > 1 ? "\r\n" : ""}${command.commands.map(showCommand).join(" \r\n ")}${command.commands.length > 1 ? "\r\n" : ""}) `;
    case "sequence":
      return `${showCommand(command.left)}  & ${showCommand(command.right)}`;
    case "and":
      return `${showCommand(command.left)}  && ${showCommand(command.right)}`;
    case "or":
      return `${showCommand(command.left)}  || ${showCommand(command.right)}`;
    case "pipe":
      return `${showCommand(command.left)}  | ${showCommand(command.right)}`;
    case "if": {
      const { condition } = command;
      const what =
        condition.kind === "compare"
          ? `${condition.left} ${condition.operator} ${condition.right}`
          : `${condition.kind} ${condition.argument}`;
      const otherwise = command.otherwise === undefined ? "" : ` else ${showCommand(command.otherwise)}`;
      return `${silent}if ${command.ignoresCase ? "/i " : ""}${command.isNegated ? "not " : ""}${what} ${showCommand(command.body)}${otherwise}`;
    }
    case "for": {
      const letters = { files: "", folders: "/d ", count: "/l ", lines: "/f " } as const;
      const option = command.option === undefined ? "" : `${command.option} `;
      return `${silent}for ${letters[command.form]}${command.isDeep ? "/r " : ""}${option}%${command.variable} in (${command.set}) do ${showCommand(command.body)}`;
    }
  }
}

function redirectionText({ stream, kind, target }: Redirection): string {
  const sign = { read: "<", write: ">", append: ">>", duplicate: stream === 0 ? "<&" : ">&" }[kind];
  return `${stream}${sign}${target} `;
}
