import { ERROR, Win32Error, win32ErrorOf, type AcceptedOf, type Out, type ValueOf } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { stateOf } from "../process-state.ts";
import {
  aceAddresses,
  aceBytes,
  ACE,
  ACL_REVISION,
  aclSize,
  appendAce,
  descriptorBytes,
  FILE_DESCRIPTOR,
  GuestDescriptor,
  INFORMATION,
  PART,
  readAces,
  SE,
} from "../security/descriptors.ts";
import { readSid, sidLength } from "../security/sids.ts";
import { accessControlApi, ACL_SIZE_INFORMATION, type GENERIC_MAPPING } from "./security.api.ts";
import { findToken } from "./tokens.ts";

const ACL_HEADER = 8;
const MAX_ACL_BYTES = 0xffff;
const ACL_INFORMATION = { REVISION: 1, SIZE: 2 } as const;
const GENERIC = { ALL: 0x1000_0000, EXECUTE: 0x2000_0000, WRITE: 0x4000_0000, READ: 0x8000_0000, MAXIMUM_ALLOWED: 0x0200_0000 } as const;
const PRIVILEGE_SET_BYTES = 20;
const SE_FILE_OBJECT = 1;

type Mapping = ValueOf<typeof GENERIC_MAPPING>;

/** Access control lists and security descriptors. The volumes keep none: every file has the same, and it cannot be changed. */
export const accessControl = implement(accessControlApi, {
  InitializeAcl({ memory }, pAcl, nAclLength, dwAclRevision) {
    if (nAclLength < ACL_HEADER) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    if (dwAclRevision < 2 || dwAclRevision > 4 || nAclLength > MAX_ACL_BYTES) throw new Win32Error(ERROR.INVALID_PARAMETER);
    memory.fill(pAcl, 0, nAclLength);
    memory.setU8(pAcl, dwAclRevision);
    memory.setU16(pAcl + 2, nAclLength & ~3);
    return true;
  },
  IsValidAcl({ memory }, pAcl) {
    aceAddresses(memory, pAcl);
    return true;
  },
  GetAclInformation(thread, pAcl, pAclInformation, nAclInformationLength, dwAclInformationClass) {
    const { memory } = thread;
    const { aces, end } = aceAddresses(memory, pAcl);
    if (dwAclInformationClass === ACL_INFORMATION.REVISION) {
      if (nAclInformationLength < 4) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
      memory.setU32(pAclInformation, memory.u8(pAcl));
      return true;
    }
    if (dwAclInformationClass !== ACL_INFORMATION.SIZE) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (nAclInformationLength < 12) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    const used = end - pAcl;
    const information: AcceptedOf<typeof ACL_SIZE_INFORMATION> = {
      AceCount: aces.length,
      AclBytesInUse: used,
      AclBytesFree: aclSize(memory, pAcl) - used,
    };
    ACL_SIZE_INFORMATION.store(thread, pAclInformation, information);
    return true;
  },
  AddAccessAllowedAce: (thread, pAcl, _revision, mask, pSid) => addAce(thread, pAcl, ACE.ALLOWED, 0, mask, pSid),
  AddAccessAllowedAceEx: (thread, pAcl, _revision, flags, mask, pSid) => addAce(thread, pAcl, ACE.ALLOWED, flags, mask, pSid),
  AddAccessDeniedAce: (thread, pAcl, _revision, mask, pSid) => addAce(thread, pAcl, ACE.DENIED, 0, mask, pSid),
  AddAccessDeniedAceEx: (thread, pAcl, _revision, flags, mask, pSid) => addAce(thread, pAcl, ACE.DENIED, flags, mask, pSid),
  GetAce({ memory }, pAcl, dwAceIndex, pAce) {
    const ace = aceAddresses(memory, pAcl).aces[dwAceIndex];
    if (ace === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    pAce.set(ace);
    return true;
  },
  DeleteAce({ memory }, pAcl, dwAceIndex) {
    const { aces, end } = aceAddresses(memory, pAcl);
    const ace = aces[dwAceIndex];
    if (ace === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const next = ace + memory.u16(ace + 2);
    memory.copy(ace, next, end - next);
    memory.setU16(pAcl + 4, aces.length - 1);
    return true;
  },
  InitializeSecurityDescriptor({ memory, pointerSize }, pSecurityDescriptor, dwRevision) {
    if (dwRevision !== 1) throw new Win32Error(ERROR.UNKNOWN_REVISION);
    memory.fill(pSecurityDescriptor, 0, 5 * pointerSize);
    memory.setU8(pSecurityDescriptor, 1);
    return true;
  },
  IsValidSecurityDescriptor({ memory }, pSecurityDescriptor) {
    new GuestDescriptor(memory, pSecurityDescriptor).selfRelative();
    return true;
  },
  GetSecurityDescriptorLength: ({ memory }, pSecurityDescriptor) => new GuestDescriptor(memory, pSecurityDescriptor).length,
  GetSecurityDescriptorControl({ memory }, pSecurityDescriptor, pControl, lpdwRevision) {
    const { control } = new GuestDescriptor(memory, pSecurityDescriptor);
    memory.setU16(pControl, control);
    lpdwRevision.set(1);
    return true;
  },
  SetSecurityDescriptorControl({ memory }, pSecurityDescriptor, ControlBitsOfInterest, ControlBitsToSet) {
    const settable = 0x3f00;
    if (((ControlBitsOfInterest | ControlBitsToSet) & ~settable) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const descriptor = new GuestDescriptor(memory, pSecurityDescriptor);
    descriptor.control = (descriptor.control & ~ControlBitsOfInterest) | (ControlBitsToSet & ControlBitsOfInterest);
    return true;
  },
  GetSecurityDescriptorDacl: (thread, pSecurityDescriptor, present, pDacl, defaulted) =>
    getList(
      thread,
      pSecurityDescriptor,
      { part: PART.DACL, present: SE.DACL_PRESENT, defaulted: SE.DACL_DEFAULTED },
      present,
      pDacl,
      defaulted,
    ),
  GetSecurityDescriptorSacl: (thread, pSecurityDescriptor, present, pSacl, defaulted) =>
    getList(
      thread,
      pSecurityDescriptor,
      { part: PART.SACL, present: SE.SACL_PRESENT, defaulted: SE.SACL_DEFAULTED },
      present,
      pSacl,
      defaulted,
    ),
  GetSecurityDescriptorOwner({ memory }, pSecurityDescriptor, pOwner, lpbOwnerDefaulted) {
    const descriptor = new GuestDescriptor(memory, pSecurityDescriptor);
    pOwner.set(descriptor.part(PART.OWNER));
    lpbOwnerDefaulted.set((descriptor.control & SE.OWNER_DEFAULTED) !== 0);
    return true;
  },
  GetSecurityDescriptorGroup({ memory }, pSecurityDescriptor, pGroup, lpbGroupDefaulted) {
    const descriptor = new GuestDescriptor(memory, pSecurityDescriptor);
    pGroup.set(descriptor.part(PART.GROUP));
    lpbGroupDefaulted.set((descriptor.control & SE.GROUP_DEFAULTED) !== 0);
    return true;
  },
  SetSecurityDescriptorDacl: (thread, pSecurityDescriptor, present, pDacl, defaulted) =>
    setPart(thread, pSecurityDescriptor, PART.DACL, present ? pDacl : 0, [SE.DACL_PRESENT, present], [SE.DACL_DEFAULTED, defaulted]),
  SetSecurityDescriptorSacl: (thread, pSecurityDescriptor, present, pSacl, defaulted) =>
    setPart(thread, pSecurityDescriptor, PART.SACL, present ? pSacl : 0, [SE.SACL_PRESENT, present], [SE.SACL_DEFAULTED, defaulted]),
  SetSecurityDescriptorOwner: (thread, pSecurityDescriptor, pOwner, defaulted) =>
    setPart(thread, pSecurityDescriptor, PART.OWNER, pOwner, [SE.OWNER_DEFAULTED, defaulted]),
  SetSecurityDescriptorGroup: (thread, pSecurityDescriptor, pGroup, defaulted) =>
    setPart(thread, pSecurityDescriptor, PART.GROUP, pGroup, [SE.GROUP_DEFAULTED, defaulted]),
  MakeSelfRelativeSD({ memory }, pAbsoluteSecurityDescriptor, pSelfRelativeSecurityDescriptor, lpdwBufferLength) {
    const descriptor = new GuestDescriptor(memory, pAbsoluteSecurityDescriptor);
    if (descriptor.isSelfRelative) throw new Win32Error(ERROR.BAD_DESCRIPTOR_FORMAT);
    const bytes = descriptor.selfRelative();
    const room = lpdwBufferLength.get();
    lpdwBufferLength.set(bytes.length);
    if (room < bytes.length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    memory.write(pSelfRelativeSecurityDescriptor, bytes);
    return true;
  },
  MapGenericMask(_thread, AccessMask, GenericMapping) {
    AccessMask.set(mapGeneric(AccessMask.get(), GenericMapping));
    return 0;
  },
  AccessCheck(
    thread,
    pSecurityDescriptor,
    ClientToken,
    DesiredAccess,
    GenericMapping,
    PrivilegeSet,
    PrivilegeSetLength,
    GrantedAccess,
    AccessStatus,
  ) {
    const { memory } = thread;
    const token = findToken(thread, ClientToken);
    if (token.isPrimary) throw new Win32Error(ERROR.NO_IMPERSONATION_TOKEN);
    const descriptor = new GuestDescriptor(memory, pSecurityDescriptor);
    if (descriptor.part(PART.OWNER) === 0 || descriptor.part(PART.GROUP) === 0) throw new Win32Error(ERROR.INVALID_SECURITY_DESCR);
    if (PrivilegeSetLength.get() < PRIVILEGE_SET_BYTES) {
      PrivilegeSetLength.set(PRIVILEGE_SET_BYTES);
      throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    }
    memory.fill(PrivilegeSet, 0, PRIVILEGE_SET_BYTES);
    const granted = grantedBy(thread, descriptor, token, DesiredAccess, GenericMapping);
    GrantedAccess.set(granted ?? 0);
    AccessStatus.set(granted !== undefined);
    if (granted === undefined) thread.lastError = ERROR.ACCESS_DENIED;
    return true;
  },
  GetFileSecurity(thread, lpFileName, RequestedInformation, pSecurityDescriptor, nLength, lpnLengthNeeded) {
    requireFile(thread, lpFileName ?? "");
    const bytes = descriptorBytes(FILE_DESCRIPTOR, RequestedInformation);
    lpnLengthNeeded.set(bytes.length);
    if (nLength < bytes.length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    thread.memory.write(pSecurityDescriptor, bytes);
    return true;
  },
  SetFileSecurity(thread, lpFileName) {
    requireFile(thread, lpFileName ?? "");
    throw new Win32Error(ERROR.NOT_SUPPORTED);
  },
  GetNamedSecurityInfo(thread, pObjectName, ObjectType, SecurityInfo, ...results) {
    return asCode(() => {
      if (ObjectType !== SE_FILE_OBJECT) throw new Win32Error(ERROR.NOT_SUPPORTED);
      requireFile(thread, pObjectName);
      return giveDescriptor(thread, SecurityInfo, results);
    });
  },
  GetSecurityInfo(thread, handle, _ObjectType, SecurityInfo, ...results) {
    return asCode(() => {
      if (thread.process.handles.find(handle) === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
      return giveDescriptor(thread, SecurityInfo, results);
    });
  },
});

function addAce({ memory }: Thread, acl: number, type: number, flags: number, mask: number, sid: number): boolean {
  sidLength(memory, sid);
  appendAce(memory, acl, aceBytes({ type, flags, mask, sid: readSid(memory, sid) }));
  if (memory.u8(acl) < ACL_REVISION) memory.setU8(acl, ACL_REVISION);
  return true;
}

function getList(
  { memory }: Thread,
  address: number,
  bits: { part: number; present: number; defaulted: number },
  present: Out<boolean, boolean | number>,
  list: Out<number>,
  defaulted: Out<boolean, boolean | number>,
): boolean {
  const descriptor = new GuestDescriptor(memory, address);
  const isPresent = (descriptor.control & bits.present) !== 0;
  present.set(isPresent);
  if (!isPresent) return true;
  list.set(descriptor.part(bits.part));
  defaulted.set((descriptor.control & bits.defaulted) !== 0);
  return true;
}

function setPart(
  { memory }: Thread,
  address: number,
  part: number,
  value: number,
  ...bits: readonly (readonly [bit: number, isSet: boolean])[]
): boolean {
  const descriptor = new GuestDescriptor(memory, address);
  descriptor.setPart(part, value);
  for (const [bit, isSet] of bits) descriptor.control = isSet ? descriptor.control | bit : descriptor.control & ~bit;
  return true;
}

function mapGeneric(mask: number, mapping: Mapping): number {
  let mapped = mask;
  if ((mask & GENERIC.READ) !== 0) mapped |= mapping.GenericRead;
  if ((mask & GENERIC.WRITE) !== 0) mapped |= mapping.GenericWrite;
  if ((mask & GENERIC.EXECUTE) !== 0) mapped |= mapping.GenericExecute;
  if ((mask & GENERIC.ALL) !== 0) mapped |= mapping.GenericAll;
  return (mapped & 0x0fff_ffff) >>> 0;
}

/** The rights that a list gives: entries count in order, what is denied before it is allowed stays denied ("How AccessCheck Works"). */
function grantedBy(
  { memory }: Thread,
  descriptor: GuestDescriptor,
  token: { has(sid: string): boolean },
  desired: number,
  mapping: Mapping,
): number | undefined {
  const wantsMost = (desired & GENERIC.MAXIMUM_ALLOWED) !== 0;
  const wanted = mapGeneric(desired & ~GENERIC.MAXIMUM_ALLOWED, mapping);
  const acl = (descriptor.control & SE.DACL_PRESENT) === 0 ? 0 : descriptor.part(PART.DACL);
  if (acl === 0) return wantsMost ? mapping.GenericAll : wanted;
  let allowed = 0;
  let denied = 0;
  for (const { type, mask, sid } of readAces(memory, acl)) {
    if (!token.has(sid)) continue;
    const rights = mapGeneric(mask, mapping);
    if (type === ACE.ALLOWED) allowed |= rights & ~denied;
    else if (type === ACE.DENIED) denied |= rights & ~allowed;
  }
  if ((wanted & ~allowed) !== 0) return undefined;
  const granted = wantsMost ? allowed >>> 0 : wanted;
  return granted === 0 && wantsMost ? undefined : granted;
}

/** Throws ERROR_FILE_NOT_FOUND or ERROR_PATH_NOT_FOUND for what is not there. */
export function requireFile(thread: Thread, path: string): void {
  const { fileSystem, paths } = stateOf(thread);
  const location = fileSystem.locate(path, paths);
  if (location.kind === "file" && location.stat === undefined)
    throw new Win32Error(location.hasFolder ? ERROR.FILE_NOT_FOUND : ERROR.PATH_NOT_FOUND);
}

/** A descriptor in memory for LocalFree, and pointers to its parts. */
function giveDescriptor(thread: Thread, information: number, [owner, group, dacl, sacl, whole]: readonly Out<number>[]): number {
  const bytes = descriptorBytes(FILE_DESCRIPTOR, information);
  const address = thread.process.heap.allocate(bytes.length);
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  thread.memory.write(address, bytes);
  const descriptor = new GuestDescriptor(thread.memory, address);
  const has = (bit: number): boolean => (information & bit) !== 0;
  if (has(INFORMATION.OWNER)) owner!.set(descriptor.part(PART.OWNER));
  if (has(INFORMATION.GROUP)) group!.set(descriptor.part(PART.GROUP));
  if (has(INFORMATION.DACL)) dacl!.set(descriptor.part(PART.DACL));
  if (has(INFORMATION.SACL)) sacl!.set(0);
  if (!whole!.isNull) whole!.set(address);
  return ERROR.SUCCESS;
}

/** Runs what returns its error's code. */
export function asCode(action: () => number): number {
  try {
    return action();
  } catch (error) {
    const code = win32ErrorOf(error);
    if (code === undefined) throw error;
    return code;
  }
}
