import { ERROR, Win32Error, type Handle } from "@decant/hook";
import type { GuestGenerator, Thread } from "@decant/process";
import { system } from "../../crt/system.ts";
import { hivesOf } from "../../hives/hives.ts";
import { dataText, dwordData, textData, type KeyNode, type RegistryValue } from "../../hives/key-node.ts";
import { createKey, findKey, keyOf } from "../../hives/open-keys.ts";
import { formatRegFile } from "../../hives/reg-file.ts";
import { REG } from "../../hives/registry-constants.ts";
import { ACCESS, attributesOf, open, OPEN } from "../cmd/files.ts";
import { Tool, toolWords } from "./tool.ts";

const ROOTS: readonly (readonly [short: string, long: string, handle: number])[] = [
  ["HKCR", "HKEY_CLASSES_ROOT", 0x8000_0000], ["HKCU", "HKEY_CURRENT_USER", 0x8000_0001], ["HKLM", "HKEY_LOCAL_MACHINE", 0x8000_0002],
  ["HKU", "HKEY_USERS", 0x8000_0003], ["HKCC", "HKEY_CURRENT_CONFIG", 0x8000_0005],
]; // prettier-ignore
const TYPES: Readonly<Record<string, number>> = {
  REG_NONE: REG.NONE, REG_SZ: REG.SZ, REG_EXPAND_SZ: REG.EXPAND_SZ, REG_BINARY: REG.BINARY, REG_DWORD: REG.DWORD, REG_MULTI_SZ: REG.MULTI_SZ,
  REG_QWORD: REG.QWORD,
}; // prettier-ignore
const VIEW = { "/reg:32": 0x200, "/reg:64": 0x100 } as const;
const DONE = "The operation completed successfully.";
/** Switches that a value follows, and others, by the verbs that are there. */
const SWITCHES: Readonly<Record<string, { readonly valued: readonly string[]; readonly plain: readonly string[] }>> = {
  query: { valued: ["/v"], plain: ["/ve", "/s", "/z"] },
  add: { valued: ["/v", "/t", "/d", "/s"], plain: ["/ve", "/f"] },
  delete: { valued: ["/v"], plain: ["/ve", "/va", "/f"] },
  export: { valued: [], plain: ["/y"] },
};

/** A failure with the words that reg prints. */
class RegFailure extends Error {}

/** What a line of reg asks for: `name` is a value's, "" the default one's. */
interface Request {
  readonly given: ReadonlyMap<string, string>;
  readonly path: string;
  readonly root: Handle;
  readonly below: string;
  readonly view: number;
  readonly name: string | undefined;
}

/** reg.exe: `reg query|add|delete|export key …` ("reg"). Searches, comparisons and hives are not there. */
export function* reg(thread: Thread): GuestGenerator<number> {
  const tool = new Tool(thread);
  const [verb = "", ...words] = toolWords(tool.tail);
  try {
    const plain = verb.toLowerCase();
    const known = Object.hasOwn(SWITCHES, plain) ? SWITCHES[plain] : undefined;
    if (known === undefined) throw new RegFailure(`reg ${verb} is not there: only query, add, delete and export are.`);
    const { request, rest } = parse(words, known.valued, known.plain);
    if (plain === "query") yield* query(tool, request);
    else if (plain === "add") yield* add(tool, request);
    else if (plain === "delete") yield* remove(tool, request);
    else yield* exportKey(tool, request, rest[0]);
    return 0;
  } catch (error) {
    yield* tool.complain(`ERROR: ${error instanceof RegFailure ? error.message : tool.message(error)}`);
    return 1;
  }
}

