import { ERROR, readString, Win32Error, type Out, type ValueOf } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { ACE, aceAddresses, aclBytes, aclSize, INFORMATION, readAces, type Ace } from "../security/descriptors.ts";
import { accountOfName, readSid, sidLength, type Sid } from "../security/sids.ts";
import { tokenOf } from "../security/token.ts";
import { asCode, requireFile } from "./access-control.ts";
import { EXPLICIT_ACCESS, explicitAccessApi, TRUSTEE } from "./explicit-access.api.ts";

type Form = "ansi" | "wide";

/** ACCESS_MODE. */
const MODE = { GRANT: 1, SET: 2, DENY: 3, REVOKE: 4, AUDIT_SUCCESS: 5, AUDIT_FAILURE: 6 } as const;
const TRUSTEE_FORM = { SID: 0, NAME: 1 } as const;
const SE_FILE_OBJECT = 1;
const INHERITED = 0x10;
const AUDIT_SUCCESS_FLAG = 0x40;
const AUDIT_FAILURE_FLAG = 0x80;
const EVERYONE = "S-1-1-0";
const ANONYMOUS = "S-1-5-7";

interface Change {
  readonly mask: number;
  readonly mode: number;
  readonly flags: number;
  readonly sid: Sid;
}

/** Lists by what they shall say. Nothing keeps descriptors, so that those of objects cannot be set: that fails with ERROR_NOT_SUPPORTED. */
export const explicitAccess = implement(explicitAccessApi, {
  SetEntriesInAclA: (thread, count, entries, OldAcl, NewAcl) => asCode(() => setEntries(thread, [count, entries, "ansi"], OldAcl, NewAcl)),
  SetEntriesInAclW: (thread, count, entries, OldAcl, NewAcl) => asCode(() => setEntries(thread, [count, entries, "wide"], OldAcl, NewAcl)),
  GetEffectiveRightsFromAclA: (thread, pacl, pTrustee, rights) => asCode(() => effectiveRights(thread, pacl, pTrustee, rights, "ansi")),
  GetEffectiveRightsFromAclW: (thread, pacl, pTrustee, rights) => asCode(() => effectiveRights(thread, pacl, pTrustee, rights, "wide")),
  SetNamedSecurityInfo: (thread, pObjectName, ObjectType, SecurityInfo, ...parts) =>
    asCode(() => {
      if (ObjectType === SE_FILE_OBJECT) requireFile(thread, pObjectName);
      return refuse(thread, SecurityInfo, parts);
    }),
  SetSecurityInfo: (thread, handle, _ObjectType, SecurityInfo, ...parts) =>
    asCode(() => {
      if (thread.process.handles.find(handle) === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
      return refuse(thread, SecurityInfo, parts);
    }),
});

function setEntries(thread: Thread, [count, entries, form]: readonly [number, number, Form], oldAcl: number, newAcl: Out<number>): number {
  if (newAcl.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const size = EXPLICIT_ACCESS.size(thread.pointerSize);
  const changes = Array.from({ length: count }, (_, index) => changeAt(thread, entries + size * index, form));
  const old = oldAcl === 0 ? [] : wholeList(thread, oldAcl);
  if (count === 0 && oldAcl === 0) {
    newAcl.set(0);
    return ERROR.SUCCESS;
  }
  const fresh = new Set<Ace>();
  const bytes = aclBytes(changes.reduce<readonly Ace[]>((list, change) => merge(list, change, fresh), old));
  const address = thread.process.heap.allocate(bytes.length);
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  thread.memory.write(address, bytes);
  newAcl.set(address);
  return ERROR.SUCCESS;
}

/**
 * A list with a change, after what this call made (`fresh`): new entries that deny come first, those that allow before what is allowed already ("SetEntriesInAcl function"). Wine 8
 * puts what it grants before what is denied, and lets a trustee's denied rights be when others are set or granted.
 */
function merge(list: readonly Ace[], { mask, mode, flags, sid }: Change, fresh: Set<Ace>): readonly Ace[] {
  const isOwn = (ace: Ace): boolean => ace.sid === sid && (ace.flags & INHERITED) === 0;
  const isAlike = (type: number) => (ace: Ace) => isOwn(ace) && ace.type === type && ace.flags === flags;
  const without = (drop: (ace: Ace) => boolean): Ace[] => list.filter((ace) => !drop(ace));
  const combined = (type: number): Ace => ({
    type,
    flags,
    sid,
    mask: list.filter(isAlike(type)).reduce((bits, ace) => bits | ace.mask, mask) >>> 0,
  });
  const made = (ace: Ace, rest: readonly Ace[]): readonly Ace[] => {
    const isBefore = (other: Ace): boolean =>
      fresh.has(other) || (ace.type === ACE.ALLOWED && other.type === ACE.DENIED && (other.flags & INHERITED) === 0);
    const at = rest.findIndex((other) => !isBefore(other) || (ace.type === ACE.DENIED && other.type !== ACE.DENIED));
    fresh.add(ace);
    return rest.toSpliced(at < 0 ? rest.length : at, 0, ace);
  };
  switch (mode) {
    case MODE.GRANT:
      return made(combined(ACE.ALLOWED), takeFrom(without(isAlike(ACE.ALLOWED)), isAlike(ACE.DENIED), mask, fresh));
    case MODE.SET:
      return made({ type: ACE.ALLOWED, flags, mask, sid }, without((ace) => isOwn(ace) && ace.type <= ACE.DENIED)); // prettier-ignore
    case MODE.DENY:
      return made(combined(ACE.DENIED), without(isAlike(ACE.DENIED)));
    case MODE.REVOKE:
      return without((ace) => isOwn(ace) && (ace.type === ACE.ALLOWED || ace.type === ACE.AUDIT));
    default: {
      const audited = flags | (mode === MODE.AUDIT_SUCCESS ? AUDIT_SUCCESS_FLAG : AUDIT_FAILURE_FLAG);
      return made({ type: ACE.AUDIT, flags: audited, mask, sid }, list);
    }
  }
}

/** Takes rights from entries; those that have none left go. */
function takeFrom(list: readonly Ace[], isOne: (ace: Ace) => boolean, mask: number, fresh: Set<Ace>): Ace[] {
  return list.flatMap((ace) => {
    if (!isOne(ace)) return [ace];
    const rest = { ...ace, mask: (ace.mask & ~mask) >>> 0 };
    if (fresh.has(ace)) fresh.add(rest);
    return rest.mask === 0 ? [] : [rest];
  });
}

function changeAt(thread: Thread, address: number, form: Form): Change {
  const { grfAccessPermissions, grfAccessMode, grfInheritance, Trustee } = EXPLICIT_ACCESS.load(thread, address);
  if (grfAccessMode < MODE.GRANT || grfAccessMode > MODE.AUDIT_FAILURE) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return { mask: grfAccessPermissions, mode: grfAccessMode, flags: grfInheritance & 0xf, sid: sidOfTrustee(thread, Trustee, form) };
}

function sidOfTrustee(thread: Thread, trustee: ValueOf<typeof TRUSTEE>, form: Form): Sid {
  const { pMultipleTrustee, MultipleTrusteeOperation, TrusteeForm, ptstrName } = trustee;
  if (pMultipleTrustee !== 0 || MultipleTrusteeOperation !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  if (TrusteeForm === TRUSTEE_FORM.SID) return readSid(thread.memory, ptstrName);
  if (TrusteeForm !== TRUSTEE_FORM.NAME || ptstrName === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const name = readString(thread, ptstrName, form);
  if (name === "CURRENT_USER") return tokenOf(thread.process).user;
  const account = accountOfName(name);
  if (account === undefined) throw new Win32Error(ERROR.NONE_MAPPED);
  return account.sid;
}

/** What a list gives a trustee and its groups: of the user's all, of others Everyone. What is denied before it is allowed stays denied. */
function effectiveRights(thread: Thread, acl: number, trustee: number, rights: Out<number>, form: Form): number {
  const sid = sidOfTrustee(thread, TRUSTEE.load(thread, trustee), form);
  const token = tokenOf(thread.process);
  const isMember = (of: Sid): boolean => of === sid || (sid === token.user ? token.has(of) : of === EVERYONE && sid !== ANONYMOUS);
  let [allowed, denied] = [0, 0];
  for (const ace of wholeList(thread, acl)) {
    if (!isMember(ace.sid)) continue;
    if (ace.type === ACE.ALLOWED) allowed |= ace.mask & ~denied;
    else if (ace.type === ACE.DENIED) denied |= ace.mask & ~allowed;
  }
  rights.set(allowed >>> 0);
  return ERROR.SUCCESS;
}

/** All entries of a list. Throws ERROR_NOT_SUPPORTED for one with entries about objects. */
function wholeList({ memory }: Thread, acl: number): readonly Ace[] {
  const aces = readAces(memory, acl);
  if (aces.length !== aceAddresses(memory, acl).aces.length) throw new Win32Error(ERROR.NOT_SUPPORTED);
  return aces;
}

/** Checks what shall be set, and fails: owner and group must be there when they shall be set, lists may be NULL. */
function refuse({ memory }: Thread, information: number, [owner, group, dacl, sacl]: readonly number[]): never {
  const has = (bit: number): boolean => (information & bit) !== 0;
  if ((has(INFORMATION.OWNER) && owner === 0) || (has(INFORMATION.GROUP) && group === 0))
    throw new Win32Error(ERROR.INVALID_SECURITY_DESCR);
  if (has(INFORMATION.OWNER)) sidLength(memory, owner!);
  if (has(INFORMATION.GROUP)) sidLength(memory, group!);
  if (has(INFORMATION.DACL) && dacl !== 0) aclSize(memory, dacl!);
  if (has(INFORMATION.SACL) && sacl !== 0) aclSize(memory, sacl!);
  throw new Win32Error(ERROR.NOT_SUPPORTED);
}
