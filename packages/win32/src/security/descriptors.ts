import { ERROR, Win32Error } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import { USER_SID } from "../system/system-table.ts";
import { readSid, sidBytes, sidLength, type Sid } from "./sids.ts";

/** SECURITY_DESCRIPTOR_CONTROL's bits. */
export const SE = { OWNER_DEFAULTED: 1, GROUP_DEFAULTED: 2, DACL_PRESENT: 4, DACL_DEFAULTED: 8, SACL_PRESENT: 0x10, SACL_DEFAULTED: 0x20, SELF_RELATIVE: 0x8000 } as const; // prettier-ignore
/** SECURITY_INFORMATION's bits. */
export const INFORMATION = { OWNER: 1, GROUP: 2, DACL: 4, SACL: 8 } as const;
/** Sizes and the offset of the parts' pointers in an absolute descriptor, and of their offsets in a self-relative one. */
const HEADER = 4;
const RELATIVE_BYTES = 20;
export const ACL_REVISION = 2;
const ACL_HEADER = 8;
const ACE_HEADER = 4;
const MAX_ACL_BYTES = 0xffff;
/** Of an access control entry: allows and denies; the types that hold a mask and a SID. */
export const ACE = { ALLOWED: 0, DENIED: 1, AUDIT: 2, LABEL: 0x11 } as const;

const FILE_ALL_ACCESS = 0x1f_01ff;
const ACE_INHERITED = 0x10;

/** An entry of an access control list: whom it is about, and which rights it gives or takes. */
export interface Ace {
  readonly type: number;
  readonly flags: number;
  readonly mask: number;
  readonly sid: Sid;
}

/** What a security descriptor says. */
export interface Descriptor {
  readonly owner: Sid | undefined;
  readonly group: Sid | undefined;
  /** undefined: there is none, and everybody may do everything. */
  readonly dacl: readonly Ace[] | undefined;
}

/** Of every file: the user, Administrators and SYSTEM may do everything. The volumes keep no lists of their own. */
export const FILE_DESCRIPTOR: Descriptor = {
  owner: USER_SID,
  group: `${USER_SID.slice(0, USER_SID.lastIndexOf("-"))}-513`,
  dacl: ["S-1-5-18", "S-1-5-32-544", USER_SID].map((sid) => ({ type: ACE.ALLOWED, flags: ACE_INHERITED, mask: FILE_ALL_ACCESS, sid })),
};

/** An access control list's bytes ("ACL structure"). */
export function aclBytes(entries: readonly Ace[]): Uint8Array {
  const aces = entries.map(aceBytes);
  const size = aces.reduce((sum, ace) => sum + ace.length, ACL_HEADER);
  if (size > MAX_ACL_BYTES) throw new Win32Error(ERROR.INVALID_ACL);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = ACL_REVISION;
  view.setUint16(2, size, true);
  view.setUint16(4, entries.length, true);
  let at = ACL_HEADER;
  for (const ace of aces) {
    bytes.set(ace, at);
    at += ace.length;
  }
  return bytes;
}

