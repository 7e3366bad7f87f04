import { ERROR, Win32Error } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { ACE, aclBytes, GuestDescriptor, INFORMATION, PART, readAces, relativeBytes, SE, type Ace } from "./descriptors.ts";
import { ALIASES, readSid, sidBytes, type Sid } from "./sids.ts";

/** Security descriptors as text ("Security Descriptor String Format"): entries that allow, deny and audit, and mandatory labels. */

/** LABEL_SECURITY_INFORMATION. */
const LABEL_INFORMATION = 0x10;
const TYPES: Readonly<Record<string, number>> = { A: ACE.ALLOWED, D: ACE.DENIED, AU: ACE.AUDIT, ML: ACE.LABEL };
const FLAGS: readonly (readonly [string, number])[] = [
  ["OI", 1], ["CI", 2], ["NP", 4], ["IO", 8], ["ID", 0x10], ["SA", 0x40], ["FA", 0x80],
]; // prettier-ignore
/** Single rights, by their bits. */
const RIGHTS: readonly (readonly [string, number])[] = [
  ["CC", 1], ["DC", 2], ["LC", 4], ["SW", 8], ["RP", 0x10], ["WP", 0x20], ["DT", 0x40], ["LO", 0x80], ["CR", 0x100], ["SD", 0x1_0000],
  ["RC", 0x2_0000], ["WD", 0x4_0000], ["WO", 0x8_0000], ["GA", 0x1000_0000], ["GX", 0x2000_0000], ["GW", 0x4000_0000], ["GR", 0x8000_0000],
]; // prettier-ignore
/** Rights to files and keys, whole masks each. */
const WHOLE_RIGHTS: readonly (readonly [string, number])[] = [
  ["FA", 0x1f_01ff], ["FR", 0x12_0089], ["FW", 0x12_0116], ["FX", 0x12_00a0], ["KA", 0xf_003f], ["KR", 0x2_0019], ["KW", 0x2_0006], ["KX", 0x2_0019],
]; // prettier-ignore
/** What a mandatory label forbids. */
const LABEL_RIGHTS: readonly (readonly [string, number])[] = [
  ["NW", 1], ["NR", 2], ["NX", 4],
]; // prettier-ignore
/** Control bits of a list, by the letters before its entries. */
const CONTROL = {
  D: { present: SE.DACL_PRESENT, P: 0x1000, AR: 0x100, AI: 0x400 },
  S: { present: SE.SACL_PRESENT, P: 0x2000, AR: 0x200, AI: 0x800 },
} as const;
const NO_LIST = "NO_ACCESS_CONTROL";

