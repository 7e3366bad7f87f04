import { ERROR, Win32Error } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { COMPUTER_NAME, MACHINE_SID, USER_NAME, USER_SID } from "../system/system-table.ts";

/** A security identifier as text: "S-1-5-18". */
export type Sid = string;

const REVISION = 1;
const MAX_SUB_AUTHORITIES = 15;
const HEADER_BYTES = 8;

/** SID_NAME_USE. */
export const SID_TYPE = { USER: 1, GROUP: 2, DOMAIN: 3, ALIAS: 4, WELL_KNOWN_GROUP: 5, LABEL: 10 } as const;

/** An account that names stand for. */
export interface Account {
  readonly sid: Sid;
  readonly domain: string;
  readonly name: string;
  readonly type: number;
}

const WELL_KNOWN = "NT AUTHORITY";
const { USER, GROUP, DOMAIN, ALIAS, WELL_KNOWN_GROUP, LABEL } = SID_TYPE;

/** The accounts of this machine ("Well-known SIDs"). */
export const ACCOUNTS: readonly Account[] = [
  account(USER_SID, COMPUTER_NAME, USER_NAME, USER),
  account(`${MACHINE_SID}-500`, COMPUTER_NAME, "Administrator", USER),
  account(`${MACHINE_SID}-501`, COMPUTER_NAME, "Guest", USER),
  account(`${MACHINE_SID}-513`, COMPUTER_NAME, "None", GROUP),
  account(MACHINE_SID, COMPUTER_NAME, COMPUTER_NAME, DOMAIN),
  account("S-1-1-0", "", "Everyone", WELL_KNOWN_GROUP),
  account("S-1-2-0", "", "LOCAL", WELL_KNOWN_GROUP),
  account("S-1-3-0", "", "CREATOR OWNER", WELL_KNOWN_GROUP),
  account("S-1-3-1", "", "CREATOR GROUP", WELL_KNOWN_GROUP),
  account("S-1-5-2", WELL_KNOWN, "NETWORK", WELL_KNOWN_GROUP),
  account("S-1-5-4", WELL_KNOWN, "INTERACTIVE", WELL_KNOWN_GROUP),
  account("S-1-5-6", WELL_KNOWN, "SERVICE", WELL_KNOWN_GROUP),
  account("S-1-5-7", WELL_KNOWN, "ANONYMOUS LOGON", WELL_KNOWN_GROUP),
  account("S-1-5-11", WELL_KNOWN, "Authenticated Users", WELL_KNOWN_GROUP),
  account("S-1-5-18", WELL_KNOWN, "SYSTEM", WELL_KNOWN_GROUP),
  account("S-1-5-19", WELL_KNOWN, "LOCAL SERVICE", WELL_KNOWN_GROUP),
  account("S-1-5-20", WELL_KNOWN, "NETWORK SERVICE", WELL_KNOWN_GROUP),
  account("S-1-5-32", "BUILTIN", "BUILTIN", DOMAIN),
  account("S-1-5-32-544", "BUILTIN", "Administrators", ALIAS),
  account("S-1-5-32-545", "BUILTIN", "Users", ALIAS),
  account("S-1-5-32-546", "BUILTIN", "Guests", ALIAS),
  account("S-1-5-32-547", "BUILTIN", "Power Users", ALIAS),
  account("S-1-16-4096", "Mandatory Label", "Low Mandatory Level", LABEL),
  account("S-1-16-8192", "Mandatory Label", "Medium Mandatory Level", LABEL),
  account("S-1-16-12288", "Mandatory Label", "High Mandatory Level", LABEL),
];

/** WELL_KNOWN_SID_TYPEs that have a fixed identifier, by their numbers (winnt.h). */
export const WELL_KNOWN_SIDS: ReadonlyMap<number, Sid> = new Map([
  [0, "S-1-0-0"],
  [1, "S-1-1-0"],
  [2, "S-1-2-0"],
  [3, "S-1-3-0"],
  [4, "S-1-3-1"],
  [7, "S-1-5"],
  [9, "S-1-5-2"],
  [11, "S-1-5-4"],
  [12, "S-1-5-6"],
  [13, "S-1-5-7"],
  [17, "S-1-5-11"],
  [22, "S-1-5-18"],
  [23, "S-1-5-19"],
  [24, "S-1-5-20"],
  [25, "S-1-5-32"],
  [26, "S-1-5-32-544"],
  [27, "S-1-5-32-545"],
  [28, "S-1-5-32-546"],
  [29, "S-1-5-32-547"],
  [66, "S-1-16-4096"],
  [67, "S-1-16-8192"],
  [68, "S-1-16-12288"],
]);