function aceBytes({ type, flags, mask, sid }: Ace): Uint8Array {
  const identifier = sidBytes(sid);
  const bytes = new Uint8Array(ACE_HEADER + 4 + identifier.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = type;
  bytes[1] = flags;
  view.setUint16(2, bytes.length, true);
  view.setUint32(ACE_HEADER, mask, true);
  bytes.set(identifier, ACE_HEADER + 4);
  return bytes;
}

/** A descriptor's bytes in self-relative form, with the parts that are asked for. */
export function descriptorBytes({ owner, group, dacl }: Descriptor, information: number): Uint8Array {
  const has = (bit: number): boolean => (information & bit) !== 0;
  const parts: (Uint8Array | undefined)[] = [
    has(INFORMATION.OWNER) && owner !== undefined ? sidBytes(owner) : undefined,
    has(INFORMATION.GROUP) && group !== undefined ? sidBytes(group) : undefined,
    undefined,
    has(INFORMATION.DACL) && dacl !== undefined ? aclBytes(dacl) : undefined,
  ];
  return relativeBytes(has(INFORMATION.DACL) ? SE.DACL_PRESENT : 0, parts);
}

/** A self-relative descriptor of parts in the order of PART. */
export function relativeBytes(control: number, parts: readonly (Uint8Array | undefined)[]): Uint8Array {
  const bytes = new Uint8Array(RELATIVE_BYTES + parts.reduce((sum, part) => sum + (part?.length ?? 0), 0));
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  view.setUint16(2, control | SE.SELF_RELATIVE, true);
  let at = RELATIVE_BYTES;
  parts.forEach((part, index) => {
    if (part === undefined) return;
    view.setUint32(HEADER + 4 * index, at, true);
    bytes.set(part, at);
    at += part.length;
  });
  return bytes;
}

/** The four parts of a descriptor in memory. */
export const PART = { OWNER: 0, GROUP: 1, SACL: 2, DACL: 3 } as const;

/** A security descriptor in a guest's memory, in either form. */
export class GuestDescriptor {
  readonly #memory: GuestMemory;
  readonly address: number;

  /** Throws ERROR_INVALID_SECURITY_DESCR for what is none. */
  constructor(memory: GuestMemory, address: number) {
    if (address === 0 || memory.u8(address) !== 1) throw new Win32Error(ERROR.INVALID_SECURITY_DESCR);
    this.#memory = memory;
    this.address = address;
  }

  get control(): number {
    return this.#memory.u16(this.address + 2);
  }

  set control(bits: number) {
    this.#memory.setU16(this.address + 2, bits);
  }

  get isSelfRelative(): boolean {
    return (this.control & SE.SELF_RELATIVE) !== 0;
  }

  /** The address of a part; 0 when it is not there. */
  part(index: number): number {
    const { pointerSize } = this.#memory;
    if (!this.isSelfRelative) return this.#memory.u32(this.address + pointerSize + pointerSize * index);
    const offset = this.#memory.u32(this.address + HEADER + 4 * index);
    return offset === 0 ? 0 : this.address + offset;
  }

  /** Sets a part of an absolute descriptor; self-relative ones cannot be changed (ERROR_INVALID_SECURITY_DESCR). */
  setPart(index: number, value: number): void {
    if (this.isSelfRelative) throw new Win32Error(ERROR.INVALID_SECURITY_DESCR);
    const { pointerSize } = this.#memory;
    this.#memory.setPointer(this.address + pointerSize + pointerSize * index, value);
  }

  /** Bytes of the descriptor with its parts, in the form that it has. */
  get length(): number {
    const header = this.isSelfRelative ? RELATIVE_BYTES : 5 * this.#memory.pointerSize;
    return header + this.selfRelative().length - RELATIVE_BYTES;
  }

  /** Bytes of the descriptor in self-relative form. */
  selfRelative(): Uint8Array {
    const memory = this.#memory;
    const parts = [0, 1, 2, 3].map((index) => {
      const at = this.part(index);
      if (at === 0) return undefined;
      return memory.read(at, index < 2 ? sidLength(memory, at) : aclSize(memory, at));
    });
    return relativeBytes(this.control, parts);
  }
}

/** Bytes of the list at an address. Throws ERROR_INVALID_ACL for what is none. */
export function aclSize(memory: GuestMemory, address: number): number {
  const size = address === 0 ? 0 : memory.u16(address + 2);
  if (size < ACL_HEADER || memory.u8(address) < 2 || memory.u8(address) > 4) throw new Win32Error(ERROR.INVALID_ACL);
  return size;
}

/** Where the entries of a list lie, and where the last of them ends. Throws ERROR_INVALID_ACL when they reach out of it. */
export function aceAddresses(memory: GuestMemory, acl: number): { readonly aces: readonly number[]; readonly end: number } {
  const limit = acl + aclSize(memory, acl);
  const aces: number[] = [];
  let at = acl + ACL_HEADER;
  for (let i = memory.u16(acl + 4); i > 0; i--) {
    const size = at + ACE_HEADER > limit ? 0 : memory.u16(at + 2);
    if (size < ACE_HEADER || at + size > limit) throw new Win32Error(ERROR.INVALID_ACL);
    aces.push(at);
    at += size;
  }
  return { aces, end: at };
}

/** Adds an entry at the end of a list. Throws ERROR_ALLOTTED_SPACE_EXCEEDED when there is no room. */
export function appendAce(memory: GuestMemory, acl: number, ace: Uint8Array): void {
  const { end } = aceAddresses(memory, acl);
  if (end + ace.length > acl + aclSize(memory, acl)) throw new Win32Error(ERROR.ALLOTTED_SPACE_EXCEEDED);
  memory.write(end, ace);
  memory.setU16(acl + 4, memory.u16(acl + 4) + 1);
}

/** An entry's bytes. */
export { aceBytes };

/** The entries of a list that hold a mask and a SID. */
export function readAces(memory: GuestMemory, acl: number): Ace[] {
  return aceAddresses(memory, acl).aces.flatMap((at) => {
    const type = memory.u8(at);
    if (type > ACE.AUDIT && type !== ACE.LABEL) return [];
    return [{ type, flags: memory.u8(at + 1), mask: memory.u32(at + ACE_HEADER), sid: readSid(memory, at + ACE_HEADER + 4) }];
  });
}
