import type { GuestGenerator } from "@decant/process";
import { upcase } from "../../text/upcase.ts";
import { ArithmeticError, evaluate } from "./arithmetic.ts";
import { GoTo, LeaveBatch } from "./batch.ts";
import { failureCode } from "./failure.ts";
import { attributesOf, isFolder } from "./files.ts";
import type { Body } from "./body.ts";
import { versionText } from "./prompt.ts";
import { volumeText } from "./volume-text.ts";
import { ExitShell, type Shell } from "./shell.ts";
import { splitWords, unquote } from "./syntax.ts";

/** Switches of `start` about windows and priorities, of which there are none. */
const START_SWITCHES = new Set("i min max separate shared low normal high realtime abovenormal belownormal".split(" "));
const CREATE_NEW_CONSOLE = 0x10;
const SYNTAX = "The syntax of the command is incorrect.";

/** Internal commands about the shell itself ("Windows commands"). */
export const shellCommands: Readonly<Record<string, Body>> = {
  *echo(shell, rest) {
    const text = rest.slice(1);
    const word = rest.trim().toLowerCase();
    if (word === "on" || word === "off") shell.echoes = word === "on";
    else if (/^\s*$/.test(rest)) yield* shell.print(`ECHO is ${shell.echoes ? "on" : "off"}.\r\n`);
    else yield* shell.print(`${text}\r\n`);
    return 0;
  },

  *set(shell, rest) {
    const text = rest.replace(/^[\s,;=]+/, "");
    if (/^\/a\b/i.test(text)) return yield* setNumber(shell, text.slice(2));
    if (/^\/p\b/i.test(text)) return yield* setFromInput(shell, text.slice(2).trimStart());
    const plain = assignmentOf(text);
    const equals = plain.indexOf("=", 1);
    if (plain === "" || equals < 0) return yield* showVariables(shell, plain);
    shell.setVariable(plain.slice(0, equals), plain.slice(equals + 1) === "" ? undefined : plain.slice(equals + 1));
    return 0;
  },

  *call(shell, rest, { call }) {
    return yield* call(shell, rest);
  },

  *goto(shell, rest) {
    const { batch } = shell;
    if (batch === undefined) return 0;
    if (/^\s*:eof\s*$/i.test(rest)) throw new LeaveBatch();
    const label = /^[\s:,;=]*([^\s:,;=+]*)/.exec(rest)?.[1] ?? "";
    if (!batch.has(label)) {
      yield* shell.complain(
        label === "" ? "No batch label specified to GOTO command." : `The system cannot find the batch label specified - ${label}`,
      );
      batch.abandon();
      return 1;
    }
    throw new GoTo(label);
  },

  *exit(shell, rest) {
    yield* [];
    const [, leaves, code] = /^\s*(\/b)?\s*(-?\w+)?/i.exec(rest) ?? [];
    if (code !== undefined) shell.errorLevel = Number.parseInt(code, code.toLowerCase().startsWith("0x") ? 16 : 10) | 0;
    if (leaves !== undefined && shell.batch !== undefined) throw new LeaveBatch();
    throw new ExitShell();
  },

  *shift(shell, rest) {
    yield* [];
    const from = Number(/\/(\d)/.exec(rest)?.[1] ?? 0);
    shell.batch?.shift(from);
    return 0;
  },

  *setlocal(shell, rest) {
    yield* [];
    shell.batch?.locals.push(shell.locals());
    for (const word of splitWords(rest.toLowerCase())) {
      if (word === "enabledelayedexpansion") shell.isDelayed = true;
      else if (word === "disabledelayedexpansion") shell.isDelayed = false;
    }
    return 0;
  },
  *endlocal(shell) {
    yield* [];
    const saved = shell.batch?.locals.pop();
    if (saved !== undefined) shell.restore(saved);
    return 0;
  },

  *cd(shell, rest) {
    return yield* changeFolder(shell, rest);
  },
  *chdir(shell, rest) {
    return yield* changeFolder(shell, rest);
  },
  *pushd(shell, rest) {
    if (rest.trim() === "") {
      for (const folder of shell.folders.toReversed()) yield* shell.print(`${folder}\r\n`);
      return 0;
    }
    const before = shell.folder;
    const result = yield* changeFolder(shell, ` /d ${rest}`);
    if (result === 0) shell.folders.push(before);
    return result;
  },
  *popd(shell) {
    yield* [];
    const folder = shell.folders.pop();
    if (folder === undefined) return 1;
    shell.setFolder(folder);
    return 0;
  },

  *path(shell, rest) {
    const text = rest.replace(/^[\s=]+/, "").trimEnd();
    if (text === "") yield* shell.print(`PATH=${shell.lookup("PATH") ?? ""}\r\n`);
    else shell.setVariable("PATH", text === ";" ? undefined : text);
    return 0;
  },
  *prompt(shell, rest) {
    yield* [];
    shell.setVariable("PROMPT", rest.trim() === "" ? undefined : rest.trim());
    return 0;
  },
  *ver(shell) {
    yield* shell.print(`\r\n${versionText()}\r\n`);
    return 0;
  },
  *vol(shell, rest) {
    const drive = rest.trim().slice(0, 2) || shell.folder.slice(0, 2);
    if (attributesOf(shell, `${drive}\\`) === undefined) {
      yield* shell.complain("The system cannot find the path specified.");
      return 1;
    }
    yield* shell.print(volumeText(drive));
    return 0;
  },
  *assoc(shell, rest) {
    return yield* noAssociation(shell, rest, (extension) => `File association not found for extension ${extension}`);
  },
  *ftype(shell, rest) {
    return yield* noAssociation(shell, rest, (type) => `File type '${type}' not found or no open command associated with it.`);
  },
  *date(shell, rest) {
    if (/\/t/i.test(rest)) yield* shell.print(`${shell.lookup("DATE")} \r\n`);
    else yield* shell.complain("A required privilege is not held by the client.");
    return /\/t/i.test(rest) ? 0 : 1;
  },
  *time(shell, rest) {
    if (/\/t/i.test(rest)) yield* shell.print(`${(shell.lookup("TIME") ?? "").slice(0, 5).trim()}\r\n`);
    else yield* shell.complain("A required privilege is not held by the client.");
    return /\/t/i.test(rest) ? 0 : 1;
  },
  *pause(shell) {
    yield* shell.print("Press any key to continue . . . ");
    yield* shell.readLine(shell.streams[0]);
    yield* shell.print("\r\n");
    return 0;
  },
  *cls(shell) {
    yield* shell.print("\f");
    return 0;
  },
  *title(shell) {
    yield* [];
    void shell;
    return 0;
  },
  *color() {
    yield* [];
    return 0;
  },
  *break() {
    yield* [];
    return 0;
  },
  *rem() {
    yield* [];
    return 0;
  },
  *verify(shell, rest) {
    const word = rest.trim().toLowerCase();
    if (word === "on" || word === "off") shell.verifies = word === "on";
    else if (word === "") yield* shell.print(`VERIFY is ${shell.verifies ? "on" : "off"}.\r\n`);
    else {
      yield* shell.complain("An incorrect parameter was\r\nentered for the command.");
      return 1;
    }
    return 0;
  },
  *start(shell, rest) {
    return yield* startProgram(shell, rest);
  },
};

