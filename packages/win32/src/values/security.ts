import { camelEnumeration } from "./camel-enumeration.ts";
import { AddressType, BOOL, DWORD, enumeration, flags, PVOID, struct, type CallingThread, type Siblings } from "@decant/hook";
import { readSid } from "../security/sids.ts";

/** Names of values in the parameters of security functions, and what their pointers point to ("Authorization Functions", winnt.h). */
export const SECURITY_ATTRIBUTES = struct("SECURITY_ATTRIBUTES", { nLength: DWORD, lpSecurityDescriptor: PVOID, bInheritHandle: BOOL });

/** A pointer to a security identifier, which the trace shows as S-1-5-32-544. */
export const SID_AT: AddressType = new (class extends AddressType {
  override show(thread: CallingThread, value: number, siblings: Siblings): string {
    const pointer = super.show(thread, value, siblings);
    const { memory } = thread;
    const isSid = value !== 0 && memory.accessible(value, 8, "read") && memory.u8(value) === 1;
    const subAuthorities = isSid ? memory.u8(value + 1) : 0;
    if (!isSid || subAuthorities > 15 || !memory.accessible(value, 8 + 4 * subAuthorities, "read")) return pointer;
    return `${pointer}{${readSid(memory, value)}}`;
  }
})("SID*");

export const TOKEN_ACCESS = flags("", {
  TOKEN_ALL_ACCESS: 0xf_01ff,
  TOKEN_READ: 0x2_0008,
  TOKEN_WRITE: 0x2_00e0,
  TOKEN_ASSIGN_PRIMARY: 1,
  TOKEN_DUPLICATE: 2,
  TOKEN_IMPERSONATE: 4,
  TOKEN_QUERY: 8,
  TOKEN_QUERY_SOURCE: 0x10,
  TOKEN_ADJUST_PRIVILEGES: 0x20,
  TOKEN_ADJUST_GROUPS: 0x40,
  TOKEN_ADJUST_DEFAULT: 0x80,
  TOKEN_ADJUST_SESSIONID: 0x100,
  MAXIMUM_ALLOWED: 0x200_0000,
});
export const TOKEN_CLASS = camelEnumeration(
  "Token",
  Object.fromEntries(
    "User Groups Privileges Owner PrimaryGroup DefaultDacl Source Type ImpersonationLevel Statistics RestrictedSids SessionId GroupsAndPrivileges SessionReference SandBoxInert AuditPolicy Origin ElevationType LinkedToken Elevation HasRestrictions AccessInformation VirtualizationAllowed VirtualizationEnabled IntegrityLevel UIAccess MandatoryPolicy LogonSid IsAppContainer"
      .split(" ")
      .map((name, index) => [name, index + 1]),
  ),
);
export const IMPERSONATION_LEVEL = camelEnumeration("Security", { Anonymous: 0, Identification: 1, Impersonation: 2, Delegation: 3 });
export const SECURITY_INFORMATION = flags("", {
  OWNER_SECURITY_INFORMATION: 1,
  GROUP_SECURITY_INFORMATION: 2,
  DACL_SECURITY_INFORMATION: 4,
  SACL_SECURITY_INFORMATION: 8,
  LABEL_SECURITY_INFORMATION: 0x10,
  UNPROTECTED_SACL_SECURITY_INFORMATION: 0x1000_0000,
  UNPROTECTED_DACL_SECURITY_INFORMATION: 0x2000_0000,
  PROTECTED_SACL_SECURITY_INFORMATION: 0x4000_0000,
  PROTECTED_DACL_SECURITY_INFORMATION: 0x8000_0000,
});
export const SECURED_OBJECT = enumeration("SE", {
  UNKNOWN_OBJECT_TYPE: 0,
  FILE_OBJECT: 1,
  SERVICE: 2,
  PRINTER: 3,
  REGISTRY_KEY: 4,
  LMSHARE: 5,
  KERNEL_OBJECT: 6,
  WINDOW_OBJECT: 7,
});
export const SID_USE = camelEnumeration("SidType", {
  User: 1,
  Group: 2,
  Domain: 3,
  Alias: 4,
  WellKnownGroup: 5,
  DeletedAccount: 6,
  Invalid: 7,
  Unknown: 8,
  Computer: 9,
  Label: 10,
});
export const WELL_KNOWN_SID = camelEnumeration("Win", {
  NullSid: 0,
  WorldSid: 1,
  LocalSid: 2,
  CreatorOwnerSid: 3,
  CreatorGroupSid: 4,
  NtAuthoritySid: 7,
  InteractiveSid: 11,
  ServiceSid: 12,
  AnonymousSid: 13,
  AuthenticatedUserSid: 17,
  LocalSystemSid: 22,
  LocalServiceSid: 23,
  NetworkServiceSid: 24,
  BuiltinDomainSid: 25,
  BuiltinAdministratorsSid: 26,
  BuiltinUsersSid: 27,
  BuiltinGuestsSid: 28,
  BuiltinPowerUsersSid: 29,
});
export const ACL_CLASS = camelEnumeration("Acl", { RevisionInformation: 1, SizeInformation: 2 });
export const ACL_REVISION = enumeration("ACL", { REVISION: 2, REVISION_DS: 4 });
export const ACE_FLAGS = flags("", {
  OBJECT_INHERIT_ACE: 1,
  CONTAINER_INHERIT_ACE: 2,
  NO_PROPAGATE_INHERIT_ACE: 4,
  INHERIT_ONLY_ACE: 8,
  INHERITED_ACE: 0x10,
});
