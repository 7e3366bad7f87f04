import { api, DWORD, fn, HANDLE, LSTATUS, out, PVOID, required, struct, text, TSTR, ULONG } from "@decant/hook";
import { SECURED_OBJECT, SECURITY_INFORMATION, SID_AT } from "../values/security.ts";

/** Who an entry is about; `ptstrName` is a SID or a text, as the form says. */
export const TRUSTEE = struct("TRUSTEE", {
  pMultipleTrustee: PVOID,
  MultipleTrusteeOperation: DWORD,
  TrusteeForm: DWORD,
  TrusteeType: DWORD,
  ptstrName: PVOID,
});
export const EXPLICIT_ACCESS = struct("EXPLICIT_ACCESS", {
  grfAccessPermissions: DWORD,
  grfAccessMode: DWORD,
  grfInheritance: DWORD,
  Trustee: TRUSTEE,
});

const setEntries = fn(
  LSTATUS,
  ["cCountOfExplicitEntries", ULONG],
  ["pListOfExplicitEntries", PVOID],
  ["OldAcl", PVOID],
  ["NewAcl", out(PVOID)],
);
const effectiveRights = fn(LSTATUS, ["pacl", PVOID], ["pTrustee", PVOID], ["pAccessRights", out(DWORD)]);

/** Access control lists made from what they shall say ("Authorization Functions", aclapi.h). */
export const explicitAccessApi = api("advapi32", {
  SetEntriesInAclA: setEntries,
  SetEntriesInAclW: setEntries,
  GetEffectiveRightsFromAclA: effectiveRights,
  GetEffectiveRightsFromAclW: effectiveRights,
  SetNamedSecurityInfo: text(
    LSTATUS,
    ["pObjectName", required(TSTR)],
    ["ObjectType", SECURED_OBJECT],
    ["SecurityInfo", SECURITY_INFORMATION],
    ["psidOwner", SID_AT],
    ["psidGroup", SID_AT],
    ["pDacl", PVOID],
    ["pSacl", PVOID],
  ),
  SetSecurityInfo: fn(
    LSTATUS,
    ["handle", HANDLE],
    ["ObjectType", SECURED_OBJECT],
    ["SecurityInfo", SECURITY_INFORMATION],
    ["psidOwner", SID_AT],
    ["psidGroup", SID_AT],
    ["pDacl", PVOID],
    ["pSacl", PVOID],
  ),
});