/** No extension has a type here; to make one is an administrator's. */
function* noAssociation(shell: Shell, rest: string, absent: (name: string) => string): GuestGenerator<number> {
  const name = rest.trim();
  if (name === "") return 0;
  yield* shell.complain(name.includes("=") ? "Access is denied." : absent(name));
  return name.includes("=") ? 5 : 2;
}

/** `"name=value"` loses its quotation marks, and what stands behind the last one. */
function assignmentOf(text: string): string {
  if (!text.startsWith('"')) return text.trimEnd() === "" ? "" : text;
  const end = text.lastIndexOf('"');
  return end > 0 ? text.slice(1, end) : text.slice(1);
}

function* showVariables(shell: Shell, prefix: string): GuestGenerator<number> {
  const wanted = upcase(prefix.trim());
  const shown = [...shell.environment]
    .filter(([key]) => !key.startsWith("=") && key.startsWith(wanted))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [, { name, value }] of shown) yield* shell.print(`${name}=${value}\r\n`);
  if (shown.length > 0 || wanted === "") return 0;
  yield* shell.complain(`Environment variable ${prefix.trim()} not defined`);
  return 1;
}

function* setNumber(shell: Shell, text: string): GuestGenerator<number> {
  try {
    const value = evaluate(text, shell.lookup, (name, number) => shell.setVariable(name, String(number)));
    // In a batch file nothing is shown.
    if (shell.batch === undefined) yield* shell.print(String(value));
    return 0;
  } catch (error) {
    if (!(error instanceof ArithmeticError)) throw error;
    yield* shell.complain(error.message);
    return error.code;
  }
}