/** SDDL's short names ("SID Strings"). */
export const ALIASES: Readonly<Record<string, Sid>> = {
  WD: "S-1-1-0",
  CO: "S-1-3-0",
  CG: "S-1-3-1",
  NU: "S-1-5-2",
  IU: "S-1-5-4",
  SU: "S-1-5-6",
  AN: "S-1-5-7",
  AU: "S-1-5-11",
  SY: "S-1-5-18",
  LS: "S-1-5-19",
  NS: "S-1-5-20",
  BA: "S-1-5-32-544",
  BU: "S-1-5-32-545",
  BG: "S-1-5-32-546",
  PU: "S-1-5-32-547",
  OW: "S-1-3-4",
  ED: "S-1-5-9",
  PS: "S-1-5-10",
  RC: "S-1-5-12",
  WR: "S-1-5-33",
  AO: "S-1-5-32-548",
  SO: "S-1-5-32-549",
  PO: "S-1-5-32-550",
  BO: "S-1-5-32-551",
  RE: "S-1-5-32-552",
  RU: "S-1-5-32-554",
  RD: "S-1-5-32-555",
  NO: "S-1-5-32-556",
  MU: "S-1-5-32-558",
  LU: "S-1-5-32-559",
  IS: "S-1-5-32-568",
  CY: "S-1-5-32-569",
  ER: "S-1-5-32-573",
  AC: "S-1-15-2-1",
  LW: "S-1-16-4096",
  ME: "S-1-16-8192",
  HI: "S-1-16-12288",
  SI: "S-1-16-16384",
  LA: `${MACHINE_SID}-500`,
  LG: `${MACHINE_SID}-501`,
};

/** A SID's bytes. Throws ERROR_INVALID_SID for a text that is none; SDDL's two letters are. */
export function sidBytes(text: Sid): Uint8Array {
  const sid = ALIASES[text.toUpperCase()] ?? text;
  const parts = /^S-1-(\d+|0x[0-9a-f]+)((?:-\d+)*)$/i.exec(sid);
  const subs = parts?.[2]!.split("-").slice(1).map(Number) ?? []; // prettier-ignore
  if (parts === null || subs.length > MAX_SUB_AUTHORITIES || subs.some((sub) => sub > 0xffff_ffff)) throw new Win32Error(ERROR.INVALID_SID);
  const bytes = new Uint8Array(HEADER_BYTES + 4 * subs.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = REVISION;
  bytes[1] = subs.length;
  const authority = BigInt(parts[1]!);
  if (authority >= 1n << 48n) throw new Win32Error(ERROR.INVALID_SID);
  view.setUint16(2, Number(authority >> 32n));
  view.setUint32(4, Number(authority & 0xffff_ffffn));
  subs.forEach((sub, i) => view.setUint32(HEADER_BYTES + 4 * i, sub, true));
  return bytes;
}

/** Bytes of the SID at an address. Throws ERROR_INVALID_SID for what is none. */
export function sidLength(memory: GuestMemory, address: number): number {
  if (address === 0 || memory.u8(address) !== REVISION || memory.u8(address + 1) > MAX_SUB_AUTHORITIES)
    throw new Win32Error(ERROR.INVALID_SID);
  return HEADER_BYTES + 4 * memory.u8(address + 1);
}

/** The SID at an address as text. Throws ERROR_INVALID_SID. */
export function readSid(memory: GuestMemory, address: number): Sid {
  const bytes = memory.read(address, sidLength(memory, address));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const authority = view.getUint16(2) * 2 ** 32 + view.getUint32(4);
  const subs = Array.from({ length: bytes[1]! }, (_, i) => view.getUint32(HEADER_BYTES + 4 * i, true));
  return ["S-1", authority, ...subs].join("-");
}

/** An account by its SID. */
export function accountOfSid(sid: Sid): Account | undefined {
  return ACCOUNTS.find((known) => known.sid === sid);
}

/** An account by its name, with or without a domain in front. */
export function accountOfName(name: string): Account | undefined {
  const [domain, bare] = name.includes("\\") ? name.split("\\", 2) : [undefined, name];
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  return ACCOUNTS.find((known) => same(known.name, bare!) && (domain === undefined || domain === "." || same(known.domain, domain)));
}

function account(sid: Sid, domain: string, name: string, type: number): Account {
  return { sid, domain, name, type };
}
