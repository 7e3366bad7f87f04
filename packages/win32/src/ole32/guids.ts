import { guidText, type GUID, type StructValue } from "@decant/hook";
import type { Process } from "@decant/process";

/** A GUID as structs hold it. */
export type GuidValue = StructValue<(typeof GUID)["fields"]>;

/** "{00000000-0000-0000-C000-000000000046}", as COM writes identifiers. */
export function bracedGuid(guid: GuidValue): string {
  return `{${guidText(guid).toUpperCase()}}`;
}

/** A GUID from its text with hyphens and no braces; undefined for what is none. */
export function parseGuid(text: string): GuidValue | undefined {
  const parts = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i.exec(text);
  if (parts === null) return undefined;
  const [, Data1 = "", Data2 = "", Data3 = "", ...tail] = parts;
  const Data4 = Uint8Array.from(tail.join("").match(/../g) ?? [], (byte) => parseInt(byte, 16));
  return { Data1: parseInt(Data1, 16), Data2: parseInt(Data2, 16), Data3: parseInt(Data3, 16), Data4 };
}

/** A random GUID, version 4 of RFC 4122. */
export function randomGuid({ host }: Process): GuidValue {
  const bytes = host.random(16);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    Data1: view.getUint32(0, true),
    Data2: view.getUint16(4, true),
    Data3: (view.getUint16(6, true) & 0x0fff) | 0x4000,
    Data4: bytes.slice(8).map((byte, i) => (i === 0 ? (byte & 0x3f) | 0x80 : byte)),
  };
}