/** The bytes of a self-relative descriptor. Throws ERROR_INVALID_PARAMETER, ERROR_INVALID_ACL and ERROR_INVALID_SID for what is none, ERROR_NOT_SUPPORTED for entries about objects and conditions. */
export function parseSddl(text: string): Uint8Array {
  const parts: (Uint8Array | undefined)[] = [undefined, undefined, undefined, undefined];
  let control = 0;
  let rest = text.trim();
  while (rest !== "") {
    const [whole, letter] = /^([OGDS]):\s*/.exec(rest) ?? [];
    if (whole === undefined || letter === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    rest = rest.slice(whole.length);
    if (letter === "O" || letter === "G") {
      const sid = /^(?:S-1-[\dx-]+|[A-Z]{2})/i.exec(rest)?.[0];
      if (sid === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
      parts[letter === "O" ? PART.OWNER : PART.GROUP] = sidBytes(sid);
      rest = rest.slice(sid.length).trimStart();
      continue;
    }
    const bits = CONTROL[letter as "D" | "S"];
    const [list = "", flags = "", entries = ""] = new RegExp(`^((?:AR|AI|P|${NO_LIST})*)\\s*((?:\\([^()]*\\)\\s*)*)`).exec(rest) ?? [];
    control |= bits.present;
    for (const [flag] of flags.matchAll(/NO_ACCESS_CONTROL|AR|AI|P/g)) if (flag !== NO_LIST) control |= bits[flag as "P" | "AR" | "AI"];
    if (!flags.includes(NO_LIST))
      parts[letter === "D" ? PART.DACL : PART.SACL] = aclBytes([...entries.matchAll(/\(([^()]*)\)/g)].map(([, entry]) => parseAce(entry!)));
    rest = rest.slice(list.length).trimStart();
  }
  return relativeBytes(control, parts);
}

function parseAce(text: string): Ace {
  const fields = text.split(";").map((field) => field.trim());
  const [typeName = "", flags = "", rights = "", object = "", inherited = "", sid = ""] = fields;
  if (fields.length !== 6) throw new Win32Error(ERROR.INVALID_ACL);
  if (/^(?:O[ADUL]|X[AD]|ZA|XU|RA|SP|AL)$/.test(typeName) || object !== "" || inherited !== "") throw new Win32Error(ERROR.NOT_SUPPORTED);
  const type = Object.hasOwn(TYPES, typeName) ? TYPES[typeName]! : undefined;
  if (type === undefined) throw new Win32Error(ERROR.INVALID_ACL);
  return { type, flags: sumOf(flags, FLAGS), mask: parseRights(rights), sid };
}

function parseRights(text: string): number {
  if (/^0x[\da-f]+$/i.test(text)) return Number.parseInt(text, 16) >>> 0;
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8) >>> 0;
  if (/^\d+$/.test(text)) return Number(text) >>> 0;
  return sumOf(text, [...RIGHTS, ...WHOLE_RIGHTS, ...LABEL_RIGHTS]);
}

/** The sum of what pairs of letters stand for. */
function sumOf(text: string, names: readonly (readonly [string, number])[]): number {
  if (text.length % 2 !== 0) throw new Win32Error(ERROR.INVALID_ACL);
  return (text.match(/../g) ?? []).reduce((sum, pair) => {
    const value = names.find(([name]) => name === pair)?.[1];
    if (value === undefined) throw new Win32Error(ERROR.INVALID_ACL);
    return (sum | value) >>> 0;
  }, 0);
}

/** A descriptor as text, with the parts that are asked for. Throws as GuestDescriptor does; ERROR_INVALID_ACL for entries that have no text here. */
export function formatSddl(memory: GuestMemory, address: number, information: number): string {
  const descriptor = new GuestDescriptor(memory, address);
  const has = (bit: number): boolean => (information & bit) !== 0;
  let text = "";
  for (const [letter, index, bit] of [
    ["O", PART.OWNER, INFORMATION.OWNER],
    ["G", PART.GROUP, INFORMATION.GROUP],
  ] as const)
    // prettier-ignore
    if (has(bit) && descriptor.part(index) !== 0) text += `${letter}:${shortSid(readSid(memory, descriptor.part(index)))}`;
  if (has(INFORMATION.DACL)) text += listText(memory, descriptor, "D", () => true);
  if (has(INFORMATION.SACL) || has(LABEL_INFORMATION))
    text += listText(memory, descriptor, "S", ({ type }) => has(type === ACE.LABEL ? LABEL_INFORMATION : INFORMATION.SACL));
  return text;
}

function listText(memory: GuestMemory, descriptor: GuestDescriptor, letter: "D" | "S", isMeant: (ace: Ace) => boolean): string {
  const bits = CONTROL[letter];
  if ((descriptor.control & bits.present) === 0) return "";
  const acl = descriptor.part(letter === "D" ? PART.DACL : PART.SACL);
  const flags = (["P", "AR", "AI"] as const).filter((flag) => (descriptor.control & bits[flag]) !== 0).join("");
  if (acl === 0) return `${letter}:${flags}${NO_LIST}`;
  const aces = readAces(memory, acl);
  if (aces.length !== memory.u16(acl + 4)) throw new Win32Error(ERROR.INVALID_ACL);
  return `${letter}:${flags}${aces.filter(isMeant).map(aceText).join("")}`;
}

function aceText({ type, flags, mask, sid }: Ace): string {
  const typeName = Object.keys(TYPES).find((name) => TYPES[name] === type)!;
  const flagText = FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name).join(""); // prettier-ignore
  return `(${typeName};${flagText};${rightsText(mask, type === ACE.LABEL)};;;${shortSid(sid)})`;
}

/** A mask that is a whole one has its name; others that of each bit, and those with other bits are numbers. */
function rightsText(mask: number, isLabel: boolean): string {
  const whole = isLabel ? undefined : WHOLE_RIGHTS.find(([, value]) => value === mask);
  if (whole !== undefined) return whole[0];
  const names = isLabel ? LABEL_RIGHTS : RIGHTS;
  const known = names.reduce((sum, [, bit]) => (sum | bit) >>> 0, 0);
  if ((mask & ~known) !== 0) return `0x${mask.toString(16)}`;
  return names.filter(([, bit]) => (mask & bit) !== 0).map(([name]) => name).join(""); // prettier-ignore
}

function shortSid(sid: Sid): string {
  return Object.keys(ALIASES).find((name) => ALIASES[name] === sid) ?? sid;
}
