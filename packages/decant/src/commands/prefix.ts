import { describeOptions, parseCommandLine } from "../command-line.ts";
import { copyPrefix, listPrefixes, measurePrefix, prefixesFolder, prefixNamed, resetPrefix, usersOf } from "../prefixes.ts";
import { bytesText } from "../quantities.ts";
import { dateText, tableText } from "../tables.ts";
import { UsageError } from "../terminal.ts";
import { writeHelp } from "../help.ts";

const options = {
  json: { type: "boolean", help: "everything as JSON" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const;

const help = `Usage: decant prefix [list|where|reset|copy] [options] [NAME…]

A program's C: drive is in memory and gone when it ends, unless it runs in a prefix: a folder that stays, and that several programs may use, also at once.
\`decant run --prefix NAME\` (or DECANT_PREFIX=NAME) makes it at its first use. A NAME with a "/" is a folder of your own.

  decant prefix                     the prefixes, their sizes, and who uses them now
  decant prefix where [NAME]        the folder that prefixes lie in, or that of one; its drive_c is C:
  decant prefix reset NAME          empties one that nobody uses
  decant prefix copy NAME NEW       copies one that nobody uses

Options
${describeOptions(options)}

Examples
  decant run --prefix build setup.exe /S
  decant prefix copy build build-2
  ls "$(decant prefix where build)/drive_c"
`;

/** `decant prefix`: what C: drives there are, and what becomes of them. */
export function prefixCommand(args: readonly string[]): Promise<number> {
  const { options: given, rest } = parseCommandLine("prefix", options, args);
  const [action = "list", ...names] = rest;
  if (given.help) writeHelp(help);
  else act(action, names, given.json === true);
  return Promise.resolve(0);
}

function act(action: string, names: readonly string[], asJson: boolean): void {
  const [first, second] = names;
  const wanted = { list: [0, 0], where: [0, 1], reset: [1, 1], copy: [2, 2] }[action];
  if (wanted === undefined || names.length < wanted[0]! || names.length > wanted[1]!)
    throw new UsageError(`prefix takes list, where [NAME], reset NAME or copy NAME NEW, not "${[action, ...names].join(" ")}"`);
  const say = (json: object, text: string): void => void process.stdout.write(`${asJson ? JSON.stringify(json) : text}\n`);
  if (action === "list") return list(asJson);
  if (action === "where") {
    const folder = first === undefined ? prefixesFolder() : prefixNamed(first).folder;
    return say({ folder }, folder);
  }
  const prefix = prefixNamed(first!);
  if (action === "reset") {
    resetPrefix(prefix);
    return say({ reset: prefix.folder }, `The prefix ${prefix.name} is empty.`);
  }
  const copy = prefixNamed(second!);
  copyPrefix(prefix, copy);
  return say({ copied: prefix.folder, to: copy.folder }, `${prefix.name} is copied to ${copy.folder}.`);
}

function list(asJson: boolean): void {
  const rows = listPrefixes().map((prefix) => ({
    name: prefix.name,
    folder: prefix.folder,
    ...measurePrefix(prefix),
    users: usersOf(prefix),
  }));
  if (asJson) {
    const prefixes = rows.map(({ usedMs, ...row }) => ({ ...row, used: new Date(usedMs).toISOString() }));
    process.stdout.write(`${JSON.stringify({ folder: prefixesFolder(), prefixes })}\n`);
    return;
  }
  if (rows.length === 0) {
    process.stdout.write(`There are no prefixes in ${prefixesFolder()}.\n`);
    return;
  }
  const cells = rows.map(({ name, bytes, usedMs, users }) => [
    name,
    bytesText(bytes),
    dateText(usedMs),
    users.length === 0 ? "" : users.join(", "),
  ]);
  process.stdout.write(tableText(["prefix", ">size", "last used", "in use by"], cells));
}