function parse(
  words: readonly string[],
  valued: readonly string[],
  plain: readonly string[],
): { request: Request; rest: readonly string[] } {
  const given = new Map<string, string>();
  const paths: string[] = [];
  let view = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!.toLowerCase();
    if (!word.startsWith("/")) paths.push(words[at]!);
    else if (word === "/reg:32" || word === "/reg:64") view = VIEW[word];
    else if (plain.includes(word)) given.set(word, "");
    else if (valued.includes(word) && words[at + 1] !== undefined) given.set(word, words[++at]!);
    else throw new RegFailure(`Invalid syntax: ${words[at]} is not there.`);
  }
  const [path, ...rest] = paths;
  const [, first = "", below = ""] = /^([^\\]*)\\?(.*?)\\?$/.exec(path ?? "") ?? [];
  const root = ROOTS.find((names) => names.slice(0, 2).includes(first.toUpperCase()));
  if (root === undefined) throw new RegFailure("Invalid key name.");
  const full = below === "" ? root[1] : `${root[1]}\\${below}`;
  return { request: { given, path: full, root: root[2] as Handle, below, view, name: given.has("/ve") ? "" : given.get("/v") }, rest };
}

function existing(tool: Tool, { root, below, view }: Request): KeyNode {
  const node = findKey(tool.thread, keyOf(tool.thread, root, 0), below, view);
  if (node === undefined) throw new RegFailure("The system was unable to find the specified registry key or value.");
  return node;
}

function* query(tool: Tool, request: Request): GuestGenerator<void> {
  const node = existing(tool, request);
  const isDeep = request.given.has("/s");
  const found = yield* showKey(tool, node, request.path, request.name, isDeep);
  if (request.name !== undefined && isDeep) yield* tool.print(`\r\nEnd of search: ${found} match(es) found.\r\n`);
  else if (request.name !== undefined) {
    if (found === 0) throw new RegFailure("The system was unable to find the specified registry key or value.");
    yield* tool.print("\r\n");
  } else {
    if (node.values.length > 0 && !isDeep) yield* tool.print("\r\n");
    if (!isDeep) for (const { name } of node.subkeys) yield* tool.print(`${request.path}\\${name}\r\n`);
  }
}

/** Shows a key with its values, or with the one that is asked for; returns how many. */
function* showKey(tool: Tool, node: KeyNode, path: string, name: string | undefined, isDeep: boolean): GuestGenerator<number> {
  const one = name === undefined ? undefined : node.value(name);
  const values = name === undefined ? node.values : one === undefined ? [] : [one];
  if (values.length > 0) yield* tool.print(`\r\n${path}\r\n${values.map(valueLine).join("")}`);
  let count = values.length;
  if (isDeep) for (const subkey of node.subkeys) count += yield* showKey(tool, subkey, `${path}\\${subkey.name}`, name, true);
  return count;
}

function valueLine({ name, type, data }: RegistryValue): string {
  const typeName = Object.entries(TYPES).find(([, each]) => each === type)?.[0] ?? `REG_${type}`;
  return `    ${name === "" ? "(Default)" : name}    ${typeName}    ${shownData(type, data)}\r\n`;
}

function shownData(type: number, data: Uint8Array): string {
  const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (type === REG.DWORD || type === REG.QWORD) return `0x${hex(data.slice().reverse()).replace(/^0+(?=.)/, "")}`;
  if (type === REG.MULTI_SZ) return dataText(data).replace(/\0+$/, "").replaceAll("\0", "\\0");
  return type === REG.SZ || type === REG.EXPAND_SZ ? dataText(data).replace(/\0.*$/s, "") : hex(data).toUpperCase();
}

function* add(tool: Tool, request: Request): GuestGenerator<void> {
  const { given, root, below, view, name } = request;
  const now = hivesOf(tool.process).now();
  const isValue = name !== undefined || given.has("/d") || given.has("/t");
  const data = isValue ? dataOf(given) : undefined;
  const there = findKey(tool.thread, keyOf(tool.thread, root, 0), below, view);
  if (data !== undefined && there?.value(name ?? "") !== undefined && !given.has("/f"))
    if (!(yield* isSure(tool, `Value ${name ?? ""} exists, overwrite(Yes/No)? `))) return;
  const { node } = createKey(tool.thread, keyOf(tool.thread, root, 0), below, view);
  if (data !== undefined) node.setValue(name ?? "", data.type, data.bytes, now);
  yield* tool.print(`${DONE}\r\n`);
}

