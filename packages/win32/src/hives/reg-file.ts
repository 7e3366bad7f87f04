import { dataText, dwordData, textData, type KeyNode } from "./key-node.ts";
import { REG } from "./registry-constants.ts";

const HEADER = "Windows Registry Editor Version 5.00";

/** One key of a file: its whole path, and values. */
export interface RegFileKey {
  readonly path: string;
  readonly className: string;
  readonly values: readonly { readonly name: string; readonly type: number; readonly data: Uint8Array }[];
}

/**
 * Keys as text in the format of .reg files ("How to add, modify, or delete registry subkeys and values by using a .reg file"), with a comment
 * for a key's class, which the format has no place for. Volatile keys and links are left out.
 */
export function formatRegFile(roots: readonly (readonly [path: string, node: KeyNode])[]): string {
  const lines = [HEADER, ""];
  const add = (path: string, node: KeyNode): void => {
    lines.push(`[${path}]`);
    if (node.className !== "") lines.push(`;class ${node.className}`);
    for (const { name, type, data } of node.values) lines.push(`${name === "" ? "@" : quote(name)}=${formatData(type, data)}`);
    lines.push("");
    for (const subkey of node.subkeys) if (!subkey.isVolatile && subkey.parent === node) add(`${path}\\${subkey.name}`, subkey);
  };
  for (const [path, node] of roots) add(path, node);
  return `${lines.join("\r\n")}\r\n`;
}

/** What a file says; lines that are not understood are passed over. */
export function parseRegFile(text: string): RegFileKey[] {
  const keys: { path: string; className: string; values: { name: string; type: number; data: Uint8Array }[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, path] = /^\[(.*)\]$/.exec(line) ?? [];
    const key = keys.at(-1);
    if (path !== undefined) keys.push({ path, className: "", values: [] });
    else if (key !== undefined && line.startsWith(";class ")) key.className = line.slice(7);
    else if (key !== undefined) {
      const [, name, rest] = /^(@|"(?:[^"\\]|\\.)*")=(.*)$/.exec(line) ?? [];
      const data = rest === undefined ? undefined : parseData(rest);
      if (name !== undefined && data !== undefined) key.values.push({ name: name === "@" ? "" : unquote(name), ...data });
    }
  }
  return keys;
}

function formatData(type: number, data: Uint8Array): string {
  if (type === REG.DWORD && data.length === 4) {
    const value = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
    return `dword:${value.toString(16).padStart(8, "0")}`;
  }
  const text = type === REG.SZ && data.length % 2 === 0 ? dataText(data) : undefined;
  // Only what reads back the same: one NUL at the end, and nothing that breaks lines.
  if (text !== undefined && text.indexOf("\0") === text.length - 1 && !/[\r\n]/.test(text) && !/\p{Surrogate}/u.test(text))
    return quote(text.slice(0, -1));
  const bytes = Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join(",");
  return `hex${type === REG.BINARY ? "" : `(${type.toString(16)})`}:${bytes}`;
}

function parseData(text: string): { type: number; data: Uint8Array } | undefined {
  if (text.startsWith('"')) return { type: REG.SZ, data: textData(unquote(text)) };
  const [, word] = /^dword:([0-9a-f]{1,8})$/i.exec(text) ?? [];
  if (word !== undefined) return { type: REG.DWORD, data: dwordData(parseInt(word, 16)) };
  const [, type, bytes] = /^hex(?:\(([0-9a-f]{1,8})\))?:((?:[0-9a-f]{2},?)*)$/i.exec(text) ?? [];
  if (bytes === undefined) return undefined;
  const data = Uint8Array.from(bytes.split(",").filter((byte) => byte !== ""), (byte) => parseInt(byte, 16)); // prettier-ignore
  return { type: type === undefined ? REG.BINARY : parseInt(type, 16), data };
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}