function* setFromInput(shell: Shell, text: string): GuestGenerator<number> {
  const plain = assignmentOf(text);
  // Without a name the words are only shown.
  const equals = plain.indexOf("=");
  if (equals < 0) {
    yield* shell.complain(SYNTAX);
    return 1;
  }
  yield* shell.print(plain.slice(equals + 1).replace(/^"(.*)"$/, "$1"));
  const line = yield* shell.readLine(shell.streams[0]);
  if (line === undefined || line === "" || equals === 0) return 1;
  shell.setVariable(plain.slice(0, equals), line);
  return 0;
}

function* changeFolder(shell: Shell, rest: string): GuestGenerator<number> {
  const [, switches = "", path = ""] = /^[\s,;=]*((?:\/d\s*)?)(.*?)\s*$/i.exec(rest) ?? [];
  const plain = unquote(path);
  if (plain === "") {
    yield* shell.print(`${shell.folder}\r\n`);
    return 0;
  }
  const full = shell.fullPath(plain);
  if (!isFolder(shell, full)) {
    const isThere = attributesOf(shell, full) !== undefined;
    yield* shell.complain(isThere ? "The directory name is invalid." : "The system cannot find the path specified.");
    return 1;
  }
  // Another drive's folder is only remembered, unless /d goes there.
  if (switches !== "" || full.slice(0, 1).toUpperCase() === shell.folder.slice(0, 1).toUpperCase()) shell.setFolder(full);
  else shell.setVariable(`=${full.slice(0, 2).toUpperCase()}`, full);
  return 0;
}

/** `start ["title"] [/b] [/wait] [/d folder] program arguments`. */
function* startProgram(shell: Shell, rest: string): GuestGenerator<number> {
  let text = rest.trimStart();
  if (text.startsWith('"')) text = text.slice(text.indexOf('"', 1) + 1 || text.length).trimStart();
  let waits = false;
  let sharesConsole = false;
  let { folder } = shell;
  for (let found = /^\/(\w+)\s*/.exec(text); found !== null; found = /^\/(\w+)\s*/.exec(text)) {
    const option = found[1]!.toLowerCase();
    text = text.slice(found[0].length);
    if (option === "wait" || option === "w") waits = true;
    else if (option === "b") sharesConsole = true;
    else if (option === "d" || option === "affinity" || option === "node") {
      const [word = ""] = splitWords(text);
      text = text.slice(word.length).trimStart();
      if (option === "d") folder = shell.fullPath(unquote(word));
    } else if (!START_SWITCHES.has(option)) {
      yield* shell.complain(`Invalid switch - "/${option.toUpperCase()}".`);
      return 1;
    }
  }
  if (text === "") return 0;
  const processor = "C:\\Windows\\System32\\cmd.exe";
  try {
    const child = shell.start(processor, `${processor} /s /c "${text}"`, {
      folder,
      flags: sharesConsole || waits ? 0 : CREATE_NEW_CONSOLE,
    });
    return waits ? (shell.errorLevel = yield* shell.wait(child)) : 0;
  } catch (error) {
    failureCode(error);
    yield* shell.complain(shell.message(error));
    return 1;
  }
}