function dataOf(given: ReadonlyMap<string, string>): { type: number; bytes: Uint8Array } {
  const typeName = (given.get("/t") ?? "REG_SZ").toUpperCase();
  const type = Object.hasOwn(TYPES, typeName) ? TYPES[typeName]! : undefined;
  const text = given.get("/d") ?? "";
  if (type === REG.SZ || type === REG.EXPAND_SZ) return { type, bytes: textData(text) };
  if (type === REG.MULTI_SZ)
    return { type, bytes: textData(`${text.split(given.get("/s") ?? "\\0").join("\0")}${text === "" ? "" : "\0"}`) };
  if (type === REG.DWORD || type === REG.QWORD) {
    if (!/^(?:0x[\da-f]+|\d+)?$/i.test(text)) throw new RegFailure("Invalid syntax. Specify valid numeric value for '/d'.");
    const value = BigInt(text === "" ? "0" : text);
    const low = dwordData(Number(value & 0xffff_ffffn));
    return { type, bytes: type === REG.DWORD ? low : Uint8Array.from([...low, ...dwordData(Number((value >> 32n) & 0xffff_ffffn))]) };
  }
  if (type === undefined || !/^(?:[\da-f]{2})*$/i.test(text))
    throw new RegFailure("Invalid syntax. Specify a valid type, and hexadecimal data.");
  return { type, bytes: Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) };
}

function* remove(tool: Tool, request: Request): GuestGenerator<void> {
  const node = existing(tool, request);
  const { given, path, name } = request;
  const now = hivesOf(tool.process).now();
  const everything = given.has("/va");
  const what =
    name === undefined && !everything
      ? `registry key ${path}`
      : everything
        ? `all the values under the registry key ${path}`
        : `registry value ${name}`;
  if (
    !given.has("/f") &&
    !(yield* isSure(tool, `${everything ? "Delete" : name === undefined ? "Permanently delete the" : "Delete the"} ${what} (Yes/No)? `))
  )
    return;
  if (everything) for (const value of node.values.slice()) node.deleteValue(value.name, now);
  else if (name === undefined) {
    if (request.below === "") throw new Win32Error(ERROR.ACCESS_DENIED);
    node.delete(now);
  } else if (!node.deleteValue(name, now)) throw new RegFailure("The system was unable to find the specified registry key or value.");
  yield* tool.print(`${DONE}\r\n`);
}

function* exportKey(tool: Tool, request: Request, file: string | undefined): GuestGenerator<void> {
  if (file === undefined) throw new RegFailure("Invalid syntax: a file is missing.");
  const text = formatRegFile([[request.path, existing(tool, request)]]).replaceAll(/;class .*\r\n/g, "");
  if (attributesOf(tool, file) !== undefined && !request.given.has("/y"))
    if (!(yield* isSure(tool, `File ${file} already exists. Overwrite (Yes/No)? `))) return;
  const target = open(tool, file, ACCESS.WRITE, OPEN.CREATE_ALWAYS);
  try {
    yield* tool.write(target, textData(`\ufeff${text}`).subarray(0, -2));
  } finally {
    system.closeHandle(tool.thread, target);
  }
  yield* tool.print(`${DONE}\r\n`);
}

function* isSure(tool: Tool, question: string): GuestGenerator<boolean> {
  yield* tool.print(question);
  const answer = (yield* tool.readLine(tool.streams[0])) ?? "";
  if (/^\s*y/i.test(answer)) return true;
  yield* tool.print("The operation was canceled by the user.\r\n");
  return false;
}
